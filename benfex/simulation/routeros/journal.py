"""The router's own log, in memory: the newest thousand lines, as /log/print shows them."""

from collections import deque
from itertools import count

from benfex.simulation.routeros.formats import format_instant
from benfex.simulation.routeros.wire import Row

LINES_MAX = 1000


class Log:
    """What happened at a router; a reboot forgets it."""

    def __init__(self) -> None:
        self.rows: deque[Row] = deque(maxlen=LINES_MAX)
        self._ids = count(1)

    def note(self, topics: str, message: str, *, at: float) -> None:
        """Write a line."""
        self.rows.append(
            {
                ".id": f"*{next(self._ids):X}",
                "time": format_instant(at),
                "topics": topics,
                "message": message,
            }
        )
