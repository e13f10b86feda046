"""What stays in memory: of a connection that is open and silent, of a series that is tracked, of a process that idles; and how soon a
killed process answers again."""

import memory_connections
import memory_series
import restart


def measure(bench):
    memory_connections.measure(bench)
    memory_series.measure(bench)
    restart.measure(bench)
