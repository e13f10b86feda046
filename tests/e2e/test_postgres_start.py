"""How the service comes to its PostgreSQL server: one that is not there yet, that refuses it, that several processes meet at once, and
the log-in with a password over TLS."""

import os
import signal
import subprocess
import threading
import time
import unittest

from harness import postgres
from harness.chaos_proxy import UP, ChaosProxy
from harness.client import Client
from harness.service import SLOWNESS, Service, eventually

STORE = 3  # exit code: the store cannot be opened
SECRET = "pa$$-hunter2"


def service_on(url, **arguments):
    return Service(settings={"store": {"kind": "postgresql", "url": url, "connect_timeout": "3s"}}, **arguments)


def refused(test, service):
    """The process ends with 3 by itself; what it said."""
    service.spawn()
    test.assertEqual(service.process.wait(20 * SLOWNESS), STORE, service.tail())
    service._reader.join(5)
    said = service.tail(100)
    test.assertNotIn(SECRET, said)
    return said


class TheServerComesLater(unittest.TestCase):
    def setUp(self):
        self.server = postgres.own_server()
        self.addCleanup(self.server.close)
        self.database = self.server.database()

    def waiting(self, **arguments):
        service = service_on(self.database.url.replace("mds@", f"mds:{SECRET.replace('$', '%24')}@"), **arguments)
        self.addCleanup(service.__exit__)
        return service.start(ready=False)

    def test_the_process_waits_says_so_and_goes_on_by_itself(self):
        self.server.stop()
        service = self.waiting()
        port = service.port
        with Client(port) as client:
            self.assertEqual(client.get("/healthz").status, 200)
            answer = client.get("/readyz")
            self.assertEqual(answer.status, 503)
            self.assertRegex(answer.text, r"(?m)^\[-\]store not ready: the database cannot be reached$")
            answer = client.get("/prices/latest", symbol="AAPL")
            self.assertEqual((answer.status, answer.headers["retry-after"]), (503, "1"))
            self.assertEqual(answer.json()["status"], 503)
        eventually(lambda: len(service.events("store.waiting")) >= 2, 20, what="two tries in the log")
        self.assertEqual(service.events("mds.ready"), [])
        self.assertNotIn("hunter2", service.tail(1000))
        self.server.start()
        eventually(lambda: service.events("mds.ready"), 30, what="mds.ready")
        self.assertEqual(service.port, port, "the port that it waited on")
        service.wait_ready()
        self.assertEqual(service.stop(), 0)

    def test_sigterm_ends_the_wait_at_once(self):
        self.server.stop()
        service = self.waiting()
        began = time.monotonic()
        self.assertEqual(service.stop(), 0)
        self.assertLess(time.monotonic() - began, 2 * SLOWNESS)

    def test_sigterm_ends_a_log_in_that_nobody_answers(self):
        os.kill(self.server.pid, signal.SIGSTOP)  # the kernel takes the connection for it
        self.addCleanup(os.kill, self.server.pid, signal.SIGCONT)
        service = service_on(self.database.url, modules="consumer")
        self.addCleanup(service.__exit__)
        service.spawn()
        time.sleep(0.5)
        began = time.monotonic()
        self.assertEqual(service.stop(), 0)
        self.assertLess(time.monotonic() - began, 2 * SLOWNESS)

    def test_four_processes_on_an_empty_database_and_one_migrates(self):
        services = [service_on(self.database.url).spawn() for _ in range(4)]
        for service in services:
            self.addCleanup(service.__exit__)
        for service in services:
            eventually(lambda service=service: service.events("mds.ready"), 30, what="mds.ready")
        self.assertEqual(self.database.number("SELECT count(*) FROM store_meta"), 1)
        self.assertEqual({service.stop() for service in services}, {0})


class TheServerIsLostHalfWay(unittest.TestCase):
    """After the store was opened, and before the modules run."""

    SETTINGS = {"cache": {"redis": {"url": "redis://127.0.0.1:1"}}, "jobs": [{"name": "of the configuration", "symbols": ["AAPL"], "interval": "1h"}]}
    #: What a start asks the store, in this order; without a poller, which reads the waits itself.
    STATEMENTS = ("SELECT store_epoch", "retire_offsets", "each_latest", "find_job", "insert_job", "provider_waits")

    def setUp(self):
        self.server = postgres.server()
        self.addCleanup(self.server.close)

    def test_it_is_waited_for_like_one_that_is_not_there_yet(self):
        for statement in self.STATEMENTS:
            with self.subTest(statement), ChaosProxy(self.server.port) as link:
                self.lose_at(statement, link)

    def lose_at(self, statement, link):
        cut = threading.Event()

        def watch(direction, data):
            if direction == UP and statement.encode() in data and not cut.is_set():
                link.faults.limit[UP] = 0  # that connection, and every later one at its first byte
                cut.set()

        link.on_data = watch
        database = self.server.database()
        settings = {"store": {"kind": "postgresql", "url": database.through(link)}, **self.SETTINGS}
        with Service(settings=settings, modules="http,relay,consumer") as service:
            service.start(ready=False)
            self.assertTrue(cut.wait(20 * SLOWNESS), statement)
            eventually(lambda: len(service.events("store.waiting")) >= 2, 20, what="two tries in the log")
            with service.client() as client:
                self.assertEqual(client.get("/healthz").status, 200)
                self.assertIn("store not ready: the database cannot be reached", client.get("/readyz").text)
            self.assertEqual(service.events("mds.ready"), [])
            link.heal()
            eventually(lambda: service.events("mds.ready"), 30, what="mds.ready")
            service.wait_ready()
            self.assertEqual(len({line["port"] for line in service.events("http.listening")}), 1, "the port that it waited on")
            self.assertEqual(database.number("SELECT count(*) FROM polling_jobs"), 1)
            self.assertEqual(service.stop(), 0)

    def test_sigterm_ends_the_wait(self):
        with ChaosProxy(self.server.port) as link:
            def watch(direction, data):
                if direction == UP and b"each_latest" in data:
                    link.faults.limit[UP] = 0
            link.on_data = watch
            with service_on(self.server.database().through(link)) as service:
                service.start(ready=False)
                eventually(lambda: service.events("store.waiting"), 20, what="the wait in the log")
                self.assertEqual(service.stop(), 0)


