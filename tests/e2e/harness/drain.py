"""I13: how fast that is handled which piled up while a server was away."""

import time

from .background import Background
from .service import eventually

#: Points whose average is overdue. Otherwise a point takes some hundredths of a second to its average.
OVERDUE = """SELECT 'overdue', count(*) FROM price_points p WHERE p.seq >= 5 AND p.fetched_at < now() - interval '2 s' AND NOT EXISTS
    (SELECT FROM moving_average m WHERE m.series_id = p.series_id AND m.interval = 5 AND m.seq = p.seq)"""
POSITIONS = "SELECT name, next FROM relay_cursor UNION ALL SELECT topic || '/' || partition, next FROM consumer_offsets"


class Drain(Background):
    """Watches the backlog from the moment when the server is back. How long the parts of the service need to find it is not counted:
    the time runs from when the last of them, relay or partition, has moved again."""

    def __init__(self, database):
        super().__init__(0.1)
        self.piled_up = 0  #: points
        self._database, self._first, self._moved, self._behind = database, {}, {}, []

    def step(self):
        try:
            rows = self._database.rows(f"{OVERDUE} UNION ALL {POSITIONS}")
        except RuntimeError:
            return  # the database is what comes back
        now, found = time.monotonic(), {name: int(value) for name, value in rows}
        overdue = found.pop("overdue")
        self.piled_up = max(self.piled_up, overdue)
        self._behind.append((now, overdue))
        for part, position in found.items():
            if position != self._first.setdefault(part, position):
                self._moved.setdefault(part, now)

    def seconds(self, within=60.0):
        """Waits until nothing is overdue. How long that took."""
        eventually(lambda: self._behind and self._behind[-1][1] == 0, within, what="nothing overdue")
        at_work = max(self._moved.values(), default=0.0)
        return next((at - at_work for at, overdue in list(self._behind) if at >= at_work and overdue == 0), 0.0)
