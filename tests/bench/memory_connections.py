"""User-space memory of a connection that had one request and is kept open, beside nginx. What the kernel keeps for a socket, about four
KiB, is the same for both and not in it."""

import pathlib
import resource
import socket
import tempfile
import time

from comparison import private_bytes, versions
from harness.service import Service
from load import raw_get
from references import Nginx

CONNECTIONS = 4000
LINES = (("KiB per idle connection", "bytes_each", 1 / 1024), ("MiB without connections", "bytes_before", 1 / 2**20))
REQUEST = b"GET /prices/latest?symbol=AAPL HTTP/1.1\r\nHost: localhost\r\n\r\n"


def hold(port, pids):
    """Memory before and with the connections, every one of which was answered."""
    before = private_bytes(pids)
    connections = []
    try:
        for _ in range(CONNECTIONS):
            connection = socket.create_connection(("127.0.0.1", port), 10)
            connections.append(connection)
            connection.sendall(REQUEST)
            if not connection.recv(4096).startswith(b"HTTP/1.1 200"):
                raise RuntimeError("a request was not answered with 200")
        time.sleep(0.5)
        held = private_bytes(pids)
    finally:
        for connection in connections:
            connection.close()
    return {"bytes_before": before, "bytes_each": (held - before) / CONNECTIONS}


def run_mds(bench):
    with tempfile.TemporaryDirectory(prefix="mds-bench-") as home:
        settings = {"http": {"idle_timeout": "1h", "max_connections_per_peer": 2 * CONNECTIONS}, "read": {"max_age": 86400}}
        with Service(pathlib.Path(home) / "data", binary=bench.mds, settings=settings, modules="http") as service:
            service.start()
            _, body = raw_get(service.port, "/prices/latest?symbol=AAPL")
            return hold(service.port, [service.pid]), body.decode()


def run_nginx(body):
    with Nginx(body, connections=2 * CONNECTIONS) as nginx:
        raw_get(nginx.port, "/")
        return hold(nginx.port, nginx.pids())


def measure(bench):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4 * CONNECTIONS)), hard))
    body = run_mds(bench)[1]
    bench.compare("Memory of an idle keep-alive connection, user space (PSS)",
                  {"mds": lambda: run_mds(bench)[0], "nginx": lambda: run_nginx(body)}, LINES, connections=CONNECTIONS,
                  **versions("nginx"))
