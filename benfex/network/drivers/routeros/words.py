"""Pure: RouterOS words to our frozen types and back. Bytes are in `replies.py`, questions in `reads.py`.

The one place where rx and tx occur: they are the router's, so a subscriber's rx is the upload.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from benfex.network.driver import (
    AccessEntry,
    ActiveSession,
    CounterReading,
    ForeignEntry,
    InterfaceCounters,
    ProfileSpec,
    RouterHealth,
    SetAccess,
)
from benfex.network.rate_limit import parse_burst, parse_duration, parse_rate_limit
from data.values.identifiers import ConnectionId
from data.values.kinds import AccessMethod
from data.values.traffic import Rate

Row = Mapping[str, str]

PROFILE_PREFIX: Final = "benfex-"
_MARK: Final = re.compile(r"benfex:(\d{1,18})(?:\s|$)")

_TRUE: Final = frozenset(("true", "yes"))


@dataclass(frozen=True, slots=True)
class AccessMenu:
    """Where RouterOS keeps what belongs to one access method, and its words for it."""

    method: AccessMethod
    entries: str
    profiles: str
    active: str
    active_user: str
    cookies: str | None
    address: str
    caller: str
    fixed: tuple[tuple[str, str], ...]


PPPOE: Final = AccessMenu(
    AccessMethod.PPPOE,
    entries="/ppp/secret",
    profiles="/ppp/profile",
    active="/ppp/active",
    active_user="name",
    cookies=None,
    address="remote-address",
    caller="caller-id",
    fixed=(("service", "pppoe"),),
)
HOTSPOT: Final = AccessMenu(
    AccessMethod.HOTSPOT,
    entries="/ip/hotspot/user",
    profiles="/ip/hotspot/user/profile",
    active="/ip/hotspot/active",
    active_user="user",
    cookies="/ip/hotspot/cookie",
    address="address",
    caller="mac-address",
    fixed=(),
)
MENUS: Final[Mapping[AccessMethod, AccessMenu]] = {menu.method: menu for menu in (PPPOE, HOTSPOT)}


def mark(connection_id: ConnectionId) -> str:
    """Return the comment that says an entry is ours."""
    return f"benfex:{connection_id}"


def marked_connection(comment: str) -> ConnectionId | None:
    """Return whose entry this is; None when it is not ours. A remark behind the mark is kept and ignored."""
    match = _MARK.match(comment)
    return ConnectionId(int(match[1])) if match else None


def parse_flag(text: str) -> bool:
    """Return a boolean as RouterOS prints or takes it; anything else is false."""
    return text in _TRUE


def format_flag(*, value: bool) -> str:
    """Return a boolean as RouterOS takes it."""
    return "yes" if value else "no"


def parse_count(text: str) -> int:
    """Return a decimal counter. Raises ValueError."""
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(f"{text!r} is not a counter")
    return int(text)


def read_health(row: Row) -> RouterHealth:
    """Return a row of /system/resource; a missing figure is 0."""
    return RouterHealth(
        version=row.get("version", ""),
        board=row.get("board-name", ""),
        uptime_seconds=parse_duration(row.get("uptime", "0s")),
        cpu_percent=parse_count(row.get("cpu-load", "0")),
        free_memory_bytes=parse_count(row.get("free-memory", "0")),
        total_memory_bytes=parse_count(row.get("total-memory", "0")),
    )


def read_interface(row: Row) -> InterfaceCounters:
    """Return a row of /interface as seen from behind the router."""
    return InterfaceCounters(
        name=row.get("name", ""),
        kind=row.get("type", ""),
        is_running=parse_flag(row.get("running", "")),
        download_bytes=parse_count(row.get("rx-byte", "0")),
        upload_bytes=parse_count(row.get("tx-byte", "0")),
    )


def session_key(row: Row, username: str) -> str:
    """Return what tells one session from the next, as long as the router does not restart."""
    return f"{row['.id']} {row['name']} {username}"


def read_counters(
    interface: Row, session: ActiveSession, *, steady_at: float | None = None
) -> CounterReading | None:
    """Return the counters of the dynamic interface of a PPPoE session; None when it does not have them."""
    if session.session_key is None or not {"rx-byte", "tx-byte"} <= interface.keys():
        return None
    return CounterReading(
        username=session.username,
        session_key=session.session_key,
        download_bytes=parse_count(interface["tx-byte"]),
        upload_bytes=parse_count(interface["rx-byte"]),
        uptime_seconds=session.uptime_seconds,
        steady_at=steady_at,
    )


def read_hotspot_session(row: Row, *, steady_at: float | None = None) -> tuple[ActiveSession, CounterReading]:
    """Return a row of /ip/hotspot/active; bytes-in is what the subscriber sent."""
    username, uptime_seconds = row.get("user", ""), parse_duration(row.get("uptime", "0s"))
    key = f"{row['.id']} hotspot {username}"
    session = ActiveSession(
        username, "hotspot", key, uptime_seconds, row.get("address") or None, row.get("mac-address") or None
    )
    counters = CounterReading(
        username,
        key,
        download_bytes=parse_count(row.get("bytes-out", "0")),
        upload_bytes=parse_count(row.get("bytes-in", "0")),
        uptime_seconds=uptime_seconds,
        steady_at=steady_at,
    )
    return session, counters


def entry_properties(menu: AccessMenu) -> tuple[str, ...]:
    """Return what has to be asked for, for `read_entry` to work."""
    return (".id", "name", "password", "profile", menu.address, menu.caller, "disabled", "comment", "dynamic")


def read_entry(row: Row, menu: AccessMenu) -> AccessEntry | None:
    """Return a row of /ppp/secret or /ip/hotspot/user; None when it does not carry our mark.

    An empty password is no password: RouterOS blanks it for users without the `sensitive` policy.
    """
    connection_id = marked_connection(row.get("comment", ""))
    return None if connection_id is None else entry_of(connection_id, row, menu)


def entry_of(connection_id: ConnectionId, row: Row, menu: AccessMenu) -> AccessEntry:
    """Return a row of /ppp/secret or /ip/hotspot/user as the entry of a connection, whatever its comment says."""
    return AccessEntry(
        connection_id=connection_id,
        username=row.get("name", ""),
        password=row.get("password") or None,
        profile=row.get("profile", ""),
        remote_address=_known(row.get(menu.address, ""), "0.0.0.0"),  # noqa: S104 (RouterOS for "none")
        caller_id=_known(row.get(menu.caller, "").upper(), "00:00:00:00:00:00"),
        enabled=not parse_flag(row.get("disabled", "")),
        method=menu.method,
    )


def read_foreign(row: Row, menu: AccessMenu, rates: Mapping[str, Rate | None]) -> ForeignEntry | None:
    """Return a row without any mark; None for one of ours and for what the router makes by itself.

    `rates` are those of the menu's profiles.
    """
    comment = row.get("comment", "")
    if marked_connection(comment) is not None or parse_flag(row.get("dynamic", "")):
        return None
    plain = entry_of(ConnectionId(0), row, menu)
    return ForeignEntry(
        method=menu.method,
        username=plain.username,
        password=plain.password,
        profile=plain.profile,
        rate=rates.get(plain.profile),
        comment=comment,
        remote_address=plain.remote_address,
        caller_id=plain.caller_id,
        enabled=plain.enabled,
    )


def is_refusal(message: str, username: str) -> bool:
    """Tell whether a line of /log says that a login of this name was refused.

    Source: PPP writes "user NAME authentication failed", the hotspot "NAME (ADDRESS): login failed: REASON".
    """
    return f"user {username} authentication failed" in message or (
        message.startswith(f"{username} (") and "login failed" in message
    )


def read_profile(row: Row, menu: AccessMenu) -> ProfileSpec | None:
    """Return a row of a profile menu; None when it is not one of ours."""
    name = row.get("name", "")
    if not name.startswith(PROFILE_PREFIX):
        return None
    limit = row.get("rate-limit", "")
    return ProfileSpec(
        name, parse_rate_limit(limit), row.get("address-list") or None, menu.method, parse_burst(limit)
    )


def write_entry(entry: AccessEntry, menu: AccessMenu) -> list[str]:
    """Return the words that add an entry, our mark among them."""
    properties = [
        ("name", entry.username),
        ("password", entry.password or ""),
        ("profile", entry.profile),
        ("disabled", format_flag(value=not entry.enabled)),
        ("comment", mark(entry.connection_id)),
        *menu.fixed,
    ]
    if entry.remote_address:
        properties.append((menu.address, entry.remote_address))
    if entry.caller_id:
        properties.append((menu.caller, entry.caller_id.upper()))
    return [f"={name}={value}" for name, value in properties]


def write_change(change: SetAccess, menu: AccessMenu) -> list[str]:
    """Return the words that set what the change names; what it clears is in `cleared_properties`."""
    properties = [
        ("name", change.username),
        ("password", change.password),
        ("profile", change.profile),
        (menu.address, change.remote_address or None),
        (menu.caller, change.caller_id.upper() if change.caller_id else None),
        ("disabled", None if change.enabled is None else format_flag(value=not change.enabled)),
    ]
    return [f"={name}={value}" for name, value in properties if value is not None]


def cleared_properties(change: SetAccess, menu: AccessMenu) -> list[str]:
    """Return the properties that the change empties; RouterOS refuses to set a reference to nothing."""
    named = ((menu.address, change.remote_address), (menu.caller, change.caller_id))
    return [name for name, value in named if value == ""]


def _known(value: str, nothing: str) -> str | None:
    return value if value and value != nothing else None
