"""Kills or freezes a process at a chosen point of its conversation with PostgreSQL, without a hook in the process: a proxy watches for
the statement."""

import threading
import time

from .chaos_proxy import DOWN, UP
from .service import SLOWNESS

#: The Bind messages of prepared statements, by their names: what a process is about to do when it sends one.
COMMIT = b"\0commit\0"
MOVE_RELAY_CURSOR = b"\0advance_relay_cursor\0"
MOVE_OFFSET = b"\0advance\0"


class CrashPoint:
    """One shot. `reaches`: whether the statement still gets to the server; its reply never gets back."""

    def __init__(self, proxy, statement, reaches):
        self._proxy, self._statement, self._reaches = proxy, statement, reaches
        self._hit = threading.Event()
        proxy.on_data = self._watch

    def _watch(self, direction, data):
        if direction != UP or self._hit.is_set() or self._statement not in data:
            return
        if self._reaches:
            self._proxy.faults.swallow = {DOWN}
        else:
            self._proxy.faults.hold = {UP}
        self._hit.set()

    def kill(self, kill, within=30.0):
        """Waits for the point, lets the server do its part, and kills."""
        self.wait(within)
        if self._reaches:
            time.sleep(0.1)  # the commit becomes durable
        kill()
        self._proxy.reset_all()
        self._proxy.heal()

    def wait(self, within=30.0):
        """Until the statement is on its way; the proxy keeps it, or its reply, until it is healed."""
        if not self._hit.wait(within * SLOWNESS):
            raise AssertionError(f"{self._statement} was not sent within {within * SLOWNESS:g} s")
        self._proxy.on_data = None
