"""Kill -9 at random moments under load, again and again. At the end nothing that anybody outside was told is missing, nothing is
there twice, and every average is what a fresh computation gives.

The provider's record and what readers were given are the witnesses; the checker reads the tables. E2E_ROUNDS sets the number of
rounds, E2E_SEED repeats a run's random choices, E2E_SOAK makes it long.
"""

import json
import os
import random
import threading
import time
import unittest

from harness import checker
from harness.client import Client
from harness.provider_stub import ProviderStub
from harness.scenario import service_with, start_job
from harness.service import SLOWNESS, eventually

SYMBOLS = 200
READERS = 3
ROUNDS = int(os.environ.get("E2E_ROUNDS", "200" if os.environ.get("E2E_SOAK") else "20"))
SEED = int(os.environ.get("E2E_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)


class Readers:
    """Clients that read what is polled, and that fetch symbols of their own. Each price that they are given is a witness. They live
    through the kills: an answer that did not arrive in full is none."""

    def __init__(self, seed):
        self.port = None
        self.told = []
        self.unexpected = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(random.Random(seed + n), n), daemon=True) for n in range(READERS)]

    def start(self):
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(30 * SLOWNESS)

    def _run(self, chance, number):
        client, port = None, None
        while not self._stop.is_set():
            if self.port is None:
                time.sleep(0.01)
                continue
            if client is None or port != self.port:
                port = self.port
                client = Client(port, timeout=10 * SLOWNESS)
            try:
                self._read(client, chance, number)
            except (OSError, ValueError, AttributeError, TypeError):
                client.close()
                client = None
                time.sleep(0.01)
            except Exception as fault:  # http.client has an exception of its own for each way to be cut off
                if type(fault).__module__ != "http.client":
                    self.unexpected.append(repr(fault))
                    raise
                client.close()
                client = None

    def _read(self, client, chance, number):
        kind = chance.random()
        if kind < 0.1:
            symbol = f"R{number}-{chance.randrange(20)}"
            self._witness(client.get("/prices/latest", symbol=symbol, max_age=0, detail="full"))
        elif kind < 0.6:
            self._witness(client.get("/prices/latest", symbol=f"S{chance.randrange(SYMBOLS)}", detail="full"))
        elif kind < 0.8:
            self._witness(client.get("/prices/latest", symbol=f"S{chance.randrange(SYMBOLS)}"))
        else:
            answer = client.get("/prices/history", symbol=f"S{chance.randrange(SYMBOLS)}", limit=5)
            if answer.status == 200:
                body = answer.json()
                for point in body["points"]:
                    self._note({**point, "symbol": body["symbol"], "provider": body["provider"]})
        time.sleep(0.002)

    def _witness(self, answer):
        if answer.status == 200:
            self._note(answer.json())
        elif answer.status not in (404, 502, 503, 504):
            self.unexpected.append(repr(answer))

    def _note(self, price):
        witness = {"kind": "told", "symbol": price["symbol"], "provider": price["provider"], "price": str(price["price"])}
        if "point_id" in price:
            witness |= {"point_id": price["point_id"], "seq": price["seq"]}
        self.told.append(witness)


class KillAtRandomMoments(unittest.TestCase):
    def test_nothing_acknowledged_is_lost_and_nothing_is_there_twice(self):
        chance = random.Random(SEED)
        print(f"figure: kill -9: {ROUNDS} rounds, seed {SEED}", flush=True)
        ready, lives, offsets = [], [], []
        with ProviderStub(seed=SEED) as stub, service_with(stub) as service:
            readers = Readers(SEED)
            readers.start()
            for number in range(ROUNDS + 1):
                began, before = time.time(), len(stub.exchanges)
                service.start()
                ready.append(time.time() - began)
                readers.port = service.port
                if number == 0:
                    with service.client() as client:
                        job = start_job(client, [f"S{n}" for n in range(SYMBOLS)])
                if number == ROUNDS:
                    break
                time.sleep(chance.uniform(0.05, 2.4) * SLOWNESS)
                service.kill()
                readers.port = None
                # What it had sent before it died must not be counted as the next life's.
                eventually(lambda: stub.in_flight == 0)
                time.sleep(0.02)
                lives.append((before, len(stub.exchanges)))
                if number % 5 == 4:
                    offsets.append(self.check_offset(service))
            time.sleep(2.5)
            readers.stop()
            with service.client() as client:
                client.post(f"/prices/poll/{job}/pause")
            self.settle(service)
            lives.append((before, len(stub.exchanges)))
            self.assertEqual(service.stop(), 0)

            must, unknown = self.served_and_acknowledged(stub, lives)
            witnesses = must + readers.told
            (service.home / "witness.jsonl").write_text("".join(json.dumps(witness) + "\n" for witness in witnesses))
            report = checker.check(service.data_dir, witnesses, interval=1)
            stored = len(checker.check(service.data_dir, unknown).violations.get("I1", []))
            print(f"figure: in flight when killed: {len(unknown)} answers, of which {len(unknown) - stored} had been stored")
            print(f"figure: ready again after: median {sorted(ready)[len(ready) // 2]:.2f} s, longest {max(ready):.2f} s")
            print(report, flush=True)
            self.assertEqual(dict(report.violations), {}, f"seed {SEED}")
            self.assertEqual(readers.unexpected[:3], [])
            self.assertEqual(offsets, sorted(offsets), "the consumer's offset went back")
            self.assertGreater(len(readers.told), ROUNDS * 10)
            self.assertGreater(len(must), ROUNDS * SYMBOLS // 10)

    @staticmethod
    def check_offset(service):
        """After a kill, before the next start: the tables already hold together. The consumer may be behind."""
        report = checker.check(service.data_dir, quiet_bus=False)
        if report.violations:
            raise AssertionError(f"right after a kill, seed {SEED}:\n{report}")
        return max((row[2] for row in checker.Tables(checker.database_of(service.data_dir)).offsets), default=0)

    @staticmethod
    def settle(service):
        def quiet():
            return not {"I7", "I9"} & checker.check(service.data_dir).violations.keys()
        eventually(quiet, 20, 0.3, "an average of every point")

    @staticmethod
    def served_and_acknowledged(stub, lives):
        """A target has one request under way at a time and the next one follows when the answer before it is durable. So of the
        answers that one life of the service was served for a polled symbol, all but the last must be stored; of the last nobody
        outside can know. An answer whose hand-over was cut is none."""
        must, unknown = [], []
        for first, end in lives:
            last = {}
            for exchange in stub.exchanges[first:end]:
                if not exchange.symbol.startswith("S"):
                    continue
                earlier = last.get(exchange.symbol)
                if earlier is not None and earlier.served_at is not None:
                    must.append({"kind": "served", "symbol": earlier.symbol, "price": earlier.reply.price})
                last[exchange.symbol] = exchange
            unknown += [{"kind": "served", "symbol": exchange.symbol, "price": exchange.reply.price}
                        for exchange in last.values() if exchange.served_at is not None]
        return must, unknown


if __name__ == "__main__":
    unittest.main()
