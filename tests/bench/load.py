"""Requests from outside: wrk as fast as they are answered, and open_loop.cpp at a fixed rate whatever the answers take."""

import json
import pathlib
import re
import socket
import subprocess
import time

from comparison import cpu_seconds

HERE = pathlib.Path(__file__).resolve().parent
CONNECTIONS = 64


def raw_get(port, target):
    """One answer as it comes off the wire: (head, body)."""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        head, body = data.split(b"\r\n\r\n", 1)
        length = int(re.search(rb"(?i)content-length: *(\d+)", head).group(1))
        while len(body) < length:
            body += connection.recv(65536)
    return head + b"\r\n\r\n", body


def closed_loop(port, target, pids, seconds, depth=1, connections=CONNECTIONS):
    """One run of wrk: CPU of the servers' processes per request, requests per second, faults."""
    before, started = cpu_seconds(pids), time.monotonic()
    done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", HERE / "pipeline.lua",
                           f"http://127.0.0.1:{port}{target}", "--", str(depth)], capture_output=True, text=True, check=True)
    wall, cpu = time.monotonic() - started, cpu_seconds(pids) - before
    totals = {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", done.stdout.split("totals", 1)[1])}
    requests = max(totals["requests"], 1)
    return {"cpu_us": cpu / requests * 1e6, "per_second": requests / (totals["microseconds"] / 1e6), "requests": requests,
            "server_busy": cpu / wall, "failed": totals["bad_status"] + totals["socket_errors"]}


def open_loop(bench, port, target, rate, seconds, connections=CONNECTIONS):
    """Latencies in microseconds, each from the moment when the request was due."""
    done = subprocess.run([bench.program("open_loop_bench"), str(port), target, str(int(rate)), str(seconds), str(connections)],
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout)
