"""A Kafka cluster for a test file, and kcat as the independent witness of what is on it."""

import dataclasses
import itertools
import os
import re
import subprocess

from .kafka_broker import KafkaBroker, unavailable
from .kafka_mock import KafkaAdmin, MockCluster
from .service import SLOWNESS

_NUMBERS = itertools.count(1)
_HEADER = re.compile(r"(?:^|,)([A-Za-z_][\w.-]*)=")


class GivenCluster:
    """The user's own, which MDS_TEST_KAFKA names: used, never stopped."""

    own, mock = False, False

    def __init__(self, bootstrap):
        self.bootstrap = bootstrap

    def close(self):
        pass


def cluster(topics=()):
    """What the tests of one file share: the user's own, a real broker, or where there is none the mock cluster with these topics."""
    given = os.environ.get("MDS_TEST_KAFKA")
    if given:
        return GivenCluster(given)
    why = unavailable()
    if why is None:
        return KafkaBroker()
    print(f"Kafka: librdkafka's mock cluster, because {why}", flush=True)
    return MockCluster({name: 4 for name in topics} or None)


@dataclasses.dataclass(frozen=True)
class Record:
    """One record as kcat read it. `key` and `value`: None where the record has none."""

    partition: int
    offset: int
    timestamp: int  #: milliseconds
    key: bytes | None
    value: bytes | None
    headers: dict


class Bus:
    """The pair of topics and the group of one deployment, on a cluster that other tests use as well. `names`: those of topic, dead
    letters and group."""

    def __init__(self, cluster, partitions=4, create=True, bootstrap=None, names=None):
        number = f"{os.getpid()}-{next(_NUMBERS)}"
        self.cluster = cluster
        self.bootstrap = bootstrap or cluster.bootstrap
        self.topic, self.dead_letters, self.group = names or (f"events-{number}", f"events-dlq-{number}", f"averages-{number}")
        self.partitions = partitions
        if create:
            admin = cluster if cluster.mock else KafkaAdmin(cluster.bootstrap)
            admin.create_topic(self.topic, partitions)
            admin.create_topic(self.dead_letters, 1)

    def close(self):
        """Leaves nothing behind on a cluster that stays."""
        if not self.cluster.own:
            for topic in (self.topic, self.dead_letters):
                self.admin.delete_topic(topic)

    @property
    def admin(self):
        return KafkaAdmin(self.cluster.bootstrap)

    def settings(self, **properties):
        """The service's configuration for it."""
        return {"bus": {"kind": "kafka", "kafka": {
            "brokers": self.bootstrap, "topic": self.topic, "dead_letter_topic": self.dead_letters, "partitions": self.partitions,
            "replication_factor": 1, "group": self.group,
            "properties": {"reconnect.backoff.ms": "50", "reconnect.backoff.max.ms": "500", **properties}}}}

    def dump(self, topic=None, within=60.0):
        """Every record of the topic, partition by partition in the order of their offsets."""
        done = kcat(self.cluster.bootstrap, "-C", "-t", topic or self.topic, "-o", "beginning", "-e", "-q", "-D", "",
                    "-f", "%p %o %T %K %S\n%k%s%h\n", within=within)
        records = sorted(_records(done), key=lambda record: (record.partition, record.offset))
        return records

    def produce(self, value, key=None, headers=None, partition=None, topic=None):
        """One record with exactly these bytes."""
        command = ["-P", "-t", topic or self.topic, "-X", "message.max.bytes=4000000"]
        if partition is not None:
            command += ["-p", str(partition)]
        for name, content in (headers or {}).items():
            command += ["-H", f"{name}={content}"]
        if key is None:
            return kcat(self.cluster.bootstrap, *command, "-D", "\x1e\x1e\x1e", data=value)
        separator = b"\x1f\x1f\x1f"
        return kcat(self.cluster.bootstrap, *command, "-D", "\x1e\x1e\x1e", "-K", separator.decode(), data=key + separator + value)

    def produce_lines(self, pairs):
        """Many plain records at once: (key, value) without line ends."""
        data = b"".join(key + b"\t" + value + b"\n" for key, value in pairs)
        return kcat(self.cluster.bootstrap, "-P", "-t", self.topic, "-K", "\t", data=data)

    def end_offsets(self):
        """{partition: the offset behind its last record}"""
        found = {}
        for partition in range(self.partitions):
            answer = kcat(self.cluster.bootstrap, "-Q", "-t", f"{self.topic}:{partition}:-1").decode()
            found[partition] = int(answer.split("offset")[1].split()[0])
        return found


def kcat(bootstrap, *arguments, data=None, within=60.0):
    """Its output. RuntimeError where it fails."""
    given = {"input": data} if data is not None else {"stdin": subprocess.DEVNULL}
    done = subprocess.run(["kcat", "-b", bootstrap, "-X", "broker.address.family=v4", "-m", "20", *arguments], capture_output=True,
                          timeout=within * SLOWNESS, **given)
    if done.returncode != 0:
        raise RuntimeError(f"kcat {' '.join(arguments)}: {done.stderr.decode(errors='replace').strip()[-500:]}")
    return done.stdout


def _records(data):
    """Reads what `dump` asked kcat for: the lengths come first, so that any bytes may follow."""
    at = 0
    while at < len(data):
        end = data.index(b"\n", at)
        partition, offset, timestamp, key_size, value_size = map(int, data[at:end].split())
        at = end + 1
        key = data[at:at + key_size] if key_size >= 0 else None
        at += max(key_size, 0)
        value = data[at:at + value_size] if value_size >= 0 else None
        at += max(value_size, 0)
        end = data.index(b"\n", at)
        yield Record(partition, offset, timestamp, key, value, _headers(data[at:end].decode(errors="replace")))
        at = end + 1


def _headers(text):
    """kcat writes name=value,name=value; our values may have commas, but nothing like a name and an equals sign behind one."""
    parts = _HEADER.split(text)
    return dict(zip(parts[1::2], parts[2::2], strict=True))
