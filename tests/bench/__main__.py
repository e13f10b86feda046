"""Runs the parts of scripts/bench that are named, or all."""

import argparse
import importlib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from comparison import Bench, machine  # noqa: E402

PARTS = ("read", "ingest", "catchup", "poll", "memory")
ALONE = "scale"  # only where it is asked for


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join((*PARTS, ALONE)))
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="the build folder")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="length of one run")
    parser.add_argument("--events", type=int, default=1_000_000, help="in the topic that catch-up reads")
    options = parser.parse_args()
    if unknown := set(options.parts) - {*PARTS, ALONE}:
        parser.error(f"no such part: {', '.join(unknown)}")
    if options.rounds < 5:
        parser.error("fewer than five rounds say nothing")

    bench = Bench(options.programs, options.out, options.rounds, options.seconds, options.events,
                  "-".join(options.parts) or "all")
    print(", ".join(f"{name} {value}" for name, value in machine().items()) + f"; load before {bench.load_before}")
    print(f"{bench.rounds} rounds, by turns; a ratio is that of a round's two runs", flush=True)
    for part in options.parts or PARTS:
        importlib.import_module(part).measure(bench)
        file = bench.save()
    print(f"\nmedian (lowest-highest) of {bench.rounds} rounds; every run: {file}, the tables: {file.with_suffix('.md')}")


if __name__ == "__main__":
    main()
