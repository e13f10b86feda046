"""F40: three faults at a time over the whole cluster (two processes of each role, PostgreSQL, Kafka, Redis, every link, the provider), drawn
from a seed; then all is healed, and everything is counted.

E2E_SEED repeats a run's schedule, E2E_SEEDS runs so many seeds one after the other, E2E_FAULT_SECONDS sets how long each lasts."""

import os
import random
import time
import unittest

from harness import servers
from harness.campaign import Campaign
from harness.cluster import Cluster, Servers
from harness.nemesis import Nemesis
from harness.provider_stub import ProviderStub

SEED = int(os.environ.get("E2E_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
SEEDS = int(os.environ.get("E2E_SEEDS", "1"))
SECONDS = float(os.environ.get("E2E_FAULT_SECONDS", "600" if os.environ.get("E2E_SOAK") else "120"))
ROUND = 25  #: seconds of faults, until all is healed and prices must flow again
SERVERS = None


def setUpModule():
    global SERVERS
    SERVERS = Servers.of_module(linked=True)


class RandomFaults(unittest.TestCase):
    def test_three_at_a_time_over_the_whole_cluster(self):
        failed = []
        for seed in range(SEED, SEED + SEEDS):
            print(f"figure: random faults: seed {seed}, {SECONDS:g} s", flush=True)
            if SEEDS == 1:
                self.run_seed(seed)
                continue
            try:
                self.run_seed(seed)
            except Exception as fault:  # noqa: BLE001: the other seeds are run all the same
                failed.append(seed)
                print(f"seed {seed} failed: {fault}", flush=True)
        self.assertEqual(failed, [], "seeds that failed")

    def run_seed(self, seed):
        SERVERS.wait_ready()
        with ProviderStub(seed=seed) as stub, Cluster(stub, SERVERS, True, seed, bus_properties=servers.SHORT_SESSION) as cluster:
            load = Campaign(cluster, seed).start()
            nemesis = Nemesis(load)
            began = time.monotonic()
            while (left := began + SECONDS - time.monotonic()) > 1:
                nemesis.rage(min(ROUND, left))
            load.finish(self, "random faults", settle=90)
            times = sorted(load.recoveries)
            print(f"figure: random faults, seed {seed}: {nemesis.done.total()} faults in {len(times)} rounds; prices flowed again after "
                  f"{times[len(times) // 2]:.1f} s (median), {times[-1]:.1f} s (longest)", flush=True)
            print(nemesis, flush=True)


if __name__ == "__main__":
    unittest.main()
