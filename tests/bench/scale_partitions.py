"""The consumer's catch-up into PostgreSQL by the number of partitions that one process reads."""

import scale
from catchup_postgres import run_mds
from filled_topic import FilledTopic
from harness.kafka_broker import unavailable as missing  # noqa: F401

NAME, TITLE, ACROSS, UP = "partitions", "Catch-up into PostgreSQL by number of partitions", "partitions", "CPU us per average"
SIZES = (1, 4, 16, 64)


def grow(bench):
    grown = {}
    for partitions in SIZES:  # one broker and one server at a time
        with FilledTopic(bench.mds, bench.events, partitions) as topic:
            rows = topic.database.number("SELECT count(*) FROM expected")
            grown |= scale.in_rounds(bench, (partitions,), lambda _: figures(run_mds(topic, rows)))
    return grown


def figures(run):
    return {"mds and PostgreSQL": run["cpu_us"], "of which mds'": run["client_cpu_us"]}
