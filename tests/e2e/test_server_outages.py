"""Redis, Kafka, the provider or PostgreSQL away, each alone, on the cluster: known prices are read all the while (I14), polls are made or
recorded as missed, and everything catches up by itself, at five times the rate of the load at least (I13)."""

import os
import random
import time
import unittest

from harness import servers
from harness.campaign import Campaign
from harness.cluster import Cluster, Servers
from harness.drain import Drain
from harness.open_loop import OpenLoop
from harness.provider_stub import ProviderStub, Reply
from harness.service import SLOWNESS, eventually

SEED = int(os.environ.get("E2E_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
SOAK = bool(os.environ.get("E2E_SOAK"))
AWAY = 600 if SOAK else 10
NOTICED = 5  #: seconds that a failure may go unnoticed
SYMBOLS = 40
SERVERS = None


def setUpModule():
    global SERVERS
    SERVERS = Servers.of_module()


class Outages(unittest.TestCase):
    def setUp(self):
        self.stub = ProviderStub(seed=SEED)
        self.stub.__enter__()
        self.addCleanup(self.stub.__exit__)
        properties = {} if SOAK else servers.SHORT_SESSION
        self.cluster = Cluster(self.stub, SERVERS, seed=SEED, bus_properties=properties)
        self.addCleanup(self.cluster.close)

    def test_each_alone(self):
        load = Campaign(self.cluster, SEED, SYMBOLS).start()
        for api in self.cluster.apis:
            with api.client() as client:
                for number in range(SYMBOLS):
                    eventually(lambda number=number: client.get("/prices/latest", symbol=f"S{number}").status == 200, 20)
        broker = SERVERS.kafka
        self.outage(load, "Redis", SERVERS.redis.kill, SERVERS.redis.start)
        self.outage(load, "the provider", self.provider_away, self.provider_back)
        self.outage(load, "Kafka", *((broker.down, broker.up) if broker.mock else (broker.kill, broker.start)))
        self.outage(load, "PostgreSQL", SERVERS.postgres.stop, SERVERS.postgres.start)
        load.finish(self, f"Redis, the provider, Kafka and PostgreSQL away for {AWAY:g} s each")

    def provider_away(self):
        self.stub.script = lambda _: Reply(drop=True)

    def provider_back(self):
        self.stub.script = self.stub.fresh_quote

    def outage(self, load, name, begin, end):
        """Half of the reads ask for a price that is younger than the last one will be before long."""
        targets = [f"/prices/latest?symbol=S{number}{age}" for number in range(SYMBOLS) for age in ("", "&max_age=2")]
        with OpenLoop(self.cluster.apis[0].client, targets, 40) as first, OpenLoop(self.cluster.apis[1].client, targets[1::2], 10) as second:
            begin()
            began = time.monotonic()
            time.sleep(NOTICED)
            unnoticed = [len(probe.answers) for probe in (first, second)]
            time.sleep(max(0, began + AWAY - time.monotonic()))
            self.readiness_says_so(name)
        end()
        with Drain(self.cluster.database) as drain:
            load.recovered()
            drained = drain.seconds()
        if name == "Kafka":
            self.assertGreater(drain.piled_up, SYMBOLS)
        if drain.piled_up:
            print(f"figure: {name} away: {drain.piled_up} points piled up, and were averaged within {drained:.1f} s once all parts were at "
                  "work again", flush=True)
        # Five times as fast as they piled up.
        self.assertLess(drained, AWAY / 5 * SLOWNESS, f"{drain.piled_up} points piled up without {name}")
        answers = [answer for probe, before in zip((first, second), unnoticed, strict=True) for answer in probe.answers[before:]]
        took = sorted(latency for latency, *_ in answers)
        p99 = took[int(0.99 * len(took))]
        stale = sum("x-price-stale" in getattr(answer, "headers", {}) for _, _, answer, _ in answers)
        print(f"figure: {name} away: {len(first.answers) + len(second.answers)} reads, {len(first.failures) + len(second.failures)} failed; "
              f"once noticed p50 {took[len(took) // 2] * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms, {stale} of {len(took)} marked stale; prices flowed "
              f"again after {load.recoveries[-1]:.1f} s", flush=True)
        self.assertEqual((first.failures + second.failures)[:3], [], name)
        self.assertLess(p99, 1.0 * SLOWNESS, name)

    def readiness_says_so(self, name):
        with self.cluster.api.client() as client:
            answer = client.get("/readyz")
        self.assertEqual(answer.status, 503 if name == "PostgreSQL" else 200 if name in ("Redis", "the provider") else answer.status, name)
        if name == "PostgreSQL":
            self.assertIn("store", answer.text)


if __name__ == "__main__":
    unittest.main()
