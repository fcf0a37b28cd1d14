"""What polls write: baselines of sessions and bytes of five minutes, many rows a statement by the driver itself.

Polls write the most rows of all. One prepared statement for all of them costs a twentieth of what a row as JSON does.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from data.columns import unix_seconds
from data.queries.usage_routers import RouterUsageRow
from data.session import Session


class CounterRow(NamedTuple):
    """A reading to record; `previous_at` is when the one it follows was read, None for a new session."""

    session_key: str
    connection_id: int
    download_bytes: int
    upload_bytes: int
    uptime_seconds: int
    read_at: datetime
    previous_at: datetime | None


class UsageRow(NamedTuple):
    """Bytes of one connection in the five minutes from `starts_at`; one row per pair."""

    starts_at: datetime
    connection_id: int
    download_bytes: int
    upload_bytes: int


_CONTINUE = (
    "UPDATE usage_counter SET download_bytes = ?, upload_bytes = ?, uptime_seconds = ?, read_at = ?,"
    " connection_id = ? WHERE router_id = ? AND session_key = ? AND read_at = ?"
)
_BEGIN = (
    "INSERT INTO usage_counter (download_bytes, upload_bytes, uptime_seconds, read_at, connection_id, router_id,"
    " session_key) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (router_id, session_key) DO NOTHING"
)
_ADD = (
    "INSERT INTO usage_5m (starts_at, connection_id, download_bytes, upload_bytes) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (starts_at, connection_id) DO UPDATE SET"
    " download_bytes = usage_5m.download_bytes + excluded.download_bytes,"
    " upload_bytes = usage_5m.upload_bytes + excluded.upload_bytes"
)
_ADD_OF_ROUTER = (
    "INSERT INTO usage_router_5m (router_id, starts_at, download_bytes, upload_bytes) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (router_id, starts_at) DO UPDATE SET"
    " download_bytes = usage_router_5m.download_bytes + excluded.download_bytes,"
    " upload_bytes = usage_router_5m.upload_bytes + excluded.upload_bytes"
)
_SEEN = "UPDATE router SET last_seen_at = ?, updated_at = ? WHERE id = ?"
_ONLINE = "UPDATE connection SET last_online_at = ? WHERE id = ?"
_FORGET = "DELETE FROM usage_counter WHERE router_id = ? AND session_key = ?"


def keep_counters(session: Session, *, router_id: int, rows: Sequence[CounterRow]) -> int:
    """Record the newest reading of sessions, and return of how many.

    A session that somebody else recorded since its previous reading was read is left as it is.
    """
    instants = _Instants(session)
    begun = [
        (down, up, uptime, instants.of(at), line, router_id, key)
        for key, line, down, up, uptime, at, previous_at in rows
        if previous_at is None
    ]
    continued = [
        (down, up, uptime, instants.of(at), line, router_id, key, instants.of(previous_at))
        for key, line, down, up, uptime, at, previous_at in rows
        if previous_at is not None
    ]
    return _run(session, _BEGIN, begun) + _run(session, _CONTINUE, continued)


def forget_counters(session: Session, *, router_id: int, session_keys: Sequence[str]) -> None:
    """Delete the readings of sessions that ended."""
    _run(session, _FORGET, [(router_id, key) for key in session_keys])


def add_usage(session: Session, rows: Sequence[UsageRow]) -> None:
    """Add bytes to five minutes of connections; a pair of them comes once in `rows`."""
    _run(
        session,
        _ADD,
        [
            (unix_seconds(row.starts_at), row.connection_id, row.download_bytes, row.upload_bytes)
            for row in rows
        ],
    )


def add_router_usage(session: Session, *, router_id: int, rows: Sequence[RouterUsageRow]) -> None:
    """Add bytes to five minutes of a router; each of them comes once in `rows`."""
    _run(
        session,
        _ADD_OF_ROUTER,
        [(router_id, unix_seconds(row.starts_at), row.download_bytes, row.upload_bytes) for row in rows],
    )


def note_seen(session: Session, *, router_id: int, at: datetime) -> None:
    """Note when a router was last read and recorded."""
    seen = _Instants(session).of(at)
    _run(session, _SEEN, [(seen, seen, router_id)])


def note_online(session: Session, seen: Sequence[tuple[int, datetime]]) -> None:
    """Note when connections were last seen online."""
    instants = _Instants(session)
    _run(session, _ONLINE, [(instants.of(at), connection_id) for connection_id, at in seen])


class _Instants:
    """Instants as the driver takes them; those of a poll are few, so each is put into words once."""

    def __init__(self, session: Session) -> None:
        self._is_sqlite = session.get_bind().dialect.name == "sqlite"
        self._known: dict[datetime, str] = {}

    def of(self, at: datetime) -> str | datetime:
        if not self._is_sqlite:
            return at
        known = self._known.get(at)
        if known is None:
            known = self._known[at] = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        return known


def _run(session: Session, statement: str, rows: list[tuple[object, ...]]) -> int:
    """Run one statement for many rows, and return how many it changed."""
    if not rows:
        return 0
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    words = statement if is_sqlite else statement.replace("?", "%s")
    return int(session.connection().exec_driver_sql(words, rows).rowcount)
