"""A topic of a real broker that holds every event of a database, and the averages that must come of them."""

import contextlib
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from harness.kafka import kcat
from harness.kafka_broker import KafkaBroker
from harness.postgres import own_server
from harness.service import Service, eventually, merged, run_cli

SERIES = 200
TOPIC = "price-events"
COLUMNS = "series_id, interval, seq, average_price, timestamp, fetched_at"
SUM_OF_OFFSETS = "SELECT coalesce(sum(next), -1) FROM consumer_offsets;\n"
POLL = 0.02  # seconds


class FilledTopic:
    """PostgreSQL and Kafka with `events` events of 200 series, published by the relay. Use as a context manager."""

    def __init__(self, mds, events, partitions=12):
        if events % SERIES or events < 100 * SERIES:
            sys.exit(f"--events: a multiple of {SERIES}, at least {100 * SERIES}")
        self.mds, self.events, self._partitions = mds, events, partitions
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.home = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mds-bench-")))
            self.server = own_server(["max_wal_size=4GB"])
            stack.callback(self.server.close)
            self.broker = KafkaBroker()
            stack.callback(self.broker.close)
            self.database = self.server.database()
            self._migrate()
            self._fill()
            self._publish()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def service(self, modules, group, settings=None):
        """One process on both, not started; every group reads the topic from its beginning."""
        base = {"store": {"kind": "postgresql", "url": self.database.url},
                "bus": {"kind": "kafka", "kafka": {"brokers": self.broker.bootstrap, "group": group, "partitions": self._partitions}}}
        return Service(self.home / group / "data", binary=self.mds, modules=modules, settings=merged(base, settings or {}))

    def begin_again(self):
        """As before the first average."""
        self.database.rows("TRUNCATE moving_average, consumer_offsets")
        self.database.rows("CHECKPOINT")

    def conditions(self):
        value = kcat(self.broker.bootstrap, "-C", "-t", TOPIC, "-o", "beginning", "-c", "1", "-e", "-q", "-f", "%S")
        return {"events": self.events, "series": SERIES, "bytes_in_a_value": int(value), "partitions": len(self.partitions())}

    def partitions(self):
        listed = kcat(self.broker.bootstrap, "-L", "-t", TOPIC)
        return [int(number) for number in re.findall(rb"^ +partition (\d+)", listed, re.MULTILINE)]

    def _migrate(self):
        made = run_cli("migrate", "--set", "store.kind=postgresql", "--set", f"store.url={self.database.url}", binary=self.mds)
        if made.returncode != 0:
            sys.exit(made.stderr)

    def _fill(self):
        """The tables as ingest leaves them, and the averages as SQL computes them."""
        rows, events = self.database.rows, self.events
        rows(f"INSERT INTO series (symbol, provider, last_seq, max_fetched) "
             f"SELECT 'SYM' || n, 'simulated', {events // SERIES}, now() FROM generate_series(1, {SERIES}) n")
        rows(f"INSERT INTO price_points (series_id, seq, id, price, timestamp, fetched_at, raw_data_id, time_source) "
             f"SELECT nr % {SERIES} + 1, nr / {SERIES} + 1, id, 100 + nr::bigint * 7919 % 1000003 * 0.0001, at, at, id, 0 "
             f"FROM (SELECT nr, lpad(to_hex(nr), 32, '0')::uuid AS id, now() - ({events} - nr) * interval '1 ms' AS at "
             f"FROM generate_series(0, {events} - 1) nr) events")
        rows(f"INSERT INTO outbox (position, series_id, seq) SELECT nr + 1, nr % {SERIES} + 1, nr / {SERIES} + 1 "
             f"FROM generate_series(0, {events} - 1) nr")
        rows(f"UPDATE outbox_head SET position = {events}")
        rows(f"CREATE TABLE expected AS SELECT {COLUMNS} FROM (SELECT series_id, 5 AS interval, seq, "
             f"sum(price) OVER (PARTITION BY series_id ORDER BY seq ROWS 4 PRECEDING) * 0.2 AS average_price, timestamp, "
             f"fetched_at FROM price_points) folded WHERE seq >= 5 ORDER BY seq, series_id")
        rows("VACUUM ANALYZE")

    def _publish(self):
        with self.service("relay", "relay").start() as relay:
            eventually(lambda: self.database.number("SELECT coalesce(max(next), 0) FROM relay_cursor") > self.events, 600, 0.5,
                       "the relay's end")
            relay.stop()


class Offsets:
    """How many records the tables reflect; -1 before the partitions are claimed. One connection, so that asking costs little."""

    def __init__(self, database):
        self._psql = subprocess.Popen(["psql", database.url, "-X", "-q", "-A", "-t"], text=True, stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE)

    def now(self):
        self._psql.stdin.write(SUM_OF_OFFSETS)
        self._psql.stdin.flush()
        return int(self._psql.stdout.readline())

    def wait_for(self, least, within=300):
        deadline = time.monotonic() + within
        while self.now() < least:
            if time.monotonic() > deadline:
                sys.exit(f"the consumer did not come to {least} within {within} s")
            time.sleep(POLL)
        return time.monotonic()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._psql.stdin.close()
        self._psql.wait()
