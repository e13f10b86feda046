"""The embedded store's group commit beside a bare loop of the same statements on the same schema (ingest_sqlite.cpp): raw answer, price
point, event and the series' state, fsync at each commit."""

import json
import pathlib
import subprocess
import tempfile

LINES = (("CPU us per event", "cpu_us", 1), ("1000 events per second", "per_second", 1e-3))
PER_COMMIT = 100
COMMITS_PER_SECOND = 200  # roughly, for a run of about the length asked for


def run(program, who, commits, series):
    with tempfile.TemporaryDirectory(prefix="mds-bench-") as home:
        done = subprocess.run([program, who, pathlib.Path(home), str(commits), str(PER_COMMIT), str(series)], capture_output=True,
                              text=True, check=True)
    counts = json.loads(done.stdout)
    events = counts["events"]
    return {"events": events, "cpu_us": counts["cpu"] / events * 1e6, "per_second": events / counts["seconds"]}


def measure(bench):
    program = bench.program("ingest_sqlite_bench")
    for series in (200, 10_000):
        commits = bench.seconds * COMMITS_PER_SECOND
        ways = {"mds": lambda: run(program, "ours", commits, series), "bare loop": lambda: run(program, "bare", commits, series)}
        bench.compare(f"Embedded ingest, {series} series", ways, LINES, events_per_commit=PER_COMMIT, commits=commits)
