"""PostgreSQL and Kafka for the tests of one file: started before the first of them, ended after the last."""

import unittest

from . import kafka, kafka_mock, postgres
from .kafka_broker import KafkaBroker, unavailable

#: So short that a killed consumer's work is taken over at once: what a test waits for is then not a time-out.
SHORT_SESSION = {"session.timeout.ms": "3000", "heartbeat.interval.ms": "500"}


def shared():
    """For setUpModule: whatever MDS_TEST_POSTGRES and MDS_TEST_KAFKA name, otherwise servers of the test's own."""
    return _started(postgres.server, kafka.cluster)


def own():
    """For setUpModule: servers that may be stopped and killed, whatever those variables say."""
    return _started(postgres.own_server, own_cluster)


def own_cluster():
    why = unavailable()
    if why is None:
        return KafkaBroker()
    print(f"Kafka: librdkafka's mock cluster, because {why}", flush=True)
    return kafka.MockCluster()


def _started(start_postgres, start_kafka):
    kafka_mock.tool()  # skips where the program was built without Kafka
    database_server = start_postgres()
    unittest.addModuleCleanup(database_server.close)
    cluster = start_kafka()
    unittest.addModuleCleanup(cluster.close)
    return database_server, cluster
