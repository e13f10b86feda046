"""What is done to the process from outside: frozen, its wall clock moved, killed while it starts and while it stops, its disk failing
in the middle of a commit. The long form (every point of the sweeps) runs with E2E_SOAK."""

import os
import signal
import subprocess
import time
import unittest

from harness import checker
from harness.provider_stub import ProviderStub
from harness.scenario import service_with, start_job, wait_for_points
from harness.service import SLOWNESS, eventually
from harness.shifted_clock import ShiftedClock

SOAK = bool(os.environ.get("E2E_SOAK"))
SYMBOLS = ["AAPL", "MSFT", "TSLA"]


def strace_or_skip():
    """strace where it may trace; the test is skipped, with the reason, where it may not."""
    try:
        probe = subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], capture_output=True, text=True, timeout=20)
    except FileNotFoundError:
        raise unittest.SkipTest("strace is not installed") from None
    if probe.returncode != 0:
        raise unittest.SkipTest(f"this machine does not permit tracing: {probe.stderr.strip()[:120]}")


class Injected:
    """Tampers with the system calls of a running service until it is let go."""

    def __init__(self, service, injection):
        self._strace = subprocess.Popen(["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=pwrite64,fdatasync", "-e",
                                         f"inject={injection}", "-p", str(service.pid)],
                                        stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._strace.poll() is None:
            self._strace.send_signal(signal.SIGINT)
        self._strace.wait(10)


def newest(client, symbol="AAPL"):
    return client.get("/prices/history", symbol=symbol, limit=1).json()["points"][0]["seq"]


class ProcessFault(unittest.TestCase):
    def assert_sound(self, service, witnesses=(), interval=None):
        report = checker.check(service.data_dir, witnesses, interval=interval, quiet_bus=False)
        self.assertEqual(dict(report.violations), {}, str(report))
        return report


class Frozen(ProcessFault):
    def test_three_seconds_without_a_cpu_are_one_recorded_range_and_no_tick_twice(self):
        with ProviderStub() as stub, service_with(stub) as service:
            service.start()
            with service.client() as client:
                start_job(client, SYMBOLS)
                wait_for_points(client, "AAPL", 3)
                service.process.send_signal(signal.SIGSTOP)
                time.sleep(3)
                service.process.send_signal(signal.SIGCONT)
                wait_for_points(client, "AAPL", newest(client) + 3)
            self.assertEqual(service.stop(), 0)
            report = self.assert_sound(service, interval=1)
            self.assertGreaterEqual(sum(n for name, n in report.counts.items() if name.startswith("missed_") and name != "missed_ranges"), 1)


class ClockMoved(ProcessFault):
    """I23: the wall clock alone is moved, the steady one goes on."""

    def jump(self, seconds):
        ShiftedClock.skip_where_impossible(self)
        with ProviderStub() as stub, service_with(stub) as service:
            clock = ShiftedClock(service.home / "clock")
            service.env |= clock.env
            service.start()
            with service.client() as client:
                start_job(client, SYMBOLS)
                wait_for_points(client, "AAPL", 3)
                clock.jump(seconds)
                wait_for_points(client, "AAPL", newest(client) + 4)
            self.assertEqual(service.stop(), 0)
            report = self.assert_sound(service)
            tables = checker.Tables(checker.database_of(service.data_dir))
            jumps = [row for row in tables.missed if row[4] == "clock_jump"]
            self.assertEqual(len(jumps), len(SYMBOLS), f"one range for each group: {jumps}\n{report}")
            dues = [(row[1], row[4]) for row in tables.raw.values() if row[4] is not None]
            self.assertEqual(len(dues), len(set(dues)), "a tick was polled twice")

    def test_an_hour_forward(self):
        self.jump(3600)

    def test_an_hour_back(self):
        self.jump(-3600)


class KilledAtTheEdges(ProcessFault):
    def test_a_kill_while_it_starts_or_stops_needs_no_manual_step(self):
        moments = [n / 100 for n in (range(0, 60, 2) if SOAK else (0, 2, 5, 10, 20, 40))]
        with ProviderStub() as stub, service_with(stub) as service:
            service.start()
            with service.client() as client:
                start_job(client, SYMBOLS)
                wait_for_points(client, "AAPL", 1)
            service.kill()
            for moment in moments:
                service.spawn()
                time.sleep(moment * SLOWNESS)
                service.kill()
                self.assert_sound(service)
            for moment in moments:
                service.start()
                service.process.terminate()
                time.sleep(moment / 4)
                service.kill()
                self.assert_sound(service)
            service.start()
            with service.client() as client:
                wait_for_points(client, "AAPL", newest(client) + 2)
            self.assertEqual(service.stop(), 0)
            self.assert_sound(service, interval=1)


class DiskFaults(ProcessFault):
    def fail(self, injection):
        strace_or_skip()
        with ProviderStub() as stub, service_with(stub) as service:
            service.start()
            with service.client() as client:
                start_job(client, SYMBOLS)
                wait_for_points(client, "AAPL", 2)
                with Injected(service, injection):
                    eventually(lambda: client.get("/readyz").status == 503, 20, what="/readyz of 503 with a failing disk")
                    refused = client.get("/prices/latest", symbol="NEW", max_age=0)
                    self.assertIn(refused.status, (503, 504), "a price that is not durable is not given")
                    self.assertEqual(client.get("/prices/latest", symbol="AAPL").status, 200)
                eventually(lambda: client.get("/readyz").status == 200, 20, what="/readyz of 200 with a good disk")
                wait_for_points(client, "AAPL", newest(client) + 2)
            self.assertEqual(service.stop(), 0)
            self.assert_sound(service, interval=1)

    def test_no_space_in_the_middle_of_a_commit(self):
        self.fail("pwrite64:error=ENOSPC")

    def test_a_sync_that_fails(self):
        self.fail("fdatasync:error=EIO")

    def test_a_kill_at_every_system_call_of_a_commit(self):
        strace_or_skip()
        with ProviderStub() as stub, service_with(stub) as service:
            service.start()
            with service.client() as client:
                start_job(client, SYMBOLS)
                wait_for_points(client, "AAPL", 2)
            for call in range(1, 61 if SOAK else 9):
                if not service.running:
                    service.start()
                with Injected(service, f"pwrite64,fdatasync:signal=KILL:when={call}"):
                    service.process.wait(20 * SLOWNESS)
                service.kill()
                self.assert_sound(service)
            service.start()
            self.assertEqual(service.stop(), 0)
            self.assert_sound(service, interval=1)


if __name__ == "__main__":
    unittest.main()
