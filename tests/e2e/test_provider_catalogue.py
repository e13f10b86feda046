"""Providers as data: one that nobody knew joins by a file, and whatever goes wrong with one harms no other."""

import gzip
import json
import os
import pathlib
import subprocess
import tempfile
import time
import unittest

from harness import metrics
from harness.provider_stub import SAMPLES, ProviderStub, Reply
from harness.scenario import start_job, wait_for_points
from harness.service import SLOWNESS, Service, clean_environment, default_binary, eventually


def entry(stub, path="", **more):
    return {"base_url": stub.url + path, "request": {"path": "/quote", "query": {"symbol": "{symbol}"}}, "success": {"path": "/c"},
            "values": {"price": "/c", "time": {"path": "/t", "as": "unix_s"}}, **more}


class WithCatalogue(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mds-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def service(self, entries, **settings):
        catalogue = self.folder / "providers.json"
        catalogue.write_text(json.dumps({"providers": entries}))
        return Service(settings={"providers": {"files": [str(catalogue)], "default": next(iter(entries)), **settings}})

    def mds(self, *arguments):
        return subprocess.run([default_binary(), *arguments], capture_output=True, text=True, env=clean_environment(), timeout=60)


class Faults(WithCatalogue):
    @staticmethod
    def quote(price="12.5", at=1700000000):
        return f'{{"c": {price}, "t": {at}}}'.encode()

    def test_each_fault_has_its_class_and_harms_no_other_provider(self):
        """F28 and F29."""
        bomb = gzip.compress(b"0" * (64 << 20))
        cases = {
            "error": (Reply(500, b"oops"), "unavailable"),
            "busy": (Reply(429, b"{}", headers={"Retry-After": "1"}), "rate_limited"),
            "dated": (Reply(429, b"{}", headers={"Retry-After": "Fri, 31 Dec 2100 23:59:59 GMT"}), "rate_limited"),
            "negative-wait": (Reply(429, b"{}", headers={"Retry-After": "-5"}), "rate_limited"),
            "huge-wait": (Reply(429, b"{}", headers={"Retry-After": "99999999999999999999"}), "rate_limited"),
            "html": (Reply(200, b"<html>hello</html>", "text/html"), "malformed"),
            "truncated": (Reply(200, self.quote()[:7]), "malformed"),
            "cut": (Reply(200, self.quote(), cut=5), "unavailable"),
            "dropped": (Reply(drop=True), "unavailable"),
            "large": (Reply(200, b'{"c": 1, "x": "' + b"x" * (10 << 20) + b'"}'), "malformed"),
            "bomb": (Reply(200, bomb, headers={"Content-Encoding": "gzip"}), "malformed"),
            "nan": (Reply(200, self.quote("NaN")), "malformed"),
            "minus": (Reply(200, self.quote("-1.5")), "no_data"),
            "beyond": (Reply(200, self.quote("1e400")), "no_data"),
            "loop": (Reply(302, b"", headers={"Location": "quote?symbol=A"}), "unclassified_error"),
            "elsewhere": (Reply(302, b"", headers={"Location": "http://localhost:1/quote"}), "unclassified_error"),
            "silent": (Reply(200, self.quote(), delay=60), "timeout"),
            "no-table": (Reply(200, b"a,b\n1,2\n", "text/csv"), "malformed"),
        }

        def script(exchange):
            case = exchange.path.split("/")[1]
            return cases[case][0] if case in cases else Reply(body=self.quote(stub.nonces.next(), int(time.time())))

        with ProviderStub(script) as stub:
            entries = {"good": entry(stub, "/good")}
            entries.update({name: entry(stub, f"/{name}") for name in cases})
            entries["no-table"]["csv"] = ["c", "t"]
            entries["nowhere"] = {**entry(stub), "base_url": "http://nowhere.invalid"}
            entries["no-tls"] = {**entry(stub), "base_url": stub.url.replace("http:", "https:")}
            with self.service(entries, request_timeout="900ms") as service:
                service.start()
                with service.client() as client:
                    for name in entries:
                        start_job(client, ["AAPL"], provider=name)
                    wait_for_points(client, "AAPL", 4, provider="good")
                    expected = {name: outcome for name, (_, outcome) in cases.items()} | {"no-tls": "timeout"}

                    def missing():
                        samples = metrics.parse(client.get("/metrics").text)
                        return {name: outcome for name, outcome in expected.items()
                                if metrics.total(samples, "mds_provider_results_total", provider=name, outcome=outcome) < 1}
                    eventually(lambda: not missing(), what=f"every class counted, missing: {missing()}")
                    samples = metrics.parse(client.get("/metrics").text)
                    for name in list(expected) + ["nowhere"]:
                        self.assertEqual(metrics.total(samples, "mds_provider_results_total", provider=name, outcome="ok"), 0, name)
                        self.assertEqual(client.get("/prices/history", symbol="AAPL", provider=name).status, 404, name)
                    resident = int(pathlib.Path(f"/proc/{service.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
                    if SLOWNESS == 1:
                        self.assertLess(resident, 256 << 20)
                    good = wait_for_points(client, "AAPL", 5, provider="good")
                    gaps = [b["seq"] - a["seq"] for a, b in zip(good, good[1:])]
                    self.assertEqual(set(gaps), {1})
                service.stop()

    def test_a_provider_that_does_not_answer_is_left_alone_and_found_again(self):
        down = [True]
        with ProviderStub(lambda exchange: Reply(503, b"{}") if down[0] else Reply(body=self.quote(at=int(exchange.at)))) as stub, \
                self.service({"shaky": entry(stub)}) as service:
            service.start()
            with service.client() as client:
                start_job(client, [f"S{number}" for number in range(40)], provider="shaky")
                eventually(lambda: metrics.total(metrics.parse(client.get("/metrics").text), "mds_provider_refused_total",
                                                 provider="shaky", why="breaker") >= 1)
                asked = len(stub.exchanges)
                time.sleep(2)
                self.assertLess(len(stub.exchanges) - asked, 12, "of 80 ticks")
                down[0] = False
                wait_for_points(client, "S0", 1, provider="shaky", within=40)
            service.stop()


class Failover(WithCatalogue):
    def test_the_next_one_answers_and_the_answer_says_who_and_why(self):
        def script(exchange):
            if exchange.path.startswith("/first"):
                return Reply(429, b"{}", headers={"Retry-After": "30"})
            return Reply(body=Faults.quote(stub.nonces.next(), int(exchange.at)))

        with ProviderStub(script) as stub, \
                self.service({"first": entry(stub, "/first"), "second": entry(stub, "/second")}, failover=["first", "second"]) as service:
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


class Walkthrough(WithCatalogue):
    """docs/providers.md: a provider of one's own."""

    ENTRY = {
        "aliases": ["acme_prices"],
        "secrets": {"key": "${ACME_API_KEY}"},
        "symbol": {"split": "-", "format": "{base}{quote}"},
        "request": {"path": "/last/{symbol}", "headers": {"X-Key": "{secret.key}"}},
        "errors": [
            {"when": {"path": "/error", "equals": "no such pair"}, "outcome": "unknown_symbol", "reason": "/error"},
            {"when": {"path": "/error", "is": "present"}, "outcome": "unclassified_error", "reason": "/error"}],
        "success": {"path": "/last", "type": "object"},
        "row": {"path": "/last"},
        "echo": {"/pair": "{symbol}"},
        "values": {"price": "/price", "time": {"path": "/at", "as": "rfc3339"}},
        "currency": "{quote}",
    }
    ANSWER = '{"last": {"pair": "BTCEUR", "price": "61234.50", "at": "2026-01-02T03:04:05.5Z"}}'

    def test_a_provider_joins_by_a_file(self):
        with ProviderStub(lambda exchange: Reply(body=self.ANSWER.encode())) as stub:
            catalogue = self.folder / "acme.json"
            catalogue.write_text(json.dumps({"providers": {"acme": {"base_url": stub.url, **self.ENTRY}}}))
            saved = self.folder / "answer.json"
            saved.write_text(self.ANSWER)
            setting = ("--set", f"providers.files=[\"{catalogue}\"]")
            checked = self.mds("provider", "check", "acme_prices", "BTC-EUR", str(saved), "--status", "200", *setting)
            self.assertEqual(json.loads(checked.stdout, parse_float=str),
                             {"symbol": "BTC-EUR", "outcome": "ok", "price": "61234.5", "timestamp": "2026-01-02T03:04:05.5Z",
                              "time_source": "quote", "volume": None}, checked.stderr)
            keyless = self.mds("provider", "test", "acme", "BTC-EUR", *setting)
            self.assertIn("needs ACME_API_KEY", keyless.stderr)
            asked = subprocess.run([default_binary(), "provider", "test", "acme", "BTC-EUR", *setting], capture_output=True, text=True,
                                   env={**clean_environment(), "ACME_API_KEY": "acme-secret"}, timeout=60)
            trial = json.loads(asked.stdout)
            self.assertEqual((trial["status"], trial["results"][0]["outcome"]), (200, "ok"), asked)
            self.assertEqual(trial["request"], {"method": "GET", "url": stub.url + "/last/BTCEUR", "headers": {"X-Key": "***"}})
            self.assertEqual(stub.exchanges[0].headers["x-key"], "acme-secret")

    def test_what_is_wrong_is_told_with_its_place(self):
        catalogue = self.folder / "acme.json"
        catalogue.write_text(json.dumps({"providers": {"acme": {
            "base_url": "http://h", "request": {"path": "/{symbl}"}, "values": {"prise": "/p"}, "quota": [{"limit": 0, "per": "week"}],
            "also": [{"row": {"path": "/x"}}], "batch": {"max": 5, "same": "bases"}}}}))
        checked = self.mds("check-config", "--set", f"providers.files=[\"{catalogue}\"]")
        self.assertEqual(checked.returncode, 2)
        for place in ("acme.request.path", "acme.values.prise", "acme.values.price", "acme.quota[0].limit", "acme.quota[0].per",
                      "acme.also[0].success", "acme.batch.same", "acme.batch.row.path"):
            self.assertIn("providers." + place, checked.stderr)


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
