"""What readers notice of a catch-up: the tail of the cached GET, asked at fixed times of a process whose consumer reads a full topic as
fast as it can, beside the tail once it is done. The servers run on the same machine in both. What an nginx that gives the same answer
needs during the same catch-up says how much of it is the machine's: it shares nothing with it but the processors."""

import itertools
import sys

from comparison import by_turns
from filled_topic import Offsets
from load import open_loop, raw_get
from read import same_bytes

TARGET = "/prices/latest?symbol=SYM1"
RATE, CONNECTIONS = 500, 16
LINES = (("p99, us", "p99_us", 1), ("p50, us", "p50_us", 1), ("p99.9, us", "p999_us", 1))
GROUPS = itertools.count()


def catch_up(bench, topic, who):
    """One process that catches up while `who` is asked, and the service itself again when it is done: {who: figures}, and how many
    events were left when the first part was over."""
    topic.begin_again()
    settings = {"read": {"max_age": 86400}, "providers": {"simulated": {"seed": 1}}}
    with Offsets(topic.database) as offsets, topic.service("http,consumer", f"readers-{next(GROUPS)}", settings) as service:
        service.start()
        offsets.wait_for(0)
        head, body = raw_get(service.port, TARGET)
        if not head.startswith(b"HTTP/1.1 200 "):
            sys.exit("no price to read")
        with same_bytes(head, body) as nginx:
            port = nginx.port if who == "nginx meanwhile" else service.port
            found = {who: open_loop(bench, port, TARGET, RATE, seconds_of(topic), CONNECTIONS)}
        left = topic.events - offsets.now()
        if who == "catching up":
            offsets.wait_for(topic.events)
            found["idle"] = open_loop(bench, service.port, TARGET, RATE, bench.seconds, CONNECTIONS)
        service.stop()
    return found, left


def seconds_of(topic):
    """So short that a consumer of 400,000 events a second is not done before; a second of warm-up comes on top."""
    return max(0.5, topic.events / 400_000 - 1)


def measure(bench, topic):
    runs = {"catching up": [], "idle": [], "nginx meanwhile": []}
    for turn in range(bench.rounds):
        for who in by_turns(turn, ["catching up", "nginx meanwhile"]):
            found, left = catch_up(bench, topic, who)
            if left > 0:  # otherwise it was idle for a part of that time
                for name, figures in found.items():
                    runs[name].append(figures)
    title = "Tail of the cached GET while the consumer catches up"
    if len(runs["idle"]) < bench.rounds:
        bench.leave_out(f"{title}: {bench.rounds - len(runs['idle'])} of {bench.rounds} rounds", "it was done before; --events higher")
    if runs["idle"] and runs["nginx meanwhile"]:
        bench.show(title, runs, LINES, requests_per_second=RATE, connections=CONNECTIONS, **topic.conditions())
