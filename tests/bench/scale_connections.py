"""The cached GET by the number of keep-alive connections that ask at once."""

import pathlib
import tempfile

import scale
from harness.service import Service
from load import closed_loop, raw_get
from read import SETTINGS, TARGET, same_bytes

NAME, TITLE, ACROSS, UP = "connections", "Cached GET by number of connections", "connections", "CPU us per request"
SIZES = (1, 10, 100, 1_000)


def missing():
    return None


def grow(bench):
    with tempfile.TemporaryDirectory(prefix="mds-bench-") as home:
        with Service(pathlib.Path(home) / "data", binary=bench.mds, settings=SETTINGS, modules="http") as service:
            service.start()
            raw_get(service.port, TARGET)
            with same_bytes(*raw_get(service.port, TARGET)) as nginx:
                def both(connections):
                    servers = (("mds", service.port, [service.pid]), ("nginx", nginx.port, nginx.pids()))
                    return {name: closed_loop(port, TARGET, pids, bench.seconds, connections=connections)["cpu_us"]
                            for name, port, pids in servers}

                return scale.in_rounds(bench, SIZES, both)
