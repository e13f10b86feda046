"""Who, outside the service, knows what must be stored: readers that were given prices, and the provider's own record."""

import random
import threading
import time

from .client import Client
from .service import SLOWNESS


class Readers:
    """Clients that read what is polled, and that fetch symbols of their own. Each price that they are given is a witness. They live
    through the kills: an answer that did not arrive in full is none. `symbols`: S0, S1, ... so many are polled."""

    def __init__(self, seed, symbols, count=3):
        self.port = None
        self.symbols = symbols
        self.told = []
        self.unexpected = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(random.Random(seed + n), n), daemon=True) for n in range(count)]

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
            self._witness(client.get("/prices/latest", symbol=f"S{chance.randrange(self.symbols)}", detail="full"))
        elif kind < 0.8:
            self._witness(client.get("/prices/latest", symbol=f"S{chance.randrange(self.symbols)}"))
        else:
            answer = client.get("/prices/history", symbol=f"S{chance.randrange(self.symbols)}", limit=5)
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
