"""Lines that are known by their address: a simple queue, a row of an address list, and for DHCP a static lease.

All rows of a line carry its mark, and are made so as a whole. A queue counts and limits what goes to and from the
address (FastTrack passes it by, as it does every queue); the list says whether its subscriber is let through.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from benfex.core.errors import RouterRejected
from benfex.network import rate_limit
from benfex.network.desired_state import ACTIVE_ADDRESS_LIST, SUSPENDED_ADDRESS_LIST
from benfex.network.driver import QUEUE, AccessEntry, ActiveSession, CounterReading, RemoveAccess
from benfex.network.drivers.routeros import words
from benfex.network.drivers.routeros.conversation import ALREADY_THERE, NO_SUCH_ITEM
from benfex.network.drivers.routeros.questions import Ask, foreign_entry, show
from benfex.network.drivers.routeros.replies import Row
from data.values.identifiers import ConnectionId
from data.values.kinds import AccessMethod
from data.values.traffic import Burst, Rate

QUEUES: Final = "/queue/simple"
LISTS: Final = "/ip/firewall/address-list"
LEASES: Final = "/ip/dhcp-server/lease"
OUR_LISTS: Final = (ACTIVE_ADDRESS_LIST, SUSPENDED_ADDRESS_LIST)
_CONFIGURED: Final = "?dynamic=false"
_QUEUE: Final = (
    ".id",
    "name",
    "target",
    "max-limit",
    "burst-limit",
    "burst-threshold",
    "burst-time",
    "disabled",
    "comment",
)
_COUNTED: Final = (".id", "name", "target", "bytes", "disabled", "comment")
_LISTED: Final = (".id", "list", "address", "disabled", "comment")
_LEASE: Final = (".id", "address", "mac-address", "disabled", "comment")
_ATTEMPTS_MAX: Final = 3


@dataclass(slots=True)
class _Rows:
    """The rows of one line, as they were read."""

    queues: list[Row] = field(default_factory=list)
    listed: list[Row] = field(default_factory=list)
    leases: list[Row] = field(default_factory=list)


def read_lines(ask: Ask) -> tuple[list[AccessEntry], set[tuple[AccessMethod, str]]]:
    """Return the lines of ours, and the names of queues that others made."""
    queues, listed, leases = _rows(ask)
    lines: defaultdict[ConnectionId, _Rows] = defaultdict(_Rows)
    foreign: set[tuple[AccessMethod, str]] = set()
    for row in queues:
        connection_id = _owner(row)
        if connection_id is None:
            foreign |= {(method, row.get("name", "")) for method in (AccessMethod.STATIC, AccessMethod.DHCP)}
        else:
            lines[connection_id].queues.append(row)
    for row in listed:
        connection_id = _owner(row)
        if connection_id is not None:
            lines[connection_id].listed.append(row)
    for row in leases:
        connection_id = _owner(row)
        if connection_id is not None:
            lines[connection_id].leases.append(row)
    return [_line(connection_id, rows) for connection_id, rows in lines.items()], foreign


def read_counters(
    ask: Ask, *, uptime_seconds: int, steady_at: float | None
) -> tuple[list[ActiveSession], list[CounterReading]]:
    """Return the open lines and what their queues counted.

    A queue counts from when it was made or the router booted; it has no age of its own, so it gets the router's.
    """
    sessions: list[ActiveSession] = []
    counters: list[CounterReading] = []
    for row in show(ask, QUEUES, _COUNTED, _CONFIGURED):
        if _owner(row) is None or words.parse_flag(row.get("disabled", "")):
            continue
        name = row.get("name", "")
        key = f"{row['.id']} queue {name}"
        upload, _, download = row.get("bytes", "0/0").partition("/")
        sessions.append(ActiveSession(name, QUEUE, key, uptime_seconds, _address(row.get("target", ""))))
        counters.append(
            CounterReading(
                name,
                key,
                download_bytes=words.parse_count(download),
                upload_bytes=words.parse_count(upload),
                uptime_seconds=uptime_seconds,
                steady_at=steady_at,
            )
        )
    return sessions, counters


def read_open_lines(ask: Ask, username: str | None) -> list[ActiveSession]:
    """Return the open lines with address and device, or only those of a name."""
    only = () if username is None else (f"?name={username}",)
    both = (*only, "?#&") if only else ()
    rows = show(ask, QUEUES, (".id", "name", "target", "disabled", "comment"), _CONFIGURED, *both)
    ours = [row for row in rows if _owner(row) is not None and not words.parse_flag(row.get("disabled", ""))]
    leases = show(ask, LEASES, ("address", "mac-address", "comment"), _CONFIGURED) if ours else []
    devices = {_owner(row): row.get("mac-address") for row in leases}
    return [
        ActiveSession(
            row.get("name", ""),
            QUEUE,
            f"{row['.id']} queue {row.get('name', '')}",
            0,
            _address(row.get("target", "")),
            devices.get(_owner(row)),
        )
        for row in ours
    ]


def ensure(ask: Ask, entry: AccessEntry) -> None:
    """Make all rows of a line as they are to be. Raises RouterRejected.

    The list comes first, so that who is let through again does not wait for a slow queue, nor is held by one.
    """
    for attempt in range(_ATTEMPTS_MAX):
        try:
            _ensure_once(ask, entry)
            return
        except RouterRejected as error:
            if error.code != NO_SUCH_ITEM or attempt == _ATTEMPTS_MAX - 1:
                raise


def remove(ask: Ask, change: RemoveAccess) -> None:
    """Remove all rows of a line; none there is success. Raises RouterRejected."""
    for menu, rows in zip((QUEUES, LISTS, LEASES), _rows_of(ask, change.connection_id), strict=True):
        _remove(ask, menu, rows)


def _ensure_once(ask: Ask, entry: AccessEntry) -> None:
    queues, listed, leases = _rows_of(ask, entry.connection_id)
    _ensure_listed(ask, entry, listed)
    _ensure_queue(ask, entry, queues)
    if entry.method is AccessMethod.DHCP:
        _ensure_lease(ask, entry, leases)
    else:
        _remove(ask, LEASES, leases)


def _ensure_listed(ask: Ask, entry: AccessEntry, rows: Sequence[Row]) -> None:
    wanted = (entry.address_list, entry.remote_address)
    fitting = [
        row
        for row in rows
        if (row.get("list"), row.get("address")) == wanted and not words.parse_flag(row.get("disabled", ""))
    ]
    if not fitting:
        same = [row for row in rows if (row.get("list"), row.get("address")) == wanted]
        _remove(ask, LISTS, same)
        _add(ask, LISTS, entry, f"=list={entry.address_list}", f"=address={entry.remote_address}")
        rows = [row for row in rows if row not in same]
    _remove(ask, LISTS, [row for row in rows if row not in fitting[:1]])


def _ensure_queue(ask: Ask, entry: AccessEntry, rows: Sequence[Row]) -> None:
    named = [f"=name={entry.username}", f"=target={entry.remote_address}/32", *_speed(entry)]
    if not rows and entry.takes_over:
        held = show(ask, QUEUES, _QUEUE, _CONFIGURED, f"?name={entry.username}", "?#&")
        rows = [row for row in held if words.marked_connection(row.get("comment", "")) is None]
        if rows:
            remark = f"{words.mark(entry.connection_id)} {rows[0].get('comment', '')}".rstrip()
            named.append(f"=comment={remark}")
    if not rows:
        _add(ask, QUEUES, entry, *named)
        return
    kept = next((row for row in rows if row.get("name") == entry.username), rows[0])
    ask(f"{QUEUES}/set", f"=.id={kept['.id']}", *named, "=disabled=no")
    _remove(ask, QUEUES, [row for row in rows if row is not kept])


def _ensure_lease(ask: Ask, entry: AccessEntry, rows: Sequence[Row]) -> None:
    named = (f"=address={entry.remote_address}", f"=mac-address={(entry.caller_id or '').upper()}")
    if not rows:
        _add(ask, LEASES, entry, *named)
        return
    ask(f"{LEASES}/set", f"=.id={rows[0]['.id']}", *named, "=disabled=no")
    _remove(ask, LEASES, rows[1:])


def _speed(entry: AccessEntry) -> list[str]:
    rate = entry.rate or Rate(0, 0)
    limits = [f"=max-limit={rate_limit.format_pair(rate)}"]
    if entry.burst is None:
        return [*limits, "=burst-limit=0/0", "=burst-threshold=0/0", "=burst-time=0s/0s"]
    burst = entry.burst
    return [
        *limits,
        f"=burst-limit={rate_limit.format_pair(burst.rate)}",
        f"=burst-threshold={rate_limit.format_pair(burst.threshold)}",
        f"=burst-time={burst.seconds}s/{burst.seconds}s",
    ]


def _add(ask: Ask, menu: str, entry: AccessEntry, *named: str) -> None:
    try:
        ask(f"{menu}/add", *named, f"=comment={words.mark(entry.connection_id)}")
    except RouterRejected as error:
        if error.code == ALREADY_THERE:
            what = entry.username if menu == QUEUES else entry.remote_address or entry.username
            raise foreign_entry(what) from error
        raise


def _remove(ask: Ask, menu: str, rows: Iterable[Row]) -> None:
    for row in rows:
        try:
            ask(f"{menu}/remove", f"=.id={row['.id']}")
        except RouterRejected as error:
            if error.code != NO_SUCH_ITEM:
                raise


def _rows(ask: Ask) -> tuple[list[Row], list[Row], list[Row]]:
    """Return every configured queue and lease, and the rows of our lists."""
    on_ours = (f"?list={OUR_LISTS[0]}", f"?list={OUR_LISTS[1]}", "?#|", _CONFIGURED, "?#&")
    return (
        show(ask, QUEUES, _QUEUE, _CONFIGURED),
        show(ask, LISTS, _LISTED, *on_ours),
        show(ask, LEASES, _LEASE, _CONFIGURED),
    )


def _rows_of(ask: Ask, connection_id: ConnectionId) -> tuple[list[Row], list[Row], list[Row]]:
    """Return the rows that carry the mark of one line, also behind a remark."""
    queues, listed, leases = _rows(ask)
    return (
        [row for row in queues if _owner(row) == connection_id],
        [row for row in listed if _owner(row) == connection_id],
        [row for row in leases if _owner(row) == connection_id],
    )


def _line(connection_id: ConnectionId, rows: _Rows) -> AccessEntry:
    """Return the rows of a line as one entry; what is missing, twice or switched off makes it differ."""
    queue = rows.queues[0] if len(rows.queues) == 1 else {}
    lists = {row.get("list", "") for row in rows.listed if not words.parse_flag(row.get("disabled", ""))}
    places = {row.get("address", "") for row in rows.listed}
    address = _address(queue.get("target", ""))
    lease = rows.leases[0] if len(rows.leases) == 1 else {}
    is_leased = bool(rows.leases)
    agrees = places == {address} and (not is_leased or lease.get("address") == address)
    off = [row for row in (*rows.queues, *rows.leases) if words.parse_flag(row.get("disabled", ""))]
    return AccessEntry(
        connection_id=connection_id,
        username=queue.get("name", ""),
        password=None,
        profile="",
        remote_address=address if agrees else None,
        caller_id=(lease.get("mac-address", "").upper() or None) if is_leased else None,
        enabled=not off,
        method=AccessMethod.DHCP if is_leased else AccessMethod.STATIC,
        rate=_rate(queue.get("max-limit", "")) if queue else None,
        burst=_burst(queue),
        address_list=next(iter(lists)) if len(rows.listed) == 1 and lists else None,
    )


def _rate(text: str) -> Rate:
    return rate_limit.parse_rate_limit(text) or Rate(0, 0)


def _burst(queue: Row) -> Burst | None:
    names = ("max-limit", "burst-limit", "burst-threshold", "burst-time")
    found = rate_limit.parse_burst(" ".join(queue.get(name, "0/0") for name in names))
    return found if found is not None and (found.rate.download_bps or found.rate.upload_bps) else None


def _address(target: str) -> str | None:
    """Return the one address that a queue is for; None for networks and interfaces."""
    return target.removesuffix("/32") if target.endswith("/32") and "," not in target else None


def _owner(row: Row) -> ConnectionId | None:
    return words.marked_connection(row.get("comment", ""))
