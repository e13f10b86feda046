"""Reads the Prometheus text format."""

import re

_LINE = re.compile(r'^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)')
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def parse(text):
    """[(name, {label: value}, number)]"""
    samples = []
    for line in text.splitlines():
        match = _LINE.match(line)
        if match:
            samples.append((match.group(1), dict(_LABEL.findall(match.group(2) or "")), float(match.group(3))))
    return samples


def total(samples, name, **labels):
    """The sum over all samples of this name with these labels."""
    return sum(value for sample, have, value in samples if sample == name and labels.items() <= have.items())


def names(samples):
    return {name for name, _, _ in samples}


def quantile(samples, histogram, q, **labels):
    """As Prometheus' histogram_quantile: linear inside the bucket. None where nothing was observed."""
    buckets = {}
    for name, have, value in samples:
        if name == histogram + "_bucket" and labels.items() <= have.items():
            bound = float(have["le"].replace("+Inf", "inf"))
            buckets[bound] = buckets.get(bound, 0) + value
    bounds = sorted(buckets)
    if not bounds or buckets[bounds[-1]] == 0:
        return None
    rank, below, lower = q * buckets[bounds[-1]], 0.0, 0.0
    for bound in bounds:
        if buckets[bound] >= rank:
            if bound == float("inf"):
                return lower
            inside = buckets[bound] - below
            return lower + (bound - lower) * ((rank - below) / inside if inside else 1)
        below, lower = buckets[bound], bound
    return lower