class TheServerRefuses(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = postgres.own_server()
        cls.addClassCleanup(cls.server.close)
        cls.make_certificates(cls.server.home)
        for setting in ("ssl = on", f"ssl_cert_file = '{cls.server.home}/server.crt'", f"ssl_key_file = '{cls.server.home}/server.key'"):
            name, _, value = setting.partition(" = ")
            postgres.psql(cls.server.url, f"ALTER SYSTEM SET {name} = {value}")
        postgres.psql(cls.server.url, f"CREATE ROLE app LOGIN PASSWORD '{SECRET}'")
        rules = cls.server.home / "data" / "pg_hba.conf"
        rules.write_text("hostssl all app 127.0.0.1/32 scram-sha-256\nhostnossl all app 127.0.0.1/32 reject\n" + rules.read_text())
        cls.server.stop(immediate=False)
        cls.server.start()

    @staticmethod
    def make_certificates(folder):
        def openssl(*arguments):
            subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
        for name in ("ca", "other"):
            openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    f"/CN=test {name}", "-keyout", f"{name}.key", "-out", f"{name}.crt")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=database", "-keyout",
                "server.key", "-out", "server.csr")
        (folder / "names").write_text("subjectAltName = IP:127.0.0.1\n")
        openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile",
                "names", "-out", "server.crt")
        key = folder / "server.key"
        key.chmod(0o600)
        owner = (folder / "data").stat()
        os.chown(key, owner.st_uid, owner.st_gid)

    def setUp(self):
        self.database = self.server.database()
        self.database.rows("ALTER SCHEMA public OWNER TO app")

    def url(self, **changes):
        words = {"host": "127.0.0.1", "port": self.server.port, "user": "app", "dbname": self.database.name, "password": SECRET,
                 "sslmode": "verify-full", "sslrootcert": self.server.home / "ca.crt", **changes}
        return " ".join(f"{name}={value}" for name, value in words.items() if value is not None)

    def test_a_password_over_verified_tls(self):
        with Service(settings={"store": {"kind": "postgresql", "url": "${DATABASE_URL}"}}, env={"DATABASE_URL": self.url()}) as service:
            service.start()
            with service.client() as client:
                self.assertEqual(client.get("/prices/latest", symbol="AAPL").status, 200)
            sessions = self.database.rows("SELECT DISTINCT s.ssl, a.usename FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) "
                                          f"WHERE a.datname = '{self.database.name}' AND a.pid <> pg_backend_pid()")
            self.assertEqual(sessions, [["t", "app"]])
            self.assertEqual(service.stop(), 0)
            self.assertNotIn(SECRET, service.tail(1000))

    def test_a_wrong_password_is_said_at_once(self):
        said = refused(self, service_on(self.url(password="wrong")))
        self.assertIn("refuses our log-in", said)

    def test_no_password_is_said_at_once(self):
        self.assertIn("refuses our log-in", refused(self, service_on(self.url(password=None), env={"PGPASSFILE": "/nonexistent"})))

    def test_without_tls_it_is_not_let_in(self):
        self.assertIn("refuses our log-in", refused(self, service_on(self.url(sslmode="disable"))))

    def test_a_server_that_another_authority_vouches_for_is_not_believed(self):
        service = service_on(self.url(sslrootcert=self.server.home / "other.crt"))
        self.addCleanup(service.__exit__)
        service.start(ready=False)
        eventually(lambda: any("certificate" in line.get("detail", "") for line in service.events("store.failed")), 20, what="the reason in the log")
        self.assertEqual(self.database.number("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), 0)
        self.assertEqual(service.stop(), 0)

    def test_a_schema_of_a_newer_version(self):
        with service_on(self.url()) as service:
            service.start()
            self.assertEqual(service.stop(), 0)
            self.database.rows("UPDATE store_meta SET schema_version = 9999")
            self.assertIn("newer", refused(self, service))

    def test_a_database_that_is_not_ours(self):
        self.database.rows("CREATE TABLE somebody_elses (id integer)")
        self.assertIn("another program", refused(self, service_on(self.url())))

    def test_a_database_that_does_not_exist(self):
        refused(self, service_on(self.url(dbname="nowhere")))


if __name__ == "__main__":
    unittest.main()
