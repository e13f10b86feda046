"""What readers notice of a catch-up: the tail of the cached GET, asked at fixed times of a process whose consumer reads a full topic as
fast as it can, beside the tail once it is done. The servers run on the same machine in both."""

import itertools
import sys

from filled_topic import Offsets
from load import open_loop, raw_get

TARGET = "/prices/latest?symbol=SYM1"
RATE, CONNECTIONS = 500, 16
LINES = (("p99, us", "p99_us", 1), ("p50, us", "p50_us", 1), ("p99.9, us", "p999_us", 1))
GROUPS = itertools.count()


def during_and_after(bench, topic):
    """One process, first busy, then idle."""
    topic.begin_again()
    settings = {"read": {"max_age": 86400}, "providers": {"simulated": {"seed": 1}}}
    with Offsets(topic.database) as offsets, topic.service("http,consumer", f"readers-{next(GROUPS)}", settings) as service:
        service.start()
        offsets.wait_for(0)
        if not raw_get(service.port, TARGET)[0].startswith(b"HTTP/1.1 200 "):
            sys.exit("no price to read")
        busy = open_loop(bench, service.port, TARGET, RATE, seconds_of(topic), CONNECTIONS)
        busy["events_left"] = topic.events - offsets.now()
        offsets.wait_for(topic.events)
        idle = open_loop(bench, service.port, TARGET, RATE, bench.seconds, CONNECTIONS)
        service.stop()
    return busy, idle


def seconds_of(topic):
    """So short that a consumer of 250,000 events a second is not done before; a second of warm-up comes on top."""
    return max(0.5, topic.events / 250_000 - 1)


def measure(bench, topic):
    runs = {"catching up": [], "idle": []}
    for _ in range(bench.rounds):
        busy, idle = during_and_after(bench, topic)
        if busy["events_left"] > 0:  # otherwise it was idle for a part of that time
            runs["catching up"].append(busy)
            runs["idle"].append(idle)
    title = "Tail of the cached GET while the consumer catches up"
    if len(runs["idle"]) < bench.rounds:
        bench.leave_out(f"{title}: {bench.rounds - len(runs['idle'])} of {bench.rounds} rounds", "it was done before; --events higher")
    if runs["idle"]:
        bench.show(title, runs, LINES, requests_per_second=RATE, connections=CONNECTIONS, **topic.conditions())
