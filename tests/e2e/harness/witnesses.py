"""Who, outside the service, knows what must be stored: readers that were given prices, and the provider's own record."""

import collections
import json
import random
import threading
import time

from .client import Client
from .service import SLOWNESS


class Readers:
    """Clients that read what is polled, and that fetch symbols of their own. Each price that they are given is a witness. They live
    through the kills: an answer that did not arrive in full is none. `services`: whom they ask, each of them one that listens until it
    fails; `symbols`: S0, S1, ... so many are polled."""

    def __init__(self, services, seed, symbols, count=3):
        self.services = services
        self.symbols = symbols
        self.told = []
        self.unexpected = []
        self.went_back = []  #: I15: prices older than one that the same process had given the same reader before
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
        reader = None
        while not self._stop.is_set():
            if reader is None or reader.port != reader.service.port:
                there = [service for service in self.services if service.port is not None]
                reader = _Reader(self, there[number % len(there)], number) if there else None
            if reader is None:
                time.sleep(0.01)
                continue
            try:
                reader.read(chance)
            except (OSError, ValueError, AttributeError, TypeError):
                reader.close()
                reader = None
                time.sleep(0.01)
            except Exception as fault:  # http.client has an exception of its own for each way to be cut off
                if type(fault).__module__ != "http.client":
                    self.unexpected.append(repr(fault))
                    raise
                reader.close()
                reader = None


class _Reader:
    """One of them, while it talks to one process."""

    def __init__(self, readers, service, number):
        self.service, self.port = service, service.port
        self._readers, self._number = readers, number
        self._client = Client(self.port, timeout=10 * SLOWNESS)
        self._newest = collections.defaultdict(int)
        self.close = self._client.close

    def read(self, chance):
        symbol, kind = f"S{chance.randrange(self._readers.symbols)}", chance.random()
        if kind < 0.1:
            self._witness(symbol=f"R{self._number}-{chance.randrange(20)}", max_age=0, detail="full")
        elif kind < 0.6:
            self._witness(symbol=symbol, detail="full")
        elif kind < 0.8:
            self._witness(symbol=symbol)
        else:
            answer = self._client.get("/prices/history", symbol=symbol, limit=5)
            if answer.status == 200:
                body = answer.json()
                for point in body["points"]:
                    self._note({**point, "symbol": body["symbol"], "provider": body["provider"]})
        time.sleep(0.002)

    def _witness(self, **query):
        answer = self._client.get("/prices/latest", **query)
        if answer.status == 200:
            price = answer.json()
            self._note(price)
            self._not_older(price)
        elif answer.status not in (404, 502, 503, 504):
            self._readers.unexpected.append(repr(answer))

    def _not_older(self, price):
        if "seq" not in price:
            return
        series = (price["symbol"], price["provider"])
        if price["seq"] < self._newest[series]:
            self._readers.went_back.append(f"{self.service.home.name} gave {series} {price['seq']} after {self._newest[series]}")
        self._newest[series] = price["seq"]

    def _note(self, price):
        witness = {"kind": "told", "symbol": price["symbol"], "provider": price["provider"], "price": str(price["price"])}
        if "point_id" in price:
            witness |= {"point_id": price["point_id"], "seq": price["seq"]}
        self._readers.told.append(witness)


def served_and_acknowledged(stub, pollers):
    """A target has one request under way at a time and the next one follows when the answer before it is durable. So of the
    answers that one life of a poller was served for a polled symbol, all but the last must be stored; of the last nobody
    outside can know. An answer whose hand-over was cut is none. `pollers`: names; each life asks as NAME.NUMBER."""
    must, unknown, last = [], [], {}
    for exchange in list(stub.exchanges):
        if not exchange.symbol.startswith("S") or exchange.asker.partition(".")[0] not in pollers:
            continue
        earlier = last.get((exchange.asker, exchange.symbol))
        if earlier is not None:
            must.append(earlier)
        last[exchange.asker, exchange.symbol] = exchange
    unknown = list(last.values())
    return [[{"kind": "served", "symbol": exchange.symbol, "price": exchange.reply.price, "at": exchange.at}
             for exchange in exchanges if exchange.served_at is not None and exchange.reply.price is not None]
            for exchanges in (must, unknown)]


class Ledger:
    """What the tables say was not stored, tick by tick: missed, or failed without an answer."""

    REACH = 30  #: seconds that a request may leave after its tick: a process that was frozen sends late

    def __init__(self, tables):
        self._ranges = collections.defaultdict(list)
        for symbols, first, last, *_ in tables.missed:
            for symbol in json.loads(symbols):
                self._ranges[symbol].append((first / 1e6, last / 1e6))
        for _, symbol, _, _, answered, _, _, due in tables.outcomes:
            if due is not None and not answered:
                self._ranges[symbol].append((due / 1e6, due / 1e6))

    def accounts_for(self, witness):
        """That an answer which was served is on record as none: its poller had lost the target meanwhile, or had given up."""
        at = witness["at"]
        return any(first <= at + 0.1 and last >= at - self.REACH for first, last in self._ranges[witness["symbol"]])
