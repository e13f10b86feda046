"""Faults of brokers, one kind after the other under load: on librdkafka's mock cluster what a real broker cannot be told to do, on a real
broker what the mock cannot. Seed and E2E_SOAK as in test_server_campaign."""

import os
import random
import time
import unittest

from harness import kafka, kafka_mock, postgres, servers
from harness.campaign import Campaign
from harness.chaos_proxy import DOWN, ChaosProxy
from harness.deployment import Deployment
from harness.kafka_broker import KafkaBroker, unavailable
from harness.processes import free_ports
from harness.provider_stub import ProviderStub

SEED = int(os.environ.get("E2E_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
SOAK = bool(os.environ.get("E2E_SOAK"))
#: How long brokers are away, once; and how often the rest happens.
AWAY = 600 if SOAK else 6
ROUNDS = 10 if SOAK else 1
POSTGRES = None


def setUpModule():
    global POSTGRES
    kafka_mock.tool()  # skips where the program was built without Kafka
    POSTGRES = postgres.server()
    unittest.addModuleCleanup(POSTGRES.close)


class UnderLoad(unittest.TestCase):
    def begin(self, cluster, bootstrap=None, **properties):
        """One process under load."""
        stub = ProviderStub(seed=SEED)
        stub.__enter__()
        self.addCleanup(stub.__exit__)
        self.bus = kafka.Bus(cluster, bootstrap=bootstrap)
        database = POSTGRES.database()
        self.addCleanup(database.drop)
        deployment = Deployment(stub, database, self.bus, "one", bus_properties={**servers.SHORT_SESSION, **properties})
        self.addCleanup(deployment.close)
        return Campaign(deployment, SEED, symbols=40).start()

    def fault(self, load, name, within=60.0):
        """All is well again: how long until prices flow."""
        load.recovered(within)
        print(f"figure: {name}: prices flow again after {load.recoveries[-1]:.1f} s", flush=True)


class OnTheMockCluster(UnderLoad):
    def test_refusals_delays_moved_leaders_and_brokers_that_are_away(self):
        """F9, F10, F14."""
        cluster = kafka_mock.MockCluster(brokers=3)
        self.addCleanup(cluster.close)
        # The mock cluster does not number what a producer sends, as brokers do: of two requests under way it would take the second one
        # though it refused the first, and librdkafka concludes from the second that the first was there. So one at a time.
        load = self.begin(cluster, **{"request.timeout.ms": "1000", "socket.timeout.ms": "2000",
                                      "max.in.flight.requests.per.connection": "1"})
        for _ in range(ROUNDS):
            cluster.refuse(kafka_mock.PRODUCE, *[load.chance.choice((kafka_mock.NOT_LEADER, kafka_mock.REQUEST_TIMED_OUT))
                                                 for _ in range(10)])
            cluster.refuse(kafka_mock.FETCH, *[kafka_mock.NOT_LEADER] * 5)
            self.fault(load, "produce and fetch refused")
            cluster.refuse(kafka_mock.HEARTBEAT, *[kafka_mock.NOT_COORDINATOR] * 3)
            cluster.refuse(kafka_mock.FIND_COORDINATOR, *[kafka_mock.COORDINATOR_LOADING] * 3)
            self.fault(load, "the coordinator moves and loads")
            for partition in range(self.bus.partitions):
                cluster.move_leader(self.bus.topic, partition, load.chance.randint(1, 3))
                load.pause(0, 0.3)
            self.fault(load, "leaders moved")
            cluster.round_trip(2000)  # twice as long as the producer waits for an answer
            load.pause(3, 5)
            cluster.round_trip(0)
            self.fault(load, "answers later than their time-out")
        cluster.down()
        time.sleep(AWAY)
        cluster.up()
        self.fault(load, f"brokers away for {AWAY:g} s")
        load.finish(self, "broker faults")


class OnARealBroker(UnderLoad):
    @classmethod
    def setUpClass(cls):
        why = unavailable()
        if why is not None:
            raise unittest.SkipTest(f"needs a real broker: {why}")
        port = free_ports(1)[0]
        cls.broker = KafkaBroker(proxy_port=port)
        cls.addClassCleanup(cls.broker.close)
        cls.proxy = ChaosProxy(cls.broker.proxied_port, seed=SEED, port=port)
        cls.addClassCleanup(cls.proxy.close)

    def test_acknowledgements_are_cut(self):
        """F11: the broker has it, and the producer does not know."""
        load = self.begin(self.broker, f"127.0.0.1:{self.proxy.port}")
        for _ in range(ROUNDS):
            self.proxy.faults.limit = {DOWN: load.chance.randrange(2_000, 20_000)}
            load.pause(1, 2)
            self.proxy.heal()
            self.fault(load, "acknowledgements cut")
            self.proxy.faults.swallow = {DOWN}
            load.pause(1.2, 2)  # at least one tick's events are on their way
            self.proxy.reset_all()
            self.proxy.heal()
            self.fault(load, "answers of the broker swallowed")
        self.assertGreater(self.proxy.lost[DOWN], 0)
        load.finish(self, "acknowledgements lost")

    def test_the_topic_loses_records_is_made_anew_and_gets_partitions(self):
        """F12: what retention removed before it was read is mended from the store. F13: a new topic's offsets begin at 0 again, and those
        that are stored count another log; with more partitions a symbol may move, and its events overtake each other."""
        load = self.begin(self.broker, **{"topic.metadata.refresh.interval.ms": "1000"})
        configured = self.bus.partitions
        for _ in range(ROUNDS):
            self.while_away(load, self.remove_all_records)
            self.while_away(load, self.make_anew)
            self.bus.partitions += 5
            self.bus.admin.create_partitions(self.bus.topic, self.bus.partitions)
            load.pause(2, 3)
            self.fault(load, "partitions added")
            self.bus.admin.delete_topic(self.bus.topic)
            self.bus.partitions = configured  # the service makes it anew
            self.fault(load, "removed under the running service")
        load.finish(self, "records removed, topic made anew, partitions added", topic_kept=False)

    def remove_all_records(self):
        for partition, end in self.bus.end_offsets().items():
            if end:
                self.bus.admin.delete_records(self.bus.topic, partition, end)

    def make_anew(self):
        self.bus.admin.delete_topic(self.bus.topic)
        time.sleep(1)
        self.bus.admin.create_topic(self.bus.topic, self.bus.partitions)

    def while_away(self, load, change):
        """The service is stopped, the change happens, and it comes back: to find that what it was to read next is not there."""
        service = load.deployment.api
        load.stop(service)
        change()
        service.start()
        self.fault(load, "back on a changed topic")


if __name__ == "__main__":
    unittest.main()
