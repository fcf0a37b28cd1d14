"""What the network does now, in memory: rates of routers and connections, who is online, who is watched.

`polling` fills it and screens read it. Nothing here outlives the process; what counts is in `recording`.
"""

import heapq
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from benfex.core.events import UsageSample
from data.values.identifiers import ConnectionId, RouterId
from data.values.states import RouterStatus

ROUTER_POINTS_MAX = 600
CONNECTION_POINTS_MAX = 300
ROUND = timedelta(seconds=4)  # a slow router holds the sum of the others up no longer than this
KEPT = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class LivePoint:
    """One reading; None in both speeds is a gap: nothing is known of that moment."""

    at: datetime
    download_bps: int | None
    upload_bps: int | None

    @property
    def total_bps(self) -> int:
        """Return both directions together, 0 for a gap."""
        return (self.download_bps or 0) + (self.upload_bps or 0)


@dataclass(frozen=True, slots=True)
class LiveRouter:
    """A router as it was last seen. None is unknown; `online` counts connections of ours."""

    router_id: RouterId
    name: str
    status: RouterStatus
    is_enabled: bool = True
    online: int | None = None
    download_bps: int | None = None
    upload_bps: int | None = None
    cpu_percent: int | None = None
    free_memory_bytes: int | None = None
    total_memory_bytes: int | None = None
    uptime_seconds: int | None = None
    last_seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LiveNetwork:
    """All routers together; speeds are sums over the routers that are known, None when none is."""

    routers: int
    reachable: int
    online: int
    download_bps: int | None
    upload_bps: int | None


@dataclass(slots=True)
class _Router:
    view: LiveRouter
    points: deque[LivePoint] = field(default_factory=lambda: deque(maxlen=ROUTER_POINTS_MAX))
    online: frozenset[ConnectionId] | None = None


