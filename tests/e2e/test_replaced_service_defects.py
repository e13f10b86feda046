"""One test for each defect of the service that this one replaces. The name of a test is the defect that must not come back."""

import contextlib
import decimal
import json
import re
import sqlite3
import threading
import time
import unittest

from harness import checker, metrics
from harness.provider_stub import ProviderStub, Reply, coinbase_ticker, finnhub_quote, sample
from harness.scenario import KEYS, history, mean, service_with, start_job, wait_for_points
from harness.service import Service, eventually


def database(service):
    return sqlite3.connect(checker.database_of(service.data_dir), isolation_level=None)


class Defects(unittest.TestCase):
    def running(self, script=None, settings=None, **arguments):
        """A stub, a service that polls it and a client."""
        stub = self._enter(ProviderStub(script))
        service = self._enter(service_with(stub, settings, **arguments))
        service.start()
        client = self._enter(service.client())
        return stub, service, client

    def _enter(self, context):
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def test_polled_prices_never_reached_kafka(self):
        """Every polled point is an event of the bus, and the consumer at its other end made an average of it."""
        stub, service, client = self.running()
        start_job(client, ["AAPL", "MSFT"])
        wait_for_points(client, "AAPL", 7)
        service.stop()
        report = checker.check(service.data_dir, interval=1, quiet_bus=False)
        self.assertEqual(dict(report.violations), {}, str(report))
        self.assertGreaterEqual(report.counts["averages"], 4)

    def test_a_poll_went_through_the_read_cache_and_stored_the_old_price_again(self):
        """Reads in between do not change what a poll stores: each price that the provider served, once."""
        stub, service, client = self.running()
        start_job(client, ["AAPL"])
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            client.get("/prices/latest", symbol="AAPL")
        stored = [point["price"] for point in history(client, "AAPL")]
        served = [decimal.Decimal(exchange.reply.price) for exchange in stub.served()]
        self.assertGreaterEqual(len(stored), 4)
        self.assertEqual(stored, served[:len(stored)])

    def test_one_failure_disabled_a_job_for_ever(self):
        broken = threading.Event()
        broken.set()
        stub, service, client = self.running(lambda exchange: Reply(500, b"{}") if broken.is_set() else stub.fresh_quote(exchange))
        job = start_job(client, ["AAPL"])
        target = lambda: client.get(f"/prices/poll/{job}").json()["targets"][0]
        eventually(lambda: target()["health"] == "down", what="a target that is down")
        failed = target()
        self.assertGreaterEqual(failed["consecutive_failures"], 1)
        self.assertTrue(failed["last_error"])
        time.sleep(2)
        broken.clear()
        wait_for_points(client, "AAPL", 3, within=30)
        healed = target()
        self.assertEqual((healed["health"], healed["consecutive_failures"], healed["last_error"]), ("up", 0, None))

    def test_the_jobs_provider_was_ignored(self):
        stub, service, client = self.running()
        start_job(client, ["BTC-USD"], provider="coinbase")
        points = wait_for_points(client, "BTC-USD", 2, provider="coinbase")
        self.assertEqual({exchange.path.split("/")[1] for exchange in stub.exchanges}, {"products"})
        self.assertEqual(points[0]["price"], decimal.Decimal(stub.served()[0].reply.price))
        self.assertEqual(client.get("/prices/history", symbol="BTC-USD").status, 404, "nothing of the default provider")

    def test_a_scheduling_floor_of_ten_seconds_and_drift(self):
        """Every second means every second, on a grid that does not move: the ticks' own times, and the requests as the provider saw
        them."""
        stub, service, client = self.running(lambda exchange: Reply(body=stub.fresh_quote(exchange).body, delay=0.2))
        start_job(client, ["AAPL"])
        wait_for_points(client, "AAPL", 9, within=20)
        service.stop()
        with contextlib.closing(database(service)) as tables:
            ticks = list(tables.execute("SELECT tick_due, body FROM raw_market_data WHERE tick_due IS NOT NULL ORDER BY 1"))
        self.assertGreaterEqual(len(ticks), 7)
        self.assertEqual([later[0] - earlier[0] for earlier, later in zip(ticks, ticks[1:])], [1_000_000] * (len(ticks) - 1))
        asked = {exchange.reply.body: exchange.at for exchange in stub.served()}
        late = [asked[body] - due / 1e6 for due, body in ticks]
        print(f"figure: lateness of a request against its tick: {min(late) * 1000:.1f} to {max(late) * 1000:.1f} ms over {len(late)} ticks")
        self.assertLess(max(late), 0.5)

    def test_every_read_outside_market_hours_called_the_provider(self):
        """A quote that is two days old, fetched now, is fresh."""
        closed = time.time() - 2 * 86400
        stub, service, client = self.running(lambda exchange: Reply(body=finnhub_quote("150.25", closed)))
        for _ in range(50):
            answer = client.get("/prices/latest", symbol="AAPL")
            self.assertEqual(answer.status, 200)
            self.assertNotIn("x-price-stale", answer.headers)
        self.assertEqual(len(stub.exchanges), 1)

    def test_raw_row_point_and_event_were_three_writes_and_a_crash_between_them_lost_one(self):
        stub, service, client = self.running()
        start_job(client, [f"S{number}" for number in range(40)])
        for delay in (1.1, 0.4, 0.7):
            eventually(lambda: len(stub.exchanges) > 40)
            time.sleep(delay)
            service.kill()
            report = checker.check(service.data_dir, quiet_bus=False)
            self.assertEqual(dict(report.violations), {}, str(report))
            service.start()
        self.assertGreater(report.counts["points"], 40)

    def test_the_average_mixed_providers(self):
        stub, service, client = self.running()
        start_job(client, ["BTC-USD"], provider="coinbase")
        start_job(client, ["BTC-USD"], provider="finnhub")
        for provider in ("coinbase", "finnhub"):
            points = wait_for_points(client, "BTC-USD", 7, provider=provider)
            newest = eventually(lambda: client.get("/prices/moving-average", symbol="BTC-USD", provider=provider, limit=1000).json()
                                .get("values"))
            for value in newest:
                if value["seq"] <= len(points):
                    window = [point["price"] for point in points[value["seq"] - 5:value["seq"]]]
                    self.assertEqual(checker.Fraction(value["ma_value"]), mean(window))

    def test_the_average_collapsed_under_lag_and_was_recomputed_from_the_newest_rows(self):
        """Hundreds of points without a consumer, then a consumer: an average for each from the fifth on, each of its own five."""
        stub, service, client = self.running(modules="http,poller,relay")
        start_job(client, [f"S{number}" for number in range(60)])
        wait_for_points(client, "S0", 10, within=25)
        self.assertEqual(client.get("/prices/moving-average", symbol="S0").status, 503, "it is being calculated")
        service.stop()
        service.modules = None
        service.start()
        behind = checker.check(service.data_dir, quiet_bus=False).counts["points"]
        self.assertGreaterEqual(behind, 500)
        with service.client() as again:
            job = again.get("/prices/poll").json()["jobs"][0]["job_id"]
            again.post(f"/prices/poll/{job}/pause")

        def caught_up():
            report = checker.check(service.data_dir)
            return report if not report.violations else None
        report = eventually(caught_up, 10, 0.2, "an average of every point")
        print(f"figure: lag: {report.counts['points']} points, {report.counts['averages']} averages")

    def test_duplicates_on_redelivery(self):
        """The consumer is sent everything a second time: no average changes, none is added, and the repeats are counted."""
        stub, service, client = self.running()
        job = start_job(client, ["AAPL"])
        wait_for_points(client, "AAPL", 8)
        client.post(f"/prices/poll/{job}/pause")
        eventually(lambda: not checker.check(service.data_dir).violations, what="an average of every point")
        service.stop()
        with contextlib.closing(database(service)) as tables:
            before = list(tables.execute("SELECT * FROM moving_average ORDER BY seq"))
            tables.execute("UPDATE consumer_offsets SET next = 1")
        service.start()
        eventually(lambda: not checker.check(service.data_dir).violations, what="the offset back at the end")
        with service.client() as again:
            samples = metrics.parse(again.get("/metrics").text)
        self.assertEqual(metrics.total(samples, "mds_averaging_events_total", result="duplicate"), len(before) + 4, "counted")
        with contextlib.closing(database(service)) as tables:
            self.assertEqual(list(tables.execute("SELECT * FROM moving_average ORDER BY seq")), before)

    def test_floats(self):
        """Decimals that no double holds pass from the provider's text to the tables, the answers and the average."""
        prices = ["0.1", "123456789012345678.123456789012345678", "0.000000000000000001", "1.2e-05", "9007199254740993",
                  "100.10", "0.30000000000000004"]
        exact = ["0.1", "123456789012345678.123456789012345678", "0.000000000000000001", "0.000012", "9007199254740993", "100.1",
                 "0.30000000000000004"]
        queue = list(prices)
        stub, service, client = self.running(lambda exchange: Reply(body=coinbase_ticker(queue.pop(0), exchange.at)) if queue else
                                             Reply(500, b"{}"), default="coinbase")
        for text in exact:
            answer = client.get("/prices/latest", symbol="BTC-USD", max_age=0)
            self.assertEqual(answer.status, 200, answer)
            self.assertIn(f'"price":{text},', answer.text)
        shown = client.get("/prices/history", symbol="BTC-USD", sort="asc")
        self.assertEqual(re.findall(r'"price":([^,}]+)', shown.text), exact)
        eventually(lambda: client.get("/prices/moving-average", symbol="BTC-USD").status == 200 and
                   client.get("/prices/moving-average", symbol="BTC-USD", limit=9).json()["values"][0]["seq"] == 7)
        with contextlib.closing(database(service)) as tables:
            self.assertEqual(tables.execute("SELECT price, typeof(price) FROM price_points ORDER BY seq").fetchall(),
                             [(text, "text") for text in exact])
            stored = [row[0] for row in tables.execute("SELECT average_price FROM moving_average ORDER BY seq")]
        self.assertEqual([checker.Fraction(value) for value in stored], [mean(exact[n:n + 5]) for n in range(3)])
        raw = client.get("/prices/moving-average", symbol="BTC-USD").text
        self.assertIn(f'"ma_value":{stored[-1]},', raw)
        self.assertNotIn("e-", raw)

    def test_price_0_at_1970_was_stored_for_an_unknown_symbol(self):
        stub, service, client = self.running(lambda _: sample("finnhub/unknown_symbol.200.json"))
        answer = client.get("/prices/latest", symbol="ZZZZ")
        self.assertEqual(answer.status, 404, answer)
        job = start_job(client, ["ZZZZ"])
        eventually(lambda: client.get(f"/prices/poll/{job}").json()["targets"][0]["health"] == "down")
        service.stop()
        with contextlib.closing(database(service)) as tables:
            self.assertEqual(tables.execute("SELECT count(*) FROM price_points").fetchone(), (0,))
            outcomes = tables.execute("SELECT DISTINCT symbol, outcome, answered FROM fetch_outcomes").fetchall()
        self.assertEqual(outcomes, [("ZZZZ", "unknown_symbol", 1)])

    def test_12_to_14_provider_calls_for_16_simultaneous_misses(self):
        stub, service, client = self.running(lambda exchange: Reply(body=finnhub_quote("150.25", exchange.at), delay=0.5))
        answers, together = [], threading.Barrier(16)

        def read():
            with service.client() as own:
                own.get("/healthz")
                together.wait()
                answers.append(own.get("/prices/latest", symbol="AAPL"))

        readers = [threading.Thread(target=read) for _ in range(16)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        self.assertEqual([answer.status for answer in answers], [200] * 16)
        self.assertEqual(len(stub.exchanges), 1)

    def test_two_api_replicas_polled_twice(self):
        """With the embedded store one process owns the data, and a second one is told so. What two jobs have in common is fetched
        once."""
        stub, service, client = self.running()
        start_job(client, ["AAPL"])
        start_job(client, ["AAPL"])
        second = self._enter(Service(settings=service.settings, env=KEYS))
        second.spawn()
        self.assertEqual(second.process.wait(10), 3, "the store belongs to the first")
        wait_for_points(client, "AAPL", 6)
        service.stop()
        span = stub.exchanges[-1].at - stub.exchanges[0].at
        self.assertLessEqual(len(stub.exchanges), span + 3, f"{len(stub.exchanges)} requests in {span:.1f} s")

    def test_history_with_a_limit_returned_the_oldest_rows(self):
        stub, service, client = self.running()
        for _ in range(6):
            client.get("/prices/latest", symbol="AAPL", max_age=0)
        answer = client.get("/prices/history", symbol="AAPL", limit=3).json()
        self.assertEqual([point["seq"] for point in answer["points"]], [6, 5, 4])

    def test_an_unknown_provider_answered_503_after_three_seconds(self):
        stub, service, client = self.running()
        began = time.monotonic()
        for answer in (client.get("/prices/latest", symbol="AAPL", provider="nosuch"),
                       client.post("/prices/poll", {"symbols": ["AAPL"], "interval": 60, "provider": "nosuch"})):
            self.assertEqual(answer.status, 400, answer)
            self.assertIn("finnhub", answer.json()["detail"])
        self.assertLess(time.monotonic() - began, 1)

    def test_empty_symbols_and_negative_intervals_were_accepted(self):
        stub, service, client = self.running()
        for body in ({"symbols": [], "interval": 60}, {"symbols": [""], "interval": 60}, {"symbols": ["AAPL"], "interval": -5},
                     {"symbols": ["AAPL"], "interval": 0}, {"symbols": ["AAPL"]}, {"interval": 60}):
            answer = client.post("/prices/poll", body)
            self.assertEqual(answer.status, 422, (body, answer))
            for error in answer.json()["errors"]:
                self.assertEqual(set(error), {"type", "loc", "msg", "input"}, json.dumps(body))
        self.assertEqual(client.get("/prices/poll").json()["jobs"], [])


if __name__ == "__main__":
    unittest.main()
