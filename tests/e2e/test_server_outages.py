"""PostgreSQL or Kafka away, each alone: known prices are read all the while (I14), polls are made or recorded as missed, and everything
catches up by itself."""

import os
import random
import threading
import time
import unittest

from harness import kafka, servers
from harness.campaign import Campaign
from harness.client import Client
from harness.deployment import Deployment
from harness.provider_stub import ProviderStub
from harness.service import SLOWNESS, eventually

SEED = int(os.environ.get("E2E_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
SOAK = bool(os.environ.get("E2E_SOAK"))
AWAY = 600 if SOAK else 8
NOTICED = 5  #: seconds that a failure may go unnoticed
RATE = 40
SYMBOLS = 40
POSTGRES = CLUSTER = None


def setUpModule():
    global POSTGRES, CLUSTER
    POSTGRES, CLUSTER = servers.own()


class OpenLoop:
    """Asks at fixed times, whatever the answers before took: (due, status, seconds from due to answer)."""

    def __init__(self, port, seed):
        self.results, self._stop = [], threading.Event()
        self._port, self._seed, self._lock = port, seed, threading.Lock()
        self._began, self._next = time.monotonic(), 0
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(8)]
        for thread in self._threads:
            thread.start()

    def _run(self):
        client = Client(self._port, timeout=20 * SLOWNESS)
        while not self._stop.is_set():
            with self._lock:
                number, self._next = self._next, self._next + 1
            due = self._began + number / RATE
            time.sleep(max(0, due - time.monotonic()))
            try:
                status = client.get("/prices/latest", symbol=f"S{random.Random(self._seed + number).randrange(SYMBOLS)}").status
            except OSError as fault:
                status = repr(fault)
            self.results.append((due, status, time.monotonic() - due))
        client.close()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(30 * SLOWNESS)
        return sorted(self.results)


class Outages(unittest.TestCase):
    def test_postgresql_is_away_and_all_is_in_one_process(self):
        self.outage("PostgreSQL", "one", POSTGRES.stop, POSTGRES.start)

    @unittest.skipUnless(SOAK, "a long one")
    def test_postgresql_is_away_and_the_service_is_split(self):
        self.outage("PostgreSQL", "split", POSTGRES.stop, POSTGRES.start)

    @unittest.skipUnless(SOAK, "a long one")
    def test_kafka_is_away_and_all_is_in_one_process(self):
        self.outage("Kafka", "one", *self.broker_away())

    def test_kafka_is_away_and_the_service_is_split(self):
        self.outage("Kafka", "split", *self.broker_away())

    @staticmethod
    def broker_away():
        return (CLUSTER.down, CLUSTER.up) if CLUSTER.mock else (CLUSTER.kill, CLUSTER.start)

    def outage(self, name, layout, begin, end):
        with ProviderStub(seed=SEED) as stub:
            database = POSTGRES.database()
            deployment = Deployment(stub, database, kafka.Bus(CLUSTER), layout)
            self.addCleanup(deployment.close)
            load = Campaign(deployment, SEED, SYMBOLS).start()
            self.every_symbol_is_known(deployment)
            probe = OpenLoop(deployment.api.port, SEED)
            began = time.monotonic()
            begin()
            time.sleep(AWAY)
            self.readiness_says_so(deployment, name)
            results = [result for result in probe.stop() if result[0] > began]
            end()
            load.recovered()
            self.judge(f"{name} away, {layout}", results, began)
            load.finish(self, f"{name} away for {AWAY:g} s, {layout}")

    def every_symbol_is_known(self, deployment):
        with deployment.api.client() as client:
            for number in range(SYMBOLS):
                eventually(lambda number=number: client.get("/prices/latest", symbol=f"S{number}").status == 200, 20)

    def readiness_says_so(self, deployment, name):
        if name == "PostgreSQL":
            with deployment.api.client() as client:
                answer = client.get("/readyz")
            self.assertEqual(answer.status, 503)
            self.assertIn("store", answer.text)

    def judge(self, name, results, began):
        failed = [status for _, status, _ in results if status != 200]
        noticed = sorted(took for due, _, took in results if due > began + NOTICED)
        p99 = noticed[int(0.99 * len(noticed))]
        print(f"figure: {name}: {len(results)} reads, {len(failed)} failed, p99 {p99 * 1000:.1f} ms once noticed, "
              f"longest of all {max(took for *_, took in results) * 1000:.0f} ms", flush=True)
        self.assertEqual(failed, [])
        self.assertLess(p99, 1.0 * SLOWNESS)


if __name__ == "__main__":
    unittest.main()
