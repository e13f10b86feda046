"""The consumer's catch-up beside psql's \\copy: averages per second into PostgreSQL.

Ours reads a topic of a real broker that holds every event, folds the averages, and writes them with its offsets, a transaction for
each batch, until it stands at the end of every partition; the time is taken from the moment it was given its partitions. The
reference copies the same averages from a file into an identical, empty table. Both wait for the disk; CPU time is that of mds or
psql and of the PostgreSQL server together. The rows that come out are compared.
"""

import argparse
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from comparison import by_turns, cpu_seconds, in_words, load_average, machine, report, save, settings_of, spread, thousands, \
    tree_cpu_seconds  # noqa: E402
from harness.kafka import kcat  # noqa: E402
from harness.kafka_broker import KafkaBroker, unavailable  # noqa: E402
from harness.postgres import own_server  # noqa: E402
from harness.service import Service, eventually, run_cli  # noqa: E402

SERIES = 200
POLL = 0.02  # seconds
SUM_OF_OFFSETS = "SELECT coalesce(sum(next), -1) FROM consumer_offsets;\n"
COLUMNS = "series_id, interval, seq, average_price, timestamp, fetched_at"


def fill(database, events):
    """The tables as ingest leaves them, and the averages as SQL computes them."""
    database.rows(f"INSERT INTO series (symbol, provider, last_seq, max_fetched) "
                  f"SELECT 'SYM' || n, 'simulated', {events // SERIES}, now() FROM generate_series(1, {SERIES}) n")
    database.rows(f"INSERT INTO price_points (series_id, seq, id, price, timestamp, fetched_at, raw_data_id, time_source) "
                  f"SELECT nr % {SERIES} + 1, nr / {SERIES} + 1, id, 100 + nr * 7919 % 1000003 * 0.0001, at, at, id, 0 "
                  f"FROM (SELECT nr, lpad(to_hex(nr), 32, '0')::uuid AS id, now() - ({events} - nr) * interval '1 ms' AS at "
                  f"FROM generate_series(0, {events} - 1) nr) events")
    database.rows(f"INSERT INTO outbox (position, series_id, seq) SELECT nr + 1, nr % {SERIES} + 1, nr / {SERIES} + 1 "
                  f"FROM generate_series(0, {events} - 1) nr")
    database.rows(f"UPDATE outbox_head SET position = {events}")
    database.rows(f"CREATE TABLE expected AS SELECT {COLUMNS} FROM (SELECT series_id, 5 AS interval, seq, "
                  f"sum(price) OVER (PARTITION BY series_id ORDER BY seq ROWS 4 PRECEDING) * 0.2 AS average_price, timestamp, "
                  f"fetched_at FROM price_points) folded WHERE seq >= 5 ORDER BY seq, series_id")
    database.rows("CREATE TABLE reference (LIKE moving_average INCLUDING ALL)")
    database.rows("VACUUM ANALYZE")


def service(binary, home, database, broker, modules, group):
    bus = {"kind": "kafka", "kafka": {"brokers": broker.bootstrap, "group": group}}
    return Service(home / group / "data", binary=binary, modules=modules,
                   settings={"store": {"kind": "postgresql", "url": database.url}, "bus": bus})


def publish(relay, database, events):
    started = time.monotonic()
    with relay.start():
        eventually(lambda: database.number("SELECT coalesce(max(next), 0) FROM relay_cursor") > events, 600, 0.5, "the relay's end")
        relay.stop()
    return time.monotonic() - started


class Offsets:
    """How many records the tables reflect; -1 before the partitions are claimed. One connection, so that asking costs little."""

    def __init__(self, database):
        self._psql = subprocess.Popen(["psql", database.url, "-X", "-q", "-A", "-t"], text=True, stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE)

    def wait_for(self, least, within=300):
        deadline = time.monotonic() + within
        while True:
            self._psql.stdin.write(SUM_OF_OFFSETS)
            self._psql.stdin.flush()
            if int(self._psql.stdout.readline()) >= least:
                return time.monotonic()
            if time.monotonic() > deadline:
                sys.exit(f"the consumer did not come to {least} within {within} s")
            time.sleep(POLL)

    def close(self):
        self._psql.stdin.close()
        self._psql.wait()


def figures(rows, wall, client, server):
    return {"rows": rows, "per_second": rows / wall, "cpu_us": (client + server) / rows * 1e6, "client_cpu_us": client / rows * 1e6,
            "load": load_average()}


