"""Whatever a provider answers, or does not: the right class and counter, bounded memory and time, and no other provider is harmed."""

import asyncio
import gzip
import os
import pathlib
import socket
import ssl
import struct
import subprocess
import time
import unittest

from harness import checker, metrics
from harness.catalogue import WithCatalogue, entry, quote
from harness.provider_stub import ProviderStub, Reply
from harness.scenario import start_job, wait_for_points
from harness.service import SLOWNESS, eventually

HEAD = b"HTTP/1.1 200 -\r\nContent-Type: application/json\r\n"
KIB = b"x" * 1024


def waits(text):
    return Reply(429, b"{}", headers={"Retry-After": text})


def leads_to(place):
    return Reply(302, b"", headers={"Location": place})


async def endless(writer):
    """Chunks for as long as somebody reads them."""
    writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"400\r\n" + KIB + b"\r\n")
        await writer.drain()


async def endless_head(writer):
    writer.write(HEAD)
    while True:
        writer.write(b"X-Filler: " + KIB + b"\r\n")
        await writer.drain()


async def dripping(writer):
    """A byte a second, so that no time-out between two bytes would end it."""
    writer.write(HEAD + b"Content-Length: 1000\r\n\r\n")
    for byte in quote():
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(1)


def reset_after(sent):
    async def play(writer):
        writer.write(sent)
        await writer.drain()
        linger_no_more = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_no_more)
        writer.transport.abort()
    return play


async def too_short(writer):
    """An announced length that is less than the body's."""
    writer.write(HEAD + b"Content-Length: 5\r\n\r\n" + quote())
    await writer.drain()


async def no_http(writer):
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    await writer.drain()


#: What is answered, and its class.
REFUSED = {
    "error": (Reply(500, b"oops"), "unavailable"),
    "busy": (waits("1"), "rate_limited"),
    "dated": (waits("Fri, 31 Dec 2100 23:59:59 GMT"), "rate_limited"),
    "negative-wait": (waits("-5"), "rate_limited"),
    "huge-wait": (waits("99999999999999999999"), "rate_limited"),
    "html": (Reply(200, b"<html>hello</html>", "text/html"), "malformed"),
    "truncated": (Reply(200, quote()[:7]), "malformed"),
    "too-short": (Reply(play=too_short), "malformed"),
    "cut": (Reply(200, quote(), cut=5), "unavailable"),
    "dropped": (Reply(drop=True), "unavailable"),
    "reset-head": (Reply(play=reset_after(HEAD + b"Content-Length: 25\r\n\r\n")), "unavailable"),
    "reset-body": (Reply(play=reset_after(HEAD + b"Content-Length: 25\r\n\r\n{")), "unavailable"),
    "no-http": (Reply(play=no_http), "malformed"),
    "large": (Reply(200, b'{"c": 1, "x": "' + b"x" * (10 << 20) + b'"}'), "malformed"),
    "endless": (Reply(play=endless), "malformed"),
    "endless-head": (Reply(play=endless_head), "malformed"),
    "bomb": (Reply(200, gzip.compress(b"0" * (64 << 20)), headers={"Content-Encoding": "gzip"}), "malformed"),
    "no-gzip": (Reply(200, quote(), headers={"Content-Encoding": "gzip"}), "malformed"),
    "nan": (Reply(200, quote("NaN")), "malformed"),
    "minus": (Reply(200, quote("-1.5")), "no_data"),
    "beyond": (Reply(200, quote("1e400")), "no_data"),
    "loop": (leads_to("quote?symbol=A"), "unclassified_error"),
    "elsewhere": (leads_to("http://localhost:1/quote"), "unclassified_error"),
    "other-scheme": (leads_to("file:///etc/hostname"), "unclassified_error"),
    "silent": (Reply(200, quote(), delay=60), "timeout"),
    "dripping": (Reply(play=dripping), "timeout"),
    "no-table": (Reply(200, b"a,b\n1,2\n", "text/csv"), "malformed"),
}
#: Odd, but prices.
TAKEN = {
    "future": quote(at=4102444800),
    "twice": b'{"c": 99, "c": 12.5, "t": 1, "t": 1700000000}',
}
#: Of what comes over the limit so much is kept.
CUT = ("large", "endless", "bomb")


