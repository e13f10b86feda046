"""The checker finds what it is there to find: each invariant is broken by hand in tables that were good."""

import json
import pathlib
import sqlite3
import subprocess
import sys
import tempfile
import unittest
import uuid

from harness import checker, offset_history
from harness.kafka import Record
from harness.witnesses import Ledger

SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "sql" / "sqlite"
T0 = 1_700_000_000_000_000


class CheckerFindsFaults(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="mds-checker-")
        self.addCleanup(self.directory.cleanup)
        self.tables = sqlite3.connect(pathlib.Path(self.directory.name) / "mds.db", isolation_level=None)
        self.addCleanup(self.tables.close)
        self.tables.execute("PRAGMA synchronous = OFF")
        for script in sorted(SCHEMA.glob("*.sql")):
            self.tables.executescript(script.read_text())
        self.fill()

    def fill(self):
        """Eight ticks of A: seven points and a miss between the fifth and the sixth."""
        self.run_sql("INSERT INTO series (id, symbol, provider, last_seq) VALUES (1, 'A', 'p', 7)")
        self.run_sql("INSERT INTO poll_progress (id, name) VALUES (1, 'g')")
        for seq in range(1, 8):
            at = T0 + (seq + (seq > 5)) * 1_000_000
            point, raw = uuid.UUID(int=seq).bytes, uuid.UUID(int=100 + seq).bytes
            self.run_sql("INSERT INTO raw_market_data (id, provider, symbols, content_type, body, truncated, fetched_at, duration, cause,"
                         " attempt, group_id, tick_due) VALUES (?, 'p', '[\"A\"]', '', X'', 0, ?, 1, 'schedule', 1, 1, ?)", raw, at, at)
            self.run_sql("INSERT INTO price_points (series_id, seq, id, price, timestamp, fetched_at, raw_data_id, time_source)"
                         " VALUES (1, ?, ?, ?, ?, ?, ?, 0)", seq, point, f"{seq}.1", at, at, raw)
            self.run_sql("INSERT INTO outbox VALUES (?, 1, ?)", seq, seq)
            if seq >= 5:
                self.run_sql("INSERT INTO moving_average VALUES (1, 5, ?, ?, ?, ?)", seq, f"{seq - 2}.1", at, at)
        self.run_sql("INSERT INTO missed_ticks VALUES (1, ?, ?, 1, 'overrun', 'p', 1, '[\"A\"]')", T0 + 6_000_000, T0 + 6_000_000)
        self.run_sql("UPDATE outbox_head SET position = 7")
        self.run_sql("INSERT INTO consumer_offsets VALUES ('price-events', 0, 1, 8)")

    def run_sql(self, statement, *values):
        self.tables.execute(statement, values)

    def broken(self, witnesses=(), **options):
        return set(checker.check(self.directory.name, witnesses, interval=1, **options).violations)

    def test_good_tables_pass(self):
        told = {"kind": "told", "symbol": "A", "provider": "p", "price": "3.10", "point_id": str(uuid.UUID(int=3)), "seq": 3}
        report = checker.check(self.directory.name, [told, {"kind": "served", "symbol": "A", "price": "7.1"}], interval=1)
        self.assertEqual(dict(report.violations), {}, str(report))
        self.assertEqual((report.counts["points"], report.counts["averages"], report.counts["ticks"]), (7, 3, 8))

    def test_a_price_that_somebody_was_given_and_that_is_not_there(self):
        self.assertEqual(self.broken([{"kind": "served", "symbol": "A", "price": "9.9"}]), {"I1"})
        self.assertEqual(self.broken([{"kind": "told", "symbol": "A", "provider": "q", "price": "3.1"}]), {"I1"})

    def test_a_number_that_was_given_again_to_another_point(self):
        told = {"kind": "told", "symbol": "A", "provider": "p", "price": "3.1", "point_id": str(uuid.UUID(int=77)), "seq": 3}
        self.assertEqual(self.broken([told]), {"I1"})

    def test_a_point_without_its_raw_row(self):
        self.run_sql("DELETE FROM raw_market_data WHERE id = ?", uuid.UUID(int=107).bytes)
        self.assertEqual(self.broken(), {"I2"})

    def test_a_symbol_that_was_asked_for_and_has_no_end(self):
        self.run_sql("UPDATE raw_market_data SET symbols = '[\"A\",\"B\"]' WHERE id = ?", uuid.UUID(int=103).bytes)
        self.assertIn("I2", self.broken())

    def test_a_hole_in_the_numbers(self):
        self.run_sql("UPDATE price_points SET seq = 9 WHERE seq = 7")
        self.assertIn("I3", self.broken())

    def test_a_point_without_an_event_and_an_event_without_a_point(self):
        self.run_sql("UPDATE outbox SET seq = 8 WHERE position = 7")
        self.assertIn("I4", self.broken())

    def test_two_events_of_one_point(self):
        self.run_sql("INSERT INTO outbox VALUES (8, 1, 7)")
        self.run_sql("UPDATE outbox_head SET position = 8")
        self.assertIn("I4", self.broken())

    def test_an_average_that_is_missing(self):
        self.run_sql("DELETE FROM moving_average WHERE seq = 6")
        self.assertEqual(self.broken(), {"I7", "I9"})

    def test_an_average_that_is_off_by_its_last_digit(self):
        self.run_sql("UPDATE moving_average SET average_price = '4.1000000000000000001' WHERE seq = 6")
        self.assertEqual(self.broken(), {"I8"})

    def test_an_average_with_the_times_of_another_point(self):
        self.run_sql("UPDATE moving_average SET fetched_at = fetched_at + 1 WHERE seq = 6")
        self.assertEqual(self.broken(), {"I8"})

    def test_an_offset_that_ran_ahead_or_stayed_behind(self):
        self.run_sql("UPDATE consumer_offsets SET next = 9")
        self.assertEqual(self.broken(), {"I9"})
        self.run_sql("UPDATE consumer_offsets SET next = 7")
        self.assertEqual(self.broken(), {"I9"})

    def test_a_tick_that_vanished(self):
        self.run_sql("DELETE FROM missed_ticks")
        self.assertEqual(self.broken(), {"I11"})

    def test_a_tick_that_was_both_missed_and_tried(self):
        self.run_sql("UPDATE missed_ticks SET last_due = ?, ticks = 2", T0 + 7_000_000)
        self.assertEqual(self.broken(), {"I11"})

    def test_a_tick_that_was_cut_short_between_its_attempts(self):
        """What was tried is on record beside the down time. With any other reason, or with a price, it has two ends."""
        self.run_sql("INSERT INTO fetch_outcomes (fetch_id, symbol, provider, outcome, reason, answered, fetched_at, duration, cause, "
                     "attempt, group_id, tick_due) VALUES (randomblob(16), 'A', 'p', 'unavailable', '', 0, 0, 1, 'schedule', 1, 1, ?)", T0 + 6_000_000)
        self.assertEqual(self.broken(), {"I11"})
        self.run_sql("UPDATE missed_ticks SET reason = 'down_time'")
        self.assertEqual(self.broken(), set())
        self.run_sql("UPDATE missed_ticks SET last_due = ?, ticks = 2", T0 + 7_000_000)
        self.assertEqual(self.broken(), {"I11"})

    def test_a_tick_that_two_pollers_answered(self):
        self.run_sql("UPDATE raw_market_data SET tick_due = ? WHERE id = ?", T0 + 3_000_000, uuid.UUID(int=104).bytes)
        self.assertEqual(self.broken(), {"I10", "I11"})

    def test_an_answer_that_is_not_stored_is_accounted_for_by_a_missed_tick_of_its_symbol_alone(self):
        ledger = Ledger(checker.Tables(self.directory.name))
        missed = T0 / 1e6 + 6
        self.assertTrue(ledger.accounts_for({"symbol": "A", "at": missed + 0.5}))
        self.assertFalse(ledger.accounts_for({"symbol": "A", "at": missed - 0.5}))
        self.assertFalse(ledger.accounts_for({"symbol": "A", "at": missed + Ledger.REACH + 1}))
        self.assertFalse(ledger.accounts_for({"symbol": "B", "at": missed + 0.5}))

    # -- with a topic -------------------------------------------------------------------------------------------------------

    def event(self, seq, offset, headers=None, **changes):
        """The event of A's point `seq` at that offset of partition 0; with other fields where a test says so."""
        value = json.dumps({"symbol": "A", "price": "@", "timestamp": "2023-11-14T22:13:20Z", "source": "p",
                            "raw_response_id": str(uuid.UUID(int=100 + seq))} | changes).replace('"@"', f"{seq}.1")
        known = {"event_id": str(uuid.UUID(int=seq)), "seq": str(seq), "store_epoch": "1"}
        return Record(0, offset, 0, b"A", value.encode(), known if headers is None else headers)

    def broken_on_topic(self, records, following):
        self.run_sql("UPDATE consumer_offsets SET next = ?", following)
        self.run_sql("INSERT OR REPLACE INTO relay_cursor VALUES ('outbox', 8, 1, '', 0)")
        self.report = checker.check(self.directory.name, interval=1, topic=("price-events", records))
        return set(self.report.violations)

    def good_topic(self):
        return [self.event(seq, seq - 1) for seq in range(1, 8)]

    def test_a_good_topic_passes_and_repeats_are_only_counted(self):
        repeated = [*self.good_topic()[:4], *(self.event(seq, seq + 1) for seq in range(3, 8))]
        self.assertEqual(self.broken_on_topic(self.good_topic(), 7), set())
        self.assertEqual(self.broken_on_topic(repeated, 9), set())
        self.assertEqual((self.report.counts["events"], self.report.counts["duplicated_on_topic"]), (9, 2))

    def test_an_event_of_a_point_that_was_never_committed(self):
        self.assertEqual(self.broken_on_topic([*self.good_topic(), self.event(8, 7)], 8), {"I5", "I9"})
        self.assertEqual(self.broken_on_topic([*self.good_topic()[:6], self.event(7, 6, price=9.9)], 7), {"I4", "I5"})

    def test_an_event_with_more_than_the_five_keys(self):
        self.assertEqual(self.broken_on_topic([*self.good_topic()[:6], self.event(7, 6, more=1)], 7), {"I5"})

    def test_a_point_that_never_reached_the_topic(self):
        self.assertEqual(self.broken_on_topic(self.good_topic()[:6], 6), {"I4"})

    def test_events_that_overtook_each_other(self):
        good = self.good_topic()
        self.assertEqual(self.broken_on_topic([*good[:5], self.event(7, 5), self.event(6, 6)], 7), {"I6"})

    def test_an_offset_that_ran_ahead_of_the_averages_or_stayed_behind(self):
        self.assertEqual(self.broken_on_topic(self.good_topic(), 6), {"I9"})
        self.run_sql("DELETE FROM moving_average WHERE seq = 7")
        self.assertEqual(self.broken_on_topic(self.good_topic(), 7), {"I7", "I9"})

    def test_an_event_of_another_program_that_is_nowhere(self):
        self.assertEqual(self.broken_on_topic([*self.good_topic(), self.event(1, 7, headers={})], 8), {"I7"})

    def test_a_dead_letter_with_a_byte_changed(self):
        self.run_sql("INSERT INTO dead_letters (topic, partition, offset, key, value, error_class, error, received_at, position)"
                     " VALUES ('price-events', 0, 7, X'', X'00', 'not_json', '', 0, 8)")
        self.run_sql("UPDATE outbox_head SET position = 8")
        self.run_sql("INSERT INTO outbox VALUES (8, 0, 0)")
        self.run_sql("INSERT OR REPLACE INTO relay_cursor VALUES ('outbox', 9, 1, '', 0)")
        good = self.good_topic()
        self.run_sql("UPDATE consumer_offsets SET next = 8")
        for value, found in ((b"\0", set()), (b"\1", {"I19"})):
            topic = ("price-events", [*good, Record(0, 7, 0, None, value, {})])
            self.assertEqual(set(checker.check(self.directory.name, topic=topic).violations), found)

    def test_an_offset_that_went_back_and_a_former_owner_that_wrote(self):
        class Database:
            def __init__(self, *rows):
                self.rows = lambda _: rows

        def found(*rows):
            return set(offset_history.check(Database(*rows), checker.Report()).violations)
        self.assertEqual(found(("t/0", "1", "5"), ("t/0", "2", "5"), ("t/1", "1", "0"), ("relay", "1", "1")), set())
        self.assertEqual(found(("t/0", "1", "5"), ("t/0", "1", "4")), {"I9"})
        self.assertEqual(found(("t/0", "2", "5"), ("t/0", "1", "6")), {"I10"})

    def test_the_command_says_it_with_its_exit_code(self):
        command = [sys.executable, "-m", "harness.checker", self.directory.name, "--interval", "1"]
        here = pathlib.Path(__file__).resolve().parent
        self.assertEqual(subprocess.run(command, cwd=here, capture_output=True).returncode, 0)
        witness = pathlib.Path(self.directory.name) / "witness.jsonl"
        witness.write_text(json.dumps({"kind": "served", "symbol": "A", "price": "1"}) + "\n")
        done = subprocess.run([*command, "--witness", str(witness)], cwd=here, capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("I1: 1 violation", done.stdout)


if __name__ == "__main__":
    unittest.main()
