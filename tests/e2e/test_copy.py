"""`mds copy`: the history of a stopped service moves from the embedded store to PostgreSQL, all of it or nothing."""

import contextlib
import pathlib
import sqlite3
import subprocess
import unittest

from harness import checker, postgres
from harness.provider_stub import ProviderStub, Reply
from harness.scenario import KEYS, providers_at, service_with, start_job, wait_for_points
from harness.service import SLOWNESS, Service, clean_environment, default_binary, eventually, merged
from harness.tables import Tables

USAGE, STORE = 2, 3
SYMBOLS = ["AAPL", "MSFT", "BRK.B", "NOPE"]
#: Nothing in it is text for COPY, JSON or UTF-8.
AWKWARD = b"\\N\t\n\r\\\x00\xff{\"a\":\"\xc3\xa9\"}"
SERVER = None


def setUpModule():
    global SERVER
    SERVER = postgres.server()
    unittest.addModuleCleanup(SERVER.close)


def copy(source, target, env=None):
    done = subprocess.run([default_binary(), "copy", "--from", source, "--to", target], capture_output=True, text=True,
                          env={**clean_environment(), **(env or {})}, timeout=120 * SLOWNESS, stdin=subprocess.DEVNULL)
    return done.returncode, done.stderr


def content(tables):
    return {name: sorted(value.items() if isinstance(value, dict) else value, key=repr) if name != "head" else value
            for name, value in vars(tables).items() if name != "integrity"}


