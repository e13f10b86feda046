"""Kill -9 at random moments under load, again and again. At the end nothing that anybody outside was told is missing, nothing is
there twice, and every average is what a fresh computation gives.

The provider's record and what readers were given are the witnesses; the checker reads the tables. E2E_ROUNDS sets the number of
rounds, E2E_SEED repeats a run's random choices, E2E_SOAK makes it long.
"""

import json
import os
import random
import time
import unittest

from harness import checker
from harness.provider_stub import ProviderStub
from harness.scenario import service_with, start_job
from harness.service import SLOWNESS, eventually
from harness.witnesses import Readers, served_and_acknowledged

SYMBOLS = 200
ROUNDS = int(os.environ.get("E2E_ROUNDS", "200" if os.environ.get("E2E_SOAK") else "20"))
SEED = int(os.environ.get("E2E_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)


class KillAtRandomMoments(unittest.TestCase):
    def test_nothing_acknowledged_is_lost_and_nothing_is_there_twice(self):
        chance = random.Random(SEED)
        print(f"figure: kill -9: {ROUNDS} rounds, seed {SEED}", flush=True)
        ready, offsets = [], []
        with ProviderStub(seed=SEED) as stub, service_with(stub, asker="mds.{life}") as service:
            readers = Readers([service], SEED, SYMBOLS)
            readers.start()
            for number in range(ROUNDS + 1):
                began = time.time()
                service.start()
                ready.append(time.time() - began)
                if number == 0:
                    with service.client() as client:
                        job = start_job(client, [f"S{n}" for n in range(SYMBOLS)])
                if number == ROUNDS:
                    break
                time.sleep(chance.uniform(0.05, 2.4) * SLOWNESS)
                service.kill()
                if number % 5 == 4:
                    offsets.append(self.check_offset(service))
            time.sleep(2.5)
            readers.stop()
            with service.client() as client:
                client.post(f"/prices/poll/{job}/pause")
            self.settle(service)
            self.assertEqual(service.stop(), 0)

            must, unknown = served_and_acknowledged(stub, {"mds"})
            witnesses = must + readers.told
            (service.home / "witness.jsonl").write_text("".join(json.dumps(witness) + "\n" for witness in witnesses))
            report = checker.check(service.data_dir, witnesses, interval=1)
            stored = len(checker.check(service.data_dir, unknown).violations.get("I1", []))
            print(f"figure: in flight when killed: {len(unknown)} answers, of which {len(unknown) - stored} had been stored")
            print(f"figure: ready again after: median {sorted(ready)[len(ready) // 2]:.2f} s, longest {max(ready):.2f} s")
            print(report, flush=True)
            self.assertEqual(dict(report.violations), {}, f"seed {SEED}")
            self.assertEqual(readers.unexpected[:3], [])
            self.assertEqual(readers.went_back[:3], [])
            self.assertEqual(offsets, sorted(offsets), "the consumer's offset went back")
            self.assertGreater(len(readers.told), ROUNDS * 10)
            self.assertGreater(len(must), ROUNDS * SYMBOLS // 10)

    @staticmethod
    def check_offset(service):
        """After a kill, before the next start: the tables already hold together. The consumer may be behind."""
        report = checker.check(service.data_dir, quiet_bus=False)
        if report.violations:
            raise AssertionError(f"right after a kill, seed {SEED}:\n{report}")
        return max((row[2] for row in checker.Tables(checker.database_of(service.data_dir)).offsets), default=0)

    @staticmethod
    def settle(service):
        def quiet():
            return not {"I7", "I9"} & checker.check(service.data_dir).violations.keys()
        eventually(quiet, 20, 0.3, "an average of every point")


if __name__ == "__main__":
    unittest.main()
