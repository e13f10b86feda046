"""Durable polls per second: every target over HTTP from an nginx that answers with a quote of its own symbol, every answer stored with
its point and its event (fsync on), all on this machine. Beside it wrk, which asks the same nginx and drops what it hears."""

import json
import pathlib
import resource
import tempfile
import time

from comparison import cpu_seconds, versions
from harness import metrics
from harness.service import Service, eventually
from load import closed_loop
from references import Nginx

DUE_PER_SECOND = (5_000, 15_000)
JOB_MAX = 1000
CONNECTIONS = 64
QUOTE = r'{"symbol":"$arg_symbol","price":"$connection_requests.25","at":$msec}'
LINES = (("CPU us per poll, nginx included", "cpu_us", 1), ("of which mds' or wrk's", "client_cpu_us", 1),
         ("1000 polls per second", "per_second", 1e-3))


def provider(port):
    return {"providers": {"loopback": {
        "base_url": f"http://127.0.0.1:{port}", "request": {"path": "/quote", "query": {"symbol": "{symbol}"}},
        "success": {"path": "/symbol", "type": "string"}, "echo": {"/symbol": "{symbol}"},
        "values": {"price": "/price", "time": {"path": "/at", "as": "unix_s"}}}}}


def jobs(count):
    names = [f"T{number}" for number in range(count)]
    return [{"name": f"job{first}", "symbols": names[first:first + JOB_MAX], "interval": "1s"} for first in range(0, count, JOB_MAX)]


def stored(service):
    with service.client(timeout=60) as client:
        return metrics.total(metrics.parse(client.get("/metrics").text), "mds_ingest_points_total")


def run_mds(bench, nginx, due):
    with tempfile.TemporaryDirectory(prefix="mds-bench-") as home:
        home = pathlib.Path(home)
        (home / "loopback.json").write_text(json.dumps(provider(nginx.port)))
        settings = {"jobs": jobs(due), "providers": {"default": "loopback", "files": [str(home / "loopback.json")],
                                                  "max_in_flight": CONNECTIONS}}
        with Service(home / "data", binary=bench.mds, settings=settings) as service:
            service.start(within=60)
            eventually(lambda: stored(service) > 0, 60, 0.2, "the first points")
            time.sleep(2)
            before = stored(service), time.monotonic(), cpu_seconds([service.pid]), cpu_seconds(nginx.pids())
            time.sleep(bench.seconds)
            after = stored(service), time.monotonic(), cpu_seconds([service.pid]), cpu_seconds(nginx.pids())
    polls, wall, client, server = (b - a for a, b in zip(before, after))
    return {"polls": polls, "per_second": polls / wall, "cpu_us": (client + server) / polls * 1e6, "client_cpu_us": client / polls * 1e6}


def run_wrk(bench, nginx):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = closed_loop(nginx.port, "/quote?symbol=T1", nginx.pids(), bench.seconds, connections=CONNECTIONS)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    client = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / run["requests"] * 1e6
    return {"polls": run["requests"], "per_second": run["per_second"], "cpu_us": run["cpu_us"] + client, "client_cpu_us": client,
            "failed": run["failed"]}


def measure(bench):
    with Nginx(QUOTE) as nginx:
        for due in DUE_PER_SECOND:
            bench.compare(f"Durable polls of a loopback provider, {due} due every second, embedded store",
                          {"mds": lambda: run_mds(bench, nginx, due), "wrk, dropping": lambda: run_wrk(bench, nginx)}, LINES,
                          requests_under_way=CONNECTIONS, **versions("nginx", "wrk", "libcurl4", "libsqlite3-0"))
