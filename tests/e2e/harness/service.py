"""One `mds` process: start, stop, kill, and what it said about itself."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import threading
import time

from .client import Client
from .processes import bound

#: Sanitized builds are this much slower: deadlines are stretched, and loads that only measure are shrunk.
SLOWNESS = float(os.environ.get("E2E_SLOWNESS", "1"))


def default_binary():
    binary = os.environ.get("E2E_BINARY")
    if not binary:
        raise RuntimeError("E2E_BINARY must name the mds program")
    return binary


def clean_environment():
    """Without what would configure the service from outside a test."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MDS_")}


def merged(base, extra):
    """`extra` laid over `base`, key by key."""
    result = dict(base)
    for key, value in extra.items():
        result[key] = merged(result[key], value) if isinstance(value, dict) and isinstance(result.get(key), dict) else value
    return result


def eventually(check, within=10.0, every=0.02, what="the condition"):
    """The first true value of `check()`; an assertion fails where it does not come in time."""
    deadline = time.monotonic() + within * SLOWNESS
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {within * SLOWNESS:g} s")
        time.sleep(every)


class Service:
    """Owns a data directory, a configuration and at most one running process. Use as a context manager, or stop() it."""

    def __init__(self, data_dir=None, settings=None, modules=None, binary=None, env=None, open_files=None):
        self._own_dir = None
        if data_dir is None:
            self._own_dir = tempfile.TemporaryDirectory(prefix="mds-e2e-")
            data_dir = pathlib.Path(self._own_dir.name) / "data"
        self.data_dir = pathlib.Path(data_dir)
        self.home = self.data_dir.parent
        self.settings = merged({"data": {"dir": str(self.data_dir)}, "http": {"port": 0}, "log": {"format": "json", "level": "info"}},
                               settings or {})
        self.modules = modules
        self.binary = str(binary or default_binary())
        self.env = {**clean_environment(), **(env or {})}
        self.lives = 0  #: how often it was started; {life} in a setting stands for it
        self.open_files = open_files  # (soft, hard) limit of the process; None: as here
        self.process = None
        self.port = None
        self.log = []
        self.log_file = self.home / "mds.log"
        self._reader = None
        self._listening = threading.Event()
        self._said_ready = threading.Event()

    # -- life ---------------------------------------------------------------

    def spawn(self, *arguments):
        """Starts the process without waiting for anything."""
        self.home.mkdir(parents=True, exist_ok=True)
        config = self.home / "config.json"
        self.lives += 1
        config.write_text(json.dumps(self.settings, indent=2).replace("{life}", str(self.lives)))
        command = [self.binary, "serve", "--config", str(config)]
        if self.modules:
            command += ["--modules", self.modules]
        self.port, self.log = None, []
        self._listening.clear()
        self._said_ready.clear()
        if self.open_files:
            command = ["prlimit", "--nofile={}:{}".format(*self.open_files), *command]
        self.process = subprocess.Popen([*command, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, env=self.env, **bound())
        self._reader = threading.Thread(target=self._read_log, args=(self.process,), daemon=True)
        self._reader.start()
        return self

    def start(self, *arguments, ready=True, within=20.0):
        """Starts the process; returns once it listens and, unless told otherwise, says that it is ready. One without the http module
        does not listen: then once it has logged that it is."""
        return self.spawn(*arguments).wait_started(ready, within)

    def wait_started(self, ready=True, within=20.0):
        """What start() waits for."""
        deadline = time.monotonic() + within * SLOWNESS
        serves = self.modules is None or "http" in self.modules.split(",")
        while not (self._listening if serves else self._said_ready).wait(0.02):
            if self.process.poll() is not None:
                self._reader.join(5)
                raise AssertionError(f"mds ended with exit code {self.process.returncode} instead of listening:\n{self.tail()}")
            if time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"mds did not listen within {within * SLOWNESS:g} s:\n{self.tail()}")
        if ready and serves:
            self.wait_ready(deadline - time.monotonic())
        return self

    def wait_ready(self, within=10.0):
        with self.client() as client:
            eventually(lambda: client.get("/readyz").status == 200, within / SLOWNESS, what="/readyz of 200")

    def stop(self, within=15.0):
        """SIGTERM; the exit code. Fails where the process does not end in time."""
        if self.process is None:
            return None
        self.tell_to_stop()
        return self.wait_stopped(within)

    def tell_to_stop(self):
        """SIGTERM alone."""
        self.port = None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def wait_stopped(self, within=15.0):
        try:
            code = self.process.wait(within * SLOWNESS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"mds did not stop within {within * SLOWNESS:g} s of SIGTERM:\n{self.tail()}") from None
        self._reader.join(5)
        self.process = None
        return code

    def freeze(self):
        """SIGSTOP: there, and silent."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        """SIGKILL: what a power cut does to a process."""
        self.port = None
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self._reader.join(5)
            self.process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        if self._own_dir is not None:
            self._own_dir.cleanup()

    # -- what one can ask it -----------------------------------------------

    @property
    def pid(self):
        return self.process.pid

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def client(self, timeout=15.0):
        return Client(self.port, timeout * SLOWNESS)

    def rss_bytes(self):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")

    def tail(self, lines=40):
        return "\n".join(self.log[-lines:])

    def events(self, name):
        """The log lines of this event, as objects."""
        found = []
        for line in list(self.log):
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if entry.get("event") == name:
                found.append(entry)
        return found

    def _read_log(self, process):
        with open(self.log_file, "ab") as copy:
            for raw in process.stderr:
                copy.write(raw)
                copy.flush()
                line = raw.decode(errors="replace").rstrip("\n")
                self.log.append(line)
                if self.port is None and '"http.listening"' in line:
                    self.port = json.loads(line)["port"]
                    self._listening.set()
                elif '"mds.ready"' in line:
                    self._said_ready.set()
        process.stderr.close()


def run_cli(*arguments, binary=None, env=None, timeout=30.0, cwd=None):
    """One of the short commands, to its end."""
    return subprocess.run([str(binary or default_binary()), *map(str, arguments)], capture_output=True, text=True,
                          env={**clean_environment(), **(env or {})}, timeout=timeout * SLOWNESS, cwd=cwd, stdin=subprocess.DEVNULL)
