"""Two processes of each role on real PostgreSQL, Kafka and Redis: what scripts/cluster starts for people, and what tests do harm to."""

import contextlib
import unittest

from . import kafka
from .chaos_proxy import ChaosProxy
from .deployment import LAYOUTS, Deployment
from .kafka_broker import KafkaBroker, unavailable
from .kafka_mock import MockCluster
from .postgres import PostgresServer
from .processes import free_ports
from .redis_server import RedisServer
from .service import eventually, merged


class Servers:
    """One of each, that may be stopped and killed. `home`: a folder in which what they hold stays. Close it."""

    def __init__(self, home=None, linked=False):
        """`linked`: the broker can also be reached by way of a proxy, self.kafka_link."""
        self._stack = contextlib.ExitStack()
        self.kafka_link = None
        with self._stack:
            at = {name: home / name if home else None for name in ("postgresql", "kafka", "redis")}
            self.redis = self._closed(RedisServer(at["redis"]))
            self.postgres = self._closed(PostgresServer(home=at["postgresql"]))
            self.kafka = self._closed(self._broker(at["kafka"], free_ports(1)[0] if linked else None))
            self._stack = self._stack.pop_all()

    @classmethod
    def of_module(cls, **arguments):
        """For setUpModule: closed after the last test of the file."""
        servers = cls(**arguments)
        unittest.addModuleCleanup(servers.close)
        return servers

    def _closed(self, server):
        self._stack.callback(server.close)
        return server

    def _broker(self, home, proxy_port):
        why = unavailable()
        if why is not None:
            print(f"Kafka: librdkafka's mock cluster, because {why}", flush=True)
            return MockCluster()
        broker = KafkaBroker(proxy_port, home=home)
        if proxy_port:
            self.kafka_link = self._closed(ChaosProxy(broker.proxied_port, port=proxy_port))
        return broker

    def wait_ready(self):
        """Whoever ran before may have left one that is only just coming up."""
        for server in (self.postgres, self.kafka, self.redis):
            eventually(getattr(server, "answers", lambda: True), 60, 0.1, "a server")

    def close(self):
        self._stack.close()


class Cluster(Deployment):
    """On `servers`, with a database and topics of its own; `lasting`: those of the servers' folder. `linked`: every way to a server leads through a proxy; `links` has those by
    name: one for each process to PostgreSQL, `redis` for all of them, and `kafka` where the broker is a real one."""

    def __init__(self, stub, servers, linked=False, seed=0, settings=None, lasting=False, **arguments):
        self.servers, self.links = servers, {}
        database = servers.postgres.database("mds" if lasting else None)
        through = None
        redis_port = servers.redis.port
        if linked:
            self.links = {name: ChaosProxy(servers.postgres.port, seed=seed) for name in LAYOUTS["replicas"]}
            through = {name: database.through(link) for name, link in self.links.items()}
            self.links["redis"] = ChaosProxy(servers.redis.port, seed=seed)
            redis_port = self.links["redis"].port
            if servers.kafka_link is not None:
                self.links["kafka"] = servers.kafka_link
        bootstrap = f"127.0.0.1:{servers.kafka_link.port}" if linked and servers.kafka_link else None
        self.redis_prefix = database.name
        cache = {"cache": {"redis": {"url": f"redis://127.0.0.1:{redis_port}", "prefix": self.redis_prefix}}}
        names = ("price-events", "price-events-dlq", "mds-averages") if lasting else None
        bus = kafka.Bus(servers.kafka, create=not lasting, bootstrap=bootstrap, names=names)
        super().__init__(stub, database, bus, "replicas", merged(cache, settings or {}), through, **arguments)

    def close(self):
        super().close()
        for name, link in self.links.items():
            if name != "kafka":
                link.close()
