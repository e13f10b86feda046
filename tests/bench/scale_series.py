"""Embedded ingest, a hundred events in a commit, by the number of series that they are of."""

import scale
from ingest_embedded import run

NAME, TITLE, ACROSS, UP = "series", "Embedded ingest by number of series", "series", "CPU us per event"
SIZES = (10, 100, 1_000, 10_000, 100_000)


def missing():
    return None


def grow(bench):
    program, commits = bench.program("ingest_sqlite_bench"), 100 * bench.seconds

    def both(series):
        return {who: run(program, how, commits, series)["cpu_us"] for who, how in (("mds", "ours"), ("bare SQLite loop", "bare"))}

    return scale.in_rounds(bench, SIZES, both)
