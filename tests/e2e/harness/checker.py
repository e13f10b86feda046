"""Checks the tables of the service against what must always hold, whatever happened to the process.

    python3 -m harness.checker SOURCE [--witness FILE] [--interval SECONDS] [--busy]      (from tests/e2e)

SOURCE is a data directory, or the URL of a PostgreSQL database. The tables are read with Python's own SQLite or with psql; the checker
computes with fractions, and shares no code with the service. What it is told from
outside comes as a witness file: one JSON object per line,

    {"kind": "served", "symbol": S, "price": TEXT}                       a provider served it, and it must be stored
    {"kind": "told", "symbol": S, "provider": P, "price": TEXT, ...}     a client read it; with "point_id" and "seq" where given

Checked, by the numbers that the tests use: I1 nothing acknowledged is lost, I2 points and raw rows belong together, I3 dense numbers,
I4 one event per point, I7 one average per point from the fifth on, I8 each average is the exact mean, I9 the consumer's offset,
I10 no tick gave two prices, I11 every due tick has its end. With what kcat read from the topic (see topic_checker): I4 to I7, I9 and I19 of the events on it.
"""

import argparse
import collections
import json
import pathlib
import sys
from fractions import Fraction

from .tables import Tables, database_of  # noqa: F401  the tests look for both here
from .topic_checker import check_topic

WINDOW = 5


class Report:
    """Counts, and violations by invariant. `violations` empty: everything holds."""

    def __init__(self):
        self.counts = collections.Counter()
        self.violations = collections.defaultdict(list)

    def broken(self, invariant, text):
        self.violations[invariant].append(text)

    def lines(self, examples=5):
        yield "  ".join(f"{name}={count}" for name, count in self.counts.items())
        for invariant in sorted(self.violations):
            found = self.violations[invariant]
            yield f"{invariant}: {len(found)} violation(s)"
            yield from (f"    {text}" for text in found[:examples])
        yield "violations: " + (", ".join(sorted(self.violations)) if self.violations else "none")

    def __str__(self):
        return "\n".join(self.lines())


def uuid_text(data):
    text = data.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def check(source, witnesses=(), interval=None, quiet_bus=True, polled_from=None, polled_until=None, topic=None):
    """Everything above. `quiet_bus`: relay and consumer have had the time to handle all there is. `interval`: of every job, for I11;
    with `polled_from` and `polled_until` (seconds since the epoch) every symbol's ticks must cover that time. `topic`: its name and
    every record on it, where the bus is Kafka; None for the records where the topic did not keep them."""
    tables, report = Tables(source), Report()
    if tables.integrity != ["ok"]:
        report.broken("integrity", "; ".join(tables.integrity[:3]))
    report.counts.update(series=len(tables.series), points=len(tables.points), averages=len(tables.averages), raw=len(tables.raw),
                         rejects=len(tables.outcomes), missed_ranges=len(tables.missed))
    witnessed(tables, report, witnesses)
    points_and_raw_rows(tables, report)
    dense_numbers(tables, report)
    one_event_per_point(tables, report)
    averages(tables, report, quiet_bus)
    if topic is None:
        consumer_offset(tables, report, quiet_bus)
    elif topic[1] is not None:
        check_topic(tables, report, *topic, quiet_bus)
    one_price_per_tick(tables, report)
    if interval is not None:
        tick_ledger(tables, report, interval, polled_from, polled_until)
    return report


def witnessed(tables, report, witnesses):
    """I1: what somebody outside knows to be stored, is."""
    by_price, by_id = collections.defaultdict(set), {}
    for series, seq, point, price, *_ in tables.points:
        symbol, provider, _ = tables.series[series]
        by_price[symbol, Fraction(price)].add(provider)
        by_id[uuid_text(point)] = (symbol, provider, seq, Fraction(price))
    for witness in witnesses:
        kind, symbol, price = witness["kind"], witness["symbol"], Fraction(witness["price"])
        report.counts["witnessed_" + kind] += 1
        providers = by_price.get((symbol, price), set())
        if not providers or witness.get("provider", next(iter(providers))) not in providers:
            report.counts["lost"] += 1
            report.broken("I1", f"{kind}: no point of {symbol} with price {witness['price']}")
        if "point_id" in witness:
            told = (symbol, witness["provider"], witness["seq"], price)
            if by_id.get(witness["point_id"]) != told:
                report.counts["lost"] += 1
                report.broken("I1", f"point {witness['point_id']} was given as {told}, stored is {by_id.get(witness['point_id'])}")


