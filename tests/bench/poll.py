"""Polling at its limits: targets asked over HTTP from a stub that answers at once, every answer stored; and how late ticks are with a
hundred thousand targets."""

import poll_durable
import poll_lateness


def measure(bench):
    poll_durable.measure(bench)
    poll_lateness.measure(bench)
