"""Disk full, read-only, locked, corrupt, from a newer version: a clear error, nothing acknowledged that is not durable, and it goes
on by itself once the cause is gone."""

import contextlib
import ctypes
import os
import pathlib
import sqlite3
import tempfile
import time
import unittest

from harness import checker
from harness.provider_stub import ProviderStub
from harness.scenario import service_with, start_job, wait_for_points
from harness.service import SLOWNESS, Service, eventually

STORE = 3  # exit code: the store cannot be opened


class SmallDisk:
    """A tmpfs of its own, for root only."""

    def __init__(self, size="24m"):
        self._folder = tempfile.TemporaryDirectory(prefix="mds-disk-")
        self.path = pathlib.Path(self._folder.name) / "disk"
        self.path.mkdir()
        self._libc = ctypes.CDLL(None, use_errno=True)
        if self._mount(f"size={size}"):
            fault = os.strerror(ctypes.get_errno())
            self._folder.cleanup()
            raise unittest.SkipTest(f"cannot mount a small file system here: {fault}")

    def _mount(self, options, flags=0):
        return self._libc.mount(b"tmpfs", str(self.path).encode(), b"tmpfs", flags, options.encode())

    def fill(self):
        """Takes all that is left."""
        with open(self.path / "filler", "ab", buffering=0) as filler:
            for size in (1 << 20, 1 << 12):
                with contextlib.suppress(OSError):
                    while True:
                        filler.write(b"x" * size)

    def empty(self):
        (self.path / "filler").unlink()

    def make_read_only(self):
        read_only, remount = 1, 32
        return self._libc.mount(b"tmpfs", str(self.path).encode(), b"tmpfs", read_only | remount, None)

    def close(self):
        self._libc.umount2(str(self.path).encode(), 2)
        self._folder.cleanup()


class DiskFull(unittest.TestCase):
    def test_a_full_disk_stops_acknowledgements_and_space_starts_them_again(self):
        disk = SmallDisk()
        self.addCleanup(disk.close)
        with ProviderStub() as stub, service_with(stub, data_dir=disk.path / "data") as service:
            service.home = disk.path.parent
            service.log_file = service.home / "mds.log"
            service.start()
            with service.client() as client:
                start_job(client, [f"S{number}" for number in range(20)])
                wait_for_points(client, "S0", 3)
                disk.fill()
                eventually(lambda: client.get("/readyz").status == 503, 20, what="/readyz of 503 with a full disk")
                self.assertEqual(client.get("/healthz").status, 200, "it lives")
                self.assertEqual(client.get("/health").json()["status"], "degraded")
                self.assertEqual(client.get("/prices/latest", symbol="S0").status, 200, "known prices are read all the same")
                refused = client.get("/prices/latest", symbol="NEW", max_age=0)
                self.assertIn(refused.status, (503, 504), "a price that cannot be stored is not given")
                self.assertNotIn(str(disk.path), client.get("/readyz").text, "nothing internal")
                told = [{"kind": "told", "symbol": f"S{n}", "provider": "finnhub",
                         "price": str(client.get("/prices/latest", symbol=f"S{n}").json()["price"])} for n in range(20)]
                before = client.get("/prices/history", symbol="S0", limit=1).json()["points"][0]["seq"]
                disk.empty()
                eventually(lambda: client.get("/readyz").status == 200, 20, what="/readyz of 200 with space again")
                wait_for_points(client, "S0", before + 3)
            self.assertEqual(service.stop(), 0)
            report = checker.check(service.data_dir, told, interval=1, quiet_bus=False)
            print(report)
            self.assertEqual(dict(report.violations), {})

    def test_a_read_only_disk_is_said_at_the_start(self):
        disk = SmallDisk()
        self.addCleanup(disk.close)
        with Service(data_dir=disk.path / "data") as service:
            service.home = disk.path.parent
            service.log_file = service.home / "mds.log"
            service.start()
            service.stop()
            self.assertEqual(disk.make_read_only(), 0)
            service.spawn()
            self.assertEqual(service.process.wait(15), STORE)