class Copy(unittest.TestCase):
    def setUp(self):
        self.stub = ProviderStub(lambda exchange: Reply(500) if exchange.symbol == "NOPE" else self.stub.fresh_quote(exchange))
        self.stub.__enter__()
        self.addCleanup(self.stub.__exit__)
        self.database = SERVER.database()
        self.addCleanup(self.database.drop)

    def embedded(self):
        """A service that polled for some seconds, and was stopped. One symbol fails every time."""
        service = service_with(self.stub)
        self.addCleanup(service.__exit__)
        service.start()
        with service.client() as client:
            self.job = start_job(client, SYMBOLS)
            wait_for_points(client, "AAPL", 7)
        self.assertEqual(service.stop(), 0)
        with contextlib.closing(sqlite3.connect(checker.database_of(service.data_dir), isolation_level=None)) as tables:
            tables.execute("INSERT INTO dead_letters (topic, partition, offset, key, value, error_class, error, received_at) "
                           "VALUES ('other', 3, 9, ?, ?, 'not_json', 'no JSON', 1700000000000001)", (AWKWARD, AWKWARD))
            tables.execute("INSERT INTO dead_letter_headers VALUES ('other', 3, 9, 0, ?, ?)", (b"name\xff", AWKWARD))
            tables.execute("UPDATE raw_market_data SET body = ? WHERE rowid = 1", (AWKWARD,))
            tables.execute("INSERT INTO idempotency_keys VALUES ('a\tkey', 'd', 'poll_1', '{\"\\\\n\":1}', 1700000000000000)")
        return service

    def on_postgres(self):
        settings = merged(providers_at(self.stub), {"store": {"kind": "postgresql", "url": self.database.url}})
        service = Service(settings=settings, env=KEYS)
        self.addCleanup(service.__exit__)
        return service

    def test_the_history_moves_and_goes_on_without_a_seam(self):
        embedded = self.embedded()
        before = content(Tables(embedded.data_dir))
        code, said = copy(f"sqlite:{embedded.data_dir}", f"postgres:{self.database.url}")
        self.assertEqual(code, 0, said)
        self.assertEqual(content(Tables(self.database.url)), before)
        self.assertEqual(content(Tables(embedded.data_dir)), before, "the source stays as it is")
        self.assertEqual(self.database.value("SELECT encode(value, 'hex') FROM dead_letters"), AWKWARD.hex())
        self.assertEqual(self.database.value("SELECT encode(value, 'hex') FROM dead_letter_headers"), AWKWARD.hex())
        self.assertEqual(self.database.value("SELECT answer FROM idempotency_keys"), '{"\\\\n":1}')

        last = max(seq for _, seq, *_ in before["points"])
        service = self.on_postgres().start()
        with service.client() as client:
            points = wait_for_points(client, "AAPL", last + 6)
            self.assertEqual([point["seq"] for point in points], list(range(1, len(points) + 1)))
            self.assertEqual(client.get(f"/prices/poll/{self.job}").status, 200, "the job came along")
            self.assertEqual(client.post(f"/prices/poll/{self.job}/pause").status, 200)
            start_job(client, ["NEW"])  # a series and a group that the sequences must number behind the others
            wait_for_points(client, "NEW", 5)
            self.assertEqual(client.post("/prices/poll/" + start_job(client, ["NEW"]) + "/pause").status, 200)
        self.assertEqual(service.stop(), 0)
        report = checker.check(self.database.url, quiet_bus=False)
        # The dead letter and the body that were put in by hand have no business there.
        self.assertEqual({name: found for name, found in report.violations.items() if name != "I4"}, {}, str(report))
        self.assertGreater(report.counts["averages"], 2 * (last - 4))

    def test_a_store_that_is_not_empty_is_refused_and_stays_as_it_is(self):
        embedded = self.embedded()
        target = f"postgres:{self.database.url}"
        self.assertEqual(copy(f"sqlite:{embedded.data_dir}", target)[0], 0)
        before = content(Tables(self.database.url))
        code, said = copy(f"sqlite:{embedded.data_dir}", target)
        self.assertEqual(code, STORE)
        self.assertIn("not empty", said)
        self.assertEqual(content(Tables(self.database.url)), before)

    def test_a_source_in_use_or_missing_is_refused(self):
        with service_with(self.stub) as service:
            service.start()
            code, said = copy(f"sqlite:{service.data_dir}", f"postgres:{self.database.url}")
            self.assertEqual(code, STORE)
            self.assertIn("in use", said)
            nowhere = pathlib.Path(service.home) / "nowhere"
            code, said = copy(f"sqlite:{nowhere}", f"postgres:{self.database.url}")
            self.assertEqual(code, STORE)
            self.assertIn("no store", said)
            self.assertFalse(nowhere.exists(), "nothing is made there")

    def test_a_copy_that_is_cut_leaves_nothing_and_can_be_repeated(self):
        embedded = self.embedded()
        with contextlib.closing(sqlite3.connect(checker.database_of(embedded.data_dir), isolation_level=None)) as tables:
            number = tables.execute("SELECT max(rowid) FROM raw_market_data").fetchone()[0]
            tables.execute("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) INSERT INTO raw_market_data "
                           "SELECT randomblob(16), provider, symbols, http_status, content_type, randomblob(300), truncated, fetched_at, "
                           "duration, cause, attempt, group_id, tick_due FROM raw_market_data, n WHERE raw_market_data.rowid = ?", (number,))
        process = subprocess.Popen([default_binary(), "copy", "--from", f"sqlite:{embedded.data_dir}", "--to", "postgres"],
                                   env={**clean_environment(), "MDS_STORE__KIND": "postgresql", "MDS_STORE__URL": self.database.url},
                                   stderr=subprocess.DEVNULL)
        copying = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{self.database.name}' AND query LIKE 'COPY raw%'"
        eventually(lambda: self.database.number(copying) > 0 or process.poll() is not None, 60, 0.002, "the copy at work")
        process.kill()
        self.assertNotEqual(process.wait(), 0, "it was too quick to be cut")
        eventually(lambda: self.database.number("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()") == 1, 60)
        self.assertEqual(self.database.number("SELECT count(*) FROM raw_market_data"), 0)
        self.assertEqual(self.database.number("SELECT count(*) FROM series"), 0)
        code, said = copy(f"sqlite:{embedded.data_dir}", f"postgres:{self.database.url}")
        self.assertEqual(code, 0, said)
        self.assertGreater(self.database.number("SELECT count(*) FROM raw_market_data"), 200000)

    def test_stores_that_nobody_knows(self):
        for source, target in (("mysql:x", "postgres:y"), ("sqlite:x", "redis:y"), ("sqlite:", "postgres")):
            self.assertIn(copy(source, target)[0], (USAGE, STORE))
        self.assertEqual(subprocess.run([default_binary(), "copy", "--from", "sqlite:x"], capture_output=True).returncode, USAGE)


if __name__ == "__main__":
    unittest.main()
