"""The service as it is deployed: in one process, split, or with two processes of each role, on the embedded store and bus or on servers;
and what its tables must hold."""

import collections
import json
import pathlib
import re
import tempfile
import time

from . import checker
from .scenario import KEYS, providers_at
from .service import SLOWNESS, Service, eventually, merged

CONFIG = pathlib.Path(__file__).resolve().parents[3] / "config"


def shipped(role):
    """config/ROLE.json, as it is."""
    text = re.sub(r"^\s*//.*$", "", (CONFIG / f"{role}.json").read_text(), flags=re.MULTILINE)
    return json.loads(re.sub(r",(\s*[}\]])", r"\1", text))


#: By layout: name and modules of each process. The roles of `replicas` are those of the shipped configuration files.
LAYOUTS = {
    "one": {"all": "http,poller,relay,consumer"},
    "split": {"api": "http", "poller": "poller,relay", "consumer": "consumer"},
    "replicas": {f"{role}-{number}": ",".join(shipped(role)["modules"]) for role in ("api", "poller", "consumer") for number in (1, 2)},
}


class Deployment:
    """`stub`: the provider, None for the simulated one; `database`: a PostgreSQL database, `bus`: a pair of Kafka topics, None for the
    embedded ones; `urls`: by role, where a process is to reach the database by way of a proxy; `home`: a folder that stays. Use as a
    context manager."""

    def __init__(self, stub, database=None, bus=None, layout="one", settings=None, urls=None, bus_properties=None, env=None, home=None):
        self._own_home = tempfile.TemporaryDirectory(prefix="mds-e2e-") if home is None else None
        self.home = pathlib.Path(home or self._own_home.name)
        self.stub, self.database, self.bus, self.layout = stub, database, bus, layout
        base = {}
        if database is not None:
            base = merged(base, {"store": {"kind": "postgresql", "url": database.url}})
        if bus is not None:
            base = merged(base, bus.settings(**(bus_properties or {})))
        self._settings = merged(base, settings or {})
        self._env, self._urls = {**(KEYS if stub else {}), **(env or {})}, urls or {}
        self.services = {role: self.service(role, modules) for role, modules in LAYOUTS[layout].items()}

    def service(self, name, modules):
        """One more process of this deployment, not started."""
        own = shipped(name.partition("-")[0]) if self.layout == "replicas" else {}
        own = merged(own, {"http": {"address": "127.0.0.1", "port": 0}})
        if self.stub is not None:
            own = merged(own, providers_at(self.stub, asker=name + ".{life}"))
        own = merged(own, self._settings)
        if name in self._urls:
            own = merged(own, {"store": {"url": self._urls[name]}})
        return Service(data_dir=self.home / name / "data", settings=own, modules=modules, env=self._env)

    @property
    def apis(self):
        """The processes that clients talk to."""
        return [service for name, service in self.services.items() if name.partition("-")[0] in ("all", "api")]

    @property
    def api(self):
        return self.apis[0]

    def of(self, module):
        """The process that a module runs in."""
        return next(service for service in self.services.values() if module in service.modules.split(","))

    def start(self, **arguments):
        """All at once."""
        started = [service.spawn() for service in self.services.values() if not service.running]
        for service in started:
            service.wait_started(**arguments)
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
        if self._own_home is not None:
            self._own_home.cleanup()

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

    def tails(self, lines=8):
        """What each process said last, and which of them has ended."""
        return "\n".join(f"-- {role}{'' if service.running else ' (has ended)'}\n{service.tail(lines)}"
                         for role, service in self.services.items())

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
                raise AssertionError(f"not done within {within * SLOWNESS:g} s: {left}\n{self.tails()}")
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