def run_mds(consumer, server, broker, database, events, rows):
    database.rows("TRUNCATE moving_average, consumer_offsets")
    database.rows("CHECKPOINT")
    offsets = Offsets(database)
    with consumer.spawn():
        began = offsets.wait_for(0)
        before = cpu_seconds([consumer.pid]), tree_cpu_seconds(server.pid), cpu_seconds([broker.pid])
        ended = offsets.wait_for(events)
        after = cpu_seconds([consumer.pid]), tree_cpu_seconds(server.pid), cpu_seconds([broker.pid])
        consumer.stop()
    offsets.close()
    differing = database.number(f"SELECT count(*) FROM ((TABLE expected EXCEPT ALL SELECT {COLUMNS} FROM moving_average) UNION ALL "
                                f"(SELECT {COLUMNS} FROM moving_average EXCEPT ALL TABLE expected)) differing")
    if differing:
        sys.exit(f"{differing} averages are not what SQL computes")
    client, used, brokers = (b - a for a, b in zip(before, after))
    return {**figures(rows, ended - began, client, used), "broker_cpu_us": brokers / rows * 1e6}


def run_copy(file, server, database, rows):
    database.rows("TRUNCATE reference")
    database.rows("CHECKPOINT")
    before, server_before = resource.getrusage(resource.RUSAGE_CHILDREN), tree_cpu_seconds(server.pid)
    said = subprocess.run(["psql", database.url, "-X", "-c", "\\timing on", "-c", f"\\copy reference ({COLUMNS}) from '{file}'"],
                          check=True, capture_output=True, text=True).stdout
    used, after = tree_cpu_seconds(server.pid) - server_before, resource.getrusage(resource.RUSAGE_CHILDREN)
    if f"COPY {rows}\n" not in said:
        sys.exit(f"psql did not copy {rows} rows: {said}")
    milliseconds = float(re.search(r"Time: ([\d.]+) ms", said).group(1))
    return figures(rows, milliseconds / 1000, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, used)


def measure(options, server, broker, home):
    database = server.database()
    made = run_cli("migrate", "--set", "store.kind=postgresql", "--set", f"store.url={database.url}", binary=options.mds)
    if made.returncode != 0:
        sys.exit(made.stderr)
    fill(database, options.events)
    took = publish(service(options.mds, home, database, broker, "relay", "relay"), database, options.events)
    rows = database.number("SELECT count(*) FROM expected")
    file = home / "averages.txt"
    subprocess.run(["psql", database.url, "-X", "-q", "-c", f"\\copy expected to '{file}'"], check=True)
    value = kcat(broker.bootstrap, "-C", "-t", "price-events", "-o", "beginning", "-c", "1", "-e", "-q", "-f", "%S")
    partitions = len(re.findall(rb"^ +partition \d", kcat(broker.bootstrap, "-L", "-t", "price-events"), re.MULTILINE))

    shown = settings_of(database)
    raw = {**machine(), "postgresql": shown, "series": SERIES, "events": options.events, "partitions": partitions,
           "value_bytes": int(value), "published_per_second": options.events / took, "runs": []}
    print(f"PostgreSQL {in_words(shown)}; load of the machine before: {raw['load_before']}\n"
          f"{options.events} events of {int(value)} bytes in {partitions} partitions, {SERIES} series; "
          f"{options.rounds} rounds, by turns\n"
          f"the relay published them at {options.events / took:.0f} events per second, its start included")
    results = {"mds": [], "psql": []}
    for round_number in range(options.rounds):
        for name in by_turns(round_number, ["mds", "psql"]):
            if name == "mds":
                consumer = service(options.mds, home, database, broker, "consumer", f"round-{round_number}")
                run = run_mds(consumer, server, broker, database, options.events, rows)
            else:
                run = run_copy(file, server, database, rows)
            results[name].append(run)
            raw["runs"].append({"round": round_number, "who": name, **run})
    return raw, results


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mds", required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--events", type=int, default=400_000)
    options = parser.parse_args()
    if options.rounds < 5:
        parser.error("fewer than five rounds say nothing")
    if options.events % SERIES or options.events < 100 * SERIES:
        parser.error(f"--events: a multiple of {SERIES}, at least {100 * SERIES}")
    if why := unavailable():
        sys.exit(f"catchup needs a real Kafka broker, and there is none here: {why}")

    with tempfile.TemporaryDirectory(prefix="mds-bench-") as home:
        server = own_server(["max_wal_size=4GB"])
        try:
            broker = KafkaBroker()
            try:
                raw, results = measure(options, server, broker, pathlib.Path(home))
            finally:
                broker.close()
        finally:
            server.close()

    lines = (("CPU us per average", "cpu_us", spread), ("of which mds' or psql's", "client_cpu_us", spread),
             ("1000 averages per second", "per_second", thousands))
    report("Catch-up: averages into PostgreSQL", lines, results["mds"], results["psql"], "psql \\copy")
    brokers = spread([run["broker_cpu_us"] for run in results["mds"]])
    print(f"  the broker's CPU beside it   {brokers}")
    save(options.out, "catchup", raw, options.rounds)


if __name__ == "__main__":
    main()
