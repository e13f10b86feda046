"""Errors as the contract words them: one form, the right status, all faults at once, nothing internal."""

import json
import unittest

from harness.client import raw_exchange
from harness.scenario import start_job, wait_for_points
from harness.service import Service


class Errors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Service()
        cls.addClassCleanup(cls.service.__exit__)
        cls.service.start()
        with cls.service.client() as client:
            cls.job = start_job(client, ["AAPL"])
            wait_for_points(client, "AAPL", 4)

    def setUp(self):
        self.client = self.service.client()
        self.addCleanup(self.client.close)

    def problem(self, status, answer):
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.headers["content-type"], "application/problem+json")
        body = answer.json()
        self.assertLessEqual({"type", "title", "status", "detail", "instance", "request_id"}, set(body))
        self.assertEqual(body["status"], status)
        self.assertIsInstance(body["detail"], str)
        self.assertEqual(body["request_id"], answer.headers["x-request-id"])
        if status == 422:
            self.assertTrue(body["errors"])
            for error in body["errors"]:
                self.assertEqual(set(error), {"type", "loc", "msg", "input"})
        return body

    def test_unknown_routes_and_jobs(self):
        self.problem(404, self.client.get("/nosuch"))
        self.problem(404, self.client.get("/prices/poll/poll_nosuch"))

    def test_wrong_methods_name_the_right_ones(self):
        answer = self.client.request("PUT", "/prices/latest?symbol=AAPL")
        self.problem(405, answer)
        self.assertIn("GET", answer.headers["allow"])

    def test_parameters_that_are_missing_unknown_repeated_empty_or_out_of_range(self):
        for query in ("", "symbol=", "symbol=A&symbol=B", "symbol=A&simbol=B", "symbol=A&max_age=-1", "symbol=A&max_age=x",
                      "symbol=A&on_stale=maybe", "symbol=A%20B", "symbol=" + "A" * 33, "symbol=A&symbols=B", "symbols=A,,B",
                      "symbols=" + ",".join(f"S{n}" for n in range(251))):
            with self.subTest(query=query[:60]):
                self.problem(422, self.client.request("GET", f"/prices/latest?{query}".rstrip("?")))
        for path, query in (("history", "limit=0"), ("history", "limit=10001"), ("history", "sort=up"), ("history", "start=yesterday"),
                            ("history", "start=2024-01-02T00:00:00Z&end=2024-01-01T00:00:00Z"), ("moving-average", "period=1"),
                            ("moving-average", "period=501"), ("history", "page_token=nonsense")):
            with self.subTest(path=path, query=query):
                self.problem(422, self.client.request("GET", f"/prices/{path}?symbol=AAPL&{query}"))

    def test_an_unknown_parameter_is_named_with_the_nearest_one(self):
        body = self.problem(422, self.client.request("GET", "/prices/latest?symbol=AAPL&maxage=5"))
        self.assertIn("max_age", json.dumps(body))

    def test_all_faults_of_a_body_at_once(self):
        body = self.problem(422, self.client.post("/prices/poll", {"symbols": ["bad symbol"], "interval": "soon", "colour": 1}))
        self.assertGreaterEqual(len(body["errors"]), 3)

    def test_bodies_that_are_no_json_empty_too_large_or_of_another_type(self):
        self.problem(400, self.client.request("POST", "/prices/poll", b"{not json", {"Content-Type": "application/json"}))
        self.problem(400, self.client.request("POST", "/prices/poll", b""))
        self.problem(415, self.client.request("POST", "/prices/poll", b"a=b", {"Content-Type": "application/x-www-form-urlencoded"}))
        large = b'{"symbols":["' + b"A" * 70_000 + b'"],"interval":60}'
        self.problem(413, self.client.request("POST", "/prices/poll", large, {"Content-Type": "application/json"}))

    def test_a_missing_content_type_is_taken_for_json(self):
        answer = self.client.request("POST", "/prices/poll", b'{"symbol":"MSFT","interval":"1h"}')
        self.assertEqual(answer.status, 202, answer)
        self.assertEqual(answer.json()["config"], {"symbols": ["MSFT"], "interval": 3600, "provider": "simulated"})

    def test_a_token_is_bound_to_its_route_and_filters(self):
        token = self.client.get("/prices/history", symbol="AAPL", limit=1).json()["next_page_token"]
        self.assertIsNotNone(token)
        changed = ("B" if token[5] == "A" else "A").join((token[:5], token[6:]))
        for query in ({"symbol": "MSFT", "page_token": token}, {"symbol": "AAPL", "sort": "asc", "page_token": token},
                      {"symbol": "AAPL", "page_token": changed}):
            answer = self.client.get("/prices/history", limit=1, **query)
            self.problem(422, answer)
        self.problem(422, self.client.get("/prices/moving-average", symbol="AAPL", page_token=token))
        self.assertEqual(self.client.get("/prices/history", symbol="AAPL", limit=1, page_token=token).status, 200)

    def test_the_clients_request_id_comes_back_if_it_is_one(self):
        self.assertEqual(self.client.get("/healthz", headers={"X-Request-Id": "abc-1._Z"}).headers["x-request-id"], "abc-1._Z")
        own = self.client.get("/healthz", headers={"X-Request-Id": "no good"}).headers["x-request-id"]
        self.assertNotEqual(own, "no good")
        self.assertTrue(own)

    def test_head_is_get_without_the_body(self):
        for path in ("/prices/latest?symbol=AAPL", "/prices/history?symbol=AAPL", "/health", "/openapi.json", "/"):
            head, get = self.client.request("HEAD", path), self.client.request("GET", path)
            self.assertEqual((head.status, head.body), (get.status, b""), path)
            self.assertEqual(head.headers["content-type"], get.headers["content-type"])

    def test_http_that_is_none_and_requests_over_the_limits(self):
        host = b"\r\nHost: x\r\n"
        for status, data in (
                (400, b"NONSENSE\r\n\r\n"),
                (400, b"GET /healthz HTTP/1.1\r\n\r\n"),
                (400, b"POST /prices/poll HTTP/1.1" + host + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                (400, b"POST /prices/poll HTTP/1.1" + host + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
                (414, b"GET /" + b"a" * 17_000 + b" HTTP/1.1" + host + b"\r\n"),
                (431, b"GET /healthz HTTP/1.1" + host + b"X-Long: " + b"a" * 9_000 + b"\r\n\r\n"),
                (505, b"GET /healthz HTTP/3.0" + host + b"\r\n")):
            with self.subTest(status=status, data=data[:50]):
                answer = raw_exchange(self.service.port, data)
                self.assertTrue(answer.startswith(b"HTTP/1.1 %d " % status), answer[:200])
                self.assertIn(b"application/problem+json", answer)
                self.assertIn(b'"request_id"', answer)

    def test_pipelined_requests_are_answered_in_order(self):
        one = b"GET /prices/latest?symbol=AAPL HTTP/1.1\r\nHost: x\r\n\r\n"
        two = b"GET /prices/nosuch HTTP/1.1\r\nHost: x\r\n\r\n"
        last = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        answer = raw_exchange(self.service.port, one * 3 + two + one + last)
        statuses = [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]]
        self.assertEqual(statuses, [b"200", b"200", b"200", b"404", b"200", b"200"])

    def test_a_request_that_does_not_arrive_in_time_is_cut_off(self):
        with Service(settings={"http": {"header_timeout": "300ms", "idle_timeout": "300ms"}}) as service:
            service.start()
            self.assertTrue(raw_exchange(service.port, b"GET /healthz HT").startswith(b"HTTP/1.1 408 "))
            self.assertEqual(raw_exchange(service.port, b""), b"", "an idle connection is closed without a word")

    def test_connections_above_the_cap_are_told_to_come_back(self):
        with Service(settings={"http": {"max_connections": 4}}) as service:
            service.start()
            held = [service.client() for _ in range(4)]
            for client in held:
                self.assertEqual(client.get("/healthz").status, 200)
            answer = raw_exchange(service.port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertTrue(answer.startswith(b"HTTP/1.1 503 "), answer[:100])
            self.assertIn(b"\r\nRetry-After: ", answer)
            for client in held:
                client.close()


if __name__ == "__main__":
    unittest.main()
