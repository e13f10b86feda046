"""What the campaigns stand on does what it says: the proxy's faults, and reading back what kcat wrote."""

import contextlib
import os
import socket
import threading
import time
import unittest
import unittest.mock

from harness import kafka
from harness.chaos_proxy import DOWN, UP, ChaosProxy
from harness.service import Service


class Echo:
    """Sends back what it gets, and remembers it."""

    def __init__(self):
        self.received = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            try:
                while data := connection.recv(65536):
                    self.received += data
                    connection.sendall(data)
            except OSError:
                pass

    def close(self):
        self._listener.close()


class Proxy(unittest.TestCase):
    def setUp(self):
        self.echo = Echo()
        self.addCleanup(self.echo.close)
        self.proxy = ChaosProxy(self.echo.port, seed=1)
        self.addCleanup(self.proxy.close)

    def connect(self, timeout=5.0):
        connection = socket.create_connection(("127.0.0.1", self.proxy.port), timeout)
        self.addCleanup(connection.close)
        return connection

    def read(self, connection, size):
        data = b""
        while len(data) < size:
            part = connection.recv(size - len(data))
            if not part:
                break
            data += part
        return data

    def test_without_faults_every_byte_arrives_in_order(self):
        connection, data = self.connect(), bytes(range(256)) * 400
        threading.Thread(target=connection.sendall, args=(data,), daemon=True).start()
        self.assertEqual(self.read(connection, len(data)), data)

    def test_latency_and_bandwidth_slow_it_down(self):
        connection = self.connect()
        self.proxy.faults.latency = 0.1
        began = time.monotonic()
        connection.sendall(b"x")
        self.assertEqual(self.read(connection, 1), b"x")
        self.assertGreaterEqual(time.monotonic() - began, 0.2)
        self.proxy.heal()
        self.proxy.faults.bandwidth = 20_000
        began = time.monotonic()
        connection.sendall(b"x" * 4000)
        self.read(connection, 4000)
        self.assertGreaterEqual(time.monotonic() - began, 0.2)

    def test_one_way_cut_lets_requests_through_and_no_answers(self):
        connection = self.connect(timeout=0.3)
        self.proxy.faults.swallow = {DOWN}
        connection.sendall(b"asked")
        with self.assertRaises(TimeoutError):
            connection.recv(1)
        self.assertEqual(self.echo.received, b"asked")
        self.assertEqual(self.proxy.lost, {UP: 0, DOWN: 5})

    def test_held_bytes_go_on_afterwards(self):
        connection = self.connect()
        self.proxy.faults.hold = {UP}
        connection.sendall(b"late")
        time.sleep(0.1)
        self.assertEqual(self.echo.received, b"")
        self.proxy.heal()
        self.assertEqual(self.read(connection, 4), b"late")

    def test_a_limit_resets_after_exactly_so_many_bytes(self):
        self.proxy.faults.limit = {UP: 3}
        connection = self.connect()
        connection.sendall(b"abcdef")
        with contextlib.suppress(ConnectionResetError):
            while connection.recv(10):
                pass
        self.assertEqual(self.echo.received, b"abc")
        self.assertEqual(self.proxy.lost[UP], 3)

    def test_reset_and_down_and_up_again(self):
        connection = self.connect()
        connection.sendall(b"x")
        self.read(connection, 1)
        self.proxy.reset_all()
        with self.assertRaises(ConnectionResetError):
            connection.recv(1)
        self.proxy.set_down()
        with self.assertRaises(ConnectionRefusedError):
            self.connect()
        self.proxy.set_up()
        again = self.connect()
        again.sendall(b"y")
        self.assertEqual(self.read(again, 1), b"y")

    def test_a_slow_close_keeps_the_end_back(self):
        self.proxy.faults.slow_close = 0.2
        connection = self.connect()
        connection.shutdown(socket.SHUT_WR)
        began = time.monotonic()
        self.assertEqual(connection.recv(1), b"")
        self.assertGreaterEqual(time.monotonic() - began, 0.2)


class TestVariables(unittest.TestCase):
    def test_they_do_not_reach_a_started_service(self):
        """MDS_TEST_... are the tests' own: to the service every MDS_ variable is configuration, and an unknown one an error."""
        with unittest.mock.patch.dict(os.environ, {"MDS_TEST_POSTGRES": "postgresql://x", "MDS_TEST_KAFKA": "y:1"}), Service() as service:
            service.start()
            self.assertFalse([name for name in service.env if name.startswith("MDS_")])
            self.assertEqual(service.stop(), 0)


class ReadingKcat(unittest.TestCase):
    def test_any_bytes_in_key_and_value_and_commas_in_headers(self):
        key, value = b"k\n\xff", b"\x00line\n1 2 3 4 5\n"
        data = b"0 7 1700 %d %d\n" % (len(key), len(value)) + key + value + b"event_id=1,note=a,b=c\n" + b"1 0 1701 -1 -1\n\n"
        first, second = kafka._records(data)
        self.assertEqual((first.partition, first.offset, first.key, first.value), (0, 7, key, value))
        self.assertEqual(first.headers, {"event_id": "1", "note": "a", "b": "c"})
        self.assertEqual((second.key, second.value, second.headers), (None, None, {}))


if __name__ == "__main__":
    unittest.main()
