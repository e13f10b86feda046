"""The cached GET beside nginx, which answers the same bytes from its configuration, and beside FastAPI with Redis; then the tail at
half of what mds can answer at most."""

import contextlib
import pathlib
import sys
import tempfile

from comparison import versions
from harness.service import Service
from load import CONNECTIONS, closed_loop, open_loop, raw_get
from references import Nginx, Peer

TARGET = "/prices/latest?symbol=AAPL"
# One fetch, then the answer stays as it is: what is measured is the cached read. One thread, as the references have.
SETTINGS = {"read": {"max_age": 86400}, "http": {"threads": 1}}
COST = (("CPU us per request", "cpu_us", 1), ("1000 requests per second", "per_second", 1e-3))
TAIL = (("p99, us", "p99_us", 1), ("p50, us", "p50_us", 1), ("p99.9, us", "p999_us", 1))
PEER = "cached GET beside FastAPI and Redis"


def measure(bench):
    with contextlib.ExitStack() as stack:
        home = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mds-bench-")))
        service = stack.enter_context(Service(home / "data", binary=bench.mds, settings=SETTINGS, modules="http"))
        service.start()
        raw_get(service.port, TARGET)
        head, body = raw_get(service.port, TARGET)
        if not head.startswith(b"HTTP/1.1 200 ") or b'"symbol":"AAPL"' not in body:
            sys.exit(f"not the answer to measure: {head + body!r}")
        nginx = stack.enter_context(same_bytes(head, body))
        beside_nginx(bench, service, nginx, f"{len(head)}+{len(body)} bytes in an answer")
        beside_peer(bench, service, body)
        tail(bench, service, nginx)


def same_bytes(head, body):
    """An nginx that answers with this body and a head as long as this one."""
    with Nginx(body.decode()) as plain:
        missing = len(head) - len(raw_get(plain.port, TARGET)[0]) - len("X-Pad: \r\n")
    nginx = Nginx(body.decode(), f"add_header X-Pad {'a' * missing};" if missing > 0 else "")
    if raw_get(nginx.port, TARGET)[1] != body:
        sys.exit(f"nginx does not answer {body!r}")
    return nginx


def beside_nginx(bench, service, nginx, answer):
    servers = {"mds": (service.port, TARGET, [service.pid]), "nginx": (nginx.port, TARGET, nginx.pids())}
    for server in servers.values():
        closed_loop(*server, 1)
    for depth, how in ((1, "one request at a time on a connection"), (16, "16 pipelined")):
        bench.compare(f"Cached GET /prices/latest, {how}",
                      {name: lambda server=server, depth=depth: closed_loop(*server, bench.seconds, depth) for name, server in servers.items()},
                      COST, connections=CONNECTIONS, threads="one each", answer=answer, seconds=bench.seconds, **versions("nginx", "wrk"))


def beside_peer(bench, service, body):
    if why := Peer.missing():
        bench.leave_out(PEER, why)
        return
    with Peer(body.decode()) as peer:
        if raw_get(peer.port, TARGET)[1] != body:
            sys.exit(f"the peer does not answer {body!r}")
        servers = {"mds": (service.port, TARGET, [service.pid]), "FastAPI + Redis": (peer.port, TARGET, peer.pids())}
        closed_loop(peer.port, TARGET, peer.pids(), 1)
        bench.compare(PEER[0].upper() + PEER[1:],
                      {name: lambda server=server: closed_loop(*server, bench.seconds) for name, server in servers.items()}, COST,
                      connections=CONNECTIONS, seconds=bench.seconds,
                      **versions("python3-fastapi", "python3-uvicorn", "python3-redis", "redis-server"))


def tail(bench, service, nginx):
    most = max(closed_loop(service.port, TARGET, [service.pid], bench.seconds)["per_second"] for _ in range(3))
    rate = int(most / 2)
    bench.compare("Tail of the cached GET at half of the most that mds answers, at fixed times",
                  {name: lambda port=port: open_loop(bench, port, TARGET, rate, bench.seconds)
                   for name, port in (("mds", service.port), ("nginx", nginx.port))},
                  TAIL, connections=CONNECTIONS, requests_per_second=rate, seconds=bench.seconds)