def points_and_raw_rows(tables, report):
    """I2: each point has its raw row, and each symbol that a raw row was asked for has exactly one point or one reject."""
    ends = collections.defaultdict(list)
    for series, seq, _, price, _, _, raw in tables.points:
        symbol, provider, _ = tables.series[series]
        ends[raw].append(symbol)
        if raw not in tables.raw:
            report.broken("I2", f"{symbol}/{provider} {seq}: its raw row does not exist")
        elif tables.raw[raw][0] != provider:
            report.broken("I2", f"{symbol}/{provider} {seq}: its raw row is of {tables.raw[raw][0]}")
        if Fraction(price) <= 0:
            report.broken("I2", f"{symbol}/{provider} {seq}: price {price}")
    for fetch, symbol, _, outcome, answered, *_ in tables.outcomes:
        if outcome == "ok":
            report.broken("I2", f"{symbol}: a reject with outcome ok")
        if answered:
            ends[fetch].append(symbol)
            if fetch not in tables.raw:
                report.broken("I2", f"{symbol}: a reject of an answer that is not stored")
        elif fetch in tables.raw:
            report.broken("I2", f"{symbol}: a reject without an answer, but the answer is stored")
    for raw, (provider, symbols, *_) in tables.raw.items():
        asked = sorted(json.loads(symbols))
        if asked != sorted(ends.get(raw, [])):
            report.broken("I2", f"raw {uuid_text(raw)} of {provider}: asked for {asked[:5]}, ends {sorted(ends.get(raw, []))[:5]}")


def dense_numbers(tables, report):
    """I3: the numbers of a series are 1, 2, 3 ... and the series row knows the last. Ids occur once."""
    numbers = collections.defaultdict(list)
    for series, seq, *_ in tables.points:
        numbers[series].append(seq)
    for series, (symbol, provider, last) in tables.series.items():
        have = numbers[series]
        if have != list(range(1, len(have) + 1)):
            report.broken("I3", f"{symbol}/{provider}: {len(have)} points, highest {max(have)}")
        if last != len(have):
            report.broken("I3", f"{symbol}/{provider}: last_seq {last}, {len(have)} points")
    repeated = len(tables.points) - len({point[2] for point in tables.points})
    if repeated:
        report.counts["duplicated"] += repeated
        report.broken("I3", f"{repeated} point ids occur twice")


def one_event_per_point(tables, report):
    """I4: positions are dense up to the head, each point is one event, and each event has its point. Dead letters have entries too:
    of series 0."""
    foreign = {raw for raw, row in tables.raw.items() if row[2] == "foreign"}
    own = [(point[0], point[1]) for point in tables.points if point[6] not in foreign]
    replayed = sum(row[6] is not None for row in tables.dead_letters)
    if tables.head != len(own) + len(tables.dead_letters) + replayed:
        report.broken("I4", f"{tables.head} events were written for {len(own)} points, {len(tables.dead_letters)} dead letters and "
                            f"{replayed} replays")
    positions = [row[0] for row in tables.outbox]
    if positions and positions != list(range(positions[0], tables.head + 1)):
        report.broken("I4", "the positions of the outbox have holes, or do not end at its head")
    events = collections.Counter((series, seq) for _, series, seq in tables.outbox if series)
    for event, count in events.items():
        if count > 1:
            report.counts["duplicated"] += 1
            report.broken("I4", f"{count} events of point {event}")
    known = set(own)
    for event in events.keys() - known:
        report.broken("I4", f"event of point {event}, which does not exist")
    if positions and positions[0] == 1:
        for point in known - events.keys():
            report.broken("I4", f"no event of point {point}")
    last = collections.defaultdict(int)
    for position, series, seq in tables.outbox:
        if series and last[series] and seq != last[series] + 1:
            report.broken("I4", f"position {position}: seq {seq} of series {series} after {last[series]}")
        last[series] = seq


def averages(tables, report, quiet_bus):
    """I7 and I8: one average per point from the fifth on, each the exact mean of the five points up to it, with that point's times."""
    points = collections.defaultdict(dict)
    for series, seq, _, price, timestamp, fetched, _ in tables.points:
        points[series][seq] = (Fraction(price), timestamp, fetched)
    stored = collections.defaultdict(set)
    for series, interval, seq, value, timestamp, fetched in tables.averages:
        name = "/".join(tables.series[series][:2])
        stored[series].add(seq)
        window = [points[series].get(number) for number in range(seq - WINDOW + 1, seq + 1)]
        if interval != WINDOW or seq < WINDOW or None in window:
            report.broken("I7", f"{name} {seq}: an average of {interval} without its points")
            continue
        mean = sum((price for price, _, _ in window), Fraction(0)) / WINDOW
        if Fraction(value) != mean:
            report.broken("I8", f"{name} {seq}: stored {value}, the mean is {mean}")
        if (timestamp, fetched) != window[-1][1:]:
            report.broken("I8", f"{name} {seq}: its times are not those of its point")
    for series, have in points.items():
        missing = [seq for seq in range(WINDOW, len(have) + 1) if seq not in stored[series]]
        if missing:
            report.counts["averages_missing"] += len(missing)
            if quiet_bus:
                report.broken("I7", f"{'/'.join(tables.series[series][:2])}: no average of {missing[:5]} ({len(missing)} in all)")


