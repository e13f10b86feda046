"""Durable ingest on PostgreSQL beside pgbench: raw answer, price point and outbox entry of each event, into the same tables.

Ours is the service's own ingest and PostgreSQL store (ingest_postgres.cpp): one answer of 300 bytes with one price each, so many on
their way at once, its group commit on one connection. It numbers the points of each series without holes, updates the series, and
gives the events dense positions. The reference is plain SQL that does none of that: one statement of 100 rows for each of the three
tables, made in the server, on four connections. Both wait for the disk; CPU time is that of the clients and of the server together.
"""

import argparse
import json
import pathlib
import re
import resource
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from comparison import by_turns, in_words, load_average, machine, report, save, settings_of, spread, thousands, \
    tree_cpu_seconds  # noqa: E402
from harness.postgres import own_server  # noqa: E402
from harness.service import clean_environment, run_cli  # noqa: E402

SERIES = 200
ROWS, CONNECTIONS = 100, 4
IN_FLIGHT = (ROWS * CONNECTIONS, 10 * ROWS * CONNECTIONS)
WARM_UP = 2  # seconds, as in ingest_postgres.cpp

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


def figures(events, per_second, client, server, commits):
    return {"events": events, "per_second": per_second, "cpu_us": (client + server) / events * 1e6,
            "server_cpu_us": server / events * 1e6, "per_commit": events / commits, "load": load_average()}


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
    return figures(counts["events"], counts["events"] / counts["seconds"], counts["cpu"], used, counts["commits"])


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


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mds", required=True)
    parser.add_argument("--program", required=True, help="the built ingest_postgres_bench")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    options = parser.parse_args()
    if options.rounds < 5:
        parser.error("fewer than five rounds say nothing")

    server = own_server(["max_wal_size=4GB"])
    try:
        database = server.database()
        made = run_cli("migrate", "--set", "store.kind=postgresql", "--set", f"store.url={database.url}", binary=options.mds)
        if made.returncode != 0:
            sys.exit(made.stderr)
        database.rows("CREATE SEQUENCE reference_position")
        shown = settings_of(database)
        raw = {**machine(), "postgresql": shown, "series": SERIES, "statement": STATEMENT, "runs": []}
        print(f"PostgreSQL {in_words(shown)}; load of the machine before: {raw['load_before']}\n"
              f"{SERIES} series; {options.rounds} rounds of {options.seconds} s each, by turns")
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
            script.write(" ".join(STATEMENT.split()) + "\n")
            script.flush()
            results = {}
            for round_number in range(options.rounds):
                for name in by_turns(round_number, ["pgbench", *IN_FLIGHT]):
                    if name == "pgbench":
                        run = run_pgbench(script.name, server, database, options.seconds)
                    else:
                        run = run_mds(options.program, server, database, options.seconds, name)
                    results.setdefault(name, []).append(run)
                    raw["runs"].append({"round": round_number, "who": "pgbench" if name == "pgbench" else "mds",
                                        "in_flight": None if name == "pgbench" else name, **run})
    finally:
        server.close()

    lines = (("CPU us per event", "cpu_us", spread), ("of which the server's", "server_cpu_us", spread),
             ("1000 events per second", "per_second", thousands), ("events per commit", "per_commit", spread))
    for in_flight in IN_FLIGHT:
        title = f"Durable ingest, {in_flight} events on their way at once (pgbench: {CONNECTIONS} connections of {ROWS} rows)"
        report(title, lines, results[in_flight], results["pgbench"], "pgbench")
    save(options.out, "ingest", raw, options.rounds)


if __name__ == "__main__":
    main()
