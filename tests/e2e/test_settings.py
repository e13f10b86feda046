"""Settings that change what a client or an operator sees, on the program itself."""

import datetime
import socket
import time
import unittest

from harness.provider_stub import ProviderStub, Reply
from harness.scenario import history, service_with, start_job, wait_for_points
from harness.service import SLOWNESS, Service, eventually


def moment(text):
    """Seconds since the epoch of a time in an answer."""
    return datetime.datetime.fromisoformat(text).timestamp()


class Reads(unittest.TestCase):
    def test_without_fetching_a_read_never_calls_a_provider(self):
        with ProviderStub() as stub, service_with(stub, {"read": {"fetch": False, "max_age": "1s"}}) as service:
            service.start()
            with service.client() as client:
                for query in ("symbol=NEVER", "symbol=NEVER&max_age=0", "symbol=NEVER&provider=coinbase", "symbol=NEVER&provider=auto"):
                    answer = client.request("GET", f"/prices/latest?{query}")
                    self.assertEqual((answer.status, answer.headers["content-type"]), (404, "application/problem+json"), query)
                self.assertEqual(client.get("/prices/latest", symbols="NEVER,NONE").json()["prices"], {})
                self.assertEqual(stub.exchanges, [])
                # Polling is no read: it goes on, and what it stored is read.
                job = start_job(client, ["AAPL"])
                wait_for_points(client, "AAPL", 1)
                self.assertEqual(client.request("POST", f"/prices/poll/{job}/pause").status, 200)
                eventually(lambda: client.get("/prices/latest", symbol="AAPL").headers.get("x-price-stale") == "true",
                           what="a price older than max_age")
                asked = len(stub.exchanges)
                stored = history(client, "AAPL")[-1]["price"]
                answer = client.get("/prices/latest", symbol="AAPL")
                self.assertEqual((answer.status, answer.json()["price"]), (200, stored))
                self.assertEqual(client.get("/prices/latest", symbol="AAPL", on_stale="error").status, 503)
                self.assertEqual(len(stub.exchanges), asked, "a read called the provider")

    def test_preserved_case_keeps_two_spellings_apart(self):
        with Service(settings={"symbols": {"case": "preserve"}}) as service:
            service.start()
            with service.client() as client:
                answer = client.post("/prices/poll", {"symbols": ["aapl", "AAPL", "aapl"], "interval": 1})
                self.assertEqual(answer.json()["config"]["symbols"], ["aapl", "AAPL"])
                for symbol in ("aapl", "AAPL"):
                    points = wait_for_points(client, symbol, 5)
                    self.assertEqual([point["seq"] for point in points], list(range(1, len(points) + 1)))
                    self.assertEqual(client.get("/prices/latest", symbol=symbol).json()["symbol"], symbol)
                    average = eventually(lambda s=symbol: (a := client.get("/prices/moving-average", symbol=s)).status == 200 and a)
                    self.assertEqual(average.json()["symbol"], symbol)
                self.assertNotEqual(history(client, "aapl")[0]["point_id"], history(client, "AAPL")[0]["point_id"])
                self.assertEqual(client.get("/prices/history", symbol="Aapl").status, 404)
                self.assertEqual(len(client.get("/prices/poll", symbol="aapl").json()["jobs"]), 1)
                self.assertEqual(client.get("/prices/poll", symbol="Aapl").json()["jobs"], [])


class NextPoll(unittest.TestCase):
    def test_the_poller_keeps_to_what_the_job_says(self):
        with Service() as service:
            service.start()
            with service.client() as client:
                path = "/prices/poll/" + start_job(client, ["AAPL"], interval=4)
                eventually(lambda: client.get(path).json()["status"] == "active", what="the job's first tick")
                changed = client.send_json("PATCH", path, {"interval": 3}).json()["targets"][0]["next_poll"]
                promised = client.get(path).json()["targets"][0]["next_poll"]
                self.assertEqual(changed, promised)
                seen = wait_for_points(client, "AAPL", history(client, "AAPL")[-1]["seq"] + 2)
                late = [moment(point["fetched_at"]) - moment(promised) for point in seen]
                self.assertTrue(any(0 <= seconds < 1 * SLOWNESS for seconds in late), (promised, seen))
                self.assertEqual(client.request("POST", path + "/pause").json()["targets"][0]["next_poll"], None)

    def test_a_role_without_a_poller_says_the_same(self):
        with Service() as service:
            service.start()
            with service.client() as client:
                path = "/prices/poll/" + start_job(client, ["AAPL", "MSFT"], interval=86400)
                eventually(lambda: client.get(path).json()["status"] == "active", what="the job's first tick")
                before = [target["next_poll"] for target in client.get(path).json()["targets"]]
            self.assertEqual(service.stop(), 0)
            service.modules = "http"
            service.start()
            with service.client() as client:
                after = [target["next_poll"] for target in client.get(path).json()["targets"]]
            self.assertEqual(after, before)


class Ending(unittest.TestCase):
    def test_work_that_outlasts_the_grace_ends_the_process_with_4(self):
        held = {"providers": {"request_timeout": "60s"}, "read": {"fetch_deadline": "60s"}, "shutdown": {"grace": "500ms"}}
        with ProviderStub(lambda exchange: Reply(delay=60)) as stub, service_with(stub, held) as service:
            service.start()
            with socket.create_connection(("127.0.0.1", service.port)) as reader:
                reader.sendall(b"GET /prices/latest?symbol=SLOW HTTP/1.1\r\nHost: x\r\n\r\n")
                eventually(lambda: stub.exchanges, what="the provider's being asked")
                began = time.monotonic()
                self.assertEqual(service.stop(), 4)
                self.assertGreaterEqual(time.monotonic() - began, 0.5, "ended before the grace was over")
            gave_up = [entry["module"] for entry in service.events("module.gave_up")]
            self.assertIn("http", gave_up)
            self.assertEqual([entry["clean"] for entry in service.events("mds.stopped")], [False])


if __name__ == "__main__":
    unittest.main()