class LiveUsage:
    """The present state of the network, for screens. It belongs to the loop's thread."""

    def __init__(self) -> None:
        self._routers: dict[RouterId, _Router] = {}
        self._router_of: dict[ConnectionId, RouterId] = {}
        self._points: dict[ConnectionId, deque[LivePoint]] = {}
        self._network: deque[LivePoint] = deque(maxlen=ROUTER_POINTS_MAX)
        self._watched_routers: Counter[RouterId] = Counter()
        self._watched_connections: Counter[ConnectionId] = Counter()
        self._summed: set[RouterId] = set()
        self._watched_network = 0
        self._listener: Callable[[], None] | None = None

    # For screens

    def watch_router(self, router_id: RouterId) -> AbstractAsyncContextManager[None]:
        """Have a router polled every 2 s while the block lasts."""
        return self._watching(self._watched_routers, router_id)

    def watch_connection(self, connection_id: ConnectionId) -> AbstractAsyncContextManager[None]:
        """Have the router of a connection polled every 2 s while the block lasts."""
        return self._watching(self._watched_connections, connection_id)

    @asynccontextmanager
    async def watch_network(self) -> AsyncIterator[None]:
        """Have all routers polled as often as they can be while the block lasts."""
        self._watched_network += 1
        self._tell()
        try:
            yield
        finally:
            self._watched_network -= 1

    def recent_router(self, router_id: RouterId) -> tuple[LivePoint, ...]:
        """Return the latest points of a router, oldest first."""
        router = self._routers.get(router_id)
        return tuple(router.points) if router else ()

    def recent_connection(self, connection_id: ConnectionId) -> tuple[LivePoint, ...]:
        """Return the latest points of a connection, oldest first."""
        return tuple(self._points.get(connection_id, ()))

    def recent_network(self) -> tuple[LivePoint, ...]:
        """Return the latest points of all routers together, oldest first."""
        return tuple(self._network)

    def network(self) -> LiveNetwork:
        """Return all routers together as they were last seen."""
        views = [router.view for router in self._routers.values() if router.view.is_enabled]
        download, upload = _total(views)
        return LiveNetwork(
            routers=len(views),
            reachable=sum(view.status is RouterStatus.REACHABLE for view in views),
            online=sum(view.online or 0 for view in views),
            download_bps=download,
            upload_bps=upload,
        )

    def status(self, router_id: RouterId) -> LiveRouter | None:
        """Return a router as it was last seen; None when it is not in use."""
        router = self._routers.get(router_id)
        return router.view if router else None

    def routers(self) -> tuple[LiveRouter, ...]:
        """Return all routers in use, by id."""
        return tuple(router.view for _, router in sorted(self._routers.items()))

    def reachable_routers(self) -> tuple[RouterId, ...]:
        """Return the routers that answered when they were last asked, by id."""
        return tuple(
            view.router_id
            for view in self.routers()
            if view.is_enabled and view.status is RouterStatus.REACHABLE
        )

    def online(self, connection_id: ConnectionId) -> bool | None:
        """Return whether a connection is online; None when its router does not tell."""
        router = self._routers.get(self._router_of.get(connection_id, RouterId(0)))
        if router is None or router.online is None:
            return None
        return connection_id in router.online

    def online_connections(self, router_id: RouterId) -> frozenset[ConnectionId] | None:
        """Return who is online at a router; None when it does not tell."""
        router = self._routers.get(router_id)
        return router.online if router else None

    def latest(self, connection_id: ConnectionId) -> LivePoint | None:
        """Return the latest point of a connection, or None before the first."""
        points = self._points.get(connection_id)
        return points[-1] if points else None

    def busiest(self, limit: int) -> tuple[tuple[ConnectionId, LivePoint], ...]:
        """Return who is online and moves most by the latest reading, both ways together; at most `limit`."""
        latest = (
            (connection_id, self._points[connection_id][-1])
            for router in self._routers.values()
            for connection_id in router.online or ()
            if connection_id in self._points
        )
        moving = (item for item in latest if item[1].total_bps)
        return tuple(heapq.nlargest(limit, moving, key=lambda item: item[1].total_bps))

    # For polling

    def on_watch(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever somebody begins to watch."""
        self._listener = listener

    def is_watched(self, router_id: RouterId) -> bool:
        """Return whether somebody looks at a router or at one of its connections."""
        return bool(self._watched_network or self._watched_routers[router_id]) or any(
            self._router_of.get(connection_id) == router_id for connection_id in self._watched_connections
        )

    def watched_connections(self, router_id: RouterId) -> frozenset[ConnectionId]:
        """Return the connections of a router that somebody looks at."""
        return frozenset(item for item in self._watched_connections if self._router_of.get(item) == router_id)

    def keep_routers(self, views: Iterable[LiveRouter]) -> None:
        """Take over which routers there are, their names and states; what was seen of them stays."""
        wanted = {view.router_id: view for view in views}
        for router_id in self._routers.keys() - wanted.keys():
            del self._routers[router_id]
        for router_id, view in wanted.items():
            known = self._routers.get(router_id)
            if known is None:
                self._routers[router_id] = _Router(view)
            else:
                known.view = replace(
                    known.view, name=view.name, status=view.status, is_enabled=view.is_enabled
                )

    def keep_connections(self, router_id: RouterId, connection_ids: Iterable[ConnectionId]) -> None:
        """Take over which connections a router carries."""
        wanted = dict.fromkeys(connection_ids, router_id)
        gone = [key for key, value in self._router_of.items() if value == router_id and key not in wanted]
        for connection_id in gone:
            del self._router_of[connection_id]
            self._points.pop(connection_id, None)
        self._router_of.update(wanted)

    def note_status(self, router_id: RouterId, status: RouterStatus) -> None:
        """Take over that a router was lost, came back or refused us."""
        router = self._routers.get(router_id)
        if router is not None:
            router.view = replace(router.view, status=status)

    def take(
        self, view: LiveRouter, *, online: frozenset[ConnectionId], samples: Sequence[UsageSample]
    ) -> None:
        """Take one poll of a router; `view.last_seen_at` is when its answer came."""
        assert view.last_seen_at is not None
        router = self._routers.setdefault(view.router_id, _Router(view))
        router.view = view
        router.online = online
        self._append(router, view.last_seen_at, view.download_bps, view.upload_bps, samples)

    def take_gap(self, router_id: RouterId, *, at: datetime, samples: Sequence[UsageSample]) -> None:
        """Take note that a poll did not happen: nothing is known of the router and its connections now."""
        router = self._routers.get(router_id)
        if router is None:
            return
        router.online = None
        router.view = replace(router.view, online=None, download_bps=None, upload_bps=None, cpu_percent=None)
        self._append(router, at, None, None, samples)

    def _append(
        self,
        router: _Router,
        at: datetime,
        download_bps: int | None,
        upload_bps: int | None,
        samples: Sequence[UsageSample],
    ) -> None:
        _add(router.points, LivePoint(at, download_bps, upload_bps))
        for sample in samples:
            points = self._points.get(sample.connection_id)
            if points is None:
                points = self._points[sample.connection_id] = deque(maxlen=CONNECTION_POINTS_MAX)
            _add(points, LivePoint(at, sample.download_bps, sample.upload_bps))
        self._sum_up(router.view.router_id, at)

    def _sum_up(self, router_id: RouterId, at: datetime) -> None:
        """Add a point of the whole network once every router that answers has been read, or after a while."""
        self._summed.add(router_id)
        late = not self._network or at - self._network[-1].at >= ROUND
        if late or self._summed.issuperset(self.reachable_routers()):
            views = [known.view for known in self._routers.values() if known.view.is_enabled]
            _add(self._network, LivePoint(at, *_total(views)))
            self._summed.clear()

    @asynccontextmanager
    async def _watching(
        self, watched: Counter[RouterId] | Counter[ConnectionId], key: int
    ) -> AsyncIterator[None]:
        counts: Counter[int] = watched  # type: ignore[assignment]
        counts[key] += 1
        self._tell()
        try:
            yield
        finally:
            counts[key] -= 1
            if not counts[key]:
                del counts[key]

    def _tell(self) -> None:
        if self._listener is not None:
            self._listener()


def _total(views: Sequence[LiveRouter]) -> tuple[int | None, int | None]:
    known = [
        (view.download_bps, view.upload_bps)
        for view in views
        if view.download_bps is not None and view.upload_bps is not None
    ]
    if not known:
        return None, None
    return sum(item[0] for item in known), sum(item[1] for item in known)


def _add(points: deque[LivePoint], point: LivePoint) -> None:
    """Append, and let go of what is old: a thousand quiet connections need little memory."""
    points.append(point)
    while len(points) > 2 and point.at - points[0].at > KEPT:
        points.popleft()
