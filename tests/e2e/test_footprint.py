"""What a process with ten thousand series costs when it starts and when it idles. Printed; only gross faults fail."""

import time
import unittest

from harness.service import SLOWNESS, Service, eventually
from test_many_targets import TARGETS, jobs


class Footprint(unittest.TestCase):
    def test_start_up_to_the_first_good_answer_and_idle_memory(self):
        once = [{**job, "interval": "24h"} for job in jobs()]
        with Service(settings={"jobs": once}) as service:
            service.start()
            empty = service.rss_bytes()
            with service.client(timeout=60) as client:
                last = f"T{TARGETS - 1}"
                eventually(lambda: client.get("/prices/history", symbol=last, limit=1).status == 200, 60, what="the first tick of each job")
                self.assertIn("prices", client.get("/prices/latest", symbols=f"T0,{last}").json())
            service.stop()
            times = []
            for _ in range(5):
                began = time.monotonic()
                service.start(ready=False)
                with service.client() as client:
                    while client.get("/prices/latest", symbol=last).status != 200:
                        time.sleep(0.002)
                    times.append(time.monotonic() - began)
                    self.assertEqual(client.get("/prices/latest", symbol=last).headers["x-price-source"], "memory")
                service.kill()
            service.start()
            with service.client() as client:
                client.get("/prices/latest", symbol=last)
            time.sleep(2)
            idle = service.rss_bytes()
            service.stop()
        print(f"figure: start-up with {TARGETS} series to the first good answer: {sorted(times)[2] * 1000:.0f} ms "
              f"({min(times) * 1000:.0f}-{max(times) * 1000:.0f})")
        print(f"figure: memory: {empty / 2**20:.1f} MiB when new, {idle / 2**20:.1f} MiB idle with {TARGETS} series")
        self.assertLess(sorted(times)[2], 2 * SLOWNESS)
        self.assertLess(idle, 256 * 2**20 * (1 if SLOWNESS == 1 else 8))


if __name__ == "__main__":
    unittest.main()
