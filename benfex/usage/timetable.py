"""When each router is read next. The reading itself is in `polling`."""

from dataclasses import dataclass, field
from datetime import datetime

from benfex.core.actors import require
from benfex.core.unit_of_work import Snapshot
from benfex.usage.reading import RouterReadings
from benfex.usage.recording import Recorded
from data.queries import routers as router_queries
from data.values.identifiers import ConnectionId, RouterId
from data.values.roles import Permission
from data.values.states import RouterStatus

BACK_OFF_SECONDS = 5.0
BACK_OFF_SECONDS_MAX = 60.0
_UNASKED = (RouterStatus.AUTH_FAILED, RouterStatus.RETIRED)


@dataclass(frozen=True, slots=True)
class RouterToPoll:
    """A router in the poller's timetable."""

    router_id: RouterId
    name: str
    status: RouterStatus
    is_enabled: bool
    poll_seconds: int
    last_seen_at: datetime | None


@dataclass(slots=True)
class Turn:
    """When a router is read next; instants are steady seconds.

    `kept` is what is recorded of it, as far as we wrote it ourselves since `looked`; None says to look again.
    """

    router: RouterToPoll
    due: float
    point: float
    pace: float = float("inf")
    began: float = float("-inf")
    recorded: float = float("-inf")
    failures: int = 0
    has_rates: bool = False
    readings: RouterReadings | None = None
    kept: Recorded | None = None
    looked: float = float("-inf")
    looks_for_restored: bool = True
    restored: dict[ConnectionId, tuple[datetime, float]] = field(default_factory=dict)

    @property
    def is_asked(self) -> bool:
        """Return whether the router is read at all."""
        return self.router.is_enabled and self.router.status not in _UNASKED

    def keep_pace(self, now: float, *, interval_seconds: float) -> None:
        """Take over how far apart points are to be; a quicker pace owes its first point from now on."""
        if interval_seconds < self.pace:
            self.point = max(self.point, now - interval_seconds)
        self.pace = interval_seconds

    def is_due(self, now: float, *, interval_seconds: float) -> bool:
        """Return whether it is time; a router that failed waits for its back-off, watched or not."""
        if self.failures:
            return now >= self.due
        return now >= min(self.due, self.began + interval_seconds - 0.05)

    def begin(self, now: float) -> None:
        """Note that a reading begins, and when the next regular one is."""
        self.began = now
        self.due = _next_turn(self.router.router_id, now, self.router.poll_seconds)

    def fail(self, now: float) -> None:
        """Note that a reading failed; the next waits longer each time."""
        self.failures += 1
        self.due = now + min(BACK_OFF_SECONDS * 2 ** (self.failures - 1), BACK_OFF_SECONDS_MAX)


def routers_to_poll(snapshot: Snapshot) -> tuple[RouterToPoll, ...]:
    """Return all routers in use, by id."""
    require(snapshot.actor, Permission.OPERATE_NETWORK)
    return tuple(
        RouterToPoll(RouterId(row.id), *row[1:]) for row in router_queries.routers_in_use(snapshot.session)
    )


def _next_turn(router_id: RouterId, now: float, interval: int) -> float:
    """Return the router's next turn; each has its own moment within the interval, so that they spread out."""
    offset = (router_id * 2_654_435_761 % 2**32) * interval / 2**32  # Knuth's multiplicative hash
    elapsed = (now - offset) % interval
    wait = interval - elapsed
    return now + (wait if wait > interval / 2 else wait + interval)
