"""What the comparisons share: rounds by turns, medians with their spread, the table, and every single run in a file."""

import json
import os
import pathlib
import platform
import statistics
import subprocess
import time


class Bench:
    """What every comparison is given: the built programs, how long to measure, and where the runs go."""

    def __init__(self, programs, out, rounds, seconds, events, name="all"):
        self.name = f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
        self.programs, self.out = pathlib.Path(programs), pathlib.Path(out)
        self.rounds, self.seconds, self.events = rounds, seconds, events
        self.comparisons = []
        self.grown = []  #: what scale.py measured
        self.left_out = []  #: (what, why)
        self.load_before = load_average()

    @property
    def mds(self):
        return self.programs / "mds"

    def program(self, name):
        return self.programs / "tests" / "bench" / name

    def compare(self, title, ways, lines, **conditions):
        """Calls each of `ways` (name: function that gives a run's figures) once in each round, the order turned round every time, and
        shows them. The first is ours, the others are references; a figure that a way lacks is left out. `lines`: (label, key of the
        figures, factor that it is shown with)."""
        runs = {name: [] for name in ways}
        for number in range(self.rounds):
            for name in by_turns(number, list(ways)):
                runs[name].append({"load": load_average(), **ways[name]()})
        return self.show(title, runs, lines, **conditions)

    def show(self, title, runs, lines, **conditions):
        """As compare() does with runs that were made elsewhere."""
        self.comparisons.append({"title": title, "conditions": conditions, "runs": runs, "lines": list(lines)})
        print_comparison(self.comparisons[-1])
        return runs

    def leave_out(self, what, why):
        self.left_out.append((what, why))
        print(f"\n{what}\n  left out: {why}", flush=True)

    def save(self):
        """Every run as JSON, and the tables as one of Markdown. Called after each part: what was measured is not lost to what follows."""
        self.out.mkdir(parents=True, exist_ok=True)
        whole = {**machine(), "load_before": self.load_before, "rounds": self.rounds, "comparisons": self.comparisons, "grown": self.grown,
                 "left_out": self.left_out}
        file = self.out / f"{self.name}.json"
        file.write_text(json.dumps(whole, indent=1) + "\n")
        file.with_suffix(".md").write_text("".join(f"{line}\n" for line in self._markdown()))
        return file

    def _markdown(self):
        yield ", ".join(f"{name} {value}" for name, value in machine().items()) + f"; median (lowest-highest) of {self.rounds} rounds"
        yield ""
        yield "| what | | mds | beside | ratio |"
        yield "| --- | --- | --- | --- | --- |"
        for comparison in self.comparisons:
            ours, *references = comparison["runs"]
            for label, key, factor in comparison["lines"]:
                for name, theirs, ratio in list(columns(comparison, key, factor, references)) or [("", "", "")]:
                    mine = spread([run[key] * factor for run in comparison["runs"][ours]])
                    cells = (comparison["title"], label, mine, f"{name} {theirs}", ratio)
                    yield "| " + " | ".join(" ".join(cell.split()) for cell in cells) + " |"


def by_turns(number, names):
    """The order of one round: forwards and backwards alternately."""
    return names if number % 2 == 0 else names[::-1]


def print_comparison(comparison):
    runs, (ours, *references) = comparison["runs"], comparison["runs"]
    print(f"\n{comparison['title']}")
    if comparison["conditions"]:
        print("  " + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in comparison["conditions"].items()))
    print(f"  {'':36} {ours:>26}" + "".join(f" {name:>26} {ours + ' / ' + name:>24}" for name in references))
    for label, key, factor in comparison["lines"]:
        cells = f"  {label:36} {spread([run[key] * factor for run in runs[ours]]):>26}"
        found = {name: (theirs, ratio) for name, theirs, ratio in columns(comparison, key, factor, references)}
        for name in references:
            theirs, ratio = found.get(name, ("", ""))
            cells += f" {theirs:>26} {ratio:>{max(24, len(ours + name) + 3)}}"
        print(cells.rstrip())
    for name, made in runs.items():
        if failed := sum(run.get("failed", 0) for run in made):
            print(f"  failed requests, {name}: {failed}")
    print(end="", flush=True)


def columns(comparison, key, factor, references):
    """(name, its figures, ours over them) of each reference that has this figure. A ratio is that of a round, whose runs were side by
    side."""
    ours = next(iter(comparison["runs"].values()))
    for name in references:
        runs = comparison["runs"][name]
        if all(key in run for run in runs):
            ratios = [mine[key] / run[key] if run[key] else float("nan") for mine, run in zip(ours, runs)]
            yield name, spread([run[key] * factor for run in runs]), spread(ratios)


def spread(values):
    return f"{statistics.median(values):8.2f}  ({min(values):.2f}-{max(values):.2f})"


# -- what is measured -------------------------------------------------------------------------------------------------


def cpu_seconds(pids):
    """User and system time of these processes so far."""
    return sum(_ticks(pid, 2) for pid in pids) / os.sysconf("SC_CLK_TCK")


def tree_cpu_seconds(pid):
    """Of a process, its children, and those of its children that have ended: a PostgreSQL server by its postmaster."""
    ticks = _ticks(pid, 4)
    for child in children(pid):
        try:
            ticks += _ticks(child, 2)
        except (FileNotFoundError, ProcessLookupError):  # ended just now
            pass
    return ticks / os.sysconf("SC_CLK_TCK")


def children(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _ticks(pid, count):
    """utime, stime, and with `count` 4 also cutime and cstime."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:11 + count]))


def private_bytes(pids):
    """Memory of these processes in user space: pages shared with others count by their share (PSS)."""
    total = 0
    for pid in pids:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


# -- where it is measured ---------------------------------------------------------------------------------------------


def load_average():
    return round(os.getloadavg()[0], 2)


def machine():
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown")
    system = platform.freedesktop_os_release().get("PRETTY_NAME", "unknown")
    return {"system": system, "kernel": os.uname().release, "processor": model, "processors": os.cpu_count()}


def versions(*packages):
    """Of Debian packages that are installed."""
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *packages], capture_output=True, text=True)
    return dict(line.split() for line in done.stdout.splitlines() if len(line.split()) == 2)


def settings_of(database):
    """What says how safe a PostgreSQL server is, and its version."""
    return {name: database.value(f"SHOW {name}") for name in ("server_version", "fsync", "synchronous_commit", "max_wal_size")}
