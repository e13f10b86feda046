"""The cached GET beside nginx: same body, as many bytes, same connections, A and B by turns.

CPU time comes first, since it hardly moves with what else this machine does; requests per second are shown beside it.
"""

import argparse
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from comparison import by_turns, cpu_seconds, machine, report, save, spread, thousands  # noqa: E402
from harness.service import Service  # noqa: E402

TARGET = "/prices/latest?symbol=AAPL"
CONNECTIONS = 64
HERE = pathlib.Path(__file__).resolve().parent


def raw_get(port, target):
    """One answer as it comes off the wire: (head, body)."""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        head, body = data.split(b"\r\n\r\n", 1)
        length = int(re.search(rb"(?i)content-length: *(\d+)", head).group(1))
        while len(body) < length:
            body += connection.recv(65536)
    return head + b"\r\n\r\n", body


class Nginx:
    """nginx in the foreground with a configuration of its own; touches nothing of an installed one."""

    def __init__(self, directory, body, pad):
        self.port = free_port()
        padding = f"add_header X-Pad {'a' * pad};" if pad > 0 else ""
        config = directory / "nginx.conf"
        config.write_text(f"""
worker_processes 1;
daemon off;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 60s;
    default_type application/json;
    client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
    server {{
        listen 127.0.0.1:{self.port};
        location / {{ {padding} return 200 '{body}'; }}
    }}
}}
""")
        binary = shutil.which("nginx") or "/usr/sbin/nginx"
        self.process = subprocess.Popen([binary, "-c", str(config), "-p", str(directory)], stderr=subprocess.DEVNULL)
        wait_for_port(self.port)

    def pids(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, children)]

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for_port(port):
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def load(port, pids, depth, seconds):
    """One run of wrk. CPU microseconds per request of the server's processes, requests per second, faults."""
    before, started = cpu_seconds(pids), time.monotonic()
    done = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(HERE / "pipeline.lua"), f"http://127.0.0.1:{port}{TARGET}",
         "--", str(depth)], capture_output=True, text=True, check=True)
    wall = time.monotonic() - started
    cpu = cpu_seconds(pids) - before
    totals = {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", done.stdout.split("totals", 1)[1])}
    requests = totals["requests"]
    return {"cpu_us": cpu / requests * 1e6, "per_second": requests / (totals["microseconds"] / 1e6), "requests": requests,
            "server_busy": cpu / wall, "faults": totals["bad_status"] + totals["socket_errors"]}


def show(title, ours, reference):
    lines = (("CPU us per request", "cpu_us", spread), ("1000 requests per second", "per_second", thousands))
    report(title, lines, ours, reference, "nginx")
    faults = sum(run["faults"] for run in ours), sum(run["faults"] for run in reference)
    if any(faults):
        print(f"  failed requests: mds {faults[0]}, nginx {faults[1]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mds", required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=4)
    options = parser.parse_args()
    if options.rounds < 5:
        parser.error("fewer than five rounds say nothing")

    raw = {**machine(), "connections": CONNECTIONS, "runs": []}
    with tempfile.TemporaryDirectory(prefix="mds-bench-") as directory:
        directory = pathlib.Path(directory)
        # One fetch, then the answer stays as it is: what is measured is the cached read.
        service = Service(directory / "data", binary=options.mds, settings={"read": {"max_age": 86400}}, modules="http")
        nginx = None
        try:
            service.start()
            raw_get(service.port, TARGET)
            head, body = raw_get(service.port, TARGET)
            if not head.startswith(b"HTTP/1.1 200 ") or b'"symbol":"AAPL"' not in body:
                sys.exit(f"not the answer to measure: {head + body!r}")
            nginx = Nginx(directory, body.decode(), 0)
            missing = len(head) - len(raw_get(nginx.port, TARGET)[0]) - len("X-Pad: \r\n")
            if missing > 0:
                nginx.stop()
                nginx = Nginx(directory, body.decode(), missing)
            reference_head, reference_body = raw_get(nginx.port, TARGET)
            if reference_body != body:
                sys.exit(f"the bodies differ: {body!r} and {reference_body!r}")
            print(f"body {len(body)} bytes in both; head {len(head)} (mds) and {len(reference_head)} (nginx) bytes; "
                  f"{CONNECTIONS} connections, {options.rounds} rounds of {options.seconds} s each, by turns")
            servers = {"mds": (service.port, [service.pid]), "nginx": (nginx.port, nginx.pids())}
            for port, pids in servers.values():
                load(port, pids, 1, 2)  # warm up
            results = {}
            for round_number in range(options.rounds):
                for depth in (1, 16):
                    for name in by_turns(round_number, ["mds", "nginx"]):
                        run = load(*servers[name], depth, options.seconds)
                        results.setdefault((depth, name), []).append(run)
                        raw["runs"].append({"round": round_number, "server": name, "depth": depth, **run})
        finally:
            if nginx is not None:
                nginx.stop()
            service.stop()

    show("GET /prices/latest from memory, one request at a time per connection", results[1, "mds"], results[1, "nginx"])
    show("the same, 16 pipelined", results[16, "mds"], results[16, "nginx"])
    save(options.out, "read", raw, options.rounds)


if __name__ == "__main__":
    main()
