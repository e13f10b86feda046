"""Stopping and starting: nothing is forgotten, and a stop is not noticed by those who are being answered."""

import signal
import threading
import time
import unittest

from harness.client import Client
from harness.scenario import history, start_job, wait_for_points
from harness.service import Service


class Restart(unittest.TestCase):
    def test_jobs_points_and_averages_survive_and_polling_goes_on(self):
        with Service() as service:
            service.start()
            with service.client() as client:
                running = start_job(client, ["AAPL", "MSFT"])
                paused = start_job(client, ["TSLA"], 60)
                client.post(f"/prices/poll/{paused}/pause")
                wait_for_points(client, "AAPL", 6)
            self.assertEqual(service.stop(), 0)
            service.start()
            with service.client() as client:
                first_read = client.get("/prices/latest", symbol="AAPL")
                self.assertEqual(first_read.headers["x-price-source"], "memory", "the newest prices are loaded before the first read")
                before = len(history(client, "AAPL"))
                self.assertGreaterEqual(before, 6)
                self.assertEqual(client.get(f"/prices/poll/{running}").json()["status"], "active")
                self.assertEqual(client.get(f"/prices/poll/{paused}").json()["status"], "paused")
                points = wait_for_points(client, "AAPL", before + 3)
                self.assertEqual([point["seq"] for point in points], list(range(1, len(points) + 1)))
                averages = client.get("/prices/moving-average", symbol="AAPL", limit=1000).json()["values"]
                self.assertEqual(sorted(value["seq"] for value in averages), list(range(5, averages[0]["seq"] + 1)))

    def test_an_idempotency_key_is_remembered_across_a_restart(self):
        with Service() as service:
            service.start()
            body, key = {"symbols": ["AAPL"], "interval": 60}, {"Idempotency-Key": "k"}
            with service.client() as client:
                first = client.post("/prices/poll", body, key)
            service.stop()
            service.start()
            with service.client() as client:
                self.assertEqual(client.post("/prices/poll", body, key).body, first.body)


class GracefulStop(unittest.TestCase):
    """I20: no request that the service took is left without its answer."""

    ROUNDS = 5
    READERS = 8

    def test_no_request_under_way_fails_when_the_service_is_told_to_stop(self):
        answered = 0
        for _ in range(self.ROUNDS):
            with Service() as service:
                service.start()
                with service.client() as client:
                    start_job(client, [f"S{number}" for number in range(50)])
                    wait_for_points(client, "S0", 1)
                counts, faults, stopping = self._readers(service.port)
                time.sleep(0.4)
                began = time.monotonic()
                code = service.stop()
                took = time.monotonic() - began
                stopping.set()
                for thread in threading.enumerate():
                    if thread.name.startswith("reader"):
                        thread.join(10)
                self.assertEqual(code, 0)
                self.assertLess(took, 15)
                self.assertEqual(faults, [])
                answered += sum(counts)
        print(f"figure: graceful stop: {self.ROUNDS} stops under load, {answered} answers, none failed")
        self.assertGreater(answered, self.ROUNDS * 100)

    def _readers(self, port):
        """Each request on a connection that is open and has been used: a refused new connection is no failed request, and neither is
        one that was closed while it was idle and nothing had been asked."""
        counts, faults, stopping = [0] * self.READERS, [], threading.Event()

        def read(number):
            client = Client(port)
            while not stopping.is_set():
                try:
                    answer = client.get("/prices/latest", symbol=f"S{(number * 7 + counts[number]) % 50}")
                except ConnectionRefusedError:
                    return
                except OSError as fault:
                    faults.append(repr(fault))
                    return
                if answer.status != 200:
                    faults.append(repr(answer))
                    return
                counts[number] += 1

        for number in range(self.READERS):
            threading.Thread(target=read, args=(number,), name=f"reader{number}", daemon=True).start()
        return counts, faults, stopping

    def test_a_fetch_under_way_is_still_answered(self):
        with Service(settings={"providers": {"simulated": {"latency": "700ms"}}}) as service:
            service.start()
            answers = []

            def slow_read():
                with service.client() as client:
                    answers.append(client.get("/prices/latest", symbol="AAPL"))

            reader = threading.Thread(target=slow_read)
            reader.start()
            time.sleep(0.3)
            self.assertEqual(service.stop(), 0)
            reader.join(5)
            self.assertEqual([answer.status for answer in answers], [200])
            service.start()
            with service.client() as client:
                self.assertEqual(history(client, "AAPL")[0]["price"], answers[0].json()["price"], "the answer was stored before it was given")

    def test_idle_connections_do_not_hold_up_a_stop(self):
        with Service() as service:
            service.start()
            idle = [service.client() for _ in range(20)]
            for client in idle:
                client.get("/healthz")
            began = time.monotonic()
            self.assertEqual(service.stop(), 0)
            self.assertLess(time.monotonic() - began, 3)
            for client in idle:
                client.close()

    def test_sigint_stops_it_as_well_and_a_second_signal_ends_it_at_once(self):
        with Service() as service:
            service.start()
            service.process.send_signal(signal.SIGINT)
            self.assertEqual(service.process.wait(15), 0)
        with Service(settings={"providers": {"simulated": {"latency": "8s"}}, "shutdown": {"grace": "10s"}}) as service:
            service.start()
            reader = threading.Thread(target=self._ignore_fault, args=(service.client(),), daemon=True)
            reader.start()
            time.sleep(0.5)
            service.process.terminate()
            time.sleep(0.5)
            self.assertTrue(service.running, "a fetch is under way, so it is still draining")
            began = time.monotonic()
            service.process.terminate()
            self.assertEqual(service.process.wait(5), 130)
            self.assertLess(time.monotonic() - began, 2)

    @staticmethod
    def _ignore_fault(client):
        try:
            client.get("/prices/latest", symbol="AAPL")
        except OSError:
            pass


if __name__ == "__main__":
    unittest.main()