def consumer_offset(tables, report, quiet_bus):
    """I9: the offset points behind the last event that the averages reflect."""
    for partition, _, following in tables.offsets:
        if following > tables.head + 1:
            report.broken("I9", f"partition {partition}: next is {following}, the log ends at {tables.head}")
        if quiet_bus and following != tables.head + 1:
            report.broken("I9", f"partition {partition}: next is {following}, the log ends at {tables.head} and nothing is under way")
        done = {(series, seq) for series, _, seq, *_ in tables.averages}
        for position, series, seq in tables.outbox:
            if seq >= WINDOW and (position < following) != ((series, seq) in done):
                report.broken("I9", f"position {position}: next is {following}, its average is "
                                    f"{'there' if (series, seq) in done else 'not there'}")
    if tables.head > 0 and quiet_bus and not tables.offsets:
        report.broken("I9", "no offset at all")


def prices_of_ticks(tables):
    """How many prices each symbol's tick gave."""
    prices = collections.Counter()
    for series, *_, raw in tables.points:
        due = tables.raw[raw][4] if raw in tables.raw else None
        if due is not None:
            prices[tables.series[series][0], due] += 1
    return prices


def one_price_per_tick(tables, report):
    """I10: no two pollers got a price for the same symbol and tick."""
    twice = [tick for tick, count in prices_of_ticks(tables).items() if count > 1]
    if twice:
        report.counts["ticks_twice"] += len(twice)
        report.broken("I10", f"{len(twice)} ticks gave two prices, such as {twice[0]}")


def tick_ledger(tables, report, interval, polled_from=None, polled_until=None):
    """I11: between a symbol's first and last tick every due tick ended once: answered, failed, or missed for a reason. The jobs must
    not have been changed meanwhile: a change may move a symbol to another grid."""
    step = interval * 1_000_000
    tried, missed = collections.defaultdict(set), collections.defaultdict(collections.Counter)
    for provider, symbols, cause, _, due, _ in tables.raw.values():
        if due is not None:
            for symbol in json.loads(symbols):
                tried[symbol].add(due)
    for _, symbol, _, _, _, _, _, due in tables.outcomes:
        if due is not None:
            tried[symbol].add(due)
    for symbols, first, last, ticks, reason, every in tables.missed:
        dues = range(first, last + 1, every * 1_000_000)
        report.counts["missed_" + reason] += ticks * len(json.loads(symbols))
        if len(dues) != ticks or dues[-1] != last:
            report.broken("I11", f"missed {first}-{last}: {ticks} ticks of {every} s do not fit")
        for symbol in json.loads(symbols):
            missed[symbol].update(dues)
    # A poller may end between the attempts of a tick, or before the next provider of its list: what it tried is on record, and the
    # tick is missed.
    priced = prices_of_ticks(tables)
    down = collections.defaultdict(set)
    for symbols, first, last, _, reason, every in tables.missed:
        for symbol in json.loads(symbols) if reason == "down_time" else ():
            down[symbol].update(range(first, last + 1, every * 1_000_000))
    symbols = tried.keys() | missed.keys()
    report.counts["symbols_polled"] = len(symbols)
    for symbol in symbols:
        both = tried[symbol] & missed[symbol].keys()
        cut_short = {due for due in both & down[symbol] if (symbol, due) not in priced}
        report.counts["ticks_cut_short"] += len(cut_short)
        both -= cut_short
        if both:
            report.broken("I11", f"{symbol}: {len(both)} ticks both tried and missed, such as {min(both)}: "
                                 f"{[row[1:] for row in tables.missed if row[1] <= min(both) <= row[2] and symbol in json.loads(row[0])]}, "
                                 f"{[row[3] for row in tables.outcomes if row[7] == min(both) and row[1] == symbol] or 'a price'}")
        twice = [due for due, count in missed[symbol].items() if count > 1]
        if twice:
            report.broken("I11", f"{symbol}: {len(twice)} ticks missed twice, such as {min(twice)}")
        all_dues = tried[symbol] | missed[symbol].keys()
        expected = set(range(min(all_dues), max(all_dues) + 1, step))
        report.counts["ticks"] += len(all_dues)
        report.counts["ticks_tried"] += len(tried[symbol])
        if polled_from is not None and min(all_dues) > polled_from * 1e6 + step:
            report.broken("I11", f"{symbol}: its first tick is {min(all_dues) / 1e6 - polled_from:.3f} s after the begin")
        if polled_until is not None and max(all_dues) < polled_until * 1e6 - step:
            report.broken("I11", f"{symbol}: its last tick is {polled_until - max(all_dues) / 1e6:.3f} s before the end")
        if expected != all_dues:
            lost = sorted(expected - all_dues)
            report.counts["ticks_lost"] += len(lost)
            report.broken("I11", f"{symbol}: {len(lost)} due ticks without an end {lost[:3]}, "
                                 f"{len(all_dues - expected)} ticks that were not due {sorted(all_dues - expected)[:3]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("--witness", type=pathlib.Path, help="JSON lines of what is known outside")
    parser.add_argument("--interval", type=int, help="seconds between two ticks of every job: also check the ledger of ticks")
    parser.add_argument("--busy", action="store_true", help="the consumer may be behind")
    options = parser.parse_args()
    witnesses = [json.loads(line) for line in options.witness.open()] if options.witness else []
    report = check(options.source, witnesses, options.interval, quiet_bus=not options.busy)
    print(report)
    return 1 if report.violations else 0


if __name__ == "__main__":
    sys.exit(main())
