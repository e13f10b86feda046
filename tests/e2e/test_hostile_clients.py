"""Clients that mean harm or know no better: requests that two parsers could read differently, slow ones, too many at once."""

import contextlib
import re
import resource
import socket
import time
import unittest

from harness.client import raw_exchange
from harness.metrics import parse, total
from harness.scenario import start_job, wait_for_points
from harness.service import Service, eventually

POST = b"POST /prices/poll HTTP/1.1\r\nHost: x\r\n"
GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
#: What a smuggler wants to see answered beside the request that hides it.
HIDDEN = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"


def statuses(answer):
    return [int(status) for status in re.findall(rb"(?:^|\r\n|[}\n])HTTP/1\.1 (\d{3}) ", answer)]


class Malformed(unittest.TestCase):
    """Each is refused with one answer of 400, and nothing behind it is served."""

    @classmethod
    def setUpClass(cls):
        cls.service = Service()
        cls.addClassCleanup(cls.service.__exit__)
        cls.service.start()

    def refuse(self, cases):
        for data in cases:
            with self.subTest(data=data[:90]):
                answer = raw_exchange(self.service.port, data + HIDDEN)
                self.assertEqual(statuses(answer), [400], answer[:300])
                self.assertIn(b"\r\nConnection: close\r\n", answer)
                self.assertIn(b"application/problem+json", answer)

    def test_length_and_encoding_in_conflict(self):
        self.refuse((
            POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
            POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\n",
            POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
            POST + b"Transfer-Encoding: xchunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
            POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
            POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
            POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            POST + b"X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
            POST + b"X: y\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
            b"POST /prices/poll HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ))

    def test_lengths_that_are_none(self):
        self.refuse(POST + b"Content-Length: " + length + b"\r\n\r\n" for length in
                    (b"", b"-1", b"+5", b"0x5", b"5,5", b"5 5", b"5;5", b"1e1", b"5.0", b"\xb2", b"99999999999999999999"))
        self.refuse((POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", POST + b"Content-Length: 5\r\nContent-Length: 0\r\n\r\n"))

    def test_chunks_that_are_none(self):
        self.refuse(POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks for chunks in
                    (b"5\r\nhelloX\r\n0\r\n\r\n", b"0x5\r\nhello\r\n0\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n", b"5\nhello\n0\n\n",
                     b"ffffffffffffffffff\r\n", b"g\r\n", b"\r\n0\r\n\r\n"))

    def test_fields_that_are_none(self):
        self.refuse(GET + field + b"\r\n\r\n" for field in
                    (b"no colon", b": no name", b"X : y", b"X\t: y", b"X: a\x00b", b"X: a\rb", b"X: a\r\n folded", b"Host: y", b"H\xc3\xb6st: y",
                     b"X: \x7f", b"X(y): z"))
        self.refuse((b"GET /healthz HTTP/1.1\r\n\r\n", b"GET /healthz HTTP/1.1\r\n Host: x\r\n\r\n"))

    def test_request_lines_that_are_none(self):
        self.refuse(line + b"\r\nHost: x\r\n\r\n" for line in
                    (b"GET /healthz", b"GET  /healthz HTTP/1.1", b"GET /healthz  HTTP/1.1", b"GET /healthz HTTP/1.1 ", b"GET /a b HTTP/1.1",
                     b"GET /healthz HTTP/1.1\r", b"GET\t/healthz HTTP/1.1", b" GET /healthz HTTP/1.1", b"GET healthz HTTP/1.1",
                     b"GET /health\x00z HTTP/1.1", b"GET /healthz http/1.1", b"G{}T /healthz HTTP/1.1", b"CONNECT x:80 HTTP/1.1"))

    def test_a_body_is_never_taken_for_the_next_request(self):
        body = HIDDEN
        answer = raw_exchange(self.service.port, GET + b"Content-Length: %d\r\n\r\n" % len(body) + body + GET + b"Connection: close\r\n\r\n")
        self.assertEqual(statuses(answer), [200, 200], answer)
        self.assertNotIn(b"openapi", answer)

    def test_after_all_of_it_the_service_works(self):
        with self.service.client() as client:
            self.assertEqual(client.get("/readyz").status, 200)


class Slow(unittest.TestCase):
    def test_slow_clients_are_cut_and_keep_nobody_waiting(self):
        settings = {"http": {"header_timeout": "1s", "body_timeout": "1s", "write_timeout": "1s", "idle_timeout": "1s"}}
        with Service(settings=settings) as service, contextlib.ExitStack() as sockets:
            service.start()
            with service.client() as client:
                start_job(client, ["AAPL"])
                wait_for_points(client, "AAPL", 1)

                def attack(first):
                    connection = sockets.enter_context(socket.create_connection(("127.0.0.1", service.port)))
                    connection.setblocking(False)
                    with contextlib.suppress(BlockingIOError):
                        connection.send(first)
                    return connection

                dribbling = [attack(first) for first in (GET + b"X-Slow: ", POST + b"Content-Length: 500\r\n\r\n{") for _ in range(100)]
                not_reading = [attack((b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n") * 1000) for _ in range(20)]
                silent = [attack(b"") for _ in range(100)]
                served = 0

                def all_are_cut():
                    nonlocal served
                    for connection in dribbling:
                        with contextlib.suppress(OSError):
                            connection.send(b"a")  # each byte on its own must not begin the deadline anew
                    self.assertEqual(client.get("/prices/latest", symbol="AAPL").status, 200)
                    served += 1
                    samples = parse(client.get("/metrics").text)
                    return total(samples, "mds_http_connections") <= 1

                eventually(all_are_cut, within=20, what="the end of every slow connection")
                self.assertGreater(served, 1)
                samples = parse(client.get("/metrics").text)
                self.assertEqual(total(samples, "mds_http_deadlines_passed_total"), len(dribbling) + len(not_reading))
                for connection in dribbling:
                    connection.setblocking(True)
                    connection.settimeout(10)
                    with contextlib.suppress(ConnectionResetError):
                        self.assertEqual(connection.recv(12), b"HTTP/1.1 408")


class OpenFiles(unittest.TestCase):
    def test_the_soft_limit_is_raised_and_a_low_hard_one_is_warned_of(self):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with Service(settings={"http": {"max_connections": 2000}}, open_files=(256, min(hard, 4096))) as service:
            service.start()
            self.assertEqual(service.events("http.connections_limited"), [])
        with Service(settings={"http": {"max_connections": 2000}}, open_files=(256, 1024)) as service:
            service.start()
            warning, = service.events("http.connections_limited")
            self.assertEqual(warning["open_files"], 1024)
            self.assertLess(warning["max_connections"], 1024)
            self.assertIn("LimitNOFILE", warning["hint"])

    def test_with_too_few_accepting_pauses_and_goes_on_and_polling_never_stops(self):
        with Service(settings={"http": {"threads": 1}}, open_files=(96, 96)) as service, contextlib.ExitStack() as sockets:
            service.start()
            with service.client() as client:
                start_job(client, ["AAPL"])
                before = len(wait_for_points(client, "AAPL", 1))
                crowd = [sockets.enter_context(socket.create_connection(("127.0.0.1", service.port))) for _ in range(200)]

                def pauses():
                    return total(parse(client.get("/metrics").text), "mds_http_accept_pauses_total")

                eventually(lambda: pauses() > 0, what="a pause of accepting")
                first, began = pauses(), time.monotonic()
                wait_for_points(client, "AAPL", before + 2)
                # One look per tenth of a second; a loop that asks again at once would count thousands.
                self.assertLessEqual(pauses() - first, (time.monotonic() - began) * 10 + 2)
                for connection in crowd:
                    connection.close()

                def served():
                    with service.client() as fresh:
                        return fresh.get("/healthz").status == 200

                eventually(served, what="a new connection's being served")
            self.assertEqual(service.stop(), 0)


if __name__ == "__main__":
    unittest.main()
