"""What a PostgreSQL server and its network do to the service under load: nothing acknowledged is lost or written twice, it is said, and
all goes on by itself. E2E_SOAK makes the campaigns long; each prints its seed, and E2E_SEED repeats it."""

import contextlib
import os
import random
import signal
import subprocess
import tempfile
import time
import unittest

from harness import postgres
from harness.campaign import Campaign
from harness.deployment import Deployment
from harness.provider_stub import ProviderStub
from harness.service import SLOWNESS, eventually
from test_store_faults import SmallDisk

SEED = int(os.environ.get("E2E_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
SOAK = bool(os.environ.get("E2E_SOAK"))
SYMBOLS = 40
#: Few connections, so that they can be used up; an isolation stricter than ours, which must not matter.
SETTINGS = ["max_connections=30", "superuser_reserved_connections=0", "deadlock_timeout=200ms",
            "default_transaction_isolation=serializable", "client_connection_check_interval=200ms"]
SERVER = None


def setUpModule():
    global SERVER
    SERVER = postgres.own_server(SETTINGS)
    unittest.addModuleCleanup(SERVER.close)


def times(short, long):
    return range(long if SOAK else short)


class Faults(unittest.TestCase):
    def begin(self, server=None):
        """One process under load."""
        self.server = server or SERVER
        self.database = self.server.database()
        stub = ProviderStub(seed=SEED)
        stub.__enter__()
        self.addCleanup(stub.__exit__)
        deployment = Deployment(stub, self.database, None, "one", {"store": {"connect_timeout": "2s", "statement_timeout": "4s"}})
        self.addCleanup(deployment.close)
        self.service = deployment.api
        return Campaign(deployment, SEED, SYMBOLS).start()

    def status(self):
        with self.service.client() as client:
            return client.get("/readyz").status

    def becomes(self, status, within, what):
        """How long it took."""
        began = time.monotonic()
        eventually(lambda: self.status() == status, within, 0.02, what)
        return time.monotonic() - began

    def reads_go_on(self):
        with self.service.client() as client:
            self.assertEqual(client.get("/prices/latest", symbol="S0").status, 200, "a known price is read all the same")

    def backends(self):
        return [int(row[0]) for row in self.database.rows(
            f"SELECT pid FROM pg_stat_activity WHERE datname = '{self.database.name}' AND pid <> pg_backend_pid()")]

    def retried(self):
        """Failures that the store met, by kind."""
        with self.service.client() as client:
            lines = client.get("/metrics").text.splitlines()
        return {line.split('"')[1]: float(line.split()[-1]) for line in lines if line.startswith("mds_postgres_faults_total")}


class BackendsAndConnections(Faults):
    def test_backends_and_connections_killed_and_the_server_crashed(self):
        """F15: kill -9 of a backend, which ends all sessions of the server; and `pg_ctl -m immediate restart`. F17: `ss -K`."""
        load = self.begin()
        for number in times(4, 40):
            load.pause(0.2, 0.8)
            if number % 2 == 0:
                with contextlib.suppress(ProcessLookupError, RuntimeError):
                    os.kill(load.chance.choice(self.backends()), signal.SIGKILL)
                eventually(self.server.answers, 30, what="the server after its crash recovery")
            else:
                self.server.stop(immediate=True)
                self.reads_go_on()
                load.pause(0, 0.5)
                self.server.start()
            load.recovered()
        for _ in times(12, 300):
            load.pause(0.02, 0.3)
            killed = subprocess.run(["ss", "-K", "-tn", "dst", "127.0.0.1", "dport", "=", f":{self.server.port}"], capture_output=True)
            if killed.returncode != 0 or str(self.server.port).encode() not in killed.stdout:
                print("skipped: this kernel or user may not destroy sockets (ss -K)", flush=True)
                break
        load.recovered()
        self.assertGreater(self.retried().get("away", 0), 0)
        load.finish(self, "PostgreSQL crashes, its connections are destroyed")


class Silence(Faults):
    def test_a_server_that_stands_still_is_noticed_and_poisons_nothing(self):
        """F16."""
        load = self.begin()
        noticed = []
        for _ in times(1, 10):
            load.pause()
            self.server.freeze()
            try:
                noticed.append(self.becomes(503, 15, "/readyz of 503 while the server stands still"))
                self.reads_go_on()
                load.pause(1, 3)
            finally:
                self.server.thaw()
            self.becomes(200, 20, "/readyz of 200 once it goes on")
            load.recovered()
        print(f"figure: PostgreSQL stands still: noticed after {max(noticed):.1f} s", flush=True)
        self.assertLess(max(noticed), 10 * SLOWNESS)
        with self.service.client() as client:  # each connection of the pool of readers was left with an answer outstanding
            for _ in range(20):
                self.assertEqual(client.get("/prices/history", symbol="S0", limit=1).status, 200)
        load.finish(self, "PostgreSQL stands still")


class Refusals(Faults):
    def setting(self, name, value):
        postgres.psql(self.server.url, f"ALTER SYSTEM SET {name} = {value}")
        postgres.psql(self.server.url, "SELECT pg_reload_conf()")

    def reset(self, name):
        subprocess.run(["psql", self.server.url, "-X", "-q", "-c", "SET default_transaction_read_only = off", "-c",
                        f"ALTER SYSTEM RESET {name}", "-c", "SELECT pg_reload_conf()"], check=True, capture_output=True)

    def greedy(self):
        """Takes a connection as soon as there is one, ends ours from there, and keeps it."""
        ours = f"datname = '{self.database.name}' AND application_name = 'mds'"
        steal = (f"psql '{self.server.url}' -X -q -c \"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}\" "
                 "-c 'SELECT pg_sleep(60)'")
        return subprocess.Popen(["sh", "-c", f"until {steal}; do :; done"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                start_new_session=True)

    def test_a_server_that_is_read_only_or_full_and_deadlocks(self):
        """F18: what a failover looks like from outside; and another program that takes our locks the other way round."""
        load = self.begin()
        for _ in times(1, 10):
            load.pause()
            self.setting("default_transaction_read_only", "on")
            self.addCleanup(self.reset, "default_transaction_read_only")
            self.becomes(503, 20, "/readyz of 503 while the server is read-only")
            # Sessions take the setting one after another: one that could still write may have spoken last.
            with self.service.client() as client:
                eventually(lambda: "read-only" in client.get("/readyz").text, 20, what="/readyz to name the cause")
            self.reads_go_on()
            self.reset("default_transaction_read_only")
            self.becomes(200, 20, "/readyz of 200 once it can be written")
            load.recovered()
        for _ in times(1, 10):
            others = [self.greedy() for _ in range(35)]
            try:
                eventually(lambda: self.retried().get("too_many_connections", 0) > 0, 30, what="a connection refused")
                self.becomes(503, 20, "/readyz of 503 without a connection")
                self.reads_go_on()
            finally:
                for other in others:
                    os.killpg(other.pid, signal.SIGKILL)
                    other.wait()
            self.becomes(200, 30, "/readyz of 200 with connections again")
            load.recovered()
        for _ in times(10, 200):  # the other one is patient, so the server ends our transaction
            with contextlib.suppress(RuntimeError):
                self.database.rows("SET deadlock_timeout = '20s'; BEGIN ISOLATION LEVEL READ COMMITTED; SELECT FROM outbox_head FOR UPDATE; "
                                   "SELECT pg_sleep(0.1); SELECT FROM series ORDER BY id DESC FOR UPDATE; ROLLBACK")
        load.recovered()
        kinds = self.retried()
        for kind in ("read_only", "too_many_connections", "busy"):
            self.assertGreater(kinds.get(kind, 0), 0, kinds)
        load.finish(self, "PostgreSQL read-only, then full, then deadlocks")


class DiskFull(Faults):
    def test_a_full_disk_of_the_server(self):
        """F20: data and log of the server have no room left; it may go down over it. Space brings all back without a restart of ours."""
        disk = SmallDisk("200m")
        self.addCleanup(disk.close)
        for folder in (disk.path.parent, disk.path):
            folder.chmod(0o755)
        usual, tempfile.tempdir = tempfile.tempdir, str(disk.path)
        try:
            server = postgres.own_server(["max_wal_size=48MB", "min_wal_size=32MB", "wal_recycle=off", "wal_init_zero=on"])
        finally:
            tempfile.tempdir = usual
        self.addCleanup(server.close)
        load = self.begin(server)
        for _ in times(1, 5):
            disk.fill()
            self.database_writes_until_full()
            self.becomes(503, 60, "/readyz of 503 with a full disk")
            self.reads_go_on()
            load.pause(0.5, 1)
            disk.empty()
            if not server.answers():
                server.stop()
                server.start()
            self.becomes(200, 40, "/readyz of 200 with space again")
            load.recovered()
        load.finish(self, "PostgreSQL's disk full")

    def database_writes_until_full(self):
        """Somebody else's rows take what the server had in reserve."""
        with contextlib.suppress(RuntimeError):
            self.database.rows("CREATE TABLE IF NOT EXISTS hog (filler text)")
            for _ in range(200):
                self.database.rows("INSERT INTO hog SELECT repeat(md5(i::text), 200) FROM generate_series(1, 2000) i")


if __name__ == "__main__":
    unittest.main()
