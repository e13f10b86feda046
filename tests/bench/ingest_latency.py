"""How long a price takes: from the receipt of the provider's answer to the commit of its average, by way of PostgreSQL, Kafka and the
consumer, at a thousand events a second. PostgreSQL itself says when it committed (track_commit_timestamp)."""

import contextlib
import pathlib
import tempfile
import time

from comparison import settings_of, versions
from harness.kafka_broker import KafkaBroker, unavailable
from harness.postgres import own_server
from harness.service import Service, eventually

PER_SECOND = 1000
PATIENCE = 120  # seconds
TITLE = "From the receipt of an answer to the commit of its average, PostgreSQL and Kafka"
LINES = (("p50, ms", "p50_ms", 1), ("p99, ms", "p99_ms", 1), ("worst, ms", "max_ms", 1), ("1000 averages per second", "per_second", 1e-3))
LATENCIES = """
SELECT count(*), percentile_cont(ARRAY[0.5, 0.99, 1]) WITHIN GROUP (ORDER BY
    extract(epoch FROM pg_xact_commit_timestamp(xmin) - fetched_at) * 1000)
FROM moving_average WHERE fetched_at >= to_timestamp({since}) AND fetched_at < to_timestamp({until})
"""
NOT_AVERAGED = """
SELECT count(*) FROM price_points p WHERE seq >= 5 AND fetched_at >= to_timestamp({since}) AND fetched_at < to_timestamp({until})
AND NOT EXISTS (SELECT FROM moving_average m WHERE m.series_id = p.series_id AND m.interval = 5 AND m.seq = p.seq)
"""


def jobs():
    names = [f"T{number}" for number in range(PER_SECOND)]
    return [{"name": "all", "symbols": names, "interval": "1s"}]


def run(bench, server, broker):
    database = server.database()
    settings = {"store": {"kind": "postgresql", "url": database.url}, "jobs": jobs(),
                "bus": {"kind": "kafka", "kafka": {"brokers": broker.bootstrap, "topic": database.name, "group": database.name,
                                                   "dead_letter_topic": f"{database.name}-dlq"}},
                # One symbol in a request, as most providers have it: events come one by one, not by the hundred.
                "providers": {"simulated": {"batch_max": 1}, "max_in_flight": 100}}
    with tempfile.TemporaryDirectory(prefix="mds-bench-") as home:
        with Service(pathlib.Path(home) / "data", binary=bench.mds, settings=settings) as service:
            service.start(within=60)
            eventually(lambda: database.number("SELECT count(*) FROM moving_average") > 2 * PER_SECOND, PATIENCE, 0.5, "averages")
            since = time.time()
            time.sleep(bench.seconds)
            until = time.time()
            eventually(lambda: not database.number(NOT_AVERAGED.format(since=since, until=until)), PATIENCE, 0.5, "the last average")
            service.stop()
    count, found = database.rows(LATENCIES.format(since=since, until=until))[0]
    database.drop()
    p50, p99, worst = map(float, found.strip("{}").split(","))
    return {"p50_ms": p50, "p99_ms": p99, "max_ms": worst, "per_second": int(count) / (until - since)}


def measure(bench):
    if why := unavailable():
        bench.leave_out(TITLE, why)
        return
    with contextlib.ExitStack() as stack:
        server = own_server(["max_wal_size=4GB", "track_commit_timestamp=on"])
        stack.callback(server.close)
        broker = KafkaBroker()
        stack.callback(broker.close)
        conditions = settings_of(server.database())
        bench.compare(TITLE, {"mds": lambda: run(bench, server, broker)}, LINES, targets=PER_SECOND, **conditions,
                      **versions("librdkafka1"))
