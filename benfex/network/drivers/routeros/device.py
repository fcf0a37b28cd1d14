"""What RouterOS says of itself: its menus and words for `benfex/network/device.py`. rx and tx are the router's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from benfex.core.errors import RouterRejected
from benfex.network import rate_limit
from benfex.network.device import (
    HOPS_MAX,
    Hop,
    Interface,
    InterfaceRate,
    Lease,
    LogLine,
    Neighbour,
    PingReply,
    Resources,
    Sensor,
)
from benfex.network.drivers.routeros import words
from benfex.network.drivers.routeros.conversation import NO_SUCH_MENU
from benfex.network.drivers.routeros.questions import Ask, show

Row = Mapping[str, str]

_RESOURCE: Final = (
    "uptime",
    "version",
    "board-name",
    "architecture-name",
    "cpu-load",
    "cpu-count",
    "free-memory",
    "total-memory",
    "free-hdd-space",
    "total-hdd-space",
)
_BOARD: Final = ("serial-number", "current-firmware", "upgrade-firmware")
_INTERFACE: Final = (
    "name",
    "type",
    "mac-address",
    "comment",
    "running",
    "disabled",
    "link-downs",
    "rx-byte",
    "tx-byte",
)
_NEIGHBOUR: Final = ("interface", "identity", "address", "mac-address", "platform", "board", "version")
_LEASE: Final = (
    "address",
    "active-address",
    "mac-address",
    "active-mac-address",
    "host-name",
    "server",
    "status",
    "dynamic",
    "expires-after",
    "comment",
)
_LOG: Final = ("time", "topics", "message")
# RouterOS 6 names its sensors without a unit; the field says what they are in.
_UNITS: Final = (("temperature", "C"), ("voltage", "V"), ("fan", "RPM"), ("current", "A"), ("power", "W"))
_PER_RATE_QUESTION_MAX: Final = 100
_MILLISECONDS: Final = {"s": 1000.0, "ms": 1.0, "us": 0.001}
_SPAN: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|us|s)")


class Follow(Protocol):
    """A question whose rows are handed on as they come."""

    def __call__(self, heard: Callable[[Row], None], command: str, *words: str) -> None:
        """Ask, and hand each row to `heard`. Raises RouterError."""
        ...


def read_resources(ask: Ask) -> Resources:
    """Return how the router is, in four questions."""
    names = show(ask, "/system/identity", ("name",))
    resource = next(iter(show(ask, "/system/resource", _RESOURCE)), {})
    board = next(iter(show(ask, "/system/routerboard", _BOARD)), {})
    health = words.read_health(resource)
    return Resources(
        name=next(iter(names), {}).get("name", ""),
        version=health.version,
        board=health.board,
        serial=board.get("serial-number", ""),
        architecture=resource.get("architecture-name", ""),
        firmware=board.get("current-firmware", ""),
        firmware_offered=board.get("upgrade-firmware", ""),
        uptime_seconds=health.uptime_seconds,
        cpu_percent=health.cpu_percent,
        cpu_count=_count(resource, "cpu-count"),
        free_memory_bytes=health.free_memory_bytes,
        total_memory_bytes=health.total_memory_bytes,
        free_disk_bytes=_count(resource, "free-hdd-space"),
        total_disk_bytes=_count(resource, "total-hdd-space"),
        sensors=read_sensors(_health(ask)),
    )


def _health(ask: Ask) -> list[dict[str, str]]:
    """Return /system/health as a whole: its properties are the board's own in RouterOS 6, so none are named."""
    try:
        return ask("/system/health/print")
    except RouterRejected as error:
        if error.code != NO_SUCH_MENU:
            raise
        return []


def read_sensors(rows: Sequence[Row]) -> tuple[Sensor, ...]:
    """Return what /system/health says: a row per sensor in RouterOS 7, all named in one row in 6."""
    if any("value" in row for row in rows):
        return tuple(
            Sensor(row.get("name", ""), row["value"], row.get("type", "")) for row in rows if "value" in row
        )
    return tuple(
        Sensor(name, value, _unit(name))
        for row in rows
        for name, value in row.items()
        if _is_figure(name, value)
    )


def read_interfaces(ask: Ask) -> tuple[Interface, ...]:
    """Return the interfaces that are not PPPoE sessions."""
    return tuple(
        Interface(
            name=row.get("name", ""),
            kind=row.get("type", ""),
            mac=row.get("mac-address", ""),
            comment=row.get("comment", ""),
            is_running=words.parse_flag(row.get("running", "")),
            is_enabled=not words.parse_flag(row.get("disabled", "")),
            link_downs=_count(row, "link-downs"),
            received_bytes=_count(row, "rx-byte"),
            sent_bytes=_count(row, "tx-byte"),
        )
        for row in show(ask, "/interface", _INTERFACE, "?type=pppoe-in", "?#!")
    )


