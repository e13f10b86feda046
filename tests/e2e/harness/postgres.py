"""A throw-away PostgreSQL server, or the one that MDS_TEST_POSTGRES names; and psql for whatever a test asks it."""

import contextlib
import csv
import io
import itertools
import os
import pathlib
import shutil
import signal
import subprocess
import unittest
import urllib.parse

from .processes import end, free_ports, home_of_server, spawn, unprivileged, wait_until
from .service import SLOWNESS

#: What stands for NULL in query() and in Database.rows()
NULL = "\\N"
_NUMBERS = itertools.count(1)


def binaries():
    """The folder of the newest server that is installed, or None."""
    found = [folder for folder in pathlib.Path("/usr/lib/postgresql").glob("*/bin") if (folder / "initdb").exists()]
    return max(found, key=lambda folder: int(folder.parent.name), default=None)


def psql(url, sql, timeout=60.0):
    """Rows of text; NULL as the constant. Times in UTC."""
    environment = {**os.environ, "PGTZ": "UTC", "PGCONNECT_TIMEOUT": "5"}
    done = subprocess.run(["psql", url, "-X", "-q", "--csv", "-t", "-v", "ON_ERROR_STOP=1", "-P", f"null={NULL}", "-c", sql],
                          capture_output=True, text=True, env=environment, timeout=timeout * SLOWNESS, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise RuntimeError(f"psql: {done.stderr.strip()}")
    return list(csv.reader(io.StringIO(done.stdout)))


class Database:
    """An empty database; dropped at the end where the server stays. `name`: one that stays, and is taken as it is where it exists."""

    def __init__(self, server_url, name=None):
        self.name = name or f"mds_e2e_{os.getpid()}_{next(_NUMBERS)}"
        self.server_url = server_url
        parts = urllib.parse.urlsplit(server_url)
        self.url = urllib.parse.urlunsplit(parts._replace(path="/" + self.name))
        if not psql(server_url, f"SELECT 1 FROM pg_database WHERE datname = '{self.name}'"):
            psql(server_url, f"CREATE DATABASE {self.name}")

    def rows(self, sql):
        return psql(self.url, sql)

    def value(self, sql):
        """The one value of a query."""
        return self.rows(sql)[0][0]

    def number(self, sql):
        return int(self.value(sql))

    def through(self, proxy):
        """Its URL by way of a proxy."""
        parts = urllib.parse.urlsplit(self.url)
        user = parts.netloc.rpartition("@")[0]
        return urllib.parse.urlunsplit(parts._replace(netloc=f"{user}@127.0.0.1:{proxy.port}"))

    def drop(self):
        psql(self.server_url, f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")


class GivenServer:
    """The user's own: it can be used, but neither stopped nor killed."""

    own = False

    def __init__(self, url):
        self.url = url
        self.port = urllib.parse.urlsplit(url).port or 5432

    def database(self):
        return Database(self.url)

    def close(self):
        pass


class PostgresServer:
    """A server of the test's own with everything as safe as in production (fsync on). `home`: a folder that stays."""

    own = True

    def __init__(self, settings=(), home=None):
        folder = binaries()
        if folder is None:
            raise unittest.SkipTest("no PostgreSQL server is installed (Debian: postgresql-15 or postgresql-17)")
        self._binaries = folder
        self._settings = list(settings)
        self._process = None
        self._frozen = []
        self.home, self._passing = home_of_server("mds-pg-", home)
        self.log = self.home / "server.log"
        self._user = unprivileged()
        if self._user:
            os.chown(self.home, self._user.pw_uid, self._user.pw_gid)
        self.port = free_ports(1)[0]
        try:
            if not (self.home / "data" / "PG_VERSION").exists():
                self._init()
            self.start()
        except BaseException:
            self.close()
            raise

    def _init(self):
        made = spawn([self._binaries / "initdb", "-D", self.home / "data", "-U", "mds", "-A", "trust", "-E", "UTF8", "--locale=C",
                      "--no-sync"], self.log, self._user, cwd=self.home)
        if made.wait(120) != 0:
            raise RuntimeError(f"initdb failed:\n{self.log.read_text()}")

    @property
    def url(self):
        return f"postgresql://mds@127.0.0.1:{self.port}/postgres"

    @property
    def pid(self):
        return self._process.pid

    def database(self, name=None):
        return Database(self.url, name)

    def spawn(self, *settings):
        """Starts without waiting."""
        command = [self._binaries / "postgres", "-D", self.home / "data", "-p", self.port, "-k", self.home]
        for setting in [*self._settings, *settings]:
            command += ["-c", setting]
        self._process = spawn(command, self.log, self._user, death=signal.SIGQUIT, cwd=self.home)

    def start(self, *settings):
        self.spawn(*settings)
        wait_until(self.answers, 60 * SLOWNESS, "PostgreSQL", self._process, self.log)

    def answers(self):
        return subprocess.run([self._binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]).returncode == 0

    def stop(self, immediate=True):
        """As `pg_ctl -m immediate`: no checkpoint, every session cut; or `-m fast`."""
        self.thaw()
        if self._process is not None:
            end(self._process, signal.SIGQUIT if immediate else signal.SIGINT, 30)
            self._process = None

    def kill(self):
        self.stop()

    def freeze(self):
        """The postmaster and its children. Their kernel still takes bytes and connections; nobody answers."""
        self._process.send_signal(signal.SIGSTOP)  # first, so that it has no more children
        self._frozen = [self.pid, *self._children()]
        for pid in self._frozen:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def thaw(self):
        for pid in self._frozen:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self._frozen = []

    def _children(self):
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                if int(stat.read_text().rpartition(")")[2].split()[1]) == self.pid:
                    yield int(stat.parent.name)

    def close(self):
        self.stop(immediate=self._passing)
        if self._passing:
            shutil.rmtree(self.home, ignore_errors=True)


def server(settings=()):
    """What the tests of one file share."""
    given = os.environ.get("MDS_TEST_POSTGRES")
    return GivenServer(given) if given else PostgresServer(settings)


def own_server(settings=()):
    """One that may be stopped, whatever MDS_TEST_POSTGRES says."""
    return PostgresServer(settings)
