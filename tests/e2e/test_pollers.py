"""Two pollers on one PostgreSQL share the targets by lease: none is fetched by both in a tick, and what one had the other one takes over
when it stops, at once, or is killed, within 16 s (I10, I11, I13)."""

import contextlib
import time
import unittest

from harness import checker, metrics, postgres
from harness.provider_stub import ProviderStub
from harness.scenario import KEYS, providers_at
from harness.service import SLOWNESS, Service, eventually, merged

#: Four provider lists are four shards; the first of each list answers.
LISTS = [["finnhub"], ["finnhub", "coinbase"], ["finnhub", "alpha_vantage"], ["finnhub", "coinbase", "alpha_vantage"]]
TARGETS = [f"T{number}" for number in range(40)]
TAKEN_OVER = 16  # seconds after a kill


class Pollers(unittest.TestCase):
    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        server = postgres.server()
        stack.callback(server.close)
        self.database = server.database()
        stack.callback(self.database.drop)
        self.stub = stack.enter_context(ProviderStub())
        settings = merged(providers_at(self.stub), {"store": {"kind": "postgresql", "url": self.database.url}})
        self.pollers = [stack.enter_context(Service(settings=settings, modules="http,poller", env=KEYS)) for _ in range(2)]

    def shards(self, poller):
        with poller.client() as client:
            return metrics.total(metrics.parse(client.get("/metrics").text), "mds_poller_leases")

    def wait_until_shared(self):
        eventually(lambda: all(self.shards(poller) >= 2 for poller in self.pollers), 30, every=0.2, what="an even share")

    def polled_since(self, moment):
        """Symbols that the provider was asked for since then."""
        return {exchange.symbol for exchange in list(self.stub.exchanges) if exchange.at > moment} & set(TARGETS)

    def wait_until_all_polled(self, since, within, what):
        eventually(lambda: self.polled_since(since) == set(TARGETS), within, what=what)
        return time.time() - since

    def fetched_twice(self):
        return self.database.rows("SELECT symbols, provider, tick_due, count(*) FROM raw_market_data WHERE tick_due IS NOT NULL "
                                  "GROUP BY 1, 2, 3 HAVING count(*) > 1")

    def test_share_stop_kill(self):
        first, second = self.pollers
        first.start()
        with first.client() as client:
            for number, providers in enumerate(LISTS):
                answer = client.post("/prices/poll", {"symbols": TARGETS[number::4], "interval": 1, "provider": providers})
                self.assertEqual(answer.status, 202, answer)
        second.start()
        self.wait_until_shared()
        time.sleep(3)

        began = time.time()
        second.kill()
        took = self.wait_until_all_polled(began + 0.2, TAKEN_OVER + 1.5, "the killed poller's targets polled by the other one")
        print(f"taken over {took:.1f} s after kill -9", flush=True)

        second.start()
        self.wait_until_shared()
        began = time.time()
        self.assertEqual(second.stop(), 0)
        took = self.wait_until_all_polled(time.time(), 4, "the stopped poller's targets polled by the other one")
        print(f"taken over {took:.1f} s after SIGTERM", flush=True)

        second.start()
        self.wait_until_shared()
        with second.client() as client:
            asked = time.time()
            self.assertEqual(client.post("/prices/poll", {"symbols": ["LATE"], "interval": 3600}).status, 202)
        eventually(lambda: any(exchange.symbol == "LATE" for exchange in list(self.stub.exchanges)), 3, what="a new job polled")
        print(f"a new job polled {time.time() - asked:.1f} s after it was made", flush=True)

        time.sleep(2)
        for poller in self.pollers:
            self.assertEqual(poller.stop(), 0)
        self.assertEqual(self.fetched_twice(), [])
        report = checker.check(self.database.url, interval=1, quiet_bus=False)
        print(report)
        self.assertEqual(dict(report.violations), {}, str(report))
        self.assertGreater(report.counts["missed_down_time"], 0, "the time between is on record")
        self.assertGreater(report.counts["ticks_tried"], 400 / SLOWNESS)


if __name__ == "__main__":
    unittest.main()
