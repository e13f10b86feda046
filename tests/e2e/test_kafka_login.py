"""Log-in to a broker with a password over TLS. The password comes from the environment and shows nowhere."""

import re
import subprocess
import unittest

from harness import kafka, kafka_mock, postgres
from harness.deployment import Deployment, print_figures
from harness.kafka_broker import KafkaBroker, unavailable
from harness.provider_stub import ProviderStub
from harness.scenario import start_job, wait_for_points
from harness.service import eventually, run_cli

SCRAM_WORKS = (2, 6, 1)


def librdkafka():
    """The version that is installed, by kcat, which is linked to the same library."""
    text = subprocess.run(["kcat", "-V"], capture_output=True, text=True).stdout
    return tuple(int(part) for part in re.search(r"librdkafka (\d+)\.(\d+)\.(\d+)", text).groups())


class LogIn(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        why = unavailable()
        if why is not None:
            raise unittest.SkipTest(f"needs a real broker: {why}")
        kafka_mock.tool()  # skips where the program was built without Kafka
        cls.postgres = postgres.server()
        cls.addClassCleanup(cls.postgres.close)
        cls.broker = KafkaBroker(secure=True)
        cls.addClassCleanup(cls.broker.close)

    def deployment(self, stub, mechanism, password=None):
        secure = self.broker.secure
        bus = kafka.Bus(self.broker, bootstrap=f"127.0.0.1:{self.broker.secure_port}")
        properties = {"security.protocol": "SASL_SSL", "sasl.mechanisms": mechanism, "sasl.username": secure.user,
                      "sasl.password": "${BROKER_PASSWORD}", "ssl.ca.location": str(secure.certificate), "broker.address.family": "v4"}
        database = self.postgres.database()
        self.addCleanup(database.drop)
        deployment = Deployment(stub, database, bus, "one", bus_properties=properties,
                                env={"BROKER_PASSWORD": password or secure.password})
        self.addCleanup(deployment.close)
        return deployment

    def prices_flow(self, deployment, name):
        deployment.start(within=40)
        with deployment.api.client() as client:
            job = start_job(client, ["S0", "S1"])
            wait_for_points(client, "S0", 5)
            eventually(lambda: client.get("/prices/moving-average", symbol="S0").status == 200, 30, what="an average")
            client.post(f"/prices/poll/{job}/pause")
            deployment.settle()
        self.shows_no_password(deployment)
        self.assertEqual(deployment.stop()["all"], 0)
        report = deployment.check()
        print_figures(name, report)
        self.assertEqual(dict(report.violations), {}, str(report))

    def shows_no_password(self, deployment):
        service = deployment.api
        self.assertNotIn(self.broker.secure.password, service.log_file.read_text())
        printed = run_cli("check-config", "--print", "-c", service.home / "config.json", env=service.env)
        self.assertEqual(printed.returncode, 0, printed.stderr)
        self.assertNotIn(self.broker.secure.password, printed.stdout + printed.stderr)

    def test_plain_over_tls(self):
        with ProviderStub() as stub:
            self.prices_flow(self.deployment(stub, "PLAIN"), "log-in by SASL/PLAIN over TLS")

    def test_a_wrong_password_is_said_and_shown_nowhere(self):
        with ProviderStub() as stub:
            deployment = self.deployment(stub, "PLAIN", password="not the password")
            service = deployment.api
            service.start(ready=False)
            eventually(lambda: "uthentication failed" in service.tail(200), 30, what="a line about the refused log-in")
            with service.client() as client:
                self.assertEqual(client.get("/healthz").status, 200)
            self.assertNotIn("not the password", service.log_file.read_text())

    def test_scram_over_tls(self):
        with ProviderStub() as stub:
            deployment = self.deployment(stub, "SCRAM-SHA-256")
            version = librdkafka()
            if version < SCRAM_WORKS:
                service = deployment.api
                service.start(ready=False)
                eventually(lambda: "cannot log in with SCRAM-SHA-256" in service.tail(200), 20, what="the warning")
                reason = f"librdkafka {'.'.join(map(str, version))} cannot log in by SCRAM; mds says so"
                print(reason, flush=True)
                self.skipTest(reason)
            self.prices_flow(deployment, "log-in by SASL/SCRAM-SHA-256 over TLS")


if __name__ == "__main__":
    unittest.main()
