"""The service polls a server that gives the recorded answers of real providers: what becomes of each, from its bytes to the API."""

import json
import time
import unittest

from harness import checker
from harness.provider_stub import ProviderStub, Reply, finnhub_quote, sample
from harness.scenario import KEYS, history, service_with, start_job, wait_for_points
from harness.service import eventually


class RecordedAnswers(unittest.TestCase):
    #: provider, symbol, recording, price, time of the quote
    GOOD = [
        ("coinbase", "BTC-USDT", "coinbase/exchange_ticker_btc-usdt.200.json", "73367.8", "2024-03-13T11:10:41.270099Z"),
        ("coinbase", "BTC-USD", "coinbase/exchange_ticker_btc-usd_2015.200.json", "246.28", "2015-04-08T20:49:06.506997Z"),
        ("finnhub", "AAPL", "finnhub/quote_aapl.200.json", "175.43", "2021-11-07T22:00:00Z"),
        ("alpha_vantage", "MSFT", "alphavantage/global_quote_msft.200.json", "112.13", "2018-10-05T04:00:00Z"),
        ("alpha_vantage", "AZN.LON", "alphavantage/global_quote_azn_lon.200.json", "10442", "2022-06-01T04:00:00Z"),
    ]
    #: provider, recording, how the fetch ended, status of a read
    BAD = [
        ("coinbase", "coinbase/not_found.404.json", "unknown_symbol", 404),
        ("coinbase", "coinbase/rate_limited.429.json", "rate_limited", 503),
        ("finnhub", "finnhub/unknown_symbol.200.json", "unknown_symbol", 404),
        ("finnhub", "finnhub/bad_key.401.json", "auth", None),
        ("finnhub", "finnhub/no_access.403.json", "entitlement", None),
        ("finnhub", "finnhub/rate_limited.429.json", "rate_limited", 503),
        ("alpha_vantage", "alphavantage/unknown_symbol.200.json", "unknown_symbol", 404),
        ("alpha_vantage", "alphavantage/bad_key.200.json", "auth", None),
        ("alpha_vantage", "alphavantage/invalid_call.200.json", "bad_request", None),
        ("alpha_vantage", "alphavantage/premium_endpoint.200.json", "entitlement", None),
        ("alpha_vantage", "alphavantage/rate_limited_burst.200.json", "rate_limited", 503),
        ("alpha_vantage", "alphavantage/rate_limited_note_legacy.200.json", "rate_limited", 503),
    ]

    def test_each_good_answer_is_polled_stored_as_received_and_served(self):
        recordings = {(provider, symbol): name for provider, symbol, name, _, _ in self.GOOD}
        kinds = {"products": "coinbase", "quote": "finnhub", "query": "alpha_vantage"}

        def script(exchange):
            provider = kinds[exchange.path.strip("/").split("/")[0]]
            return sample(recordings[provider, exchange.symbol])

        with ProviderStub(script) as stub, service_with(stub) as service:
            service.start()
            with service.client() as client:
                for provider in ("coinbase", "finnhub", "alpha_vantage"):
                    start_job(client, [symbol for name, symbol, *_ in self.GOOD if name == provider], provider=provider)
                for provider, symbol, _, price, at in self.GOOD:
                    with self.subTest(provider=provider, symbol=symbol):
                        points = wait_for_points(client, symbol, 2, provider=provider)
                        self.assertEqual({str(point["price"]) for point in points}, {price})
                        self.assertEqual({point["timestamp"] for point in points}, {at})
                        latest = client.get("/prices/latest", symbol=symbol, provider=provider)
                        self.assertIn(f'"price":{price},"timestamp":"{at}"', latest.text)
                        self.assertNotIn("x-price-stale", latest.headers, "freshness is judged by the time of the fetch")
            service.stop()
            report = checker.check(service.data_dir, interval=1, quiet_bus=False)
            self.assertEqual(dict(report.violations), {}, str(report))
            bodies = {json.loads(symbols)[0]: body for _, symbols, _, _, _, body in
                      checker.Tables(checker.database_of(service.data_dir)).raw.values()}
            for provider, symbol, name, *_ in self.GOOD:
                self.assertEqual(bodies[symbol], sample(name).body, f"{name} is stored byte for byte")
            finnhub = [exchange for exchange in stub.exchanges if exchange.path == "/quote"]
            self.assertEqual({exchange.headers["x-finnhub-token"] for exchange in finnhub}, {KEYS["FINNHUB_API_KEY"]})

    def test_each_error_gets_its_class_and_never_becomes_a_price(self):
        for provider, name, outcome, status in self.BAD:
            with self.subTest(recording=name), ProviderStub(lambda _, name=name: sample(name)) as stub, service_with(stub) as service:
                service.start()
                with service.client() as client:
                    answer = client.get("/prices/latest", symbol="BTC-USD", provider=provider)
                    if status is None:
                        self.assertIn(answer.status, (502, 503), answer)
                    else:
                        self.assertEqual(answer.status, status, answer)
                    problem = answer.json()
                    self.assertEqual(problem["status"], answer.status)
                    if answer.status == 503:
                        self.assertRegex(answer.headers["retry-after"], r"^\d+$")
                service.stop()
                tables = checker.Tables(checker.database_of(service.data_dir))
                self.assertEqual(tables.points, [])
                self.assertEqual({row[3] for row in tables.outcomes}, {outcome})
                self.assertEqual(len(tables.raw), len(stub.exchanges))

    def test_a_key_shows_nowhere(self):
        """Alpha Vantage repeats the key in an error's text, and takes it in the URL."""
        key = KEYS["ALPHA_VANTAGE_API_KEY"]
        echo = json.dumps({"Information": f"We have detected your API key as {key} and our standard API rate limit is 25 requests per "
                                          "day. Please subscribe to any of the premium plans"}).encode()
        with ProviderStub(lambda _: Reply(body=echo)) as stub, service_with(stub, {"log": {"level": "debug"}}) as service:
            service.start()
            with service.client() as client:
                job = start_job(client, ["IBM"], provider="alpha_vantage")
                eventually(lambda: client.get(f"/prices/poll/{job}").json()["targets"][0]["health"] == "down")
                answer = client.get("/prices/latest", symbol="IBM", provider="alpha_vantage")
                self.assertEqual(answer.status, 503)
                self.assertNotIn(key, answer.text)
                for path in (f"/prices/poll/{job}", "/metrics", "/health", "/readyz"):
                    self.assertNotIn(key, client.get(path).text)
            self.assertEqual(stub.exchanges[0].query["apikey"], key)
            service.stop()
            self.assertNotIn(key, "\n".join(service.log))
            for path in service.data_dir.iterdir():
                self.assertNotIn(key.encode(), path.read_bytes(), path.name)

    def test_a_provider_without_its_key_says_which_variable_it_needs(self):
        with ProviderStub() as stub, service_with(stub) as service:
            service.env = {name: value for name, value in service.env.items() if name != "FINNHUB_API_KEY"}
            service.start()
            with service.client() as client:
                answer = client.get("/prices/latest", symbol="AAPL")
                self.assertEqual(answer.status, 503)
                self.assertIn("FINNHUB_API_KEY", answer.json()["detail"])
                job = start_job(client, ["AAPL"])
                eventually(lambda: client.get(f"/prices/poll/{job}").json()["targets"][0]["health"] == "down")
            self.assertEqual(stub.exchanges, [])


