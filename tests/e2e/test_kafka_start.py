"""A start before the brokers are there, and a stop while they are away: prices flow as far as they can, readiness says what is
missing, and when the brokers come everything follows by itself, topics included."""

import os
import unittest

from harness import kafka, kafka_mock, postgres
from harness.deployment import Deployment, print_figures
from harness.provider_stub import ProviderStub
from harness.scenario import start_job, wait_for_points
from harness.service import eventually

POSTGRES = CLUSTER = None


def setUpModule():
    global POSTGRES, CLUSTER
    kafka_mock.tool()  # skips where the program was built without Kafka
    POSTGRES = postgres.server()
    unittest.addModuleCleanup(POSTGRES.close)
    CLUSTER = kafka.cluster()
    unittest.addModuleCleanup(CLUSTER.close)
    if not (CLUSTER.own or CLUSTER.mock):
        raise unittest.SkipTest("a cluster of the user's own is not stopped")


class BrokersComeLate(unittest.TestCase):
    def test_split_in_api_poller_and_consumer(self):
        self.come_late("split")

    @unittest.skipUnless(os.environ.get("E2E_SOAK"), "a part of the split deployment; with E2E_SOAK")
    def test_in_one_process(self):
        self.come_late("one")

    def come_late(self, layout):
        begin, end = (CLUSTER.down, CLUSTER.up) if CLUSTER.mock else (CLUSTER.kill, CLUSTER.start)
        database = POSTGRES.database()
        self.addCleanup(database.drop)
        bus = kafka.Bus(CLUSTER, partitions=5, create=CLUSTER.mock)  # the mock cluster lets nobody create topics
        with ProviderStub() as stub, Deployment(stub, database, bus, layout) as deployment:
            begin()
            deployment.start(ready=False)
            with deployment.api.client() as client:
                self.serves_without_brokers(client)
                job = start_job(client, ["S0", "S1"])
                wait_for_points(client, "S0", 6, within=30)
                self.assertEqual(client.get("/prices/moving-average", symbol="S0").status, 503, "points, but no averages yet")
            self.assertEqual(set(deployment.stop().values()), {0}, "a stop does not wait for brokers")
            deployment.start(ready=False)
            end()
            with deployment.api.client() as client:
                eventually(lambda: client.get("/readyz").status == 200, 30, what="readiness with the brokers")
                eventually(lambda: client.get("/prices/moving-average", symbol="S0").status == 200, 30, what="an average")
                client.post(f"/prices/poll/{job}/pause")
                eventually(lambda: stub.in_flight == 0)
                deployment.settle()
            self.assertEqual(set(deployment.stop().values()), {0})
            self.assertEqual(len(bus.end_offsets()), 5)
            served = [{"kind": "served", "symbol": exchange.symbol, "price": exchange.reply.price} for exchange in stub.served()]
            report = deployment.check(served, interval=1)
            print_figures(f"brokers that come late, {layout}", report)
            self.assertEqual(dict(report.violations), {}, str(report))

    def serves_without_brokers(self, client):
        answer = eventually(lambda: client.get("/readyz"))
        self.assertEqual(answer.status, 503)
        self.assertIn("[-]bus not ready", answer.text)
        self.assertIn("[+]store ok", answer.text)
        self.assertEqual(client.get("/healthz").status, 200)
        first = client.get("/prices/latest", symbol="R0")
        self.assertEqual((first.status, first.headers["x-price-source"]), (200, "provider"))
        again = client.get("/prices/latest", symbol="R0")
        self.assertEqual((again.status, again.headers["x-price-source"]), (200, "memory"))


if __name__ == "__main__":
    unittest.main()
