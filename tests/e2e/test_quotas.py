"""A provider's quota, by the provider's own record (I12): however many processes ask, and across kills and restarts, no window is
passed; what polls may not take is there for reads; and nearly all of it is used."""

import contextlib
import json
import os
import pathlib
import sqlite3
import tempfile
import threading
import time
import unittest

from harness import metrics, postgres
from harness.provider_stub import ProviderStub
from harness.scenario import start_job, wait_for_points
from harness.service import SLOWNESS, Service, eventually

#: How long each is watched; E2E_SOAK=1 takes the minutes that the second window needs.
WATCHED = 200 if os.environ.get("E2E_SOAK") else 10
FIVE_A_SECOND = [{"limit": 5, "per": "second"}, {"limit": 300, "per": "minute"}]
TARGETS = [f"S{number}" for number in range(1000)]


class Readers:
    """Asks for prices that nobody polls, as fast as answers come, until it is closed."""

    def __init__(self, services, each=2):
        self._stop = threading.Event()
        self.statuses = []
        self._threads = [threading.Thread(target=self._read, args=(service, f"R{number}X{one}"), daemon=True)
                         for number, service in enumerate(services) for one in range(each)]
        for thread in self._threads:
            thread.start()

    def _read(self, service, symbol):
        with service.client() as client:
            while not self._stop.is_set():
                self.statuses.append(client.get("/prices/latest", symbol=symbol, max_age=0).status)
                if self.statuses[-1] != 200:
                    time.sleep(0.2)

    def close(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(20)


class Quotas(unittest.TestCase):
    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.folder = pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="mds-e2e-")))
        self.stub = self.stack.enter_context(ProviderStub())

    def settings(self, quota, store=None):
        catalogue = self.folder / "providers.json"
        catalogue.write_text(json.dumps({"providers": {"narrow": {
            "base_url": self.stub.url, "request": {"path": "/quote", "query": {"symbol": "{symbol}"}}, "success": {"path": "/c"},
            "values": {"price": "/c", "time": {"path": "/t", "as": "unix_s"}}, "quota": quota}}}))
        settings = {"providers": {"files": [str(catalogue)], "default": "narrow"}}
        return settings if store is None else {**settings, "store": store}

    def on_postgres(self, quota, replicas):
        server = postgres.server()
        self.stack.callback(server.close)
        database = server.database()
        self.stack.callback(database.drop)
        settings = self.settings(quota, {"kind": "postgresql", "url": database.url})
        return [self.stack.enter_context(Service(settings=settings, modules="http,poller")) for _ in range(replicas)]

    def arrivals(self, kind="", since=0.0):
        return [exchange.at for exchange in list(self.stub.exchanges) if exchange.symbol.startswith(kind) and exchange.at >= since]

    def check(self, windows):
        for span, limit in windows:
            for kind, most_allowed in (("", limit), ("S", limit - limit // 5)):
                arrivals = self.arrivals(kind)
                most = max((sum(1 for at in arrivals if begin <= at < begin + span) for begin in arrivals), default=0)
                self.assertLessEqual(most, most_allowed, f"of {kind or 'all'} within {span} s")

    def use(self, kind, since):
        """Turns come in bursts: from the beginning of the first to the beginning of the last, wherever the time watched cuts them."""
        arrivals = sorted(self.arrivals(kind, since))
        end = next(at for at in arrivals if at > arrivals[-1] - 0.5)
        self.assertGreater(end, time.time() - 3 * SLOWNESS, "to the end")
        return sum(1 for at in arrivals if at < end) / (5 * (end - arrivals[0]))

    def check_use(self, kinds, share):
        """A machine that is busy otherwise loses turns now and then: the best of three."""
        for _ in range(3):
            since = time.time()
            time.sleep(WATCHED)
            used = sum(self.use(kind, since) for kind in kinds)
            print(f"{self._testMethodName}: {used:.1%} of the quota used{'' if 'R' in kinds else ' by polls alone'}", flush=True)
            if used >= share or SLOWNESS > 1:
                return
        self.fail(f"at least {share:.0%} of the quota used")

    def watch(self, services):
        """A thousand targets, at first alone, then with readers beside them."""
        for service in services:
            service.start()
        with services[0].client() as client:
            start_job(client, TARGETS, interval=60)
        eventually(lambda: self.stub.exchanges)
        self.check_use("S", 0.9 * 0.8)
        readers = Readers(services)
        self.stack.callback(readers.close)
        time.sleep(1.5)
        self.check_use("SR", 0.9)
        readers.close()
        self.check([(1, 5), (60, 300)])
        self.assertGreater(readers.statuses.count(200), 0.5 * WATCHED / SLOWNESS, "reads have their fifth")

    def test_one_process(self):
        service = self.stack.enter_context(Service(settings=self.settings(FIVE_A_SECOND)))
        self.watch([service])
        self.assertEqual(service.stop(), 0)

    def test_two_replicas(self):
        services = self.on_postgres(FIVE_A_SECOND, 2)
        self.watch(services)
        taken = []
        for service in services:
            with service.client() as client:
                samples = metrics.parse(client.get("/metrics").text)
                taken.append(metrics.total(samples, "mds_provider_quota_turns_total", provider="narrow", what="taken"))
        self.assertGreater(min(taken), 5 / SLOWNESS, "both have their part")
        # One is killed with turns in its hands, and comes back.
        services[1].kill()
        time.sleep(1)
        services[1].start()
        readers = Readers(services)
        time.sleep(5)
        readers.close()
        for service in services:
            self.assertEqual(service.stop(), 0)
        self.check([(1, 5), (60, 300)])

    def test_a_restart_frees_nothing(self):
        service = self.stack.enter_context(Service(settings=self.settings([{"limit": 10, "per": "day"}])))
        service.start()
        with service.client() as client:
            start_job(client, TARGETS[:20], interval=1)
            eventually(lambda: len(self.arrivals("S")) == 8, 10, what="what polls may take")
            self.assertEqual(client.get("/prices/latest", symbol="R1", max_age=0).status, 200)
        service.kill()
        service.start()
        with service.client() as client:
            self.assertEqual(client.get("/prices/latest", symbol="R2", max_age=0).status, 200)
            refused = client.get("/prices/latest", symbol="R3", max_age=0)
            self.assertEqual((refused.status, refused.headers["retry-after"]), (503, "3600"), refused)
            time.sleep(2)
        self.assertEqual(service.stop(), 0)
        with contextlib.closing(sqlite3.connect(service.data_dir / "mds.db")) as tables:
            missed = tables.execute("SELECT sum(ticks) FROM missed_ticks WHERE reason = 'quota'").fetchone()[0]
        self.assertGreater(missed or 0, 0, "ticks missed for want of quota")
        self.assertEqual((len(self.arrivals("S")), len(self.arrivals("R"))), (8, 2))

    def test_nothing_is_sent_that_was_not_taken_before(self):
        server = self.stack.enter_context(contextlib.closing(postgres.own_server()))
        settings = self.settings(FIVE_A_SECOND, {"kind": "postgresql", "url": server.database().url})
        service = self.stack.enter_context(Service(settings=settings, modules="http,poller"))
        service.start()
        with service.client() as client:
            start_job(client, TARGETS[:50], interval=1)
            wait_for_points(client, "S0", 1, within=30)
            server.stop()
            time.sleep(6)  # longer than any turn is taken ahead
            dry = time.time()
            time.sleep(3)
            self.assertEqual(self.arrivals(since=dry), [])
            server.start()
            back = time.time()
            eventually(lambda: len(self.arrivals(since=back)) > 5, 30, what="polled again")
        self.assertEqual(service.stop(), 0)
        self.check([(1, 5), (60, 300)])


if __name__ == "__main__":
    unittest.main()