class ProviderTrouble(unittest.TestCase):
    def test_nothing_is_sent_before_retry_after_not_even_after_a_restart(self):
        """I12."""
        def script(exchange):
            # A tick may be due while the poll at once of a new job is under way: both were sent before either was refused.
            if exchange.at - stub.exchanges[0].at < 1.0:
                return Reply(429, b'{"error":"API limit reached"}', headers={"Retry-After": "4"})
            return stub.fresh_quote(exchange)

        with ProviderStub(script) as stub, service_with(stub) as service:
            service.start()
            with service.client() as client:
                start_job(client, ["AAPL"])
                eventually(lambda: stub.exchanges, what="a first request")
            time.sleep(0.5)
            service.kill()
            refused = len(stub.exchanges)
            self.assertLessEqual(refused, 2)
            service.start()
            with service.client() as client:
                wait_for_points(client, "AAPL", 1)
            self.assertGreaterEqual(stub.exchanges[refused].at - stub.exchanges[0].at, 3.9)

    def test_a_slow_target_delays_no_other(self):
        def script(exchange):
            reply = stub.fresh_quote(exchange)
            reply.delay = 4.0 if exchange.symbol == "SLOW" else 0.0
            return reply

        with ProviderStub(script) as stub, service_with(stub) as service:
            service.start()
            with service.client() as client:
                start_job(client, ["SLOW", "QUICK"])
                began = time.monotonic()
                wait_for_points(client, "QUICK", 5)
                self.assertLess(time.monotonic() - began, 7)
                wait_for_points(client, "SLOW", 2, within=20)
            service.stop()
            report = checker.check(service.data_dir, interval=1, quiet_bus=False)
            self.assertEqual(dict(report.violations), {}, str(report))
            self.assertGreaterEqual(report.counts["missed_overrun"], 3, "ticks that a slow answer swallowed are recorded")

    def test_broken_answers_never_become_prices(self):
        """F28, F29: whatever comes back, the fetch ends with a class of its own and the next one is tried."""
        page = b"<html>" + b"x" * 5000
        replies = {
            "HTML": Reply(body=page, content_type="text/html"),
            "FIVEHUNDRED": Reply(500, b"oops", "text/plain"),
            "CUT": Reply(body=finnhub_quote("150.25", 1_700_000_000), cut=20),
            "DROP": Reply(drop=True),
            "EMPTY": Reply(body=b""),
            "NAN": Reply(body=b'{"c":NaN,"t":1700000000}'),
            "NEGATIVE": Reply(body=finnhub_quote("-1.5", 1_700_000_000)),
            "HUGE": Reply(body=finnhub_quote("1e400", 1_700_000_000)),
            "TEXT": Reply(body=b'{"c":"abc","t":1700000000}'),
            "BIG": Reply(body=b'{"c":1,"t":1700000000,"pad":"' + b"x" * (10 << 20) + b'"}'),
            "LOOP": Reply(302, b"", headers={"Location": "/quote?symbol=LOOP"}),
        }
        with ProviderStub(lambda exchange: replies.get(exchange.symbol) or stub.fresh_quote(exchange)) as stub:
            with service_with(stub, {"read": {"failed_fetch_memory": 0}}) as service:
                service.start()
                with service.client() as client:
                    for symbol in replies:
                        answer = client.get("/prices/latest", symbol=symbol)
                        self.assertIn(answer.status, (404, 502, 503, 504), (symbol, answer))
                    self.assertEqual(client.get("/prices/latest", symbol="GOOD").status, 200)
                    self.assertLess(service.rss_bytes(), 400 << 20)
                service.stop()
                report = checker.check(service.data_dir, quiet_bus=False)
                self.assertEqual(dict(report.violations), {}, str(report))
                tables = checker.Tables(checker.database_of(service.data_dir))
                self.assertEqual([tables.series[point[0]][0] for point in tables.points], ["GOOD"])
                self.assertEqual({row[1] for row in tables.outcomes}, set(replies))

    def test_a_provider_that_is_away_leaves_the_old_price_readable(self):
        """I14: a price that is there is served, marked, however the provider fares."""
        away = []
        with ProviderStub(lambda exchange: Reply(503, b"") if away else stub.fresh_quote(exchange)) as stub:
            with service_with(stub) as service:
                service.start()
                with service.client() as client:
                    first = client.get("/prices/latest", symbol="AAPL")
                    away.append(True)
                    time.sleep(1.1)
                    stale = client.get("/prices/latest", symbol="AAPL", max_age=1)
                    self.assertEqual((stale.status, stale.headers.get("x-price-stale")), (200, "true"), stale)
                    self.assertEqual(stale.body, first.body)
                    refused = client.get("/prices/latest", symbol="AAPL", max_age=1, on_stale="error")
                    self.assertEqual((refused.status, refused.headers["retry-after"]), (503, "1"))
                    calls = len(stub.exchanges)
                    for _ in range(20):
                        client.get("/prices/latest", symbol="AAPL", max_age=1)
                    self.assertEqual(len(stub.exchanges), calls, "a failed fetch is remembered")

    def test_a_job_with_several_providers_fails_over(self):
        with ProviderStub(lambda exchange: Reply(500, b"") if exchange.path == "/quote" else stub.fresh_quote(exchange)) as stub:
            with service_with(stub) as service:
                service.start()
                with service.client() as client:
                    job = start_job(client, ["BTC-USD"], provider=["finnhub", "coinbase"])
                    wait_for_points(client, "BTC-USD", 2, provider="coinbase", within=30)
                    self.assertEqual(client.get(f"/prices/poll/{job}").json()["config"]["provider"], ["finnhub", "coinbase"])
                    self.assertEqual(client.get("/prices/history", symbol="BTC-USD", provider="finnhub").status, 404)
                    self.assertGreaterEqual(len(history(client, "BTC-USD", "coinbase")), 2)


if __name__ == "__main__":
    unittest.main()
