"""What stands before several api processes: it asks each whether it is ready, and sends a request to one that is, as load balancers do."""

import itertools
import time

from .background import Background
from .client import Client
from .service import SLOWNESS


class Balancer(Background):
    """`services`: the processes. Knows of each what /readyz said last, and that is at most `every` seconds old."""

    def __init__(self, services, every=0.1):
        super().__init__(every)
        self._services = services
        self._ready, self._turns = [], itertools.count()
        self.step()

    def pick(self, avoid=None):
        """The port of one that was ready when it was asked last; rather not `avoid`."""
        ready = self._ready
        others = [port for port in ready if port != avoid] or ready
        if not others:
            raise ConnectionRefusedError("nobody is ready")
        return others[next(self._turns) % len(others)]

    def client(self):
        """A new one."""
        return BalancedClient(self)

    def step(self):
        ports = [service.port for service in self._services]
        self._ready = [port for port in ports if port is not None and self._is_ready(port)]

    @staticmethod
    def _is_ready(port):
        try:
            with Client(port, 2) as client:
                return client.get("/readyz").status == 200
        except OSError:
            return False


class BalancedClient:
    """Keeps a connection to each process. A connection that is refused, or was closed while it was idle, is no failed request: the
    request goes elsewhere, as it does after a 503 with Retry-After. Anything else is the caller's. Not for several threads."""

    TRIES = 5

    def __init__(self, balancer, timeout=15.0):
        self._balancer, self._timeout = balancer, timeout * SLOWNESS
        self._clients = {}

    def request(self, method, target, body=None, headers=None):
        port = None
        for left in reversed(range(self.TRIES)):
            try:
                port = self._balancer.pick(avoid=port)
                answer = self._client(port).request(method, target, body, headers)
            except ConnectionRefusedError:
                if not left:
                    raise
            else:
                if answer.status != 503 or "retry-after" not in answer.headers or not left:
                    return answer
            time.sleep(0.02)
        raise AssertionError("not reached")

    def _client(self, port):
        if port not in self._clients:
            self._clients[port] = Client(port, self._timeout)
        return self._clients[port]

    def close(self):
        for client in self._clients.values():
            client.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
