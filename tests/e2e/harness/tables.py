"""What the tables hold, as Python values: of the embedded store by Python's own SQLite, of a PostgreSQL database by psql."""

import contextlib
import csv
import pathlib
import sqlite3
import subprocess
import uuid

#: Columns of each table in the order of Tables' tuples. Ids become 16 bytes, times microseconds since 1970, prices exact text.
_COLUMNS = {
    "series": "id symbol provider last_seq",
    "price_points": "series_id seq id price timestamp fetched_at raw_data_id",
    "moving_average": "series_id interval seq average_price timestamp fetched_at",
    "raw_market_data": "id provider symbols cause attempt tick_due body",
    "fetch_outcomes": "fetch_id symbol provider outcome answered cause attempt tick_due",
    "missed_ticks": "symbols first_due last_due ticks reason interval",
    "outbox": "position series_id seq",
    "outbox_head": "position",
    "consumer_offsets": "partition epoch next",
    "relay_cursor": "next term",
    "dead_letters": 'topic partition "offset" key value error_class replay_position',
}
_ORDER = {"price_points": "series_id, seq", "moving_average": "series_id, seq", "outbox": "position"}
_TIMES = {"timestamp", "fetched_at", "tick_due", "first_due", "last_due"}
_NUMBERS = {"id", "series_id", "last_seq", "seq", "interval", "attempt", "ticks", "position", "partition", "epoch", "next", "term",
            '"offset"', "answered", "replay_position"} | _TIMES
_BYTES = {"body", "key", "value"}
csv.field_size_limit(1 << 30)  # keys and bodies of megabytes


def database_of(directory):
    """The one SQLite file in a data directory."""
    def is_database(path):
        with path.open("rb") as file:
            return file.read(16) == b"SQLite format 3\0"

    found = [path for path in sorted(pathlib.Path(directory).iterdir()) if path.is_file() and is_database(path)]
    if len(found) != 1:
        raise FileNotFoundError(f"{len(found)} SQLite files in {directory}")
    return found[0]


class Tables:
    """`source`: a data directory, its SQLite file, or a URL of PostgreSQL."""

    def __init__(self, source):
        if str(source).startswith("postgres"):
            self.integrity, tables = ["ok"], _read_postgres(str(source))
        else:
            path = pathlib.Path(source)
            self.integrity, tables = _read_sqlite(database_of(path) if path.is_dir() else path)
        self.series = {row[0]: row[1:] for row in tables["series"]}
        self.points = tables["price_points"]
        self.averages = tables["moving_average"]
        self.raw = {row[0]: row[1:] for row in tables["raw_market_data"]}
        self.outcomes = tables["fetch_outcomes"]
        self.missed = tables["missed_ticks"]
        self.outbox = tables["outbox"]
        self.head = tables["outbox_head"][0][0]
        self.offsets = tables["consumer_offsets"]
        self.relay = tables["relay_cursor"]
        self.dead_letters = tables["dead_letters"]


def _read_sqlite(database):
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        integrity = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        connection.execute("BEGIN")
        there = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        if "outbox_head" not in there:
            raise sqlite3.OperationalError("the store is still being made")
        tables = {name: list(connection.execute(_query(name, columns.split()))) if name in there else []
                  for name, columns in _COLUMNS.items()}
    return integrity, tables


def _query(table, expressions):
    order = _ORDER.get(table)
    return f"SELECT {', '.join(expressions)} FROM {table}" + (f" ORDER BY {order}" if order else "")


def _read_postgres(url):
    """One session and one snapshot: what belongs together is seen together."""
    script = ["\\set ON_ERROR_STOP on", "SET timezone = 'UTC';", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"]
    for name, columns in _COLUMNS.items():
        expressions = [_postgres_expression(name, column) for column in columns.split()]
        script += [f"\\echo @@{name}",
                   f"SELECT to_regclass('{name}') IS NOT NULL AS there \\gset", "\\if :there",
                   f"COPY ({_query(name, expressions)}) TO STDOUT (FORMAT csv, NULL '\\N');", "\\endif"]
    script.append("COMMIT;")
    done = subprocess.run(["psql", url, "-X", "-q", "-f", "-"], input="\n".join(script), capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise RuntimeError(f"psql: {done.stderr.strip()}")
    tables, name = {}, None
    for line in done.stdout.splitlines():  # no value has a line end: bytes are hexadecimal, and names and reasons have none
        if line.startswith("@@"):
            name = line[2:]
            tables[name] = []
        else:
            tables[name].append(line)
    return {name: [_values(name, row) for row in csv.reader(lines)] for name, lines in tables.items()}


def _postgres_expression(table, column):
    if column in _TIMES:
        return f"(extract(epoch FROM {column}) * 1000000)::bigint"
    if column == "symbols":
        return "array_to_json(symbols)"
    if column in _BYTES:
        return f"encode({column}, 'hex')"
    return {"answered": "answered::int", "price": "trim_scale(price)", "average_price": "trim_scale(average_price)"}.get(column, column)


def _values(table, row):
    return tuple(None if text == "\\N" else _value(table, column, text) for column, text in zip(_COLUMNS[table].split(), row, strict=True))


def _value(table, column, text):
    if column in ("id", "raw_data_id", "fetch_id") and table != "series":
        return uuid.UUID(text).bytes
    if column in _BYTES:
        return bytes.fromhex(text)
    return int(text) if column in _NUMBERS else text
