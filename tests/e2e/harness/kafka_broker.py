"""A real Apache Kafka broker: one KRaft node on free ports.

    python3 -m harness.kafka_broker          (from tests/e2e) fetches what it needs and says which cluster the tests will run on

Maven copies the jars that tests/support/kafka/pom.xml names into build/kafka-broker, once. Where there is no Java or no Maven, or
nothing can be fetched, `unavailable()` says why, and the tests use librdkafka's mock cluster instead.
"""

import base64
import contextlib
import fcntl
import functools
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import uuid

from .processes import end, free_ports, home_of_server, listens, spawn, wait_until
from .service import SLOWNESS

ROOT = pathlib.Path(__file__).resolve().parents[3]
POM = ROOT / "tests" / "support" / "kafka" / "pom.xml"
JARS = ROOT / "build" / "kafka-broker"


class Unavailable(Exception):
    """Why there is no real broker here."""


@functools.cache
def jars():
    """The folder of the jars, filled if need be. Throws Unavailable."""
    for program, package in (("java", "openjdk-17-jre-headless or openjdk-21-jre-headless"), ("mvn", "maven")):
        if program == "mvn" and _complete():
            continue
        if shutil.which(program) is None:
            raise Unavailable(f"there is no {program} (Debian: {package})")
    JARS.parent.mkdir(exist_ok=True)
    with open(JARS.parent / "kafka-broker.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run side by side
        if not _complete():
            _fetch()
    return JARS


def _complete():
    stamp = JARS / "complete"
    return stamp.exists() and stamp.read_bytes() == POM.read_bytes()


def _fetch():
    shutil.rmtree(JARS, ignore_errors=True)
    done = subprocess.run(["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", "-DincludeScope=runtime",
                           f"-DoutputDirectory={JARS}"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        shutil.rmtree(JARS, ignore_errors=True)
        raise Unavailable("Maven could not fetch the broker: " + (done.stdout + done.stderr).strip().splitlines()[0][:200])
    shutil.copy(POM, JARS / "complete")


def unavailable():
    """Why there is no real broker here; None where there is one. E2E_KAFKA=mock asks for the mock cluster."""
    if os.environ.get("E2E_KAFKA") == "mock":
        return "E2E_KAFKA=mock"
    try:
        jars()
    except Unavailable as reason:
        return str(reason)
    return None


class SecureListener:
    """TLS with a certificate of the test's own, and log-in by SASL/PLAIN and SASL/SCRAM-SHA-256 with one user name and password."""

    def __init__(self, home, user="mds", password="broker secret"):
        self.user, self.password = user, password
        self.certificate = home / "ca.pem"
        key, chain = home / "key.pem", home / "keystore.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", self.certificate],
                       check=True, capture_output=True)
        chain.write_text(key.read_text() + self.certificate.read_text())
        jaas = "org.apache.kafka.common.security"
        self.properties = {
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": chain,
            "listener.name.secure.plain.sasl.jaas.config":
                f'{jaas}.plain.PlainLoginModule required user_{user}="{password}";',
            "listener.name.secure.scram-sha-256.sasl.jaas.config": f"{jaas}.scram.ScramLoginModule required;",
        }

    @property
    def scram_user(self):
        return f"SCRAM-SHA-256=[name={self.user},password={self.password}]"


class KafkaBroker:
    """`proxy_port`: of a proxy that stands before another listener. `secure`: also a listener with TLS and log-in. `home`: a folder that
    stays."""

    own, mock = True, False

    def __init__(self, proxy_port=None, secure=False, home=None):
        self._classpath = f"{jars()}/*"
        self._process = None
        self.home, self._passing = home_of_server("mds-kafka-", home)
        self.log = self.home / "broker.log"
        self.port, controller, self.secure_port, self.proxied_port = free_ports(4)
        self.secure = SecureListener(self.home) if secure else None
        self._config = self.home / "server.properties"
        self._config.write_text("".join(f"{name}={value}\n" for name, value in self._properties(controller, proxy_port).items()))
        try:
            if not (self.home / "data" / "meta.properties").exists():
                self._format()
            self.start()
        except BaseException:
            self.close()
            raise

    @property
    def bootstrap(self):
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self):
        return self._process.pid

    def _properties(self, controller, proxy_port):
        listeners = {"PLAIN": self.port, "CONTROLLER": controller}
        advertised = {"PLAIN": self.port}
        if proxy_port:
            listeners["PROXIED"], advertised["PROXIED"] = self.proxied_port, proxy_port
        if self.secure:
            listeners["SECURE"] = advertised["SECURE"] = self.secure_port

        def addresses(ports):
            return ",".join(f"{name}://127.0.0.1:{port}" for name, port in ports.items())

        return {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "controller.listener.names": "CONTROLLER",
            "listeners": addresses(listeners),
            "advertised.listeners": addresses(advertised),
            "inter.broker.listener.name": "PLAIN",
            "listener.security.protocol.map": "PLAIN:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT,SECURE:SASL_SSL",
            "log.dirs": self.home / "data",
            "num.partitions": 4,
            "auto.create.topics.enable": "false",
            "message.max.bytes": 4_000_000,
            "offsets.topic.num.partitions": 1,
            "offsets.topic.replication.factor": 1,
            "transaction.state.log.num.partitions": 1,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "share.coordinator.state.topic.num.partitions": 1,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
            "group.min.session.timeout.ms": 1000,
            # A start after kill -9 waits until the node's former self is forgotten.
            "broker.session.timeout.ms": 2000,
            "broker.heartbeat.interval.ms": 300,
            **(self.secure.properties if self.secure else {}),
        }

    def _java(self, *arguments):
        return ["java", "-Xms96m", "-Xmx400m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", self._classpath, *arguments]

    def _format(self):
        # One that began with a dash would be taken for an option.
        cluster = "A" + base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()[1:]
        command = self._java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", self._config)
        if self.secure:
            command += ["--add-scram", self.secure.scram_user]
        if spawn(command, self.log, cwd=self.home).wait(60 * SLOWNESS) != 0:
            raise RuntimeError(f"the broker's storage was not formatted:\n{self.log.read_text()[-3000:]}")

    def spawn(self):
        """Starts without waiting."""
        self._process = spawn(self._java("kafka.Kafka", self._config), self.log, death=signal.SIGKILL, cwd=self.home)

    def start(self):
        self.spawn()
        self.wait_ready()

    def wait_ready(self):
        wait_until(self.answers, 60 * SLOWNESS, "the broker", self._process, self.log)

    def answers(self):
        if not listens(self.port):
            return False
        asked = subprocess.run(["kcat", "-b", self.bootstrap, "-L", "-m", "2"], capture_output=True, stdin=subprocess.DEVNULL)
        return asked.returncode == 0 and b"1 brokers" in asked.stdout

    def stop(self):
        """In good order."""
        self._end(signal.SIGTERM)

    def kill(self):
        self._end(signal.SIGKILL)

    def freeze(self):
        """There, and silent."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self._process.send_signal(signal.SIGCONT)

    def _end(self, sent):
        if self._process is not None:
            end(self._process, sent, 30)
            self._process = None

    def close(self):
        with contextlib.suppress(ProcessLookupError):
            self.kill() if self._passing else self.stop()
        if self._passing:
            shutil.rmtree(self.home, ignore_errors=True)


if __name__ == "__main__":
    why = unavailable()
    if os.environ.get("MDS_TEST_KAFKA"):
        print("Kafka tests: the cluster that MDS_TEST_KAFKA names")
    else:
        print(f"Kafka tests: librdkafka's mock cluster, because {why}" if why else "Kafka tests: a real Apache Kafka broker")
    sys.exit(0)
