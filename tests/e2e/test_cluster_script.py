"""scripts/cluster, as a person uses it: it comes up, does as it is told, stops what it started, and goes on from the same data."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

from harness.client import Client
from harness.kafka_broker import unavailable
from harness.service import SLOWNESS, eventually

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "cluster"


class Script:
    def __init__(self, *arguments):
        command = [sys.executable, str(SCRIPT), "--binary", os.environ["E2E_BINARY"], *map(str, arguments)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.text = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.text += line

    def wait_for(self, words, within=90):
        eventually(lambda: words in self.text or self.process.poll() is not None, within, 0.1, f"{words!r} in:\n{self.text}")
        if words not in self.text:
            raise AssertionError(f"it ended with {self.process.returncode}:\n{self.text}")

    def tell(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    @property
    def processes(self):
        """{name: (port, pid)}"""
        found = re.findall(r"^  (\w+-\d) +http://127\.0\.0\.1:(\d+)  pid (\d+)", self.text, re.MULTILINE)
        return {name: (int(port), int(pid)) for name, port, pid in found}

    def interrupt(self):
        """Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(60 * SLOWNESS)
        self._reader.join(10)
        self.process.stdin.close()
        self.process.stdout.close()
        return code


def lives(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


class Cluster(unittest.TestCase):
    def start(self, *arguments):
        script = Script(*arguments)
        self.addCleanup(script.process.kill)
        script.wait_for("Ctrl-C stops everything")
        return script

    def test_started_told_stopped_and_started_again_on_its_data(self):
        why = unavailable()
        if why is not None:
            self.skipTest(f"needs a real broker: {why}")
        folder = tempfile.TemporaryDirectory(prefix="mds-e2e-")
        self.addCleanup(folder.cleanup)
        pathlib.Path(folder.name).chmod(0o755)  # the server of PostgreSQL is another user's
        script = self.start("--data", folder.name)
        self.assertEqual(sorted(script.processes), ["api-1", "api-2", "consumer-1", "consumer-2", "poller-1", "poller-2"])
        with Client(script.processes["api-1"][0]) as first, Client(script.processes["api-2"][0]) as second:
            self.assertEqual(first.get("/prices/latest", symbol="AAPL").status, 200)
            oldest = second.get("/prices/history", symbol="AAPL", sort="asc", limit=1).json()["points"]
        script.tell("kill poller-1")
        script.wait_for("poller-1: kill done")
        script.tell("start poller-1")
        script.wait_for("poller-1: start done")
        pids = [pid for _, pid in script.processes.values()]
        self.assertEqual(script.interrupt(), 0, script.text)
        self.assertEqual(script.text.count("ended with 0"), 6, script.text)
        self.assertFalse(any(map(lives, pids)))

        script = self.start("--data", folder.name)
        with Client(script.processes["api-2"][0]) as client:
            self.assertEqual(len(client.get("/prices/poll").json()["jobs"]), 6, "those of the first start, and no others")
            self.assertEqual(client.get("/prices/history", symbol="AAPL", sort="asc", limit=1).json()["points"], oldest)
        self.assertEqual(script.interrupt(), 0, script.text)


if __name__ == "__main__":
    unittest.main()
