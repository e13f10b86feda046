"""The consumer's catch-up beside psql's \\copy: averages per second into PostgreSQL.

Ours reads the whole topic, folds the averages, and writes them with its offsets, a transaction for each batch, until it stands at the
end of every partition; the time is taken from the moment it was given its partitions. The reference copies the same averages from a
file into an identical, empty table. Both wait for the disk; CPU time is that of mds or psql and of the PostgreSQL server together. The
rows that come out are compared.
"""

import itertools
import re
import resource
import subprocess
import sys

from comparison import cpu_seconds, settings_of, tree_cpu_seconds, versions
from filled_topic import COLUMNS, Offsets

LINES = (("CPU us per average", "cpu_us", 1), ("of which mds' or psql's", "client_cpu_us", 1),
         ("1000 averages per second", "per_second", 1e-3), ("the broker's CPU us beside it", "broker_cpu_us", 1))
GROUPS = itertools.count()


def figures(rows, wall, client, server):
    return {"rows": rows, "per_second": rows / wall, "cpu_us": (client + server) / rows * 1e6, "client_cpu_us": client / rows * 1e6}


def run_mds(topic, rows):
    topic.begin_again()
    with Offsets(topic.database) as offsets, topic.service("consumer", f"copy-{next(GROUPS)}") as consumer:
        def used():
            return cpu_seconds([consumer.pid]), tree_cpu_seconds(topic.server.pid), cpu_seconds([topic.broker.pid])

        consumer.spawn()
        began = offsets.wait_for(0)
        before = used()
        ended = offsets.wait_for(topic.events)
        after = used()
        consumer.stop()
    differing = topic.database.number(
        f"SELECT count(*) FROM ((TABLE expected EXCEPT ALL SELECT {COLUMNS} FROM moving_average) UNION ALL "
        f"(SELECT {COLUMNS} FROM moving_average EXCEPT ALL TABLE expected)) differing")
    if differing:
        sys.exit(f"{differing} averages are not what SQL computes")
    client, server, broker = (b - a for a, b in zip(before, after))
    return {**figures(rows, ended - began, client, server), "broker_cpu_us": broker / rows * 1e6}


def run_copy(topic, file, rows):
    topic.database.rows("TRUNCATE reference")
    topic.database.rows("CHECKPOINT")
    before, server_before = resource.getrusage(resource.RUSAGE_CHILDREN), tree_cpu_seconds(topic.server.pid)
    said = subprocess.run(["psql", topic.database.url, "-X", "-c", "\\timing on", "-c", f"\\copy reference ({COLUMNS}) from '{file}'"],
                          check=True, capture_output=True, text=True).stdout
    server, after = tree_cpu_seconds(topic.server.pid) - server_before, resource.getrusage(resource.RUSAGE_CHILDREN)
    if f"COPY {rows}\n" not in said:
        sys.exit(f"psql did not copy {rows} rows: {said}")
    milliseconds = float(re.search(r"Time: ([\d.]+) ms", said).group(1))
    return figures(rows, milliseconds / 1000, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, server)


def measure(bench, topic):
    topic.database.rows("CREATE TABLE reference (LIKE moving_average INCLUDING ALL)")
    rows = topic.database.number("SELECT count(*) FROM expected")
    file = topic.home / "averages.txt"
    subprocess.run(["psql", topic.database.url, "-X", "-q", "-c", f"\\copy expected to '{file}'"], check=True)
    bench.compare("Catch-up: averages into PostgreSQL",
                  {"mds": lambda: run_mds(topic, rows), "psql \\copy": lambda: run_copy(topic, file, rows)}, LINES,
                  **topic.conditions(), **settings_of(topic.database), **versions("librdkafka1"))
