"""Checks what kcat read from the event topic against the tables, after whatever happened to relay, broker and consumer.

I4 each own point is on the topic, I5 nothing is there that has no point, I6 a series' events are in its order once repeats are taken
out, I7 events of other programs became points once, I9 the stored offsets point behind what the tables reflect, I19 what cannot be read
is in the dead letters byte for byte.
"""

import collections
import json
import uuid
from fractions import Fraction

KEYS = ["symbol", "price", "timestamp", "source", "raw_response_id"]


def check_topic(tables, report, topic, records, quiet_bus=True):
    """`records`: every one that is on the topic, partition by partition in the order of their offsets."""
    dead = {(row[1], row[2]): row for row in tables.dead_letters if row[0] == topic}
    ours, foreign = [], []
    for record in records:
        letter = dead.get((record.partition, record.offset))
        if letter is not None:
            _verbatim(report, record, letter)
        elif "store_epoch" in record.headers:
            ours.append(record)
        else:
            foreign.append(record)
    report.counts.update(events=len(ours), foreign_events=len(foreign), dead_letters=len(dead))
    _own_events(tables, report, ours, quiet_bus)
    _foreign_events(tables, report, foreign, quiet_bus)
    _offsets(tables, report, records, quiet_bus)
    if quiet_bus and tables.relay and tables.relay[0][0] != tables.head + 1:
        report.broken("I4", f"the relay stands at {tables.relay[0][0]}, the log ends at {tables.head}")


def _own_events(tables, report, records, quiet_bus):
    """I4, I5, I6."""
    points = {}
    for series, seq, point, price, timestamp, fetched, raw in tables.points:
        symbol, provider, _ = tables.series[series]
        points[symbol, provider, seq] = (point, Fraction(price), raw)
    seen, last, phantom, duplicated = {}, collections.defaultdict(int), 0, 0
    for record in records:
        event = json.loads(record.value, parse_float=Fraction, parse_int=Fraction)
        name = (event["symbol"], event["source"], int(record.headers["seq"]))
        have = (uuid.UUID(record.headers["event_id"]).bytes, event["price"], uuid.UUID(event["raw_response_id"]).bytes)
        if list(event) != KEYS or record.key != event["symbol"].encode():
            report.broken("I5", f"{name}: keys {list(event)}, record key {record.key}")
        if points.get(name) != have:
            phantom += 1
            report.broken("I5", f"{name} on the topic is {have}, the point is {points.get(name)}")
            continue
        if name in seen:
            duplicated += 1
            continue
        seen[name] = record
        if name[2] != last[name[:2]] + 1:
            report.broken("I6", f"{name} follows {last[name[:2]]} (partition {record.partition}, offset {record.offset})")
        last[name[:2]] = name[2]
    foreign = {raw for raw, row in tables.raw.items() if row[2] == "foreign"}
    missing = [name for name, (_, _, raw) in points.items() if raw not in foreign and name not in seen]
    report.counts.update(phantom=phantom, duplicated_on_topic=duplicated)
    report.counts["lost_on_topic" if quiet_bus else "not_yet_on_topic"] += len(missing)
    if missing and quiet_bus:
        report.broken("I4", f"{len(missing)} points are not on the topic, such as {missing[0]}")


def _foreign_events(tables, report, records, quiet_bus):
    """I7: each is one raw row with exactly its bytes, and that row's point."""
    stored = collections.Counter(body for _, _, cause, _, _, body in tables.raw.values() if cause == "foreign")
    wanted = collections.Counter(record.value for record in records)
    for body, count in (stored - wanted).items():
        report.broken("I7", f"{count} foreign points more than there are events {body[:80]}")
    if quiet_bus:
        for body, count in (wanted - stored).items():
            report.counts["lost"] += count
            report.broken("I7", f"{count} events of another program are neither points nor dead letters: {body[:80]}")


def _verbatim(report, record, letter):
    if (record.key or b"", record.value or b"") != (letter[3], letter[4]):
        report.broken("I19", f"dead letter {letter[1]}/{letter[2]}: {letter[4][:40]} was {(record.value or b'')[:40]}")


def _offsets(tables, report, records, quiet_bus):
    """I9: what lies before the stored offset is in the tables; with nothing under way the offset is the end."""
    ends = collections.Counter()
    for record in records:
        ends[record.partition] = max(ends[record.partition], record.offset + 1)
    following = {partition: next_ for partition, _, next_ in tables.offsets}
    done = {(series, seq) for series, _, seq, *_ in tables.averages}
    number = {tuple(row[:2]): series for series, row in tables.series.items()}
    for partition, end in ends.items():
        if following.get(partition, 0) > end:
            report.broken("I9", f"partition {partition}: next is {following[partition]}, its end {end}")
        if quiet_bus and following.get(partition) != end:
            report.broken("I9", f"partition {partition}: next is {following.get(partition)}, its end {end} and nothing is under way")
    for record in records:
        if record.offset >= following.get(record.partition, 0) or "seq" not in record.headers or record.value is None:
            continue
        try:
            event = json.loads(record.value)
            event_seq = int(record.headers["seq"])
        except ValueError:
            continue  # a dead letter
        series = number.get((event.get("symbol"), event.get("source"))) if isinstance(event, dict) else None
        if series is not None and event_seq >= 5 and (series, event_seq) not in done:
            report.broken("I9", f"partition {record.partition}: next is {following[record.partition]}, but {record.offset} has no average")
