"""From the provider through PostgreSQL, Kafka and the averages to the API, in one process and split in api, poller and consumer; and
what other programs put on the topic: plain events, and bytes that nobody can read. kcat is the witness."""

import json
import time
import unittest
from fractions import Fraction

from harness import checker, kafka, servers
from harness.deployment import Deployment, print_figures
from harness.provider_stub import ProviderStub
from harness.scenario import KEYS as PROVIDER_KEYS, history, start_job, wait_for_points
from harness.service import SLOWNESS, eventually, run_cli
from harness.topic_checker import KEYS

POSTGRES = CLUSTER = None

#: What no reader can make sense of, as (key, value, headers).
GARBAGE = [
    (b"AAPL", b"\x00\xff\xfe garbage \n with a line end\r\n", {}),
    (None, b"no key", {}),
    (b"AAPL", b"", {}),
    (b"AAPL", b'{"symbol":"AAPL"', {}),
    (b"AAPL", b'{"symbol":"AAPL","price":"NaN","timestamp":"2024-03-20T10:30:00Z","source":"coinbase","raw_response_id":"x"}', {}),
    (b"AAPL", b'{"symbol":"AAPL","price":0,"timestamp":"2024-03-20T10:30:00Z","source":"coinbase","raw_response_id":"x"}', {}),
    ("Ünïcode ✓".encode(),
     '{"symbol":"ÄÖ✓","price":1,"timestamp":"2024-03-20T10:30:00Z","source":"coinbase","raw_response_id":"x"}'.encode(), {}),
    (b"AAPL", b'{"symbol":"AAPL","price":1,"timestamp":"2024-03-20T10:30:00Z","source":"coinbase",'
              b'"raw_response_id":"01890000-0000-7000-8000-000000000000"}',
     {"schema": "99", "store_epoch": "1", "seq": "1", "event_id": "01890000-0000-7000-8000-000000000000",
      "fetched_at": "2024-03-20T10:30:00Z"}),
    (b"K" * 1_000_000, b"a key of a megabyte", {}),
]


def setUpModule():
    global POSTGRES, CLUSTER
    POSTGRES, CLUSTER = servers.shared()


def plain_event(symbol, price, source="coinbase"):
    return json.dumps({"symbol": symbol, "price": price, "timestamp": "2024-03-20T10:30:00Z", "source": source,
                       "raw_response_id": "of-another-program"}).encode()


