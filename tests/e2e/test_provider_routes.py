"""The routes under /providers: who there is, how each fares, and a trial that is no way into private networks."""

import http.server
import json
import socketserver
import threading
import time
import unittest

from harness.catalogue import WithCatalogue, entry, quote
from harness.provider_stub import ProviderStub, Reply
from harness.scenario import start_job, wait_for_points
from harness.service import eventually

QUOTE = quote()


class WithStub(WithCatalogue):
    def setUp(self):
        super().setUp()
        self.reply = lambda exchange: Reply(body=QUOTE)
        stub = ProviderStub(lambda exchange: self.reply(exchange))
        self.stub = stub.__enter__()
        self.addCleanup(stub.__exit__, None, None, None)

    def start(self, entries, environment=None, **settings):
        service = self.service(entries, environment, **settings)
        self.addCleanup(service.__exit__, None, None, None)
        service.start()
        client = service.client()
        self.addCleanup(client.close)
        return client

    def trial(self, client, provider, symbol="AAPL", **more):
        return client.post("/providers/test", {"provider": provider, "symbol": symbol, **more})


class Shown(WithStub):
    def test_list_and_condition(self):
        client = self.start({"mine": entry(self.stub.url, aliases=["my"], quota=[{"limit": 100, "per": "minute"}])})
        listed = {one["name"]: one for one in client.get("/providers").json()["providers"]}
        self.assertEqual(listed["mine"], {"name": "mine", "aliases": ["my"], "status": "enabled"})
        self.assertEqual(listed["simulated"]["status"], "enabled")
        self.assertEqual(listed["finnhub"]["status"], "needs FINNHUB_API_KEY")
        self.assertIn("yfinance", listed["yahoo"]["aliases"])
        start_job(client, ["AAPL"], provider="mine", interval=1)
        wait_for_points(client, "AAPL", 2, provider="mine")
        shown = client.get("/providers/my").json()
        self.assertEqual((shown["name"], shown["keys"], shown["waiting"]), ("mine", [], None))
        self.assertEqual(shown["breaker"], {"state": "closed"})
        self.assertEqual(shown["capabilities"], {"symbols_per_request": 1, "time": "quote"})
        self.assertGreaterEqual(shown["last_hour"]["ok"], 2)
        self.assertLess(shown["quota"][0]["left"], 100)
        self.assertEqual(client.get("/providers/finnhub").json()["keys"], [{"variable": "FINNHUB_API_KEY", "present": False}])
        self.assertEqual(client.get("/providers/nobody").status, 404)

    def test_a_refused_key_stops_the_provider_and_says_so(self):
        self.reply = lambda exchange: Reply(401, b"{}")
        client = self.start({"mine": entry(self.stub.url)})
        job = start_job(client, [f"S{number}" for number in range(20)], provider="mine", interval=1)
        shown = eventually(lambda: (one := client.get("/providers/mine").json())["breaker"]["state"] == "open" and one)
        self.assertEqual(shown["breaker"]["outcome"], "auth")
        self.assertIn("until", shown["breaker"])
        time.sleep(2)
        self.assertLess(len(self.stub.exchanges), 10, "of 40 ticks")
        targets = client.get(f"/prices/poll/{job}").json()["targets"]
        self.assertTrue(all("auth" in str(target["last_error"]) for target in targets if target["health"] == "down"), targets)
        self.assertEqual(client.get("/prices/latest", symbol="IBM", provider="mine").status, 503)

    def test_a_symbol_that_the_plan_does_not_include_is_left_out_and_the_others_go_on(self):
        self.reply = lambda exchange: Reply(402, b"{}") if exchange.query["symbol"] == "DEAR" else Reply(body=QUOTE)
        client = self.start({"mine": entry(self.stub.url)})
        start_job(client, ["AAPL", "DEAR"], provider="mine", interval=1)
        wait_for_points(client, "AAPL", 4, provider="mine")
        self.assertEqual(client.get("/providers/mine").json()["withheld"], ["DEAR"])
        self.assertLessEqual(sum(exchange.query["symbol"] == "DEAR" for exchange in self.stub.exchanges), 2)