class Full:
    """A port whose queue of connections is full: whoever connects waits for ever."""

    def __init__(self):
        self._sockets = [socket.create_server(("127.0.0.1", 0), backlog=0)]
        self.port = self._sockets[0].getsockname()[1]
        for _ in range(4):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", self.port))
            self._sockets.append(client)

    def close(self):
        for one in self._sockets:
            one.close()


class Faults(WithCatalogue):
    TIMEOUT = 0.9

    def outcomes(self, client, provider):
        """How its requests ended, and how often."""
        samples = metrics.parse(client.get("/metrics").text)
        return {labels["outcome"]: count for name, labels, count in samples
                if name == "mds_provider_results_total" and labels["provider"] == provider and count}

    def counted(self, client, name, **labels):
        return metrics.total(metrics.parse(client.get("/metrics").text), name, **labels)

    def test_each_has_its_class_and_harms_no_other_provider(self):
        """F28 and F29."""
        def script(exchange):
            case = exchange.path.split("/")[1]
            if case in TAKEN:
                return Reply(body=TAKEN[case])
            return REFUSED[case][0] if case in REFUSED else Reply(body=quote(stub.nonces.next(), int(time.time())))

        full = Full()
        self.addCleanup(full.close)
        with ProviderStub(script) as stub:
            entries = {name: entry(f"{stub.url}/{name}") for name in ("good", *REFUSED, *TAKEN)}
            entries["no-table"]["csv"] = ["c", "t"]
            entries["nowhere"] = entry("http://nowhere.invalid")
            entries["no-tls"] = entry(stub.url.replace("http:", "https:"))
            entries["no-accept"] = entry(f"http://127.0.0.1:{full.port}")
            expected = {name: {outcome} for name, (_, outcome) in REFUSED.items()}
            expected |= {"no-tls": {"timeout", "unavailable"}, "no-accept": {"timeout"}, "nowhere": {"unavailable", "timeout"}}
            with self.service(entries, default="good", request_timeout=f"{self.TIMEOUT * 1000:.0f}ms", connect_timeout="600ms") as service:
                service.start()
                with service.client() as client:
                    start_job(client, ["GOOD"], provider="good")
                    wait_for_points(client, "GOOD", 1, provider="good")
                    for name in (*expected, *TAKEN):
                        start_job(client, [name.upper()], provider=name)
                    for name, outcomes in expected.items():
                        with self.subTest(fault=name):
                            eventually(lambda: self.outcomes(client, name), 20, what=f"an end of {name}")
                            self.assertLessEqual(set(self.outcomes(client, name)), outcomes)
                            self.assertEqual(client.get("/prices/history", symbol=name.upper(), provider=name).status, 404)
                    for name in TAKEN:
                        points = wait_for_points(client, name.upper(), 2, provider=name)
                        self.assertEqual({str(point["price"]) for point in points}, {"12.5"})
                    self.assertEqual(points[0]["timestamp"], "2023-11-14T22:13:20Z")
                    self.assertEqual(client.get("/prices/latest", symbol="FUTURE", provider="future").json()["timestamp"],
                                     "2100-01-01T00:00:00Z")
                    self.assertGreaterEqual(self.counted(client, "mds_provider_future_times_total", provider="future"), 2)
                    self.assertEqual(self.counted(client, "mds_provider_future_times_total", provider="good"), 0)
                    for name in expected:
                        self.assertEqual(self.counted(client, "mds_provider_truncated_total", provider=name) > 0, name in CUT, name)
                    self.bounded(service, client, expected)
                    seen = self.counted(client, "mds_provider_results_total", provider="good")
                    wait_for_points(client, "GOOD", int(seen) + 2, provider="good")
                service.stop()
                report = checker.check(service.data_dir, interval=1, quiet_bus=False)
                self.assertEqual(dict(report.violations), {}, str(report))
                if SLOWNESS == 1:
                    missed = [row for row in checker.Tables(checker.database_of(service.data_dir)).missed if "GOOD" in row[0]]
                    self.assertLessEqual(sum(ticks for _, _, _, ticks, _, _ in missed), 1, f"what the others cost it: {missed}")
        asked = {name: sum(exchange.path.split("/")[1] == name for exchange in stub.exchanges) for name in REFUSED}
        self.assertEqual({name: asked[name] for name in ("dated", "huge-wait")}, {"dated": 1, "huge-wait": 1})
        self.assertGreater(asked["negative-wait"], 1)

    def bounded(self, service, client, providers):
        """Memory and time."""
        if SLOWNESS != 1:
            return
        resident = int(pathlib.Path(f"/proc/{service.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        self.assertLess(resident, 256 << 20)
        samples = metrics.parse(client.get("/metrics").text)
        for name in providers:
            requests = metrics.total(samples, "mds_provider_request_seconds_count", provider=name)
            in_time = metrics.total(samples, "mds_provider_request_seconds_bucket", provider=name, le="2.5")
            self.assertEqual(in_time, requests, f"{name} took longer than its deadline of {self.TIMEOUT} s")

    def test_a_provider_that_does_not_answer_is_left_alone_and_found_again(self):
        down = [True]
        with ProviderStub(lambda exchange: Reply(503, b"{}") if down[0] else Reply(body=quote(at=int(exchange.at)))) as stub, \
                self.service({"shaky": entry(stub.url)}) as service:
            service.start()
            with service.client() as client:
                start_job(client, [f"S{number}" for number in range(40)], provider="shaky")
                eventually(lambda: self.counted(client, "mds_provider_refused_total", provider="shaky", why="breaker") >= 1)
                asked = len(stub.exchanges)
                time.sleep(2)
                self.assertLess(len(stub.exchanges) - asked, 12, "of 80 ticks")
                down[0] = False
                wait_for_points(client, "S0", 1, provider="shaky", within=40)
            service.stop()


class Certificates(WithCatalogue):
    """Of TLS: one that holds, and the ways in which others do not."""

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def make(self):
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        for name in ("ca", "stranger"):
            self.openssl("req", "-x509", *key, "-days", "2", "-subj", f"/CN=test {name}", "-keyout", f"{name}.key", "-out", f"{name}.crt",
                         *(("-addext", "subjectAltName=IP:127.0.0.1") if name == "stranger" else ()))
        (self.folder / "index.txt").touch()
        (self.folder / "ca.cnf").write_text("[ca]\ndefault_ca=this\n[this]\ndatabase=index.txt\nnew_certs_dir=.\ncertificate=ca.crt\n"
                                            "private_key=ca.key\nrand_serial=yes\ndefault_md=sha256\npolicy=any\n"
                                            "[any]\ncommonName=supplied\n[here]\nsubjectAltName=IP:127.0.0.1\n"
                                            "[elsewhere]\nsubjectAltName=DNS:elsewhere.example\n")
        for name, until, host in (("good", "20991231235959Z", "here"), ("expired", "20200102000000Z", "here"),
                                  ("wrong-host", "20991231235959Z", "elsewhere")):
            self.openssl("req", *key, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
            self.openssl("ca", "-batch", "-config", "ca.cnf", "-startdate", "20200101000000Z", "-enddate", until, "-extensions", host,
                         "-in", f"{name}.csr", "-out", f"{name}.crt", "-notext")

    def test_only_a_certificate_that_holds_is_spoken_to(self):
        self.make()
        stubs = {}
        for name in ("good", "expired", "wrong-host", "stranger"):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.folder / f"{name}.crt", self.folder / f"{name}.key")
            stub = ProviderStub(lambda _: Reply(body=quote()), tls=context)
            stubs[name] = stub.__enter__()
            self.addCleanup(stub.__exit__, None, None, None)
        entries = {name: entry(stub.url) for name, stub in stubs.items()}
        with self.service(entries, ca_file=str(self.folder / "ca.crt")) as service:
            service.start()
            with service.client() as client:
                read = client.get("/prices/latest", symbol="AAPL", provider="good")
                self.assertEqual((read.status, str(read.json().get("price"))), (200, "12.5"), read)
                for name in ("expired", "wrong-host", "stranger"):
                    with self.subTest(certificate=name):
                        self.assertEqual(client.get("/prices/latest", symbol="AAPL", provider=name).status, 503)
                        samples = metrics.parse(client.get("/metrics").text)
                        self.assertEqual(metrics.total(samples, "mds_provider_results_total", provider=name, outcome="unavailable"), 1)
                        self.assertEqual(stubs[name].exchanges, [], "nothing is sent, least of all a key")
            service.stop()

    def test_a_file_of_certificates_that_is_not_there_is_told_before_anything_starts(self):
        refused = self.mds("check-config", "--set", "providers.ca_file=nowhere.pem")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("providers.ca_file", refused.stderr)


if __name__ == "__main__":
    unittest.main()
