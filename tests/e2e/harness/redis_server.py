"""A throw-away Redis server, in memory alone."""

import pathlib
import shutil
import signal
import socket
import unittest

from .processes import end, free_ports, home_of_server, spawn, wait_until

PROGRAM = pathlib.Path("/usr/bin/redis-server")


class RedisServer:
    """Debian's redis-server on a free port. `home`: a folder that stays. Use as a context manager."""

    def __init__(self, home=None):
        if not PROGRAM.exists():
            raise unittest.SkipTest("no Redis server is installed (Debian: redis-server)")
        self.home, self._passing = home_of_server("mds-redis-", home)
        self.port = free_ports(1)[0]
        self.process = None
        self.start()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self):
        self.spawn()
        wait_until(self.answers, 20, "redis-server", self.process, self.home / "server.log")

    def spawn(self):
        """Starts without waiting."""
        self.process = spawn([PROGRAM, "--port", self.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                              "--enable-debug-command", "yes", "--dir", self.home], self.home / "server.log")

    def stop(self):
        end(self.process, signal.SIGTERM, 5)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def command(self, *words, timeout=10.0):
        """The reply as raw bytes of the protocol, the first line and what came with it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout) as connection:
            parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
            connection.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))
            with connection.makefile("rb") as replies:
                return self._reply(replies)

    def _reply(self, replies):
        line = replies.readline().rstrip(b"\r\n")
        kind, rest = line[:1], line[1:]
        if kind == b"$":
            return None if rest == b"-1" else replies.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self._reply(replies) for _ in range(int(rest))]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        return int(rest) if kind == b":" else rest

    def answers(self):
        try:
            return self.command("PING") == b"PONG"
        except (OSError, ValueError, RuntimeError):
            return False

    def close(self):
        self.stop()
        if self._passing:
            shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
