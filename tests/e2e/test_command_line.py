"""The program as somebody at a terminal meets it: commands, exit codes, errors of the configuration."""

import json
import os
import pathlib
import socket
import sqlite3
import tempfile
import unittest

from harness import checker
from harness.service import Service, eventually, run_cli

OK, FAILURE, USAGE, STORE = 0, 1, 2, 3


class CommandLine(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mds-cli-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def config(self, text):
        path = self.folder / "config.json"
        path.write_text(text if isinstance(text, str) else json.dumps(text))
        return path

    def test_help_and_version(self):
        helped = run_cli("--help")
        self.assertEqual(helped.returncode, OK)
        for word in ("serve", "check-config", "migrate", "copy", "version", "--set", "--modules"):
            self.assertIn(word, helped.stdout)
        version = run_cli("version")
        self.assertEqual(version.returncode, OK)
        self.assertRegex(version.stdout, r"\d+\.\d+\.\d+")

    def test_a_command_line_that_makes_no_sense(self):
        for arguments in (["frobnicate"], ["serve", "--nosuch"], ["serve", "--set", "http.port"]):
            done = run_cli(*arguments)
            self.assertEqual(done.returncode, USAGE, (arguments, done))
            self.assertTrue(done.stderr)

    def test_a_good_configuration(self):
        done = run_cli("check-config", "--config", self.config('{// a comment\n "http": {"port": 9000},}'))
        self.assertEqual(done.returncode, OK, done)

    def test_the_shipped_configurations_are_good(self):
        shipped = pathlib.Path(__file__).resolve().parents[2] / "config"
        self.assertEqual(run_cli("check-config", "--config", shipped / "standalone.json").returncode, OK)
        if not os.environ.get("E2E_KAFKA_TOOL"):
            self.skipTest("the program was built without Kafka")
        servers = {"MDS_POSTGRES_URL": "postgresql://mds@db/prices", "MDS_KAFKA_BROKERS": "broker:9092"}
        done = run_cli("check-config", "--config", shipped / "production.json", env=servers)
        self.assertEqual(done.returncode, OK, done)
        done = run_cli("check-config", "--config", shipped / "production.json")
        self.assertEqual(done.returncode, USAGE)
        for name in servers:
            self.assertIn(name, done.stderr)

    def test_all_errors_are_told_at_once_each_with_its_path_and_the_nearest_name(self):
        done = run_cli("check-config", "--config", self.config(
            {"htpp": {"port": 1}, "http": {"port": 70000, "adress": "127.0.0.1"}, "read": {"max_age": "soon"}}))
        self.assertEqual(done.returncode, USAGE)
        for part in ("htpp", "http.port", "http.adress", "address", "read.max_age"):
            self.assertIn(part, done.stderr)

    def test_the_server_starts_with_no_wrong_configuration(self):
        done = run_cli("serve", "--config", self.config({"http": {"port": "many"}}), cwd=self.folder)
        self.assertEqual(done.returncode, USAGE)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["config.json"], "nothing was begun")

    def test_a_missing_file(self):
        self.assertEqual(run_cli("check-config", "--config", self.folder / "nosuch.json").returncode, USAGE)

    def test_flag_over_environment_over_file(self):
        path = self.config({"http": {"port": 1111}, "data": {"dir": str(self.folder / "data")}})
        with Service(data_dir=self.folder / "d" / "data", settings={"http": {"port": 1}}, env={"MDS_HTTP__PORT": "2"}) as service:
            service.start("--set", "http.port=0")
            self.assertGreater(service.port, 1000)
        shown = run_cli("check-config", "--config", path, "--print", env={"MDS_HTTP__PORT": "2222"})
        self.assertEqual(shown.returncode, OK, shown)
        self.assertIn("2222", shown.stdout)

    def test_a_port_that_is_taken(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            with Service(settings={"http": {"port": taken.getsockname()[1]}}) as service:
                service.spawn()
                self.assertEqual(service.process.wait(15), FAILURE)
                service._reader.join(5)
                self.assertIn(str(taken.getsockname()[1]), service.tail())

    def test_migrate_makes_a_store_that_serve_opens(self):
        with Service() as service:
            service.home.mkdir(parents=True, exist_ok=True)
            done = run_cli("migrate", "--set", f"data.dir={service.data_dir}")
            self.assertEqual(done.returncode, OK, done)
            self.assertTrue(any(service.data_dir.iterdir()))
            self.assertEqual(run_cli("migrate", "--set", f"data.dir={service.data_dir}").returncode, OK, "twice is no error")
            service.start()
            self.assertEqual(service.stop(), OK)

    def test_the_modules_of_a_role(self):
        with Service(modules="poller,relay,consumer", settings={"jobs": [{"name": "j", "symbols": ["AAPL"], "interval": "1s"}]}) as service:
            service.spawn()
            eventually(lambda: self.averages(service) > 0, what="an average without http")
            self.assertEqual(service.events("http.listening"), [])
            self.assertEqual(service.stop(), OK)
        self.assertEqual(run_cli("serve", "--modules", "http,nosuch").returncode, USAGE)

    @staticmethod
    def averages(service):
        try:
            return checker.check(service.data_dir, quiet_bus=False).counts["averages"]
        except (FileNotFoundError, sqlite3.OperationalError):
            return 0  # the store is still being made


if __name__ == "__main__":
    unittest.main()
