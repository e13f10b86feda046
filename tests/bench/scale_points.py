"""Reads of one series from PostgreSQL by the number of points it has: a page of the newest, a page of a range of time in the middle, the
newest average."""

import statistics
import time

import scale
from harness.postgres import binaries, own_server
from harness.service import Service, run_cli

NAME, TITLE, ACROSS, UP = "points", "Reads of one series by number of its stored points", "points", "ms"
SIZES = (1, 100, 10_000, 1_000_000, 10_000_000)
ASKED = 50
BEGIN = "2020-01-01T00:00:00Z"


def missing():
    return None if binaries() else "no PostgreSQL server is installed"


def fill(database, points):
    """A point each second from BEGIN on."""
    database.rows("TRUNCATE series, price_points, moving_average RESTART IDENTITY")
    database.rows(f"INSERT INTO series (symbol, provider, last_seq, max_fetched) VALUES "
                  f"('AAPL', 'simulated', {points}, timestamptz '{BEGIN}' + {points} * interval '1 s')")
    for first in range(1, points + 1, 1_000_000):  # each within the time that a statement has
        last = min(points, first + 999_999)
        at = f"timestamptz '{BEGIN}' + nr * interval '1 s'"
        database.rows(f"INSERT INTO price_points (series_id, seq, id, price, timestamp, fetched_at, raw_data_id, time_source) "
                      f"SELECT 1, nr, lpad(to_hex(nr), 32, '0')::uuid, 100 + nr % 1000 * 0.01, {at}, {at}, "
                      f"lpad(to_hex(nr), 32, '0')::uuid, 0 FROM generate_series({first}, {last}) nr")
        database.rows(f"INSERT INTO moving_average (series_id, interval, seq, average_price, timestamp, fetched_at) "
                      f"SELECT 1, 5, nr, 100, {at}, {at} FROM generate_series({max(first, 5)}, {last}) nr")
    database.rows("ANALYZE")


def moment(points):
    """The fetched_at of a point in the middle."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_577_836_800 + points // 2))


def milliseconds(client, path, **query):
    """Median of many requests."""
    taken = []
    for _ in range(ASKED):
        began = time.monotonic()
        status = client.get(path, symbol="AAPL", **query).status
        taken.append((time.monotonic() - began) * 1000)
        if status not in (200, 404):  # too few points for an average
            raise RuntimeError(f"{path} answered {status}")
    return statistics.median(taken)


def grow(bench):
    server, grown = own_server(["max_wal_size=4GB"]), {}
    try:
        database = server.database()
        made = run_cli("migrate", "--set", "store.kind=postgresql", "--set", f"store.url={database.url}", binary=bench.mds)
        if made.returncode != 0:
            raise RuntimeError(made.stderr)
        for points in SIZES:
            fill(database, points)
            with Service(binary=bench.mds, modules="http", settings={"store": {"kind": "postgresql", "url": database.url}}) as service:
                service.start()
                with service.client() as client:
                    def reads(_):
                        return {"newest 100 points": milliseconds(client, "/prices/history", limit=100),
                                "100 points of the middle": milliseconds(client, "/prices/history", limit=100, end=moment(points)),
                                "newest average": milliseconds(client, "/prices/moving-average", period=5)}

                    grown |= scale.in_rounds(bench, (points,), reads)
                service.stop()
    finally:
        server.close()
    return grown
