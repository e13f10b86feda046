"""Faults of processes and servers under load, on PostgreSQL and Kafka; at the end everything is counted. Each campaign prints its seed
(E2E_SEED repeats it); E2E_SOAK makes them long."""

import os
import random
import signal
import subprocess
import time
import unittest

from harness import checker, kafka, servers
from harness.campaign import Campaign
from harness.chaos_proxy import DOWN, ChaosProxy
from harness.crash_point import COMMIT, MOVE_OFFSET, MOVE_RELAY_CURSOR, CrashPoint
from harness.deployment import Deployment
from harness.provider_stub import ProviderStub
from harness.service import eventually

SEED = int(os.environ.get("E2E_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
SOAK = bool(os.environ.get("E2E_SOAK"))
POSTGRES = CLUSTER = None


def setUpModule():
    global POSTGRES, CLUSTER
    POSTGRES, CLUSTER = servers.own()


class Campaigns(unittest.TestCase):
    def begin(self, layout="split", proxied=(), settings=None):
        """A deployment under load. `proxied`: roles that reach PostgreSQL through a proxy of their own, self.proxies."""
        stub = ProviderStub(seed=SEED)
        stub.__enter__()
        self.addCleanup(stub.__exit__)
        database = POSTGRES.database()
        self.proxies = {role: ChaosProxy(POSTGRES.port, seed=SEED) for role in proxied}
        for proxy in self.proxies.values():
            self.addCleanup(proxy.close)
        urls = {role: database.through(proxy) for role, proxy in self.proxies.items()}
        properties = {} if SOAK else servers.SHORT_SESSION
        deployment = Deployment(stub, database, kafka.Bus(CLUSTER), layout, settings, urls, properties)
        self.addCleanup(deployment.close)
        self.addCleanup(self.show_logs, deployment)
        return Campaign(deployment, SEED).start()

    def show_logs(self, deployment):
        outcome = self._outcome.result
        if any(test is self for test, _ in [*outcome.failures, *outcome.errors]):
            for role, service in deployment.services.items():
                print(f"-- {role}\n{service.tail(12)}")


class ProcessesDie(Campaigns):
    def test_killed_at_each_point_where_something_becomes_durable(self):
        """F1, F2, F3, F5 as a sweep: the commit of an ingest, of averages, and the move of the relay's cursor; each sent and lost, or
        done and its reply lost. In pairs, since what is waited for are leases and sessions."""
        load = self.begin(proxied=("poller", "consumer"))
        pairs = [((COMMIT, True), (COMMIT, False)), ((MOVE_RELAY_CURSOR, False), (COMMIT, True))]
        if SOAK:
            pairs += [((COMMIT, False), (COMMIT, True)), ((MOVE_RELAY_CURSOR, True), (COMMIT, False))]
        for pair in pairs * (10 if SOAK else 1):
            roles = ("poller", "consumer")
            for role, point in reversed(list(zip(roles, pair, strict=True))):  # without the poller no event would get to the consumer
                CrashPoint(self.proxies[role], *point).kill(load.deployment.services[role].kill)
            for role in roles:
                load.deployment.services[role].start()
            load.recovered()
        load.finish(self, "crash-point sweep")

    @unittest.skipUnless(SOAK, "a long one; the sweep above has the same faults at chosen moments")
    def test_killed_at_random_moments(self):
        """F1, F3, F5: one process or all of them, wherever they are just then."""
        load = self.begin()
        processes = list(load.deployment.services.values())
        for _ in range(30):
            load.pause()
            victims = load.chance.choice([*[[process] for process in processes], processes])
            for victim in victims:
                victim.kill()
            load.pause(0, 0.5)
            for victim in victims:
                victim.start()
            load.recovered()
        load.finish(self, "kill -9 of processes")

    @unittest.skipUnless(SOAK, "a long one; the sweep above has the same faults, with a kill")
    def test_replies_to_commits_are_cut_and_the_process_lives(self):
        """F2, F16 without the kill: nobody knows whether the commit happened, and it is sent again."""
        load = self.begin("one", proxied=("all",), settings={"store": {"statement_timeout": "2s"}})
        for _ in range(10):
            load.pause()
            self.proxies["all"].faults.swallow = {DOWN}
            load.pause(0.3, 1)
            self.proxies["all"].reset_all()
            self.proxies["all"].heal()
            load.recovered()
        load.finish(self, "replies of PostgreSQL cut")

    def test_a_frozen_consumer_is_replaced_and_its_late_commit_refused(self):
        """F6: frozen longer than its session, with a commit on its way that arrives when another consumer has its partitions."""
        load = self.begin(proxied=("consumer",))
        first = load.deployment.services["consumer"]
        second = load.deployment.services["consumer-2"] = load.deployment.service("consumer-2", "consumer")
        self.addCleanup(lambda: first.running and first.process.send_signal(signal.SIGCONT))
        for _ in range(4 if SOAK else 1):
            late = CrashPoint(self.proxies["consumer"], MOVE_OFFSET, reaches=False)
            late.wait()
            first.process.send_signal(signal.SIGSTOP)
            began = time.time()
            second.start()
            eventually(lambda began=began: self.averaged_since(load, began) == load.symbols, 40, 0.2, "averages of every symbol")
            print(f"figure: a frozen consumer: all its work was taken over after {time.time() - began:.1f} s", flush=True)
            first.process.send_signal(signal.SIGCONT)
            self.proxies["consumer"].heal()
            eventually(lambda: first.events("averaging.commit_refused"), 20, what="the refusal of the late commit")
            load.pause(1, 2)
            self.assertEqual(second.stop(), 0)
            load.recovered()
        load.finish(self, "consumer frozen beyond its session")

    @staticmethod
    def averaged_since(load, began):
        """How many of the polled symbols have an average of a price that was polled since."""
        return load.deployment.database.number(
            "SELECT count(DISTINCT series_id) FROM moving_average m JOIN series s ON s.id = m.series_id"
            f" WHERE m.fetched_at > to_timestamp({began}) AND s.symbol LIKE 'S%'")


class ServersDie(Campaigns):
    def test_postmaster_and_broker_crash_under_load(self):
        """F15 and kill -9 of the broker, in turn and at random moments."""
        load = self.begin("one")
        for number in range(20 if SOAK else 2):
            load.pause()
            if number % 2 == 0:
                POSTGRES.stop(immediate=True)
                load.pause(0, 1)
                POSTGRES.start()
            elif CLUSTER.mock:
                CLUSTER.down()
                load.pause(0, 1)
                CLUSTER.up()
            else:
                CLUSTER.kill()
                load.pause(0, 1)
                CLUSTER.start()
            load.recovered()
        load.finish(self, "postmaster -m immediate and broker kill -9")

    def test_a_long_transaction_holds_nothing_up(self):
        """F19: ingest and relay do not wait for the oldest transaction."""
        load = self.begin("one")
        counts = []
        for hold in (False, True):
            session = None
            if hold:
                session = subprocess.Popen(["psql", load.deployment.database.url, "-X", "-q", "-c", "BEGIN ISOLATION LEVEL REPEATABLE READ",
                                            "-c", "SELECT count(*) FROM price_points", "-c", "SELECT pg_sleep(600)"],
                                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                self.addCleanup(session.wait)
                self.addCleanup(session.kill)
                eventually(lambda: load.deployment.database.number(
                    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()") > 0)
            before = self.progress(load)
            time.sleep(60 if SOAK else 3)
            after = self.progress(load)
            counts.append([later - earlier for earlier, later in zip(before, after, strict=True)])
        names = "points, events on the topic, averages"
        print(f"figure: {names} in the same time: {counts[0]} without, {counts[1]} with a long transaction", flush=True)
        load.recovered()
        load.finish(self, "a long transaction")
        for alone, beside in zip(*counts, strict=True):
            self.assertGreater(beside, alone * 0.5, f"{names}: {counts}")

    @staticmethod
    def progress(load):
        tables = checker.Tables(load.deployment.source)
        relayed = tables.relay[0][0] if tables.relay else tables.head
        return [len(tables.points), relayed, len(tables.averages)]


if __name__ == "__main__":
    unittest.main()
