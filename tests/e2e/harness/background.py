"""What goes on beside a test."""

import threading


class Background:
    """step() of a subclass, again and again in a thread of its own, for as long as the `with` block lasts."""

    def __init__(self, every):
        """`every`: seconds between two steps."""
        self._every, self._over = every, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def step(self):
        raise NotImplementedError

    def _run(self):
        while not self._over.wait(self._every):
            self.step()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join(30)
