"""What the comparisons share: processor time of processes, medians with their spread, the table, and every single run in a file."""

import contextlib
import json
import os
import pathlib
import statistics
import time


def cpu_seconds(pids):
    """User and system time of these processes so far."""
    return sum(_ticks(pid, 2) for pid in pids) / os.sysconf("SC_CLK_TCK")


def tree_cpu_seconds(pid):
    """Of a process, its children, and those of its children that have ended: a PostgreSQL server by its postmaster."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    ticks = _ticks(pid, 4)
    for child in children:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # ended just now
            ticks += _ticks(int(child), 2)
    return ticks / os.sysconf("SC_CLK_TCK")


def _ticks(pid, count):
    """utime, stime, and with `count` 4 also cutime and cstime."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:11 + count]))


def by_turns(round_number, names):
    """The order of one round: forwards and backwards alternately."""
    return names if round_number % 2 == 0 else names[::-1]


def load_average():
    return round(os.getloadavg()[0], 2)


def settings_of(database):
    """What says how safe a PostgreSQL server is, and its version."""
    return {name: database.value(f"SHOW {name}") for name in ("server_version", "fsync", "synchronous_commit", "max_wal_size")}


def in_words(settings):
    return ", ".join(f"{name} {value}" for name, value in settings.items())


def spread(values):
    return f"{statistics.median(values):8.2f}  ({min(values):.2f}-{max(values):.2f})"


def thousands(values):
    return spread([value / 1000 for value in values])


def report(title, lines, ours, reference, name):
    """`lines`: (label, key of the runs, how it is written). The ratio is that of each round."""
    print(f"\n{title}")
    print(f"  {'':28} {'mds':>24} {name:>24} {'mds / ' + name:>22}")
    for label, key, render in lines:
        a, b = [run[key] for run in ours], [run[key] for run in reference]
        print(f"  {label:28} {render(a):>24} {render(b):>24} {spread([x / y for x, y in zip(a, b)]):>22}")


def save(folder, name, raw, rounds):
    out = folder / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}.json"
    folder.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(raw, indent=1) + "\n")
    print(f"\nmedian (lowest-highest) of {rounds} rounds; every run: {out}")


def machine():
    return {"machine": os.uname().release, "processors": os.cpu_count(), "load_before": load_average()}
