"""Ten thousand targets every second: each due tick ends as a point, a failure, or a miss with its reason. How late they were is
printed: what this machine manages is no part of the promise, that nothing vanishes is."""

import os
import time
import unittest

from harness import checker, metrics
from harness.service import SLOWNESS, Service, eventually

TARGETS = int(os.environ.get("E2E_TARGETS", "0")) or int(10_000 / SLOWNESS)
SECONDS = 120 if os.environ.get("E2E_SOAK") else 10
JOB_MAX = 1000


def jobs():
    names = [f"T{number}" for number in range(TARGETS)]
    return [{"name": f"job{first}", "symbols": names[first:first + JOB_MAX], "interval": "1s"} for first in range(0, TARGETS, JOB_MAX)]


class ManyTargets(unittest.TestCase):
    def test_every_due_tick_has_its_end(self):
        with Service(settings={"jobs": jobs(), "providers": {"simulated": {"failure_rate": 0.01, "latency": "5ms"}}}) as service:
            service.start(within=60)
            began = time.time()
            time.sleep(SECONDS)
            with service.client(timeout=60) as client:
                samples = metrics.parse(client.get("/metrics").text)
            ended = time.time()
            self.assertEqual(service.stop(), 0)
            service.modules = "http,relay,consumer"
            service.start(within=60)
            eventually(lambda: not {"I7", "I9"} & checker.check(service.data_dir).violations.keys(), 60, 1, "an average of every point")
            service.stop()
            report = checker.check(service.data_dir, interval=1, polled_from=began, polled_until=ended)
            p50, p99 = (metrics.quantile(samples, "mds_poller_lateness_seconds", q) for q in (0.5, 0.99))
            ticks = report.counts["ticks"]
            print(f"figure: {TARGETS} targets every second for {SECONDS} s: {report.counts['points']} points, {report.counts['rejects']} failed, "
                  f"{ticks - report.counts['ticks_tried']} missed of {ticks} ticks")
            print(f"figure: lateness of a tick: p50 {p50 * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms")
            print(report)
            self.assertEqual(dict(report.violations), {})
            self.assertEqual(report.counts["symbols_polled"], TARGETS)
            self.assertGreater(report.counts["points"], TARGETS)


if __name__ == "__main__":
    unittest.main()