class FromProviderToApi(unittest.TestCase):
    def deployment(self, stub, layout):
        database = POSTGRES.database()
        self.addCleanup(database.drop)
        # As large as the broker takes them: a dead letter is as large as what it was, and its headers.
        large = {"message.max.bytes": "4000000"}
        deployment = Deployment(stub, database=database, bus=kafka.Bus(CLUSTER), layout=layout, bus_properties=large)
        self.addCleanup(deployment.close)
        return deployment.start()

    def test_in_one_process(self):
        self.flow("one")

    def test_split_in_api_poller_and_consumer(self):
        self.flow("split")

    def flow(self, layout):
        with ProviderStub() as stub:
            deployment = self.deployment(stub, layout)
            with deployment.api.client() as client:
                job = start_job(client, ["S0", "S1", "S2"])
                wait_for_points(client, "S0", 6, within=30)
                self.foreign_events_become_points(deployment, client)
                delay = self.garbage_is_kept_and_delays_nothing(deployment, client)
                client.post(f"/prices/poll/{job}/pause")
                eventually(lambda: stub.in_flight == 0)
                deployment.settle(30)
                self.api_shows_what_the_tables_hold(deployment, client)
            self.events_are_as_the_contract_says(deployment)
            self.dead_letters_are_on_their_topic(deployment)
            self.a_dead_letter_is_replayed(deployment)
            self.assertEqual(set(deployment.stop().values()), {0})
            served = [{"kind": "served", "symbol": exchange.symbol, "price": exchange.reply.price} for exchange in stub.served()]
            report = deployment.check(served, interval=1)
            print_figures(f"servers, {layout}, from kcat's start to the average behind garbage {delay * 1000:.0f} ms", report)
            self.assertEqual(dict(report.violations), {}, str(report))

    def foreign_events_become_points(self, deployment, client):
        prices = ["10.5", "11", "12.25", "0.000000000000000001", "99999.9"]
        for price in prices:
            text = plain_event("foreign-x", 0).replace(b'"price": 0', f'"price": {price}'.encode())
            deployment.bus.produce(text, key=b"FOREIGN-X")
        answer = eventually(lambda: self.average(client, "FOREIGN-X"), 20, what="an average of another program's events")
        self.assertEqual(Fraction(answer["ma_value"]), sum(map(Fraction, prices)) / 5)
        points = history(client, "FOREIGN-X", provider="coinbase")
        self.assertEqual([Fraction(point["price"]) for point in points], [Fraction(price) for price in prices])
        self.assertEqual({point["timestamp"] for point in points}, {"2024-03-20T10:30:00Z"})

    @staticmethod
    def average(client, symbol):
        answer = client.get("/prices/moving-average", symbol=symbol, provider="coinbase")
        return answer.json() if answer.status == 200 else None

    def garbage_is_kept_and_delays_nothing(self, deployment, client):
        """Into one partition, with readable events between and behind. Seconds from kcat's start with the last one to its average."""
        for number, (key, value, headers) in enumerate(GARBAGE):
            deployment.bus.produce(value, key=key, headers=headers, partition=0)
            if number < 4:
                deployment.bus.produce(plain_event("BEHIND", number + 1), key=b"BEHIND", partition=0)
        began = time.monotonic()
        deployment.bus.produce(plain_event("BEHIND", 5), key=b"BEHIND", partition=0)
        eventually(lambda: self.average(client, "BEHIND"), 20, what="an average of the events behind garbage")
        delay = time.monotonic() - began
        wanted = sorted((key or b"", value) for key, value, _ in GARBAGE)
        letters = self.letters_in_the_table(deployment, len(wanted))
        self.assertEqual([(key[:20], value) for key, value in sorted((row[3], row[4]) for row in letters)],
                         [(key[:20], value) for key, value in wanted])
        self.assertEqual([row for row in letters if row[5] == "newer_schema"], [row for row in letters if row[4] == GARBAGE[7][1]])
        return delay

    @staticmethod
    def letters_in_the_table(deployment, count):
        deadline = time.monotonic() + 20 * SLOWNESS
        while len(letters := checker.Tables(deployment.source).dead_letters) < count and time.monotonic() < deadline:
            time.sleep(0.2)
        return letters

    def dead_letters_are_on_their_topic(self, deployment):
        """Byte for byte, with the place that they come from."""
        wanted = sorted((key or b"", value) for key, value, _ in GARBAGE)

        def all_there():
            found = deployment.bus.dump(deployment.bus.dead_letters)
            return {(record.key or b"", record.value or b"") for record in found} >= set(wanted) and found
        found = eventually(all_there, 30, 0.5, "every dead letter on its topic")
        self.assertEqual(len(found), len(GARBAGE))
        originals = {(record.partition, record.offset): record for record in deployment.bus.dump()}
        for record in found:
            self.assertEqual(record.headers["dlq_topic"], deployment.bus.topic)
            self.assertTrue(record.headers["dlq_error_class"])
            original = originals[int(record.headers["dlq_partition"]), int(record.headers["dlq_offset"])]
            self.assertEqual((original.key or b"", original.value or b""), (record.key or b"", record.value or b""))

    def a_dead_letter_is_replayed(self, deployment):
        """Beside the running service; what still cannot be read becomes a dead letter once more."""
        key, value, headers = GARBAGE[7]

        def replay():
            ended = run_cli("replay", "--class", "newer_schema", "--config", deployment.of("relay").home / "config.json", env=PROVIDER_KEYS)
            self.assertEqual(ended.returncode, 0, ended.stderr)
            return json.loads(ended.stderr.splitlines()[-1])

        self.assertEqual(replay()["dead_letters"], 1)
        self.letters_in_the_table(deployment, len(GARBAGE) + 1)
        copies = [record for record in deployment.bus.dump() if record.value == value]
        self.assertEqual([(record.key, record.headers) for record in copies], [(key, headers)] * 2)
        letters = self.letters_in_the_table(deployment, len(GARBAGE) + 1)
        again = [row for row in letters if row[4] == value]
        self.assertEqual(sorted(row[6] is not None for row in again), [False, True])
        self.assertEqual(replay()["dead_letters"], 1, "the new letter; the old one was replayed")
        self.letters_in_the_table(deployment, len(GARBAGE) + 2)
        deployment.settle(30)

    def events_are_as_the_contract_says(self, deployment):
        own = [record for record in deployment.bus.dump() if "store_epoch" in record.headers and record.headers.get("schema") != "99"]
        points = sum(last for _, provider, last in checker.Tables(deployment.source).series.values() if provider == "finnhub")
        self.assertGreaterEqual(points, 6)
        self.assertGreaterEqual(len(own), points)
        for record in own:
            event = json.loads(record.value)
            self.assertEqual(list(event), KEYS)
            self.assertEqual(record.key.decode(), event["symbol"])
            self.assertEqual(event["source"], "finnhub")
            self.assertLessEqual({"event_id", "seq", "store_epoch", "schema", "fetched_at"}, record.headers.keys())

    def api_shows_what_the_tables_hold(self, deployment, client):
        tables = checker.Tables(deployment.source)
        for series, (symbol, provider, last) in tables.series.items():
            if provider != "finnhub":
                continue
            points = {row[1]: row for row in tables.points if row[0] == series}
            newest = eventually(lambda: self.latest_is(client, symbol, Fraction(points[last][3])), 10, what=f"the newest price of {symbol}")
            self.assertEqual(set(newest), {"symbol", "price", "timestamp", "provider"})
            average = client.get("/prices/moving-average", symbol=symbol).json()
            self.assertEqual(Fraction(average["ma_value"]), sum(Fraction(points[last - n][3]) for n in range(5)) / 5)

    @staticmethod
    def latest_is(client, symbol, price):
        answer = client.get("/prices/latest", symbol=symbol)
        return answer.json() if answer.status == 200 and Fraction(answer.json()["price"]) == price else None


if __name__ == "__main__":
    unittest.main()
