"""librdkafka's mock cluster in a process of its own: faults on demand, real sockets and protocol, no Java. It keeps 5 MiB of each
partition. tests/support/kafka/kafka_tool.cpp has the commands."""

import os
import subprocess
import tempfile
import unittest

#: Numbers of Kafka's protocol.
PRODUCE, FETCH, METADATA, FIND_COORDINATOR, JOIN_GROUP, HEARTBEAT, SYNC_GROUP = 0, 1, 3, 10, 11, 12, 14
NOT_LEADER, REQUEST_TIMED_OUT, COORDINATOR_LOADING, NOT_COORDINATOR, TOPIC_AUTHORIZATION_FAILED = 6, 7, 14, 16, 29


def tool():
    path = os.environ.get("E2E_KAFKA_TOOL")
    if not path:
        raise unittest.SkipTest("E2E_KAFKA_TOOL names no program: built without Kafka")
    return path


class MockCluster:
    """`topics`: {name: partitions}; leaders are dealt to the brokers 1, 2, ... in turn."""

    own, mock = True, True

    def __init__(self, topics=None, brokers=1):
        self.brokers = brokers
        self._errors = tempfile.TemporaryFile(prefix="mds-mock-")
        wanted = [f"{name}:{partitions}" for name, partitions in (topics or {"price-events": 4}).items()]
        self._process = subprocess.Popen([tool(), "mock", str(brokers), *wanted], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=self._errors, text=True, bufsize=1)
        self.bootstrap = self._process.stdout.readline().strip()
        if not self.bootstrap:
            raise RuntimeError("the mock cluster did not start")

    def command(self, *words):
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        answer = self._process.stdout.readline().strip()
        if answer != "ok":
            raise RuntimeError(f"{words}: {answer or 'the mock cluster is gone'}")

    def down(self):
        for broker in range(1, self.brokers + 1):
            self.command("down", broker)

    def up(self):
        for broker in range(1, self.brokers + 1):
            self.command("up", broker)

    def round_trip(self, milliseconds):
        for broker in range(1, self.brokers + 1):
            self.command("rtt", broker, milliseconds)

    def refuse(self, request, *codes):
        """The next requests of this kind are refused like this, one by one."""
        self.command("errors", request, *codes)

    def move_leader(self, topic, partition, broker):
        self.command("leader", topic, partition, broker)

    def create_topic(self, topic, partitions):
        self.command("topic", topic, partitions)

    def close(self):
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()


class KafkaAdmin:
    """Changes of a real cluster that kcat does not know."""

    def __init__(self, bootstrap):
        self.bootstrap = bootstrap

    def create_topic(self, topic, partitions):
        self._do("create_topic", topic, partitions)

    def delete_topic(self, topic):
        self._do("delete_topic", topic)

    def create_partitions(self, topic, total):
        self._do("create_partitions", topic, total)

    def delete_records(self, topic, partition, before):
        self._do("delete_records", topic, partition, before)

    def _do(self, *words):
        done = subprocess.run([tool(), "admin", self.bootstrap, *map(str, words)], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise RuntimeError(f"{words}: {done.stderr.strip()}")
