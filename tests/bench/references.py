"""Well known servers that answer what mds answers: nginx from its configuration, and FastAPI with Redis."""

import pathlib
import shutil
import signal
import subprocess
import tempfile

from comparison import children
from harness.processes import end, free_ports, listens, spawn, wait_until
from harness.redis_server import RedisServer

HERE = pathlib.Path(__file__).resolve().parent
DEBIAN_PYTHON = "/usr/bin/python3"  # the one that Debian's packages of Python modules belong to


class Nginx:
    """In the foreground with a configuration of its own; touches nothing of an installed one. `answer`: what stands behind `return 200`,
    `headers`: lines of the configuration beside it. Use as a context manager."""

    def __init__(self, answer, headers="", connections=1024):
        self._home = tempfile.TemporaryDirectory(prefix="mds-nginx-")
        home = self._home.name
        self.port = free_ports(1)[0]
        config = pathlib.Path(home) / "nginx.conf"
        config.write_text(f"""
worker_processes 1;
daemon off;
pid {home}/nginx.pid;
error_log {home}/error.log;
events {{ worker_connections {connections}; }}
worker_rlimit_nofile {connections + 64};
http {{
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 3600s;
    default_type application/json;
    client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
    server {{
        listen 127.0.0.1:{self.port} backlog=4096;
        location / {{ {headers} return 200 '{answer}'; }}
    }}
}}
""")
        binary = shutil.which("nginx") or "/usr/sbin/nginx"
        self._process = spawn([binary, "-c", config, "-p", home], pathlib.Path(home) / "error.log")
        wait_until(lambda: listens(self.port), 10, "nginx", self._process, pathlib.Path(home) / "error.log")

    def pids(self):
        return [self._process.pid, *children(self._process.pid)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end(self._process, signal.SIGTERM, 10)
        self._home.cleanup()


class Peer:
    """The same read as it is mostly written: FastAPI on uvicorn, the answer looked up in Redis (fastapi_redis.py)."""

    def __init__(self, body, symbol="AAPL"):
        self._redis = RedisServer()
        self._redis.command("SET", f"latest:{symbol}", body)
        self._home = tempfile.TemporaryDirectory(prefix="mds-peer-")
        self.port = free_ports(1)[0]
        log = pathlib.Path(self._home.name) / "peer.log"
        self._process = spawn([DEBIAN_PYTHON, HERE / "fastapi_redis.py", self.port, self._redis.port], log)
        wait_until(lambda: listens(self.port), 20, "FastAPI", self._process, log)

    @staticmethod
    def missing():
        """Why it cannot be had here; None where it can."""
        modules = "fastapi, uvicorn, uvloop, httptools, redis, hiredis"
        done = subprocess.run([DEBIAN_PYTHON, "-c", f"import {modules}"], capture_output=True, text=True)
        return None if done.returncode == 0 else done.stderr.strip().splitlines()[-1]

    def pids(self):
        return [self._process.pid, self._redis.process.pid]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end(self._process, signal.SIGTERM, 10)
        self._redis.close()
        self._home.cleanup()