class Trial(WithStub):
    def test_off_unless_turned_on(self):
        client = self.start({"mine": entry(self.stub.url)})
        self.assertEqual(self.trial(client, "mine").status, 404)
        self.assertEqual(self.stub.exchanges, [])

    def test_by_name_and_by_definition(self):
        keyed = entry(self.stub.url, secrets={"key": "${MINE_API_KEY}"})
        keyed["request"]["headers"] = {"X-Key": "{secret.key}"}
        self.reply = lambda exchange: Reply(body=QUOTE.replace(b"}", b', "key": "%s"}' % exchange.headers.get("x-key", "").encode()))
        client = self.start({"mine": keyed}, {"MINE_API_KEY": "of-the-process"}, test_route=True, test_private_addresses=True)
        for provider, keys, sent in (("mine", None, "of-the-process"), (keyed, {"MINE_API_KEY": "of-the-request"}, "of-the-request")):
            answer = self.trial(client, provider, **({"keys": keys} if keys else {}))
            self.assertEqual(answer.status, 200, answer)
            shown = answer.json()
            self.assertEqual(shown["request"]["headers"], {"X-Key": "***"})
            self.assertEqual(shown["request"]["url"], self.stub.url + "/quote?symbol=AAPL")
            self.assertEqual((shown["status"], shown["results"][0]["outcome"]), (200, "ok"))
            self.assertEqual(str(shown["results"][0]["price"]), "12.5")
            self.assertEqual(json.loads(shown["body"])["key"], "***")
            self.assertNotIn(sent, answer.text)
            self.assertEqual(self.stub.exchanges[-1].headers["x-key"], sent)
        self.assertEqual(client.get("/prices/history", symbol="AAPL", provider="mine").status, 404, "nothing is stored")
        simulated = self.trial(client, "simulated").json()
        self.assertEqual((simulated["request"], simulated["results"][0]["outcome"]), (None, "ok"))
        self.assertEqual(self.trial(client, "nobody").status, 400)
        self.assertEqual(self.trial(client, "finnhub").status, 503)

    def test_a_definition_gets_no_key_of_the_process_wherever_it_leads(self):
        known = entry(self.stub.url, secrets={"key": "${MINE_API_KEY}"})
        client = self.start({"mine": known}, {"MINE_API_KEY": "of-the-process"}, test_route=True, test_private_addresses=True)
        for variable in ("MINE_API_KEY", "HOME"):
            thief = entry(self.stub.url, secrets={"key": "${%s}" % variable})
            thief["request"]["headers"] = {"X-Key": "{secret.key}"}
            answer = self.trial(client, thief)
            self.assertEqual(answer.status, 422, answer)
            self.assertIn(variable, answer.text)
        self.assertEqual(self.stub.exchanges, [])

    def test_addresses_that_are_not_public_are_refused_whatever_they_are_called(self):
        client = self.start({"mine": entry(self.stub.url)}, test_route=True)
        port = self.stub.url.rsplit(":", 1)[1]
        start_job(client, ["AAPL"], provider="mine", interval=1)
        wait_for_points(client, "AAPL", 1, provider="mine")  # whose connection is open
        asked = len([one for one in self.stub.exchanges if one.symbol == "TRIAL"])
        for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1",
                     "169.254.169.254", "192.168.0.1", "[fe80::1]", "[fd00::1]"):
            with self.subTest(host=host):
                answer = self.trial(client, entry(f"http://{host}:{port}"), "TRIAL")
                self.assertEqual(answer.status, 422, answer)
                self.assertIn("not public", answer.text)
        self.assertEqual(self.trial(client, "mine", "TRIAL").status, 422)
        self.assertEqual(len([one for one in self.stub.exchanges if one.query.get("symbol") == "TRIAL"]), asked)
        self.assertEqual(client.get("/providers/mine").json()["breaker"], {"state": "closed"})

    def test_a_proxy_is_no_way_around(self):
        seen = []

        class Proxy(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                seen.append(self.path)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(QUOTE)

            def log_message(self, *arguments):
                pass

        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Proxy) as proxy:
            threading.Thread(target=proxy.serve_forever, daemon=True).start()
            inside = entry("http://10.0.0.1:8000")
            client = self.start({"inside": inside}, {"http_proxy": f"http://127.0.0.1:{proxy.server_address[1]}", "no_proxy": ""},
                                test_route=True)
            for provider in (inside, "inside"):
                self.assertEqual(self.trial(client, provider).status, 422)
            self.assertEqual(seen, [])
            self.assertEqual(client.get("/prices/latest", symbol="AAPL", provider="inside").status, 200)
            self.assertEqual(seen, ["http://10.0.0.1:8000/quote?symbol=AAPL"], "a price is fetched by way of the proxy")
            proxy.shutdown()

    def test_what_is_wrong_with_a_definition_is_told_with_its_place(self):
        client = self.start({}, test_route=True)
        wrong = entry("http://example.invalid")
        del wrong["values"]
        answer = self.trial(client, {**wrong, "quotta": []})
        self.assertEqual(answer.status, 422)
        self.assertLessEqual({("body", "provider", "values"), ("body", "provider", "quotta")},
                             {tuple(fault["loc"]) for fault in answer.json()["errors"]})
        slow = entry("http://example.invalid", errors=[{"when": {"body_matches": "(a+)+$"}, "outcome": "auth"}])
        self.assertIn("regular expression", self.trial(client, slow).text)


if __name__ == "__main__":
    unittest.main()
