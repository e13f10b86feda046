"""A TCP proxy that does what networks do. Every fault can be put on and taken off while connections are open.

    with ChaosProxy(server_port) as proxy:
        proxy.faults.latency = 0.2          # and whatever talks through proxy.port is that slow
        proxy.heal()

Random choices (jitter) come from a seed. Directions: UP is from the client to the server, DOWN back.
"""

import asyncio
import contextlib
import dataclasses
import random
import socket
import struct
import threading
import time

UP, DOWN = "up", "down"
_CHUNK = 16 * 1024
_TICK = 0.01


@dataclasses.dataclass
class Faults:
    """All off. Seconds and bytes."""

    latency: float = 0.0             #: added to each direction
    jitter: float = 0.0              #: up to how much more, at random
    bandwidth: float | None = None   #: bytes a second in each direction
    slow_close: float = 0.0          #: how long the end of a connection is kept from the other side
    swallow: set = dataclasses.field(default_factory=set)  #: directions whose bytes vanish; the connection stays open
    hold: set = dataclasses.field(default_factory=set)     #: directions that stand still; nothing is lost, it goes on afterwards
    limit: dict = dataclasses.field(default_factory=dict)  #: direction -> bytes of a connection, after which it is reset


class _Link:
    """One connection through the proxy."""

    def __init__(self, client, server):
        self.client, self.server = client, server
        self.passed = {UP: 0, DOWN: 0}

    def reset(self):
        """RST to both sides: what was not read yet is lost, too."""
        for writer in (self.client, self.server):
            with contextlib.suppress(OSError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


class ChaosProxy:
    """Listens on a port of its own from a thread of its own. Use as a context manager, or close() it."""

    def __init__(self, server_port, seed=0, host="127.0.0.1", port=0):
        self.server = (host, server_port)
        self.faults = Faults()
        self.port = port
        self.accepted = 0
        self.bytes = {UP: 0, DOWN: 0}  #: handed on
        self.lost = {UP: 0, DOWN: 0}   #: bytes that arrived here and were not
        self.on_data = None            #: called with (direction, bytes) before they are handed on, in the proxy's thread
        self._links = set()
        self._is_down = False
        self._random = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._started.wait()

    def heal(self):
        """No faults any more, for open connections as well."""
        self.faults = Faults()
        self.set_up()

    def set_down(self):
        """Nobody is there: connections are refused, and the open ones are reset."""
        self._is_down = True
        self._in_loop(self._close_listener)
        self.reset_all()

    def set_up(self):
        self._is_down = False
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    def reset_all(self):
        """Every open connection gets an RST, to both sides."""
        self._in_loop(lambda: [link.reset() for link in list(self._links)])

    @property
    def open_connections(self):
        return len(self._links)

    def close(self):
        if not self._loop.is_closed():
            self._in_loop(lambda: [link.reset() for link in list(self._links)])
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # -- in the proxy's thread --------------------------------------------------------------------------------------------

    def _in_loop(self, work):
        done = threading.Event()

        def run():
            try:
                work()
            finally:
                done.set()
        self._loop.call_soon_threadsafe(run)
        done.wait(10)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._listener = None
        self._loop.run_until_complete(self._listen())
        self._started.set()
        self._loop.run_forever()
        self._close_listener()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.01))
        self._loop.close()

    async def _listen(self):
        if self._listener is None:
            self._listener = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=256)
            self.port = self._listener.sockets[0].getsockname()[1]

    def _close_listener(self):
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    async def _serve(self, client_reader, client_writer):
        self.accepted += 1
        try:
            server_reader, server_writer = await asyncio.open_connection(*self.server)
        except OSError:
            client_writer.transport.abort()
            return
        link = _Link(client_writer, server_writer)
        self._links.add(link)
        try:
            if self._is_down:
                link.reset()
            await asyncio.gather(self._carry(link, UP, client_reader, server_writer), self._carry(link, DOWN, server_reader, client_writer))
        except (OSError, asyncio.CancelledError):
            link.reset()
        finally:
            self._links.discard(link)
            client_writer.close()
            server_writer.close()

    async def _carry(self, link, direction, reader, writer):
        """One direction, bytes in their order, to its end."""
        while data := await reader.read(_CHUNK):
            arrived = time.monotonic()
            if self.on_data:
                self.on_data(direction, data)
            while direction in self.faults.hold:
                await asyncio.sleep(_TICK)
            await self._delay(len(data), arrived)
            if direction in self.faults.swallow:
                self.lost[direction] += len(data)
                continue
            room = self.faults.limit.get(direction, float("inf")) - link.passed[direction]
            self.lost[direction] += max(0, len(data) - max(0, room))
            data = data[:int(max(0, min(room, len(data))))]
            link.passed[direction] += len(data)
            self.bytes[direction] += len(data)
            writer.write(data)
            await writer.drain()
            if link.passed[direction] >= self.faults.limit.get(direction, float("inf")):
                await asyncio.sleep(_TICK)  # so that what is let through arrives
                link.reset()
                return
        if self.faults.slow_close:
            await asyncio.sleep(self.faults.slow_close)
        while direction in self.faults.hold or direction in self.faults.swallow:
            await asyncio.sleep(_TICK)
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()

    async def _delay(self, size, arrived):
        faults = self.faults
        wait = faults.latency + (self._random.uniform(0, faults.jitter) if faults.jitter else 0)
        if faults.bandwidth:
            wait += size / faults.bandwidth
        left = arrived + wait - time.monotonic()
        if left > 0:
            await asyncio.sleep(left)
