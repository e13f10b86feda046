"""How each cost grows: with the number of series, of stored points, of partitions and of connections. Writes docs/scaling-*.svg and the
figures behind them as tables."""

import pathlib
import statistics

import plot
import scale_connections
import scale_partitions
import scale_points
import scale_series
from comparison import spread

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
SUBJECTS = (scale_series, scale_points, scale_partitions, scale_connections)


def measure(bench):
    for subject in SUBJECTS:
        if why := subject.missing():
            bench.leave_out(subject.TITLE, why)
            continue
        grown = subject.grow(bench)  # {size: {what: [figure of each round]}}
        show(bench, subject, grown)


def show(bench, subject, grown):
    whats = list(next(iter(grown.values())))
    print(f"\n{subject.TITLE}\n  {subject.ACROSS:20}" + "".join(f" {what:>32}" for what in whats))
    for size, figures in grown.items():
        print(f"  {size:<20}" + "".join(f" {spread(figures[what]):>32}" for what in whats), flush=True)
    bench.grown.append({"title": subject.TITLE, "across": subject.ACROSS, "up": subject.UP,
                        "figures": {str(size): figures for size, figures in grown.items()}})
    lines = {what: [(size, statistics.median(figures[what])) for size, figures in grown.items()] for what in whats}
    (DOCS / f"scaling-{subject.NAME}.svg").write_text(plot.svg(subject.TITLE, subject.ACROSS, subject.UP, lines))


def in_rounds(bench, sizes, run):
    """{size: {what: [figure of each round]}}; `run(size)` gives {what: figure}. All sizes in each round, so that a slow minute hits all."""
    grown = {size: {} for size in sizes}
    for number in range(bench.rounds):
        for size in sizes if number % 2 == 0 else reversed(sizes):
            for what, figure in run(size).items():
                grown[size].setdefault(what, []).append(figure)
    return grown
