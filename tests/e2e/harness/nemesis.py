"""Faults over a whole cluster, three at a time, drawn from a seed: any process killed, frozen or told to stop; PostgreSQL, the broker and
Redis killed or frozen, Redis emptied or spoiled; any link slow, cut, or deaf in one direction; a provider that fails in every way."""

import collections
import dataclasses
import random
import time
from collections.abc import Callable

from .chaos_proxy import DOWN, UP
from .provider_stub import Reply
from .service import SLOWNESS, eventually

AT_ONCE = 3
SLOW = 20  #: seconds after which the logs are shown
#: Exit codes after SIGTERM. 4: work was under way that cannot be finished without the store.
IN_GOOD_ORDER = (0, 4)


@dataclasses.dataclass
class Fault:
    """`resource`: what it is done to; nothing else is done to that meanwhile."""

    name: str
    resource: str
    begin: Callable
    end: Callable


def schedule(faults, chance, seconds):
    """[(when, whether it begins, fault)] of three queues of faults side by side. `faults`: groups, each as likely as the others."""
    events, busy = [], collections.defaultdict(float)
    queues = [chance.uniform(0, 1) for _ in range(AT_ONCE)]
    while (at := min(queues)) < seconds:
        number = queues.index(at)
        fault = chance.choice(chance.choice(faults))
        if busy[fault.resource] > at:
            queues[number] = at + 0.1
            continue
        # Most are short; some outlast leases, sessions and time-outs.
        until = min(seconds, at + (chance.uniform(5, 20) if chance.random() < 0.25 else chance.uniform(0.3, 5)))
        events += [(at, True, fault), (until, False, fault)]
        busy[fault.resource] = until + 1
        queues[number] = until + chance.uniform(0, 0.5)
    return sorted(events, key=lambda event: event[0])


