"""The consumer on a topic full of events: what it writes into PostgreSQL beside psql's \\copy, what it reads and folds beside a bare
librdkafka consumer, and what readers notice of it."""

import catchup_fold
import catchup_postgres
import catchup_readers
from filled_topic import FilledTopic
from harness.kafka_broker import unavailable


def measure(bench):
    if why := unavailable():
        bench.leave_out("Catch-up from a real Kafka broker", why)
        return
    with FilledTopic(bench.mds, bench.events) as topic:
        catchup_postgres.measure(bench, topic)
        catchup_fold.measure(bench, topic)
        catchup_readers.measure(bench, topic)
