"""Every value that the consumers' offsets and the relay's cursor ever had in a PostgreSQL database: what a look at the end cannot show."""

import itertools

_RECORD = """
CREATE TABLE e2e_history (number bigserial, name text, owner bigint, next bigint);
CREATE FUNCTION e2e_note_offset() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO e2e_history (name, owner, next) VALUES (NEW.topic || '/' || NEW.partition, NEW.epoch, NEW.next);
    RETURN NULL;
END $$;
CREATE FUNCTION e2e_note_cursor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO e2e_history (name, owner, next) VALUES ('relay', NEW.term, NEW.next);
    RETURN NULL;
END $$;
CREATE TRIGGER e2e_history AFTER INSERT OR UPDATE ON consumer_offsets FOR EACH ROW EXECUTE FUNCTION e2e_note_offset();
CREATE TRIGGER e2e_history AFTER INSERT OR UPDATE ON relay_cursor FOR EACH ROW EXECUTE FUNCTION e2e_note_cursor();
"""


def record(database):
    """From now on."""
    database.rows(_RECORD)


def check(database, report):
    """I9 and I10: nothing went back, and no former owner (epoch, term) wrote after a later one. The numbers of one row's changes are in
    the order of their commits, since the row is locked to the commit."""
    rows = [(name, int(owner), int(position)) for name, owner, position in
            database.rows("SELECT name, owner, next FROM e2e_history ORDER BY name, number")]
    report.counts["offset_moves"] = len(rows)
    for earlier, later in itertools.pairwise(rows):
        if earlier[0] != later[0]:
            continue
        if later[1] < earlier[1]:
            report.broken("I10", f"{later[0]}: owner {later[1]} wrote after owner {earlier[1]}")
        if later[2] < earlier[2]:
            report.broken("I9", f"{later[0]}: next went back from {earlier[2]} to {later[2]}")
    return report