class Nemesis:
    """`load`: a campaign on a Cluster whose links are proxies."""

    def __init__(self, load):
        self.load, self.cluster = load, load.deployment
        self.servers, self.stub = self.cluster.servers, self.cluster.stub
        self.chance = random.Random(load.seed)
        self.done = collections.Counter()
        self._down = set()
        self.groups = [self._processes(), self._postgres(), self._kafka(), self._redis(), self._links(), self._provider()]

    def rage(self, seconds):
        """So long; then everything is whole again, and the load goes on once prices flow."""
        began, under_way = time.monotonic(), []
        try:
            for at, begins, fault in schedule(self.groups, self.chance, seconds):
                while (left := began + at - time.monotonic()) > 0:
                    time.sleep(min(left, 0.25))
                    self._nobody_ended()
                print(f"{time.monotonic() - began:6.1f} s {'' if begins else ' end of'} {fault.name}, {fault.resource}", flush=True)
                if begins:
                    under_way.append(fault)
                    self.done[fault.name] += 1
                    fault.begin()
                else:
                    under_way.remove(fault)
                    fault.end()
        finally:
            for fault in under_way:
                fault.end()
        slow = True
        try:
            self.servers.wait_ready()
            eventually(self._all_listen, 60, 0.2, "every process listening, once all is whole again")
            self.load.recovered(90)
            print(f"         prices flow again after {self.load.recoveries[-1]:.1f} s", flush=True)
            slow = self.load.recoveries[-1] > SLOW * SLOWNESS
        finally:
            for name, service in self.cluster.services.items() if slow else ():
                print(f"-- {name}\n{service.tail(15)}", flush=True)

    # -- processes ----------------------------------------------------------------------------------------------------------

    def _processes(self):
        found = []
        for name, service in self.cluster.services.items():
            found += [Fault("kill -9", name, lambda name=name: self._kill(name), lambda name=name: self._start(name)),
                      Fault("SIGSTOP", name, service.freeze, service.thaw),
                      Fault("SIGTERM", name, lambda name=name: self._tell(name), lambda name=name: self._start(name))]
        return found

    def _kill(self, name):
        self._down.add(name)
        self.cluster.services[name].kill()

    def _tell(self, name):
        self._down.add(name)
        self.cluster.services[name].tell_to_stop()

    def _start(self, name):
        service = self.cluster.services[name]
        if service.process is not None:
            code = service.wait_stopped()
            if code not in IN_GOOD_ORDER:
                raise AssertionError(f"{name} was told to stop and ended with {code}:\n{service.tail()}")
        self._down.discard(name)
        service.spawn()

    def _nobody_ended(self):
        """Neither crashed, nor gave a start up that lost its database half-way."""
        for name, service in self.cluster.services.items():
            if name not in self._down and not service.running:
                raise AssertionError(f"{name} ended by itself with {service.process.returncode}:\n{service.tail()}")

    def _all_listen(self):
        self._nobody_ended()
        return all(service.port is not None for service in self.cluster.services.values())

    # -- servers --------------------------------------------------------------------------------------------------------------

    def _postgres(self):
        server = self.servers.postgres
        return [Fault("immediate stop", "PostgreSQL", server.stop, server.spawn), Fault("freeze", "PostgreSQL", server.freeze, server.thaw)]

    def _kafka(self):
        broker = self.servers.kafka
        if broker.mock:
            return [Fault("down", "Kafka", broker.down, broker.up)]
        return [Fault("kill -9", "Kafka", broker.kill, broker.spawn), Fault("freeze", "Kafka", broker.freeze, broker.thaw)]

    def _redis(self):
        server = self.servers.redis
        return [Fault("kill -9", "Redis", server.kill, server.spawn), Fault("freeze", "Redis", server.freeze, server.thaw),
                Fault("FLUSHALL", "Redis", lambda: self._command("FLUSHALL"), lambda: None),
                Fault("garbage", "Redis", self._spoil, lambda: None)]

    def _command(self, *words):
        try:
            self.servers.redis.command(*words, timeout=1)
        except (OSError, ValueError, RuntimeError):
            pass  # it is only just coming up

    def _spoil(self):
        for number in range(self.load.symbols):
            self._command("SET", f"{self.cluster.redis_prefix}:latest:finnhub:S{number}", b"\x00garbage\r\n")

    # -- links ----------------------------------------------------------------------------------------------------------------

    def _links(self):
        found = []
        for name, link in self.cluster.links.items():
            def faulty(link=link, **faults):
                def begin():
                    for fault, value in faults.items():
                        setattr(link.faults, fault, value)
                return begin
            resource = f"link of {name}"
            found += [Fault("slow", resource, faulty(latency=0.05, jitter=0.2), link.heal),
                      Fault("down", resource, link.set_down, link.heal),
                      Fault("deaf", resource, faulty(swallow={DOWN}), lambda link=link: self._mend(link)),
                      Fault("dumb", resource, faulty(swallow={UP}), lambda link=link: self._mend(link)),
                      Fault("stuck", resource, faulty(hold={UP, DOWN}), link.heal),
                      Fault("reset", resource, link.reset_all, link.heal)]
        return found

    @staticmethod
    def _mend(link):
        """A stream that has lost bytes is none any more."""
        link.set_down()
        link.heal()

    # -- the provider -----------------------------------------------------------------------------------------------------------

    def _provider(self):
        def answer(change):
            def begin():
                self.stub.script = lambda exchange: change(exchange) or self.stub.fresh_quote(exchange)
            return begin

        def well():
            self.stub.script = self.stub.fresh_quote

        chance = random.Random(self.load.seed + 1)

        def slow(exchange):
            reply = self.stub.fresh_quote(exchange)
            reply.delay = chance.uniform(0.5, 2.5)
            return reply

        kinds = {
            "500": lambda _: Reply(status=500, body=b"{}"),
            "429": lambda _: Reply(status=429, body=b"{}", headers={"Retry-After": "1"}),
            "HTML": lambda _: Reply(body=b"<html>", content_type="text/html"),
            "cut": lambda _: Reply(body=b'{"c": 1.5, "t"', cut=5),
            "no answer": lambda _: Reply(drop=True),
            "slow": slow,
            "now and then": lambda _: chance.random() < 0.5 and Reply(status=503, body=b""),
        }
        return [Fault(name, "provider", answer(change), well) for name, change in kinds.items()]

    def __str__(self):
        return ", ".join(f"{count} {name}" for name, count in sorted(self.done.items()))
