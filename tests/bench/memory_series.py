"""Memory of an idle process with all modules on the embedded store, and what each tracked series adds: its newest price, its window, its
target in the schedule and everything else that grows with it."""

import contextlib
import pathlib
import sqlite3
import tempfile
import time

from comparison import private_bytes
from harness import tables
from harness.service import Service, eventually

FEW, MANY = 10_000, 30_000  # so many that the page caches of SQLite, which have a bound, are full in both
JOB_MAX, POINTS = 1000, 6
IDLE = (("RSS, MiB", "rss", 1 / 2**20),)
SERIES = (("bytes per series, polling", "polling", 1), ("bytes per series, after a restart", "restarted", 1))


def jobs(count, interval):
    names = [f"T{number}" for number in range(count)]
    return [{"name": f"job{first}", "symbols": names[first:first + JOB_MAX], "interval": interval} for first in range(0, count, JOB_MAX)]


def idle(bench):
    with tempfile.TemporaryDirectory(prefix="mds-bench-") as home:
        with Service(pathlib.Path(home) / "data", binary=bench.mds) as service:
            service.start()
            time.sleep(2)
            return {"rss": service.rss_bytes()}


def memory_with(bench, count):
    """Bytes while `count` series are polled and averaged, and when the process was started again."""
    with tempfile.TemporaryDirectory(prefix="mds-bench-") as home:
        with Service(pathlib.Path(home) / "data", binary=bench.mds, settings={"jobs": jobs(count, "5s")}) as service:
            service.start(within=60)
            eventually(lambda: averaged(service) >= count * (POINTS - 4), 120, 0.5, "averages of every series")
            polling = private_bytes([service.pid])
            service.stop()
            service.start(within=60)
            read_all(service, count)
            time.sleep(1)
            restarted = private_bytes([service.pid])
    return polling, restarted


def averaged(service):
    """How many averages there are, by the tables."""
    with contextlib.closing(sqlite3.connect(f"file:{tables.database_of(service.data_dir)}?mode=ro", uri=True)) as database:
        return database.execute("SELECT count(*) FROM moving_average").fetchone()[0]


def read_all(service, count):
    with service.client(timeout=60) as client:
        for first in range(0, count, 250):
            symbols = ",".join(f"T{number}" for number in range(first, min(first + 250, count)))
            client.get("/prices/latest", symbols=symbols)


def each(bench):
    few, many = memory_with(bench, FEW), memory_with(bench, MANY)
    return dict(zip(("polling", "restarted"), ((b - a) / (MANY - FEW) for a, b in zip(few, many))))


def measure(bench):
    bench.compare("Memory of an idle process, all modules, embedded", {"mds": lambda: idle(bench)}, IDLE)
    bench.compare("Memory of a tracked series (PSS)", {"mds": lambda: each(bench)}, SERIES, from_series=FEW, to_series=MANY)
