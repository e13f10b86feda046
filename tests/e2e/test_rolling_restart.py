"""I20, I22: every process of the cluster is told to stop and started again, one after the other, under load: no request fails behind a load
balancer, no target misses two ticks in a row, and nothing is lost. E2E_SOAK does it again and again."""

import collections
import json
import os
import random
import threading
import time
import unittest

from harness import metrics, servers
from harness.balancer import Balancer
from harness.campaign import Campaign
from harness.checker import Tables
from harness.cluster import Cluster, Servers
from harness.open_loop import OpenLoop
from harness.provider_stub import ProviderStub
from harness.service import eventually

SEED = int(os.environ.get("E2E_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
ROUNDS = 10 if os.environ.get("E2E_SOAK") else 1
INTERVAL = 2  #: seconds between two ticks of a target
SERVERS = None


def setUpModule():
    global SERVERS
    SERVERS = Servers()
    unittest.addModuleCleanup(SERVERS.close)


class JobWriter:
    """Makes a job, reads it and cancels it, again and again; no request is sent twice."""

    def __init__(self, connect):
        self.count, self.faults = 0, []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(connect,), daemon=True)

    def _run(self, connect):
        with connect() as client:
            while not self._over.wait(0.02):
                try:
                    self._one(client)
                except Exception as fault:  # noqa: BLE001: whatever it is, the test shows it
                    self.faults.append(repr(fault))

    def _one(self, client):
        body = json.dumps({"symbols": ["JOB"], "interval": 3600}).encode()
        made = client.request("POST", "/prices/poll", body, {"Content-Type": "application/json"})
        self._expect(made, 202)
        job = made.json()["job_id"]
        self._expect(client.request("GET", f"/prices/poll/{job}"), 200)
        self._expect(client.request("DELETE", f"/prices/poll/{job}"), 200, 204)

    def _expect(self, answer, *statuses):
        self.count += 1
        if answer.status not in statuses:
            self.faults.append(repr(answer))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join(30)


class RollingRestart(unittest.TestCase):
    def test_every_process_one_after_the_other_under_load(self):
        stub = ProviderStub(seed=SEED)
        stub.__enter__()
        self.addCleanup(stub.__exit__)
        cluster = Cluster(stub, SERVERS, seed=SEED, bus_properties=servers.SHORT_SESSION)
        self.addCleanup(cluster.close)
        load = Campaign(cluster, SEED, interval=INTERVAL).start()
        targets = [f"/prices/{what}?symbol=S{number}" for number in range(load.symbols) for what in ("latest", "history", "moving-average")]
        time.sleep(5 * INTERVAL + 1)  # every symbol has its average by then
        ended = []
        with Balancer(cluster.apis) as balancer, JobWriter(balancer.client) as writer, OpenLoop(balancer.client, targets) as probe:
            for _ in range(ROUNDS):
                for role in ("consumer", "poller", "api"):
                    for number in (1, 2):
                        service = cluster.services[f"{role}-{number}"]
                        began = time.monotonic()
                        self.assertEqual(service.stop(), 0)
                        ended.append(time.monotonic() - began)
                        service.start()
                        if role == "poller":
                            self.wait_until_shared(cluster)
            time.sleep(1)
        self.assertEqual(probe.failures[:3], [])
        self.assertEqual(writer.faults[:3], [])
        self.assertGreater(writer.count, 30)
        load.recovered()
        load.finish(self, "rolling restart")
        missed = self.missed_in_a_row(Tables(cluster.source))
        print(f"figure: rolling restart of {len(ended)} processes: {probe}, {writer.count} requests about jobs; slowest end "
              f"{max(ended):.1f} s; at most {missed} tick of a target missed in a row", flush=True)
        self.assertLessEqual(missed, 1)

    @staticmethod
    def wait_until_shared(cluster):
        """Until the new poller has its share of the targets, and has had it for an interval: each change of hands may cost a tick."""
        def shards(name):
            with cluster.services[name].client() as client:
                return metrics.total(metrics.parse(client.get("/metrics").text), "mds_poller_leases")
        eventually(lambda: shards("poller-1") >= 2 and shards("poller-2") >= 2, 20, 0.1, "an even share")
        time.sleep(INTERVAL + 0.5)

    @staticmethod
    def missed_in_a_row(tables):
        """The longest row of missed ticks of any symbol."""
        dues = collections.defaultdict(set)
        for symbols, first, last, _, _, interval in tables.missed:
            for symbol in json.loads(symbols):
                dues[symbol].update(range(first, last + 1, interval * 1_000_000))
        longest = 0
        for ticks in dues.values():
            row = 0
            for due in sorted(ticks):
                row = row + 1 if due - INTERVAL * 1_000_000 in ticks else 1
                longest = max(longest, row)
        return longest


if __name__ == "__main__":
    unittest.main()
