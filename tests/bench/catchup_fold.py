"""The consumer without a store: the same topic read, parsed and folded, and what comes out dropped (consume_kafka.cpp), beside a bare
librdkafka consumer and kcat, which drop what they read.

All of them may fetch ahead as much as they like. The bare consumer has the properties of ours, is given its partitions without a group,
and takes batches. It does not look at what it reads. Half of an event of ours stands in its record's headers, which librdkafka takes apart, with memory for each, only where they are
asked for: the second bare consumer asks, and does nothing with them. kcat asks for none either, and writes the values to /dev/null."""

import json
import resource
import subprocess
import time

from comparison import versions
from filled_topic import TOPIC

FETCH_AHEAD = ("queued.min.messages=10000000", "queued.max.messages.kbytes=2000000")  # as consume_kafka.cpp has them
LINES = (("CPU us per event", "cpu_us", 1), ("1000 events per second", "per_second", 1e-3))


def run(bench, topic, who):
    done = subprocess.run([bench.program("consume_kafka_bench"), who, topic.broker.bootstrap, TOPIC, str(len(topic.partitions())),
                           str(topic.events)], capture_output=True, text=True, check=True)
    counts = json.loads(done.stdout)
    return {"events": counts["events"], "cpu_us": counts["cpu"] / counts["events"] * 1e6,
            "per_second": counts["events"] / counts["seconds"]}


def run_kcat(topic):
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    limits = [word for limit in FETCH_AHEAD for word in ("-X", limit)]
    subprocess.run(["kcat", "-b", topic.broker.bootstrap, "-C", "-t", TOPIC, "-o", "beginning", "-e", "-q", *limits], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"events": topic.events, "cpu_us": cpu / topic.events * 1e6, "per_second": topic.events / wall}


def measure(bench, topic):
    bench.compare("Consumed, parsed and folded, nothing stored",
                  {"mds": lambda: run(bench, topic, "fold"), "bare consumer": lambda: run(bench, topic, "bare"),
                   "bare, headers read": lambda: run(bench, topic, "headers"), "kcat": lambda: run_kcat(topic)}, LINES,
                  **topic.conditions(), **versions("librdkafka1", "kcat"))
