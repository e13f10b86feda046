"""Durable ingest on PostgreSQL beside pgbench: raw answer, price point and outbox entry of each event, into the same tables.

Ours is the service's own ingest and PostgreSQL store (ingest_postgres.cpp): one answer of 300 bytes with one price each, so many on
their way at once, its group commit on two connections. It numbers the points of each series without holes, updates the series, and
gives the events dense positions. The reference is plain SQL that does none of that: one statement of 100 rows for each of the three
tables, made in the server, on four connections. Both wait for the disk; CPU time is that of the clients and of the server together.
"""

import json
import re
import resource
import subprocess
import sys
import tempfile

from comparison import settings_of, tree_cpu_seconds
from harness.postgres import own_server
from harness.service import clean_environment, run_cli

SERIES = 200
ROWS, CONNECTIONS = 100, 4
IN_FLIGHT = (ROWS * CONNECTIONS, 10 * ROWS * CONNECTIONS)
WARM_UP = 2  # seconds, as in ingest_postgres.cpp
LINES = (("CPU us per event", "cpu_us", 1), ("of which the server's", "server_cpu_us", 1),
         ("1000 events per second", "per_second", 1e-3), ("events per batch", "per_batch", 1))

#: Ids rise as those of mds do, and series and seq are as dense.
STATEMENT = f"""
WITH event AS MATERIALIZED (
    SELECT nr, lpad(to_hex(nr), 32, '0')::uuid AS id, nr % {SERIES} + 1 AS series_id, nr / {SERIES} + 1 AS seq,
           clock_timestamp() AS at
    FROM (SELECT nextval('reference_position') AS nr FROM generate_series(1, {ROWS})) numbers
), raw AS (
    INSERT INTO raw_market_data
        (id, provider, symbols, http_status, content_type, body, truncated, fetched_at, duration, cause, attempt)
    SELECT id, 'simulated', ARRAY['SYM100'], NULL, '', '{'x' * 300}'::bytea, false, at, 0, 'schedule', 1 FROM event
), point AS (
    INSERT INTO price_points (series_id, seq, id, price, timestamp, fetched_at, raw_data_id, time_source)
    SELECT series_id, seq, id, (10000 + nr % 10000) * 0.01, at, at, id, 0 FROM event
)
INSERT INTO outbox (position, series_id, seq) SELECT nr, series_id, seq FROM event;
"""


def empty(database):
    database.rows("TRUNCATE series, raw_market_data, price_points, outbox, fetch_outcomes RESTART IDENTITY")
    database.rows("UPDATE outbox_head SET position = 0")
    database.rows("ALTER SEQUENCE reference_position RESTART WITH 1")
    database.rows("CHECKPOINT")


def stored_whole(database, least):
    """Each event is there three times, or the figure means nothing."""
    tables = ("raw_market_data", "price_points", "outbox")
    raw, points, outbox = (database.number(f"SELECT count(*) FROM {table}") for table in tables)
    if not raw == points == outbox >= least:
        sys.exit(f"{least} events were counted; stored are {raw} raw answers, {points} points, {outbox} outbox entries")


def figures(events, per_second, client, server, batches):
    return {"events": events, "per_second": per_second, "cpu_us": (client + server) / events * 1e6,
            "server_cpu_us": server / events * 1e6, "per_batch": events / batches}


def run_mds(program, server, database, seconds, in_flight):
    empty(database)
    with subprocess.Popen([program, database.url, str(seconds), str(in_flight), str(SERIES)], stdout=subprocess.PIPE, text=True,
                          env=clean_environment()) as process:
        if process.stdout.readline() != "started\n":
            sys.exit(f"{program} ended with {process.wait()}")
        before = tree_cpu_seconds(server.pid)
        counts = json.loads(process.stdout.readline())
        used = tree_cpu_seconds(server.pid) - before
    if process.returncode != 0:
        sys.exit(f"{program} ended with {process.returncode}")
    stored_whole(database, counts["events"])
    return figures(counts["events"], counts["events"] / counts["seconds"], counts["cpu"], used, counts["batches"])


def run_pgbench(script, server, database, seconds):
    empty(database)
    command = ["pgbench", "-n", "-M", "prepared", "-c", str(CONNECTIONS), "-j", "2", "-f", script, "-h", "127.0.0.1", "-p",
               str(server.port), "-U", "mds", database.name]
    subprocess.run([*command, "-T", str(WARM_UP)], check=True, capture_output=True)
    before, server_before = resource.getrusage(resource.RUSAGE_CHILDREN), tree_cpu_seconds(server.pid)
    said = subprocess.run([*command, "-T", str(seconds)], check=True, capture_output=True, text=True).stdout
    server_used, after = tree_cpu_seconds(server.pid) - server_before, resource.getrusage(resource.RUSAGE_CHILDREN)
    commits = int(re.search(r"actually processed: (\d+)", said).group(1))
    per_second = float(re.search(r"tps = ([\d.]+)", said).group(1)) * ROWS
    stored_whole(database, commits * ROWS)
    client = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return figures(commits * ROWS, per_second, client, server_used, commits)


def measure(bench):
    program = bench.program("ingest_postgres_bench")
    server = own_server(["max_wal_size=4GB"])
    try:
        database = server.database()
        made = run_cli("migrate", "--set", "store.kind=postgresql", "--set", f"store.url={database.url}", binary=bench.mds)
        if made.returncode != 0:
            sys.exit(made.stderr)
        database.rows("CREATE SEQUENCE reference_position")
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
            script.write(" ".join(STATEMENT.split()) + "\n")
            script.flush()
            for in_flight in IN_FLIGHT:
                ways = {"mds": lambda: run_mds(program, server, database, bench.seconds, in_flight),
                        "pgbench": lambda: run_pgbench(script.name, server, database, bench.seconds)}
                bench.compare(f"Durable ingest on PostgreSQL, {in_flight} events on their way at once", ways, LINES, series=SERIES,
                              pgbench=f"{CONNECTIONS} connections of {ROWS} rows", **settings_of(database))
    finally:
        server.close()
