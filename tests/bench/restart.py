"""From kill -9 to the first good answer of the next process, with ten thousand series in the store."""

import pathlib
import tempfile
import time

from harness.service import Service, eventually
from memory_series import jobs

SERIES = 10_000
SETTINGS = {"jobs": jobs(SERIES, "24h"), "read": {"max_age": 86400}}
LINES = (("ms from kill -9 to a 200", "ms", 1), ("of which from the new start", "start_ms", 1))


def run(service):
    service.start(within=60)
    began = time.monotonic()
    service.kill()
    killed = time.monotonic()
    service.start(ready=False)
    with service.client() as client:
        while client.get("/prices/latest", symbol=f"T{SERIES - 1}").status != 200:
            time.sleep(0.002)
    ended = time.monotonic()
    service.stop()
    return {"ms": (ended - began) * 1000, "start_ms": (ended - killed) * 1000}


def measure(bench):
    with tempfile.TemporaryDirectory(prefix="mds-bench-") as home:
        with Service(pathlib.Path(home) / "data", binary=bench.mds, settings=SETTINGS) as service:
            service.start(within=60)
            with service.client(timeout=60) as client:
                eventually(lambda: client.get("/prices/history", symbol=f"T{SERIES - 1}", limit=1).status == 200, 60, 0.1,
                           "a point of every series")
            service.stop()
            bench.compare("From kill -9 to the first good answer, embedded store", {"mds": lambda: run(service)}, LINES, series=SERIES)
