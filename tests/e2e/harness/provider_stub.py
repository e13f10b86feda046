"""A price provider under the tests' control, on the loopback interface.

It speaks the shapes of real providers, so that the service polls it through its declarative providers as it would poll those. It
keeps a record of every request and of every answer that it handed over in full. That record is the witness outside the service.
"""

import asyncio
import dataclasses
import itertools
import json
import pathlib
import random
import threading
import time
import urllib.parse

#: Recorded answers: PROVIDER/CASE.STATUS.EXT
SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "support" / "provider_samples"

_TYPES = {".json": "application/json", ".html": "text/html; charset=utf-8", ".txt": "text/plain; charset=utf-8", ".csv": "text/csv"}


@dataclasses.dataclass
class Reply:
    """What to answer. `drop`: close the connection instead, `cut`: after this many bytes of the body, `play`: an async function of
    the writer, which sends what it likes, however wrong; the connection ends with it."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict = dataclasses.field(default_factory=dict)
    delay: float = 0.0
    drop: bool = False
    cut: int | None = None
    play: object = None
    price: str | None = None  #: the nonce in it, where it has one


@dataclasses.dataclass
class Exchange:
    """One request and its end."""

    number: int
    at: float  #: time.time() when the request had arrived
    target: str
    headers: dict
    symbol: str
    asker: str = ""  #: who asked, where it asked by way of url_for()
    reply: Reply | None = None
    served_at: float | None = None  #: when the last byte had been handed to the kernel; None: never

    @property
    def query(self):
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.target).query))

    @property
    def path(self):
        return urllib.parse.urlsplit(self.target).path


def sample(name, **changes):
    """A recorded answer by its file name, such as 'finnhub/quote_aapl.200.json'."""
    path = SAMPLES / name
    status = int(path.name.split(".")[-2])
    return Reply(status=status, body=path.read_bytes(), content_type=_TYPES[path.suffix], **changes)


class Nonces:
    """Prices that occur once: PPP.NNNNNNNN1 with a running number, in the exact text in which they are served."""

    def __init__(self, seed=0):
        self._numbers = itertools.count(1)
        self._random = random.Random(seed)

    def next(self):
        return f"{self._random.randint(1, 999)}.{next(self._numbers):09d}1"


def finnhub_quote(price, at):
    return json.dumps({"c": 0, "d": 0.1, "dp": 0.01, "h": 1, "l": 1, "o": 1, "pc": 1, "t": int(at)}).replace(
        '"c": 0', f'"c": {price}').encode()


def coinbase_ticker(price, at):
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + ".123456Z"
    return json.dumps({"trade_id": 1, "price": price, "size": "0.1", "time": stamp, "bid": price, "ask": price, "volume": "1"}).encode()


def alpha_vantage_quote(symbol, price, at):
    day = time.strftime("%Y-%m-%d", time.gmtime(at))
    return json.dumps({"Global Quote": {"01. symbol": symbol, "05. price": price, "06. volume": "1",
                                        "07. latest trading day": day}}).encode()


def symbol_of(path, query):
    """The symbol that a request is about, in any of the shapes."""
    if "symbol" in query:
        return query["symbol"]
    parts = [part for part in path.split("/") if part]
    return urllib.parse.unquote(parts[1]) if len(parts) >= 2 and parts[0] == "products" else ""


class ProviderStub:
    """Answers on a port of its own from a thread of its own. `script(exchange) -> Reply` decides; by default each answer is a quote
    with a price that never occurs again. `tls`: the context of a server that speaks TLS alone. Use as a context manager."""

    def __init__(self, script=None, seed=0, tls=None):
        self.nonces = Nonces(seed)
        self.script = script or self.fresh_quote
        self.exchanges = []
        self.port = None
        self.tls = tls
        self.in_flight = 0
        self.max_in_flight = 0
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def url_for(self, asker):
        """Where to ask from under a name of one's own."""
        return f"{self.url}/from/{asker}"

    def fresh_quote(self, exchange):
        price = self.nonces.next()
        if "function" in exchange.query:
            body = alpha_vantage_quote(exchange.symbol, price, exchange.at)
        elif exchange.path.startswith("/products/"):
            body = coinbase_ticker(price, exchange.at)
        else:
            body = finnhub_quote(price, exchange.at)
        return Reply(body=body, price=price)

    def served(self):
        """The exchanges whose answer was handed over in full."""
        return [exchange for exchange in list(self.exchanges) if exchange.served_at is not None]

    def __enter__(self):
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 20, backlog=1024, ssl=self.tls))
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _serve(self, reader, writer):
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _exchange(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        asker, target = self._origin(head[0].split(" ")[1])
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        parts = urllib.parse.urlsplit(target)
        exchange = Exchange(len(self.exchanges), time.time(), target, headers,
                            symbol_of(parts.path, dict(urllib.parse.parse_qsl(parts.query))), asker)
        self.exchanges.append(exchange)
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        try:
            exchange.reply = reply = self.script(exchange)
            if reply.delay:
                await asyncio.sleep(reply.delay)
            if reply.play:
                return await reply.play(writer)
            return not reply.drop and await self._answer(writer, exchange, reply)
        finally:
            self.in_flight -= 1

    @staticmethod
    def _origin(target):
        """(asker, what was asked for)"""
        if not target.startswith("/from/"):
            return "", target
        asker, _, rest = target.removeprefix("/from/").partition("/")
        return asker, "/" + rest

    @staticmethod
    async def _answer(writer, exchange, reply):
        lines = [f"HTTP/1.1 {reply.status} -", f"Content-Type: {reply.content_type}", f"Content-Length: {len(reply.body)}"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode()
        writer.write(head + (reply.body if reply.cut is None else reply.body[:reply.cut]))
        await writer.drain()
        if reply.cut is not None:
            return False
        exchange.served_at = time.time()
        return True
