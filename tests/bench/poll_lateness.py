"""How late ticks are: a hundred thousand targets every ten seconds from the simulated provider, everything stored. By the histogram of
the service, so a figure between two of its bounds is interpolated."""

import pathlib
import tempfile
import time

from comparison import cpu_seconds
from harness import metrics
from harness.scenario import start_job
from harness.service import Service, eventually

TARGETS, INTERVAL, JOB_MAX = 100_000, 10, 1000
LATENESS = "mds_poller_lateness_seconds"
LINES = (("p99, ms", "p99_ms", 1), ("p50, ms", "p50_ms", 1), ("1000 points per second", "per_second", 1e-3),
         ("share of ticks missed, %", "missed", 100), ("CPU us per target polled", "cpu_us", 1))


def register(service):
    with service.client(timeout=60) as client:
        for first in range(0, TARGETS, JOB_MAX):
            start_job(client, [f"T{number}" for number in range(first, first + JOB_MAX)], INTERVAL)


def scrape(service):
    with service.client(timeout=60) as client:
        return metrics.parse(client.get("/metrics").text)


def since(before, after):
    """The samples of `after` as they would be had counting begun at `before`."""
    earlier = {(name, tuple(sorted(labels.items()))): value for name, labels, value in before}
    return [(name, labels, value - earlier.get((name, tuple(sorted(labels.items()))), 0)) for name, labels, value in after]


def run(bench):
    with tempfile.TemporaryDirectory(prefix="mds-bench-") as home:
        with Service(pathlib.Path(home) / "data", binary=bench.mds) as service:
            service.start()
            register(service)
            eventually(lambda: metrics.total(scrape(service), "mds_ingest_points_total") >= TARGETS, 120, 0.5, "the first round")
            before, cpu, began = scrape(service), cpu_seconds([service.pid]), time.monotonic()
            time.sleep(max(INTERVAL, bench.seconds))
            after, cpu, wall = scrape(service), cpu_seconds([service.pid]) - cpu, time.monotonic() - began
    samples = since(before, after)
    points = metrics.total(samples, "mds_ingest_points_total")
    tried = metrics.total(samples, "mds_poller_ticks_total")
    missed = metrics.total(samples, "mds_poller_missed_ticks_total")
    p50, p99 = (metrics.quantile(samples, LATENESS, q) * 1000 for q in (0.5, 0.99))
    return {"p50_ms": p50, "p99_ms": p99, "per_second": points / wall, "cpu_us": cpu / points * 1e6,
            "missed": missed / (missed + tried)}


def measure(bench):
    bench.compare("Lateness of ticks, embedded store", {"mds": lambda: run(bench)}, LINES, targets=TARGETS,
                  due_per_second=TARGETS // INTERVAL)
