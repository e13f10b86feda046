"""Durable ingest. On PostgreSQL beside pgbench, on the embedded store beside a bare loop of the same SQLite statements; and how long a
price takes from its receipt to its stored average, by way of PostgreSQL and Kafka."""

import ingest_embedded
import ingest_latency
import ingest_postgres


def measure(bench):
    ingest_postgres.measure(bench)
    ingest_embedded.measure(bench)
    ingest_latency.measure(bench)
