"""The service as it is deployed: in one process or split, on the embedded store and bus or on servers; and what its tables must hold."""

import collections
import pathlib
import tempfile
import time

from . import checker
from .scenario import KEYS, providers_at
from .service import SLOWNESS, Service, eventually, merged

LAYOUTS = {
    "one": {"all": "http,poller,relay,consumer"},
    "split": {"api": "http", "poller": "poller,relay", "consumer": "consumer"},
}


class Deployment:
    """`database`: a PostgreSQL database, `bus`: a pair of Kafka topics; None for the embedded ones. `urls`: by role, where a process
    is to reach the database by way of a proxy. Use as a context manager."""

    def __init__(self, stub, database=None, bus=None, layout="one", settings=None, urls=None, bus_properties=None, env=None):
        self._home = tempfile.TemporaryDirectory(prefix="mds-e2e-")
        self.home = pathlib.Path(self._home.name)
        self.stub, self.database, self.bus, self.layout = stub, database, bus, layout
        base = providers_at(stub)
        if database is not None:
            base = merged(base, {"store": {"kind": "postgresql", "url": database.url}})
        if bus is not None:
            base = merged(base, bus.settings(**(bus_properties or {})))
        self._settings = merged(base, settings or {})
        self._env, self._urls = {**KEYS, **(env or {})}, urls or {}
        self.services = {role: self.service(role, modules) for role, modules in LAYOUTS[layout].items()}

    def service(self, name, modules):
        """One more process of this deployment, not started."""
        own = {"store": {"url": self._urls[name]}} if name in self._urls else {}
        return Service(data_dir=self.home / name / "data", settings=merged(self._settings, own), modules=modules, env=self._env)

    @property
    def api(self):
        return self.services["all" if self.layout == "one" else "api"]

    def of(self, module):
        """The process that a module runs in."""
        return next(service for service in self.services.values() if module in service.modules.split(","))

    def start(self, **arguments):
        for service in self.services.values():
            if not service.running:
                service.start(**arguments)
        return self

    def stop(self):
        """SIGTERM to all; their exit codes by role."""
        return {role: service.stop() for role, service in self.services.items()}

    def kill(self):
        for service in self.services.values():
            service.kill()

    def close(self):
        self.kill()
        if self.bus is not None:
            self.bus.close()
        self._home.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # -- what must hold ---------------------------------------------------------------------------------------------------

    @property
    def source(self):
        return self.database.url if self.database is not None else self.api.data_dir

    def check(self, witnesses=(), topic_kept=True, **options):
        """The checker's report on tables and topic. The topic is read first: what is on it must be in the tables that follow.
        `topic_kept`: it still holds every event; otherwise the tables alone are checked."""
        topic = (self.bus.topic, self.bus.dump() if topic_kept else None) if self.bus is not None else None
        return checker.check(self.source, witnesses, topic=topic, **options)

    def settle(self, within=60.0):
        """Waits until relay and consumer have handled all there is; polling must be paused. By the tables alone, which is cheap."""
        def under_way():
            """What is still to be done, in words; empty where nothing is."""
            tables, have = checker.Tables(self.source), collections.Counter()
            for series, *_ in tables.averages:
                have[series] += 1
            behind = [f"{name}: {have[series]} averages of {last} points" for series, (name, _, last) in tables.series.items()
                      if have[series] != max(0, last - 4)]
            relay = tables.relay[0][0] if tables.relay else 0
            if self.bus is not None and relay != tables.head + 1:
                behind.append(f"the relay stands at {relay}, the log ends at {tables.head}")
            return "; ".join(behind[:5])

        deadline = time.monotonic() + within * SLOWNESS
        while left := under_way():
            if time.monotonic() > deadline:
                logs = "\n".join(f"-- {role}\n{service.tail(8)}" for role, service in self.services.items())
                raise AssertionError(f"not done within {within * SLOWNESS:g} s: {left}\n{logs}")
            time.sleep(0.3)
        if self.bus is not None:
            ends = self.bus.end_offsets()
            eventually(lambda: self._read_up_to(ends), within, 0.3, f"the consumer at the ends of the topic {ends}")

    def _read_up_to(self, ends):
        following = {partition: next_ for partition, _, next_ in checker.Tables(self.source).offsets}
        return all(following.get(partition, 0) >= end for partition, end in ends.items())


def print_figures(name, report, recovery=None):
    """The counts that the campaign is about, as one line that scripts/test shows."""
    count = report.counts
    words = [f"{count['points']} points", f"{count['lost'] + count['lost_on_topic']} lost", f"{count['phantom']} phantom",
             f"{count['duplicated_on_topic']} duplicated in the topic", f"{count['duplicated']} duplicated in tables"]
    if "events" in count:
        words.insert(1, f"{count['events']} events")
    if recovery is not None:
        words.append(f"recovered in {recovery:.1f} s")
    print(f"figure: {name}: {', '.join(words)}", flush=True)
