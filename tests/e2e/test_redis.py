"""Redis down, slow, full, emptied, full of garbage: no error, no older price, no stampede; latency at most (F26, F27; I14, I15, I16)."""

import collections
import concurrent.futures
import contextlib
import itertools
import threading
import time
import unittest

from harness import metrics
from harness.chaos_proxy import ChaosProxy
from harness.open_loop import OpenLoop
from harness.provider_stub import ProviderStub
from harness.redis_server import RedisServer
from harness.scenario import service_with, start_job, wait_for_points
from harness.service import SLOWNESS, eventually

SYMBOLS = [f"S{number}" for number in range(8)]
PHASE = 2.5  # seconds of load in each state of the server
#: A read of a price that memory has costs about a millisecond; one that waits for Redis in vain 25 more. Generous, because this
#: machine may be busy; what was measured is printed.
SLACK = 0.5 * SLOWNESS


def counted(client, name, **labels):
    return metrics.total(metrics.parse(client.get("/metrics").text), name, **labels)


def in_use(client):
    return counted(client, "mds_redis_up") == 1


class Faults(unittest.TestCase):
    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.redis = stack.enter_context(RedisServer())
        self.proxy = stack.enter_context(ChaosProxy(self.redis.port))
        self.stub = stack.enter_context(ProviderStub())
        url = f"redis://127.0.0.1:{self.proxy.port}"
        self.service = stack.enter_context(service_with(self.stub, {"cache": {"redis": {"url": url}}}))
        self.service.start()
        self.client = stack.enter_context(self.service.client())

    def phase(self, name):
        """Known symbols are read, half of them past memory: their points are older than asked for every other second."""
        known = [f"/prices/latest?symbol={symbol}&detail=full" for symbol in SYMBOLS]
        past_memory = [f"{target}&max_age=1" for target in known]
        with OpenLoop(self.service.client, [target for pair in zip(known, past_memory) for target in pair], rate=80) as load:
            time.sleep(PHASE)
        print(f"{name:28} {load}", flush=True)
        self.assertEqual(load.failures, [], name)
        self.assertLess(load.quantile(0.99), SLACK, name)
        last = collections.defaultdict(int)
        for _, _, answer, thread in load.answers:
            body = answer.json()
            self.assertGreaterEqual(body["seq"], last[thread, body["symbol"]], f"{name}: a price went back")
            last[thread, body["symbol"]] = body["seq"]

    def stampede(self, number):
        """Simultaneous misses of one symbol make one call, whatever the state of Redis."""
        symbol = f"NEW{number}"

        def read(_):
            with self.service.client() as client:
                return client.get("/prices/latest", symbol=symbol).status

        with concurrent.futures.ThreadPoolExecutor(16) as readers:
            self.assertEqual(set(readers.map(read, range(16))), {200})
        self.assertEqual(sum(exchange.symbol == symbol for exchange in list(self.stub.exchanges)), 1)

    def test_no_fault_of_redis_is_an_error(self):
        fresh = itertools.count()
        start_job(self.client, SYMBOLS, interval=2)
        for symbol in SYMBOLS:
            wait_for_points(self.client, symbol, 1)
        eventually(lambda: in_use(self.client), what="Redis in use")
        self.phase("in use")
        self.stampede(next(fresh))

        self.redis.kill()
        self.phase("down")
        self.stampede(next(fresh))
        self.assertFalse(in_use(self.client))
        self.assertEqual(self.client.get("/readyz").status, 200)

        self.redis.start()
        self.phase("restarted empty")
        eventually(lambda: in_use(self.client), what="Redis in use after its restart")

        self.redis.freeze()
        self.phase("frozen")
        self.stampede(next(fresh))
        self.redis.thaw()
        eventually(lambda: in_use(self.client), what="Redis in use after it was frozen")

        self.proxy.faults.latency = 0.25
        self.phase("half a second away")
        self.stampede(next(fresh))
        self.proxy.heal()
        eventually(lambda: in_use(self.client), what="Redis in use after it was slow")

        sleeper = threading.Thread(target=lambda: [self.redis.command("DEBUG", "SLEEP", "0.5") for _ in range(4)])
        sleeper.start()
        self.phase("asleep again and again")
        sleeper.join()

        eventually(lambda: in_use(self.client), what="Redis in use after it slept")
        self.redis.command("CONFIG", "SET", "maxmemory-policy", "noeviction")
        self.redis.command("SET", "filler", b"x" * 2_000_000)
        self.redis.command("CONFIG", "SET", "maxmemory", "1mb")
        self.phase("full")
        self.assertGreater(counted(self.client, "mds_redis_writes_total", result="refused"), 0)
        self.redis.command("CONFIG", "SET", "maxmemory", "0")

        before = counted(self.client, "mds_redis_reads_total", result="garbage")
        over = threading.Event()

        def spoil():
            while not over.wait(0.02):
                for symbol in SYMBOLS:
                    self.redis.command("SET", f"mds:latest:finnhub:{symbol}", b"\x00garbage\r\n" * 10)

        spoiler = threading.Thread(target=spoil)
        spoiler.start()
        self.phase("full of garbage")
        over.set()
        spoiler.join()
        self.assertGreater(counted(self.client, "mds_redis_reads_total", result="garbage"), before)
        self.assertEqual(self.service.stop(), 0)


class Sharing(unittest.TestCase):
    def test_what_one_process_stored_another_one_reads_and_says_from_where(self):
        with RedisServer() as redis, ProviderStub() as stub:
            settings = {"cache": {"redis": {"url": redis.url}}}
            # Two stores, so that nothing but Redis can carry the price over.
            with service_with(stub, settings) as writer, service_with(stub, settings) as reader:
                writer.start()
                reader.start()
                with writer.client() as first, reader.client() as second:
                    for client in (first, second):
                        eventually(lambda client=client: in_use(client), what="Redis in use")
                    told = first.get("/prices/latest", symbol="AAPL", detail="full").json()
                    eventually(lambda: counted(first, "mds_redis_writes_total", result="written") == 1, what="the price in Redis")
                    answer = second.get("/prices/latest", symbol="AAPL", detail="full")
                    self.assertEqual(answer.status, 200)
                    self.assertEqual(answer.headers["x-price-source"], "cache")
                    read = answer.json()
                    for name in ("price", "timestamp", "fetched_at", "point_id", "seq", "raw_response_id"):
                        self.assertEqual(read[name], told[name], name)
                    self.assertEqual(second.get("/prices/latest", symbol="AAPL").headers["x-price-source"], "memory")
                    self.assertEqual(len(stub.exchanges), 1)


if __name__ == "__main__":
    unittest.main()