def read_rates(ask: Ask, names: Sequence[str]) -> tuple[InterfaceRate, ...]:
    """Return what interfaces move now. A name with a comma cannot be asked for, since commas part the names."""
    asked = [name for name in names if "," not in name][:_PER_RATE_QUESTION_MAX]
    if not asked:
        return ()
    rows = ask("/interface/monitor-traffic", f"=interface={','.join(asked)}", "=once=")
    return tuple(
        InterfaceRate(
            row.get("name", ""), _count(row, "rx-bits-per-second"), _count(row, "tx-bits-per-second")
        )
        for row in rows
    )


def read_neighbours(ask: Ask) -> tuple[Neighbour, ...]:
    """Return /ip/neighbor."""
    return tuple(
        Neighbour(*(row.get(name, "") for name in _NEIGHBOUR))
        for row in show(ask, "/ip/neighbor", _NEIGHBOUR)
    )


def read_leases(ask: Ask) -> tuple[Lease, ...]:
    """Return /ip/dhcp-server/lease."""
    return tuple(
        Lease(
            address=row.get("active-address") or row.get("address", ""),
            mac=row.get("active-mac-address") or row.get("mac-address", ""),
            host_name=row.get("host-name", ""),
            server=row.get("server", ""),
            status=row.get("status", ""),
            is_dynamic=words.parse_flag(row.get("dynamic", "")),
            expires_seconds=rate_limit.parse_duration(row["expires-after"])
            if row.get("expires-after")
            else None,
            comment=row.get("comment", ""),
        )
        for row in show(ask, "/ip/dhcp-server/lease", _LEASE)
    )


def read_log(ask: Ask, *, lines_max: int) -> tuple[LogLine, ...]:
    """Return the end of /log, the newest first; RouterOS keeps a thousand lines in memory."""
    rows = show(ask, "/log", _LOG)[-lines_max:]
    return tuple(
        LogLine(row.get("time", ""), row.get("topics", ""), row.get("message", "")) for row in reversed(rows)
    )


def ping(follow: Follow, address: str, *, count: int, heard: Callable[[PingReply], None]) -> None:
    """Ping `count` times; without a count RouterOS would never end."""

    def take(row: Row) -> None:
        if "seq" in row:
            heard(read_ping(row))

    follow(take, "/ping", f"=address={address}", f"=count={count}")


def trace(follow: Follow, address: str, *, heard: Callable[[tuple[Hop, ...]], None]) -> None:
    """Trace once. RouterOS prints the whole way again and again, each printing with a `.section` of its own."""
    section, hops = "", list[Hop]()

    def take(row: Row) -> None:
        nonlocal section
        if row.get(".section", "") != section:
            section = row.get(".section", "")
            hops.clear()
        hops.append(read_hop(row, len(hops) + 1))
        heard(tuple(hops))

    follow(take, "/tool/traceroute", f"=address={address}", "=count=1", f"=max-hops={HOPS_MAX}")


def read_ping(row: Row) -> PingReply:
    """Return a row of /ping; one without a time was not answered."""
    status = row.get("status", "")
    return PingReply(
        sequence=_count(row, "seq"),
        host=row.get("host", ""),
        milliseconds=None if status or "time" not in row else parse_milliseconds(row["time"]),
        problem=status,
    )


def read_hop(row: Row, number: int) -> Hop:
    """Return a row of /tool/traceroute."""
    last = row.get("last", "")
    return Hop(
        number=number,
        host=row.get("address", ""),
        loss_percent=_decimal(row.get("loss", "0").rstrip("%")),
        milliseconds=_decimal(last) if last and last != "timeout" else None,
    )


def parse_milliseconds(text: str) -> float:
    """Return "9ms445us" or "1s2ms" in milliseconds. Raises ValueError."""
    parts = _SPAN.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is not a span")
    return round(sum(float(number) * _MILLISECONDS[unit] for number, unit in parts), 3)


def _decimal(text: str) -> float:
    return float(text) if text else 0.0


def _count(row: Row, name: str) -> int:
    return words.parse_count(row.get(name) or "0")


def _unit(name: str) -> str:
    return next((unit for word, unit in _UNITS if word in name), "")


def _is_figure(name: str, value: str) -> bool:
    return bool(value) and name not in (".id", "state", "state-after-reboot") and value[:1].isdigit()
