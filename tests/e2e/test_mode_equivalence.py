"""The same seeded scenario gives the same tables embedded, on servers in one process, split, and with two processes of each role (I22)."""

import concurrent.futures
import os
import random
import time
import unittest
from fractions import Fraction

from harness import checker, kafka, servers
from harness.deployment import Deployment
from harness.provider_stub import ProviderStub, Reply, coinbase_ticker, finnhub_quote
from harness.scenario import start_job, wait_for_points
from harness.service import eventually

SEED = int(os.environ.get("E2E_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
READS = 80
POLLED = {"P0": 8, "P1": 7, "P2": 6}  #: how many prices the provider has for each
T0 = 1_700_000_000
POSTGRES = CLUSTER = None


def setUpModule():
    global POSTGRES, CLUSTER
    POSTGRES, CLUSTER = servers.shared()


class Script:
    """The n-th request for a symbol gets the n-th answer that the seed gives it, whoever asks and whenever."""

    def __init__(self, seed):
        self.seed = seed
        self.asked = {}

    def __call__(self, exchange):
        provider = "coinbase" if exchange.path.startswith("/products/") else "finnhub"
        number = self.asked[provider, exchange.symbol] = self.asked.get((provider, exchange.symbol), 0) + 1
        if number > POLLED.get(exchange.symbol, 10**9):
            return Reply(status=404, body=b"{}")
        chance = random.Random(f"{self.seed}/{provider}/{exchange.symbol}/{number}")
        if exchange.symbol not in POLLED and chance.random() < 0.15:
            return Reply(body=chance.choice([b"not json at all", b"{}", finnhub_quote("0", T0), coinbase_ticker("-1", T0)]))
        price = f"{chance.randrange(1, 10**6)}.{chance.randrange(10**9):09d}1"
        quote = finnhub_quote if provider == "finnhub" else coinbase_ticker
        # A new job is polled at once by one replica, and by the clock by another: the second answer is to come when the first is stored.
        return Reply(body=quote(price, T0 + number), delay=0.5 if exchange.symbol in POLLED and number == 2 else 0.0)


class SameTables(unittest.TestCase):
    def test_embedded_on_servers_split_and_replicated(self):
        print(f"figure: mode equivalence: seed {SEED}", flush=True)
        modes = {"embedded": (None, None, "one")}
        for layout in ("one", "split", "replicas"):
            database = POSTGRES.database()
            self.addCleanup(database.drop)
            modes[f"servers, {layout}"] = (database, kafka.Bus(CLUSTER), layout)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            runs = {name: pool.submit(self.run_scenario, *mode) for name, mode in modes.items()}
            found = {name: run.result() for name, run in runs.items()}
        embedded = found.pop("embedded")
        self.assertGreater(len(embedded["points"]), READS // 2)
        self.assertGreater(len(embedded["averages"]), 20)
        self.assertGreater(len(embedded["rejects"]), 2)
        for name, tables in found.items():
            for kind, rows in tables.items():
                self.assertEqual(rows, embedded[kind], f"{kind} of {name}, seed {SEED}")

    def run_scenario(self, database, bus, layout):
        script, chance = Script(SEED), random.Random(SEED)
        # A failure that is remembered for some seconds would make the number of requests a matter of time.
        settings = {"read": {"failed_fetch_memory": "0s", "unknown_symbol_memory": "0s"}}
        with ProviderStub(script) as stub, Deployment(stub, database, bus, layout, settings) as deployment:
            deployment.start()
            with deployment.api.client() as client:
                job = start_job(client, list(POLLED))
                for _ in range(READS):
                    symbol, provider = f"R{chance.randrange(6)}", chance.choice(["finnhub", "coinbase"])
                    self.assertIn(client.get("/prices/latest", symbol=symbol, provider=provider, max_age=0).status, (200, 404, 502))
                for symbol, count in POLLED.items():
                    wait_for_points(client, symbol, count, within=30)
                client.post(f"/prices/poll/{job}/pause")
                eventually(lambda: stub.in_flight == 0)
                time.sleep(0.5)
            deployment.settle()
            self.assertEqual(set(deployment.stop().values()), {0})
            report = deployment.check(interval=1)
            self.assertEqual(dict(report.violations), {}, str(report))
            return self.content(checker.Tables(deployment.source))

    @staticmethod
    def content(tables):
        """What the scenario determines: all but ids and the times of receipt, and the polls beyond the script's end."""
        names = {series: row[:2] for series, row in tables.series.items()}
        return {
            "points": sorted((*names[row[0]], row[1], Fraction(row[3]), row[4]) for row in tables.points),
            "averages": sorted((*names[row[0]], row[1], row[2], Fraction(row[3]), row[4]) for row in tables.averages),
            "raw": sorted((row[0], row[1], row[2] == "read", row[5]) for row in tables.raw.values() if row[5] != b"{}"),
            "rejects": sorted((row[1], row[2], row[3], row[4], row[5]) for row in tables.outcomes if row[1] not in POLLED),
        }


if __name__ == "__main__":
    unittest.main()
