"""A load that faults are laid over, and the reckoning at its end: what went in, what is lost, there twice, or out of order."""

import datetime
import json
import random
import time

from . import offset_history
from .deployment import print_figures
from .scenario import start_job
from .service import SLOWNESS, eventually
from .witnesses import Readers, served_and_acknowledged


class Campaign:
    """Polls `symbols` symbols every second through the deployment, with readers beside. The faults come from the test."""

    def __init__(self, deployment, seed, symbols=60):
        self.deployment, self.stub = deployment, deployment.stub
        self.symbols, self.seed = symbols, seed
        self.chance = random.Random(seed)
        self.readers = Readers(seed, symbols, count=2)
        self.recoveries = []
        self._lives = []
        self._life_began = 0
        self._job = None

    def start(self, **arguments):
        self.deployment.start(**arguments)
        if self.deployment.database is not None:
            offset_history.record(self.deployment.database)
        self.readers.start()
        self.readers.port = self.deployment.api.port
        with self.deployment.api.client() as client:
            self._job = start_job(client, [f"S{number}" for number in range(self.symbols)])
        self.wait_for_average()
        return self

    # -- faults -------------------------------------------------------------------------------------------------------------

    def kill(self, service):
        """SIGKILL, in the middle of whatever it does."""
        if service is self.deployment.api:
            self.readers.port = None
        service.kill()
        if "poller" in service.modules:
            # What it had sent before it died must not be counted as the next life's.
            eventually(lambda: self.stub.in_flight == 0, what="the end of the requests under way")
            self._end_of_life()

    def stop(self, service):
        """SIGTERM, and in good order."""
        if service is self.deployment.api:
            self.readers.port = None
        code = service.stop()
        if code != 0:
            raise AssertionError(f"exit code {code}:\n{service.tail()}")
        if "poller" in service.modules:
            self._end_of_life()

    def restart(self, service, **arguments):
        service.start(**arguments)
        if service is self.deployment.api:
            self.readers.port = service.port

    def pause(self, least=0.2, most=1.5):
        """For a random time."""
        time.sleep(self.chance.uniform(least, most) * SLOWNESS)

    def wait_for_average(self, within=60.0):
        """Until a price that is polled from now on is part of an average that a client can read. How long that took."""
        began = time.time()
        with self.deployment.api.client() as client:
            def fresh():
                answer = client.get("/prices/moving-average", symbol="S0")
                return answer.status == 200 and datetime.datetime.fromisoformat(answer.json()["calculated_at"]).timestamp() > began
            eventually(fresh, within, 0.05, "an average of a price polled from now on")
        return time.time() - began

    def recovered(self, within=60.0):
        """All faults are over: notes how long it takes until prices flow from the provider to the averages again."""
        self.recoveries.append(self.wait_for_average(within=within))

    def _end_of_life(self):
        end = len(self.stub.exchanges)
        self._lives.append((self._life_began, end))
        self._life_began = end

    # -- the reckoning ---------------------------------------------------------------------------------------------------

    def finish(self, test, name, interval=1, settle=60.0, topic_kept=True):
        """Stops the load, waits until all is handled, stops the service in good order and checks everything. The report.
        `topic_kept`: the topic still holds every event."""
        time.sleep(1.2)
        self.readers.stop()
        with self.deployment.api.client() as client:
            answer = client.post(f"/prices/poll/{self._job}/pause")
            test.assertEqual(answer.status, 200, repr(answer))
        eventually(lambda: self.stub.in_flight == 0, what="the end of the requests under way")
        time.sleep(0.5)
        self.deployment.settle(settle)
        self._end_of_life()
        codes = {role: code for role, code in self.deployment.stop().items() if code is not None}
        test.assertEqual(set(codes.values()), {0}, f"every process ends in good order: {codes}")
        must, unknown = served_and_acknowledged(self.stub, self._lives)
        witnesses = must + self.readers.told
        (self.deployment.home / "witness.jsonl").write_text("".join(json.dumps(witness) + "\n" for witness in witnesses))
        report = self.deployment.check(witnesses, topic_kept, interval=interval)
        if self.deployment.database is not None and topic_kept:
            offset_history.check(self.deployment.database, report)
        print_figures(f"{name}, seed {self.seed}, {len(must)} answers in, {len(unknown)} under way", report,
                      max(self.recoveries, default=None))
        print(report, flush=True)
        test.assertEqual(dict(report.violations), {}, f"seed {self.seed}\n{report}")
        test.assertEqual(self.readers.unexpected[:3], [])
        test.assertGreater(len(must), self.symbols)
        test.assertGreater(len(self.readers.told), self.symbols)
        return report
