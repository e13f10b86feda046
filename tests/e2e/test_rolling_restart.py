"""F37, I20: every process of the cluster is told to stop and started again under load, on tables that a later release has widened
meanwhile: one after the other, and no request fails behind a load balancer and no target misses two ticks in a row; then all of them at
once, and no request that was taken fails. Nothing is lost. E2E_SOAK does it again and again."""

import collections
import json
import os
import random
import time
import unittest

from harness import metrics, servers
from harness.background import Background
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
    SERVERS = Servers.of_module()


class JobWriter(Background):
    """Makes a job, reads it and cancels it, again and again; no request is sent twice."""

    def __init__(self, connect):
        super().__init__(0.02)
        self.count, self.faults = 0, []
        self._client = connect()

    def step(self):
        try:
            self._one(self._client)
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

    def __exit__(self, *_):
        super().__exit__()
        self._client.close()


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
            self.widen_tables(cluster.database)
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
        rolled = time.time()
        for _ in range(ROUNDS):
            self.stop_all_at_once(cluster, targets)
            cluster.start()
            load.recovered()
        load.finish(self, "rolling restart, then all at once")
        missed = self.missed_in_a_row(Tables(cluster.source), rolled)
        print(f"figure: rolling restart of {len(ended)} processes: {probe}, {writer.count} requests about jobs; slowest end "
              f"{max(ended):.1f} s; at most {missed} tick of a target missed in a row", flush=True)
        self.assertLessEqual(missed, 1)

    @staticmethod
    def widen_tables(database):
        """As the migrations of a later release may, while processes of this one still run."""
        for table, in database.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
            database.rows(f"ALTER TABLE {table} ADD COLUMN of_a_later_release text NOT NULL DEFAULT 'new'")

    def stop_all_at_once(self, cluster, targets):
        """Once nobody takes requests any more, there is nobody to ask; every request before that has its answer."""
        with Balancer(cluster.apis) as balancer, OpenLoop(balancer.client, targets) as probe:
            time.sleep(1)
            for service in cluster.services.values():
                service.tell_to_stop()
            codes = {name: service.wait_stopped() for name, service in cluster.services.items()}
        self.assertEqual(set(codes.values()), {0}, codes)
        self.assertGreater(len(probe.answers) - len(probe.failures), 50)
        self.assertEqual([(target, answer) for target, answer in probe.failures if not self.turned_away(answer)][:3], [])

    @staticmethod
    def turned_away(answer):
        """The request was not taken."""
        return isinstance(answer, ConnectionRefusedError) or getattr(answer, "status", None) == 503 and "retry-after" in answer.headers

    @staticmethod
    def wait_until_shared(cluster):
        """Until the new poller has its share of the targets, and has had it for an interval: each change of hands may cost a tick."""
        def shards(name):
            with cluster.services[name].client() as client:
                return metrics.total(metrics.parse(client.get("/metrics").text), "mds_poller_leases")
        eventually(lambda: shards("poller-1") >= 2 and shards("poller-2") >= 2, 20, 0.1, "an even share")
        time.sleep(INTERVAL + 0.5)

    @staticmethod
    def missed_in_a_row(tables, until):
        """The longest row of missed ticks of any symbol before then."""
        dues = collections.defaultdict(set)
        for symbols, first, last, _, _, interval in tables.missed:
            for symbol in json.loads(symbols):
                dues[symbol].update(range(first, min(last + 1, int(until * 1_000_000)), interval * 1_000_000))
        longest = 0
        for ticks in dues.values():
            row = 0
            for due in sorted(ticks):
                row = row + 1 if due - INTERVAL * 1_000_000 in ticks else 1
                longest = max(longest, row)
        return longest


if __name__ == "__main__":
    unittest.main()