class Locked(unittest.TestCase):
    def test_a_second_process_is_refused_and_the_first_does_not_notice(self):
        with Service() as first:
            first.start()
            with Service(data_dir=first.data_dir) as second:
                second.home = first.home / "second"
                second.log_file = first.home / "second.log"
                second.spawn()
                self.assertEqual(second.process.wait(15), STORE)
                second._reader.join(5)
                self.assertIn("in use", second.tail())
            with first.client() as client:
                self.assertEqual(client.get("/readyz").status, 200)

    def test_a_lock_that_another_program_holds_on_the_database(self):
        with ProviderStub() as stub, service_with(stub) as service:
            service.start()
            with service.client() as client:
                start_job(client, ["AAPL", "MSFT"])
                wait_for_points(client, "AAPL", 2)
                with contextlib.closing(sqlite3.connect(checker.database_of(service.data_dir), isolation_level=None)) as other:
                    other.execute("PRAGMA busy_timeout = 5000")
                    other.execute("BEGIN IMMEDIATE")
                    eventually(lambda: client.get("/readyz").status == 503, 30, what="/readyz of 503 while the database is locked")
                    self.assertEqual(client.get("/prices/latest", symbol="AAPL").status, 200)
                    other.execute("ROLLBACK")
                eventually(lambda: client.get("/readyz").status == 200, 20, what="/readyz of 200 after the lock")
                before = client.get("/prices/history", symbol="AAPL", limit=1).json()["points"][0]["seq"]
                wait_for_points(client, "AAPL", before + 2)
            self.assertEqual(service.stop(), 0)
            report = checker.check(service.data_dir, interval=1, quiet_bus=False)
            self.assertEqual(dict(report.violations), {}, str(report))

    def test_a_stop_while_the_database_is_locked_does_not_wait_for_it(self):
        grace = 30
        with ProviderStub() as stub, service_with(stub, {"shutdown": {"grace": f"{grace}s"}}) as service:
            service.start()
            with service.client() as client:
                start_job(client, ["AAPL", "MSFT", "TSLA"])
                wait_for_points(client, "AAPL", 2)
                with contextlib.closing(sqlite3.connect(checker.database_of(service.data_dir), isolation_level=None)) as other:
                    other.execute("PRAGMA busy_timeout = 5000")
                    other.execute("BEGIN IMMEDIATE")
                    eventually(lambda: client.get("/readyz").status == 503, 30, what="/readyz of 503 while the database is locked")
                    began = time.monotonic()
                    service.stop(within=grace)
                    took = time.monotonic() - began
                    other.execute("ROLLBACK")
            print(f"figure: stopped after {took:.1f} s with the database locked, of {grace} s grace")
            self.assertLess(took, grace / 2 * SLOWNESS)
            service.start()
            with service.client() as client:
                before = client.get("/prices/history", symbol="AAPL", limit=1).json()["points"][0]["seq"]
                wait_for_points(client, "AAPL", before + 2)
            self.assertEqual(service.stop(), 0)
            report = checker.check(service.data_dir, interval=1, quiet_bus=False)
            self.assertEqual(dict(report.violations), {}, str(report))


class RefusedFiles(unittest.TestCase):
    def filled(self):
        service = Service()
        self.addCleanup(service.__exit__)
        service.start()
        with service.client() as client:
            client.get("/prices/latest", symbol="AAPL")
        service.stop()
        return service, checker.database_of(service.data_dir)

    def refused(self, service):
        service.spawn()
        self.assertEqual(service.process.wait(15), STORE, service.tail())
        service._reader.join(5)
        return service.tail()

    def test_a_file_that_is_no_database(self):
        service, database = self.filled()
        content = b"not a database at all" * 1000
        database.write_bytes(content)
        self.refused(service)
        self.assertEqual(database.read_bytes(), content, "it was left as it is")

    def test_a_schema_of_a_newer_version(self):
        service, database = self.filled()
        with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as tables:
            tables.execute("UPDATE store_meta SET schema_version = 9999")
            tables.execute("PRAGMA user_version = 9999")
        self.assertIn("newer", self.refused(service))


if __name__ == "__main__":
    unittest.main()
