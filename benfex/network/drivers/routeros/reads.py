"""Questions to a router: each menu once, and only the properties needed. Writes are in `writes.py`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Final

from benfex.network import rate_limit
from benfex.network.driver import (
    AccessEntry,
    AccessReading,
    ActiveSession,
    CounterReading,
    ForeignEntry,
    PollReading,
    ProfileSpec,
    Refusal,
    RouterIdentity,
)
from benfex.network.drivers.routeros import addresses, words
from benfex.network.drivers.routeros.questions import Ask, foreign_entry, show
from benfex.network.drivers.routeros.replies import Row
from benfex.network.drivers.routeros.words import AccessMenu
from data.values.kinds import ALL_METHODS, BY_ADDRESS, AccessMethod
from data.values.traffic import Rate

_RESOURCE: Final = ("uptime", "version", "board-name", "cpu-load", "free-memory", "total-memory")
_BOARD: Final = ("routerboard", "serial-number", "current-firmware", "upgrade-firmware")
_INTERFACE: Final = (".id", "name", "type", "running", "rx-byte", "tx-byte")
_PPPOE_SERVER: Final = ("name", "user", "uptime", "remote-address")
_PPP_ACTIVE: Final = (".id", "name", "uptime", "address", "caller-id")
_HOTSPOT_ACTIVE: Final = (".id", "user", "uptime", "address", "mac-address", "bytes-in", "bytes-out")
_PROFILE: Final = (".id", "name", "rate-limit", "address-list")
_REFUSALS_MAX: Final = 5
_DYNAMIC_PPPOE: Final = "pppoe-in"


def identify(ask: Ask) -> RouterIdentity:
    """Return who answers; its serial number tells a router from another that got its address."""
    names = ask("/system/identity/print", "=.proplist=name")
    board = show(ask, "/system/routerboard", _BOARD)
    health = words.read_health(_first(ask("/system/resource/print", f"=.proplist={','.join(_RESOURCE)}")))
    return RouterIdentity(
        name=_first(names).get("name", ""),
        version=health.version,
        board=health.board,
        serial=(board[0].get("serial-number") or None) if board else None,
        uptime_seconds=health.uptime_seconds,
        cpu_percent=health.cpu_percent,
        free_memory_bytes=health.free_memory_bytes,
        total_memory_bytes=health.total_memory_bytes,
        firmware=board[0].get("current-firmware", "") if board else "",
        firmware_offered=board[0].get("upgrade-firmware", "") if board else "",
    )


def read_poll(ask: Ask, *, answered_at: Callable[[], float | None] = lambda: None) -> PollReading:
    """Return health, sessions and counters in five questions.

    Sessions are asked for before their interfaces: who dials in between is seen at the next poll, whole.
    `answered_at` tells when the last answer was worked out, in steady seconds; None when that is not known.
    """
    health = words.read_health(_first(ask("/system/resource/print", f"=.proplist={','.join(_RESOURCE)}")))
    # Without ids, which no question of a poll carries in vain: their name is as good.
    servers = {row.get("name", ""): row for row in show(ask, "/interface/pppoe-server", _PPPOE_SERVER)}
    interfaces = {row.get("name", ""): row for row in show(ask, "/interface", _INTERFACE)}
    counted_at = answered_at()
    guests = show(ask, words.HOTSPOT.active, _HOTSPOT_ACTIVE)
    guests_at = answered_at()
    hotspot = [words.read_hotspot_session(row, steady_at=guests_at) for row in guests]
    sessions, counters = addresses.read_counters(
        ask, uptime_seconds=health.uptime_seconds, steady_at=answered_at()
    )
    for server in servers.values():
        session, reading = _join(server, interfaces.get(server.get("name", "")), counted_at)
        sessions.append(session)
        if reading is not None:
            counters.append(reading)
    return PollReading(
        health=health,
        interfaces=tuple(
            words.read_interface(row) for row in interfaces.values() if row.get("type") != _DYNAMIC_PPPOE
        ),
        sessions=(*sessions, *(session for session, _ in hotspot)),
        counters=(*counters, *(reading for _, reading in hotspot)),
    )


def read_sessions(ask: Ask, username: str | None) -> tuple[ActiveSession, ...]:
    """Return who is online with address and caller, from all menus that tell."""

    def only(name: str) -> tuple[str, ...]:
        return () if username is None else (f"?{name}={username}",)

    active = show(ask, words.PPPOE.active, _PPP_ACTIVE, *only("name"))
    servers: defaultdict[str, list[Row]] = defaultdict(list)
    for row in show(ask, "/interface/pppoe-server", _PPPOE_SERVER, *only("user")):
        servers[row.get("user", "")].append(row)
    named = show(ask, "/interface", (".id", "name"), f"?type={_DYNAMIC_PPPOE}") if servers else []
    interfaces = {row.get("name", ""): row for row in named}
    sessions = [_session(row, servers[row.get("name", "")], interfaces) for row in active]
    hotspot = show(ask, words.HOTSPOT.active, _HOTSPOT_ACTIVE, *only("user"))
    return (
        *sessions,
        *(words.read_hotspot_session(row)[0] for row in hotspot),
        *addresses.read_open_lines(ask, username),
    )


def read_access(ask: Ask, methods: frozenset[AccessMethod] = ALL_METHODS) -> AccessReading:
    """Return entries and profiles of ours, and the names that entries without our mark hold, of these methods."""
    entries: list[AccessEntry] = []
    foreign: set[tuple[AccessMethod, str]] = set()
    profiles: list[ProfileSpec] = []
    for menu in words.MENUS.values():
        if menu.method not in methods:
            continue
        for row in show(ask, menu.entries, words.entry_properties(menu)):
            entry = words.read_entry(row, menu)
            if entry is not None:
                entries.append(entry)
            else:
                foreign.add((menu.method, row.get("name", "")))
        found = (words.read_profile(row, menu) for row in show(ask, menu.profiles, _PROFILE))
        profiles += (profile for profile in found if profile is not None)
    if methods & BY_ADDRESS:
        lines, held = addresses.read_lines(ask)
        entries += lines
        foreign |= held
    entries.sort(key=lambda entry: (entry.connection_id, entry.username))
    return AccessReading(tuple(entries), frozenset(foreign), tuple(profiles))


def read_refusals(ask: Ask, username: str) -> tuple[Refusal, ...]:
    """Return the newest logins of a name that were refused; the log has no query for a part of a text."""
    rows = show(ask, "/log", ("time", "message"))
    found = [row for row in rows if words.is_refusal(row.get("message", ""), username)]
    return tuple(Refusal(row.get("time", ""), row["message"]) for row in found[-_REFUSALS_MAX:])


def read_foreign(ask: Ask) -> tuple[ForeignEntry, ...]:
    """Return the entries without our mark, with the rate of their profile."""
    found: list[ForeignEntry] = []
    for menu in words.MENUS.values():
        rates: dict[str, Rate | None] = {}
        for row in show(ask, menu.profiles, _PROFILE):
            try:
                rates[row.get("name", "")] = rate_limit.parse_rate_limit(row.get("rate-limit", ""))
            except ValueError:
                rates[row.get("name", "")] = None  # written by hand in a form that we do not write
        rows = show(ask, menu.entries, words.entry_properties(menu))
        entries = (words.read_foreign(row, menu, rates) for row in rows)
        found += sorted((entry for entry in entries if entry is not None), key=lambda entry: entry.username)
    return tuple(found)


def read_entry(ask: Ask, username: str, method: AccessMethod) -> AccessEntry | None:
    """Return the entry named `username` by a fresh print. Raises RouterRejected when it is not ours."""
    if method in BY_ADDRESS:
        lines, held = addresses.read_lines(ask)
        if (method, username) in held:
            raise foreign_entry(username)
        return next((line for line in lines if (line.method, line.username) == (method, username)), None)
    menu = words.MENUS[method]
    rows = named_rows(ask, username, menu)
    entries = [words.read_entry(row, menu) for row in rows]
    if any(entry is None for entry in entries):
        raise foreign_entry(username)
    return entries[0] if entries else None


def named_rows(ask: Ask, username: str, menu: AccessMenu) -> list[Row]:
    """Return every entry named `username`; for PPP there may be one per service."""
    return show(ask, menu.entries, words.entry_properties(menu), f"?name={username}")


def _first(rows: list[Row]) -> Row:
    if not rows:
        raise ValueError("The router said nothing about itself.")
    return rows[0]


def _join(
    server: Row, interface: Row | None, steady_at: float | None
) -> tuple[ActiveSession, CounterReading | None]:
    """Return a session and its counters; without its interface the counters are unknown, not zero."""
    username = server.get("user", "")
    is_counted = interface is not None and {".id", "rx-byte", "tx-byte"} <= interface.keys()
    session = ActiveSession(
        username=username,
        interface=server.get("name", ""),
        session_key=words.session_key(interface, username) if interface and is_counted else None,
        uptime_seconds=rate_limit.parse_duration(server.get("uptime", "0s")),
        caller_id=server.get("remote-address") or None,
    )
    return session, words.read_counters(interface, session, steady_at=steady_at) if interface else None


def _session(active: Row, servers: list[Row], interfaces: dict[str, Row]) -> ActiveSession:
    """Return a row of /ppp/active with its interface, told apart by the caller where one user has several."""
    caller = active.get("caller-id", "")
    username = active.get("name", "")
    same_caller = [row for row in servers if row.get("remote-address") == caller]
    server = next(iter(same_caller or servers), None)
    if server is not None:
        servers.remove(server)
    interface = interfaces.get(server.get("name", "")) if server else None
    return ActiveSession(
        username=username,
        interface=server.get("name", "") if server else "",
        session_key=words.session_key(interface, username) if interface else None,
        uptime_seconds=rate_limit.parse_duration(active.get("uptime", "0s")),
        address=active.get("address") or None,
        caller_id=caller or None,
    )
