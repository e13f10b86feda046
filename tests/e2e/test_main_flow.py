"""From a job to prices, averages and history, as a client sees it. Key sets are exact: existing clients assert on them."""

import re
import time
import unittest
from fractions import Fraction

from harness.scenario import history, mean, start_job, wait_for_points
from harness.service import Service, eventually

RFC3339 = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$")
UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")


class MainFlow(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Service()
        cls.addClassCleanup(cls.service.__exit__)
        cls.service.start()
        with cls.service.client() as client:
            cls.accepted = client.post("/prices/poll", {"symbols": ["aapl", "MSFT", "AAPL"], "interval": 1})
            cls.points = wait_for_points(client, "AAPL", 8)

    def setUp(self):
        self.client = self.service.client()
        self.addCleanup(self.client.close)

    def get(self, path, status=200, **query):
        answer = self.client.get(path, **query)
        self.assertEqual(answer.status, status, answer)
        expected = "application/json" if status < 400 else "application/problem+json"
        self.assertEqual(answer.headers["content-type"], expected)
        return answer

    def test_a_job_is_accepted_with_exactly_the_promised_body(self):
        self.assertEqual(self.accepted.status, 202)
        body = self.accepted.json()
        self.assertEqual(set(body), {"job_id", "status", "config"})
        self.assertRegex(body["job_id"], r"^poll_\w+$")
        self.assertEqual(body["status"], "accepted")
        self.assertEqual(body["config"], {"symbols": ["AAPL", "MSFT"], "interval": 1, "provider": "simulated"})
        self.assertEqual(self.accepted.headers["location"], f"/prices/poll/{body['job_id']}")

    def test_a_job_tells_the_state_of_its_targets(self):
        job = self.get(f"/prices/poll/{self.accepted.json()['job_id']}").json()
        self.assertEqual(set(job), {"job_id", "status", "config", "created_at", "targets"})
        self.assertEqual(job["status"], "active")
        self.assertRegex(job["created_at"], RFC3339)
        self.assertEqual([target["symbol"] for target in job["targets"]], ["AAPL", "MSFT"])
        for target in job["targets"]:
            self.assertEqual(set(target), {"symbol", "provider", "health", "last_poll", "last_poll_duration_ms", "last_error",
                                           "consecutive_failures", "next_poll"})
            self.assertEqual(target["health"], "up")
            self.assertEqual(target["consecutive_failures"], 0)
            self.assertIsNone(target["last_error"])
            self.assertRegex(target["next_poll"], RFC3339)

    def test_the_latest_price_has_exactly_four_keys(self):
        answer = self.get("/prices/latest", symbol="AAPL")
        body = answer.json()
        self.assertEqual(list(body), ["symbol", "price", "timestamp", "provider"])
        self.assertEqual((body["symbol"], body["provider"]), ("AAPL", "simulated"))
        self.assertRegex(body["timestamp"], RFC3339)
        self.assertGreater(body["price"], 0)
        self.assertEqual(answer.headers["x-price-source"], "memory")
        self.assertEqual(answer.headers["cache-control"], "no-cache")
        self.assertLessEqual(int(answer.headers["age"]), 3)
        self.assertNotIn("x-price-stale", answer.headers)

    def test_a_conditional_read_answers_304_until_the_price_changes(self):
        with Service() as service:
            service.start()
            with service.client() as client:
                first = client.get("/prices/latest", symbol="TSLA")
                again = client.get("/prices/latest", symbol="TSLA", headers={"If-None-Match": first.headers["etag"]})
                self.assertEqual((again.status, again.body), (304, b""))
                self.assertEqual(again.headers["etag"], first.headers["etag"])
                client.get("/prices/latest", symbol="TSLA", max_age=0)
                changed = client.get("/prices/latest", symbol="TSLA", headers={"If-None-Match": first.headers["etag"]})
                self.assertEqual(changed.status, 200)
                self.assertNotEqual(changed.headers["etag"], first.headers["etag"])

    def test_full_detail_adds_where_the_price_comes_from(self):
        answer = self.get("/prices/latest", symbol="AAPL", detail="full")
        body = answer.json()
        self.assertLessEqual({"symbol", "price", "timestamp", "provider", "fetched_at", "age_ms", "stale", "source", "point_id",
                              "raw_response_id", "seq"}, set(body))
        self.assertRegex(body["point_id"], UUID)
        self.assertRegex(body["raw_response_id"], UUID)
        self.assertNotIn("etag", answer.headers)
        stored = {point["point_id"]: point for point in history(self.client, "AAPL")}[body["point_id"]]
        self.assertEqual((stored["seq"], stored["price"]), (body["seq"], body["price"]))

    def test_several_prices_in_one_answer(self):
        body = self.get("/prices/latest", symbols="AAPL,MSFT,AAPL").json()
        self.assertEqual(set(body), {"prices", "errors"})
        self.assertEqual(set(body["prices"]), {"AAPL", "MSFT"})
        self.assertEqual(list(body["prices"]["AAPL"]), ["symbol", "price", "timestamp", "provider"])
        self.assertEqual(body["errors"], {})

    def test_the_history_is_dense_and_newest_first(self):
        body = self.get("/prices/history", symbol="AAPL").json()
        self.assertEqual(set(body), {"symbol", "provider", "points", "next_page_token"})
        numbers = [point["seq"] for point in body["points"]]
        self.assertEqual(numbers, list(range(len(numbers), 0, -1)))
        for point in body["points"]:
            self.assertEqual(set(point), {"price", "timestamp", "fetched_at", "seq", "point_id"})
            self.assertRegex(point["point_id"], UUID)
            self.assertRegex(point["fetched_at"], RFC3339)

    def test_history_pages_neither_skip_nor_loop_while_points_are_added(self):
        newest = self.client.get("/prices/history", symbol="AAPL", limit=1).json()["points"][0]["seq"]
        for sort in ("asc", "desc"):
            numbers = [point["seq"] for point in history(self.client, "AAPL", page=2, sort=sort)]
            expected = range(1, len(numbers) + 1)
            self.assertEqual(numbers, list(expected if sort == "asc" else reversed(expected)))
            self.assertGreaterEqual(len(numbers), newest)

    def test_a_range_of_the_history_includes_its_start_and_not_its_end(self):
        points = history(self.client, "AAPL")
        start, end = points[1]["fetched_at"], points[4]["fetched_at"]
        found = history(self.client, "AAPL", page=2, start=start, end=end)
        self.assertEqual([point["seq"] for point in found], [2, 3, 4])
        nothing = self.get("/prices/history", symbol="AAPL", start="2001-01-01T00:00:00Z", end="2001-01-02T00:00:00Z").json()
        self.assertEqual((nothing["points"], nothing["next_page_token"]), ([], None))

    def test_an_average_is_the_exact_mean_of_five_points(self):
        self.get("/prices/moving-average", symbol="AAPL", period=5)
        points = history(self.client, "AAPL")
        prices = {point["seq"]: point["price"] for point in points}
        body = self.get("/prices/moving-average", symbol="AAPL", period=5, limit=1000).json()
        self.assertEqual(set(body) - {"next_page_token"},
                         {"symbol", "provider", "period", "ma_value", "timestamp", "calculated_at", "values"})
        self.assertGreaterEqual(len(body["values"]), 3)
        for value in body["values"]:
            self.assertEqual(set(value), {"ma_value", "timestamp", "calculated_at", "seq"})
            if value["seq"] in prices:
                window = [prices[number] for number in range(value["seq"] - 4, value["seq"] + 1)]
                self.assertEqual(Fraction(value["ma_value"]), mean(window))
        oldest = body["values"][-1]
        self.assertEqual(oldest["seq"], 5)
        fifth = points[4]
        self.assertEqual((oldest["timestamp"], oldest["calculated_at"]), (fifth["timestamp"], fifth["fetched_at"]))

    def test_the_plain_average_has_exactly_six_keys(self):
        body = self.get("/prices/moving-average", symbol="AAPL").json()
        self.assertEqual(set(body), {"symbol", "provider", "period", "ma_value", "timestamp", "calculated_at"})
        self.assertEqual(body["period"], 5)

    def test_another_period_is_computed_from_the_points(self):
        body = self.get("/prices/moving-average", symbol="AAPL", period=3, limit=1000).json()
        prices = {point["seq"]: point["price"] for point in history(self.client, "AAPL")}
        for value in body["values"]:
            exact = mean([prices[number] for number in range(value["seq"] - 2, value["seq"] + 1)])
            self.assertLessEqual(abs(Fraction(value["ma_value"]) - exact), Fraction(1, 2 * 10**19))

    def test_fewer_points_than_the_period_is_404_with_the_count(self):
        problem = self.get("/prices/moving-average", 404, symbol="AAPL", period=500).json()
        self.assertRegex(problem["detail"], r"\d")
        self.get("/prices/moving-average", 404, symbol="NOBODY")
        self.get("/prices/history", 404, symbol="NOBODY")

    def test_health_readiness_metrics_and_the_list_of_routes(self):
        health = self.get("/health").json()
        self.assertEqual(set(health), {"status", "checks"})
        self.assertEqual(health["status"], "ok")
        self.assertEqual(self.client.get("/healthz").status, 200)
        self.assertEqual(self.client.get("/readyz").status, 200)
        self.assertIn("/prices/latest", self.client.get("/").text)
        metrics = self.client.get("/metrics")
        self.assertTrue(metrics.headers["content-type"].startswith("text/plain"))
        self.assertIn("# TYPE ", metrics.text)


class Jobs(unittest.TestCase):
    def test_a_job_can_be_paused_run_resumed_changed_and_cancelled(self):
        with Service() as service:
            service.start()
            client = service.client()
            self.addCleanup(client.close)
            job = start_job(client, ["AAPL"])
            path = f"/prices/poll/{job}"
            wait_for_points(client, "AAPL", 2)

            paused = client.post(path + "/pause").json()
            self.assertEqual((paused["status"], paused["targets"][0]["next_poll"]), ("paused", None))
            self.assertEqual(client.post(path + "/pause").status, 200)
            time.sleep(0.5)
            before = len(history(client, "AAPL"))
            time.sleep(1.6)
            self.assertEqual(len(history(client, "AAPL")), before, "a paused job was polled")

            self.assertEqual(client.post(path + "/run").status, 200)
            wait_for_points(client, "AAPL", before + 1)
            self.assertEqual(client.get(path).json()["status"], "paused")

            self.assertEqual(client.post(path + "/resume").json()["status"], "active")
            wait_for_points(client, "AAPL", before + 3)

            changed = client.send_json("PATCH", path, {"symbols": ["MSFT"]})
            self.assertEqual(changed.status, 200, changed)
            self.assertEqual(changed.json()["config"]["symbols"], ["MSFT"])
            wait_for_points(client, "MSFT", 2)

            for _ in range(2):
                cancelled = client.request("DELETE", path)
                self.assertEqual((cancelled.status, cancelled.json()), (200, {"job_id": job, "status": "cancelled"}))
            self.assertEqual(client.get(path).json()["status"], "cancelled")
            self.assertEqual(client.send_json("PATCH", path, {"interval": 5}).status, 409)
            self.assertEqual(client.get("/prices/poll/poll_unknown").status, 404)

    def test_an_idempotency_key_repeats_the_first_answer(self):
        with Service() as service:
            service.start()
            client = service.client()
            self.addCleanup(client.close)
            body, key = {"symbols": ["AAPL"], "interval": 60}, {"Idempotency-Key": "one"}
            first, second = client.post("/prices/poll", body, key), client.post("/prices/poll", body, key)
            self.assertEqual((first.status, second.status), (202, 202))
            self.assertEqual(first.body, second.body)
            self.assertEqual(client.post("/prices/poll", {**body, "interval": 61}, key).status, 409)
            self.assertEqual(len(client.get("/prices/poll").json()["jobs"]), 1)

    def test_the_list_of_jobs_comes_in_pages_and_by_filter(self):
        with Service() as service:
            service.start()
            client = service.client()
            self.addCleanup(client.close)
            jobs = [start_job(client, [f"S{number}"], 3600) for number in range(5)]
            found, token = [], None
            while True:
                page = client.get("/prices/poll", limit=2, page_token=token).json()
                found += [job["job_id"] for job in page["jobs"]]
                token = page["next_page_token"]
                if token is None:
                    break
            self.assertEqual(sorted(found), sorted(jobs))
            client.request("DELETE", f"/prices/poll/{jobs[0]}")
            self.assertEqual([job["job_id"] for job in client.get("/prices/poll", status="cancelled").json()["jobs"]], [jobs[0]])
            self.assertEqual([job["job_id"] for job in client.get("/prices/poll", symbol="S3").json()["jobs"]], [jobs[3]])

    def test_a_job_becomes_active_with_its_first_tick_at_once(self):
        with Service() as service:
            service.start()
            client = service.client()
            self.addCleanup(client.close)
            began = time.monotonic()
            job = start_job(client, ["AAPL"], 86400)
            eventually(lambda: client.get(f"/prices/poll/{job}").json()["status"] == "active", 3, what="the first tick")
            self.assertLess(time.monotonic() - began, 3)
            self.assertEqual(len(history(client, "AAPL")), 1)


if __name__ == "__main__":
    unittest.main()
