"""A load that faults are laid over, and the reckoning at its end: what went in, what is lost, there twice, or out of order."""

import datetime
import http.client
import json
import random
import time
from fractions import Fraction

from . import offset_history
from .checker import Tables
from .deployment import print_figures
from .scenario import start_job
from .service import SLOWNESS, eventually
from .witnesses import Ledger, Readers, served_and_acknowledged

#: Each list of providers is a shard of its own, so that several pollers have something to share; the first of a list answers.
PROVIDERS = [["finnhub"], ["finnhub", "coinbase"], ["finnhub", "alpha_vantage"], ["finnhub", "coinbase", "alpha_vantage"]]


class Campaign:
    """Polls `symbols` symbols every `interval` seconds through the deployment, with readers beside. The faults come from the test."""

    def __init__(self, deployment, seed, symbols=60, interval=1):
        self.deployment, self.stub = deployment, deployment.stub
        self.symbols, self.seed, self.interval = symbols, seed, interval
        self.chance = random.Random(seed)
        self.readers = Readers(deployment.apis, seed, symbols, count=2)
        self.recoveries = []
        self._jobs = []

    def start(self, **arguments):
        self.deployment.start(**arguments)
        if self.deployment.database is not None:
            offset_history.record(self.deployment.database)
        self.readers.start()
        shards = PROVIDERS if self.deployment.layout == "replicas" else [None]
        with self.deployment.api.client() as client:
            for number, providers in enumerate(shards):
                symbols = [f"S{symbol}" for symbol in range(number, self.symbols, len(shards))]
                self._jobs.append(start_job(client, symbols, self.interval, providers))
        self.wait_for_average()
        return self

    # -- faults -------------------------------------------------------------------------------------------------------------

    @staticmethod
    def stop(service):
        """SIGTERM, and in good order."""
        code = service.stop()
        if code != 0:
            raise AssertionError(f"exit code {code}:\n{service.tail()}")

    def pause(self, least=0.2, most=1.5):
        """For a random time."""
        time.sleep(self.chance.uniform(least, most) * SLOWNESS)

    def wait_for_average(self, within=60.0):
        """Until a price that is polled from now on is part of an average that a client can read. How long that took."""
        began = time.time()

        def fresh():
            try:
                with self.deployment.api.client() as client:
                    answer = client.get("/prices/moving-average", symbol="S0")
            except (OSError, http.client.HTTPException):
                return False  # not there yet
            return answer.status == 200 and datetime.datetime.fromisoformat(answer.json()["calculated_at"]).timestamp() > began

        try:
            eventually(fresh, within, 0.05, "an average of a price polled from now on")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.deployment.tails()}") from None
        return time.time() - began

    def recovered(self, within=60.0):
        """All faults are over: notes how long it takes until prices flow from the provider to the averages again."""
        self.recoveries.append(self.wait_for_average(within=within))

    # -- the reckoning ---------------------------------------------------------------------------------------------------

    def finish(self, test, name, ledger=True, settle=60.0, topic_kept=True):
        """Stops the load, waits until all is handled, stops the service in good order and checks everything. The report. `ledger`: the
        ticks too, which a clock that was moved does not allow; `topic_kept`: the topic still holds every event."""
        time.sleep(self.interval + 0.2)
        self.readers.stop()
        with self.deployment.api.client() as client:
            for job in self._jobs:
                answer = client.post(f"/prices/poll/{job}/pause")
                test.assertEqual(answer.status, 200, repr(answer))
        eventually(lambda: self.stub.in_flight == 0, what="the end of the requests under way")
        time.sleep(0.5)
        self.deployment.settle(settle)
        codes = {role: code for role, code in self.deployment.stop().items() if code is not None}
        tails = "\n".join(f"-- {role}\n{self.deployment.services[role].tail(15)}" for role, code in codes.items() if code != 0)
        test.assertEqual(set(codes.values()), {0}, f"every process ends in good order: {codes}\n{tails}")
        must, unknown = self._served()
        witnesses = must + self.readers.told
        (self.deployment.home / "witness.jsonl").write_text("".join(json.dumps(witness) + "\n" for witness in witnesses))
        report = self.deployment.check(witnesses, topic_kept, interval=self.interval if ledger else None)
        if self.deployment.database is not None and topic_kept:
            offset_history.check(self.deployment.database, report)
        for back in self.readers.went_back:
            report.broken("I15", back)
        print_figures(f"{name}, seed {self.seed}, {len(must)} answers in, {len(unknown)} under way", report,
                      max(self.recoveries, default=None))
        print(report, flush=True)
        test.assertEqual(dict(report.violations), {}, f"seed {self.seed}\n{report}")
        test.assertEqual(self.readers.unexpected[:3], [])
        test.assertGreater(len(must), self.symbols)
        test.assertGreater(len(self.readers.told), self.symbols)
        return report

    def _served(self):
        """What must be stored, and what may be. With several pollers an answer that came when its target was no longer its poller's is
        not stored, and its tick is on record as missed."""
        must, unknown = served_and_acknowledged(self.stub, {name for name, service in self.deployment.services.items()
                                                            if "poller" in service.modules.split(",")})
        if self.deployment.layout == "replicas":
            tables = Tables(self.deployment.source)
            ledger, stored = Ledger(tables), {(tables.series[row[0]][0], Fraction(row[3])) for row in tables.points}
            kept = [(witness["symbol"], Fraction(witness["price"])) in stored or not ledger.accounts_for(witness) for witness in must]
            unknown += [witness for witness, keep in zip(must, kept, strict=True) if not keep]
            must = [witness for witness, keep in zip(must, kept, strict=True) if keep]
        return must, unknown
