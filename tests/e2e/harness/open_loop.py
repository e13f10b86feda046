"""Requests at fixed times, however long the answers take: a service that stalls cannot slow its own measurement down."""

import threading
import time


class OpenLoop:
    """`connect`: makes a client; `targets`: paths, asked in turn, `rate` a second in all, by `threads` clients. A latency counts from the
    moment when the request was due. Use as a context manager; read `answers` after it."""

    def __init__(self, connect, targets, rate=100.0, threads=4):
        self.answers = []  #: (seconds since the request was due, target, Answer or exception, thread), in the order of arrival
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(connect, targets, number, threads, rate), daemon=True)
                         for number in range(threads)]

    def _run(self, connect, targets, number, threads, rate):
        began, turn = time.monotonic() + number / rate, number
        with connect() as client:
            for count in range(1 << 30):
                due = began + count * threads / rate
                if self._stopping.wait(max(0.0, due - time.monotonic())):
                    return
                target = targets[turn % len(targets)]
                turn += threads
                try:
                    answer = client.request("GET", target)
                except Exception as error:  # noqa: BLE001: whatever it is, the report shows it
                    answer = error
                self.answers.append((time.monotonic() - due, target, answer, number))

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        for thread in self._threads:
            thread.join(30)

    @property
    def failures(self):
        """Whatever is not a 200."""
        return [(target, answer) for _, target, answer, _ in self.answers if getattr(answer, "status", None) != 200]

    def quantile(self, q):
        """Seconds."""
        latencies = sorted(latency for latency, *_ in self.answers)
        return latencies[min(len(latencies) - 1, int(q * len(latencies)))] if latencies else float("nan")

    def __str__(self):
        times = "  ".join(f"p{q:g} {self.quantile(q / 100) * 1000:.1f} ms" for q in (50, 99, 100))
        return f"{len(self.answers)} requests, {len(self.failures)} not 200  {times}"
