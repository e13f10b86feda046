"""Providers as data: one stands in for another, and saved answers are judged as live ones are."""

import json
import os
import unittest

from harness.catalogue import WithCatalogue, entry, quote
from harness.provider_stub import SAMPLES, ProviderStub, Reply
from harness.scenario import start_job, wait_for_points


class Batches(WithCatalogue):
    def test_the_symbol_that_spoils_a_batch_is_found_and_costs_the_others_nothing(self):
        def script(exchange):
            names = exchange.query["s"].split(",")
            if "BAD" in names:
                return Reply(400, b'{"code": -1121, "msg": "Invalid symbol."}')
            return Reply(body=json.dumps({name: {"c": stub.nonces.next()} for name in names}).encode())

        with ProviderStub(script) as stub, self.service({"batched": {
                "base_url": stub.url, "request": {"path": "/quotes", "query": {"s": "{symbols}"}},
                "errors": [{"when": {"path": "/code", "equals": -1121}, "outcome": "bad_symbol_in_batch", "reason": "/msg"}],
                "row": {"path": "/{symbol}"}, "values": {"price": "/c"}, "batch": {"max": 8}}}) as service:
            service.start()
            good = [f"S{number}" for number in range(7)]
            with service.client() as client:
                job = start_job(client, [*good[:3], "BAD", *good[3:]])
                for name in good:
                    wait_for_points(client, name, 3)
                targets = {target["symbol"]: target for target in client.get(f"/prices/poll/{job}").json()["targets"]}
                self.assertEqual({name for name, target in targets.items() if target["health"] == "down"}, {"BAD"})
                self.assertIn("Invalid symbol", str(targets["BAD"]["last_error"]))
            service.stop()
        asked = [set(exchange.query["s"].split(",")) for exchange in stub.exchanges]
        self.assertEqual(len(asked[0]), 8, "what is due together is asked for together")
        first_alone = asked.index({"BAD"})
        self.assertLess(first_alone, 7, "halving takes three rounds")
        self.assertLessEqual({frozenset(names) for names in asked[7:]}, {frozenset(good), frozenset({"BAD"})}, "known, it stays alone")


class Failover(WithCatalogue):
    def test_the_next_one_answers_and_the_answer_says_who_and_why(self):
        def script(exchange):
            if exchange.path.startswith("/first"):
                return Reply(429, b"{}", headers={"Retry-After": "30"})
            return Reply(body=quote(stub.nonces.next(), int(exchange.at)))

        with ProviderStub(script) as stub, self.service({name: entry(f"{stub.url}/{name}") for name in ("first", "second")},
                                                        failover=["first", "second"]) as service:
            service.start()
            with service.client() as client:
                read = client.get("/prices/latest", symbol="AAPL", provider="auto")
                self.assertEqual((read.status, read.json()["provider"]), (200, "second"), read)
                self.assertEqual(read.headers["x-price-fallback"], "first=rate_limited")
                full = client.get("/prices/latest", symbol="MSFT", provider="auto", detail="full").json()
                self.assertEqual(full["fallback"], [{"provider": "first", "outcome": "rate_limited"}])
                start_job(client, ["IBM"], provider=["first", "second"])
                wait_for_points(client, "IBM", 2, provider="second")
                self.assertEqual(client.get("/prices/history", symbol="IBM", provider="first").status, 404)
            service.stop()
        self.assertEqual(sum(exchange.path.startswith("/first") for exchange in stub.exchanges), 1, "held back for 30 s")


class SavedAnswers(WithCatalogue):
    def test_every_recording_is_judged_offline_as_it_is_live(self):
        """The shipped entries alone, through the command line, file by file."""
        rows = [line.split("\t") for line in (SAMPLES / "expected.tsv").read_text().splitlines()[1:]]
        files = {}
        for row in rows:
            if row[0] != "stooq":
                files.setdefault((row[0], row[1]), []).append(row)
        for (provider, name), expected in list(files.items())[:: 1 if os.environ.get("E2E_SOAK") else 5]:
            with self.subTest(recording=name):
                ran = self.mds("provider", "check", provider, ",".join(row[2] for row in expected), str(SAMPLES / name), "--status",
                               name.split(".")[-2])
                lines = [json.loads(line, parse_float=str, parse_int=str) for line in ran.stdout.splitlines()]
                self.assertEqual([(line["symbol"], line["outcome"], line["price"] or "") for line in lines],
                                 [(row[2], row[3], row[4]) for row in expected])
                for line, row in zip(lines, expected):
                    self.assertEqual(line["time_source"], {"": None, "date": "quote"}.get(row[6], row[6]))
                    if row[5] not in ("", "-"):
                        self.assertEqual(line["timestamp"], row[5])


if __name__ == "__main__":
    unittest.main()
