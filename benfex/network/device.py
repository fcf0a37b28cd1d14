"""What a router is asked about itself: resources, interfaces, neighbours, leases, its log, and a look from it outwards.

Received and sent are the router's own. Access, sessions and counters of subscribers are in `driver.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from data.values.kinds import SettingKind

PINGS_MAX = 20
HOPS_MAX = 30

# A setting as named texts: yes and no, lists with commas.
Values: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sensor:
    """One figure of the hardware as the router tells it, such as temperature 46 C; `unit` is "" where it tells none."""

    name: str
    value: str
    unit: str


@dataclass(frozen=True, slots=True)
class Resources:
    """How the router is; memory and disk in bytes. `serial` and firmware are "" where the board has none (CHR, x86)."""

    name: str
    version: str
    board: str
    serial: str
    architecture: str
    firmware: str
    firmware_offered: str
    uptime_seconds: int
    cpu_percent: int
    cpu_count: int
    free_memory_bytes: int
    total_memory_bytes: int
    free_disk_bytes: int
    total_disk_bytes: int
    sensors: tuple[Sensor, ...]


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface that is not a subscriber's session."""

    name: str
    kind: str
    mac: str
    comment: str
    is_running: bool
    is_enabled: bool
    link_downs: int
    received_bytes: int
    sent_bytes: int


@dataclass(frozen=True, slots=True)
class InterfaceRate:
    """What an interface moves at this moment, in bits a second."""

    name: str
    received_bps: int
    sent_bps: int


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A device that announces itself on an interface; "" is what it does not say."""

    interface: str
    identity: str
    address: str
    mac: str
    platform: str
    board: str
    version: str


@dataclass(frozen=True, slots=True)
class Lease:
    """An address that the router's DHCP server gave or keeps; `expires_seconds` is None for one without an end."""

    address: str
    mac: str
    host_name: str
    server: str
    status: str
    is_dynamic: bool
    expires_seconds: int | None
    comment: str


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of the router's log; `time` is as the router wrote it, in its own zone."""

    time: str
    topics: str
    message: str


@dataclass(frozen=True, slots=True)
class PingReply:
    """The answer to one ping; `milliseconds` is None where none came, and `problem` says what is known of why."""

    sequence: int
    host: str
    milliseconds: float | None
    problem: str


@dataclass(frozen=True, slots=True)
class Hop:
    """One router on the way, counted from 1; `host` is "" where it does not answer."""

    number: int
    host: str
    loss_percent: float
    milliseconds: float | None


class DeviceLink(Protocol):
    """The part of a link that asks a router about itself; see `RouterLink` for what every method raises."""

    async def read_resources(self) -> Resources:
        """Return how the router is; sensors are empty on boards that have none."""
        ...

    async def read_interfaces(self) -> tuple[Interface, ...]:
        """Return the interfaces that are not sessions, in the router's order."""
        ...

    async def read_rates(self, names: Sequence[str]) -> tuple[InterfaceRate, ...]:
        """Return what these interfaces move now, in one question; none for no names."""
        ...

    async def read_neighbours(self) -> tuple[Neighbour, ...]:
        """Return who announces themselves around the router."""
        ...

    async def read_leases(self) -> tuple[Lease, ...]:
        """Return the leases of the router's DHCP servers."""
        ...

    async def read_log(self, *, lines_max: int = 200) -> tuple[LogLine, ...]:
        """Return the newest lines of the log, the newest first."""
        ...

    async def ping(self, address: str, *, count: int, heard: Callable[[PingReply], None]) -> None:
        """Ping an address from the router, once a second; `heard` gets each answer as it comes, in the loop."""
        ...

    async def trace(self, address: str, *, heard: Callable[[tuple[Hop, ...]], None]) -> None:
        """Trace the way to an address from the router; `heard` gets the way as far as it is known, again and again."""
        ...

    async def export_configuration(self) -> str:
        """Return the configuration as text, without secrets. It passes through a file that is removed again.

        Raises RouterRejected too: code `no_permission`, or `too_large` where the version cannot tell as much.
        """
        ...

    async def read_setting(self, kind: SettingKind, target: str) -> Values:
        """Return a setting as it is; `target` says which, where there are several ("" else)."""
        ...

    async def write_setting(self, kind: SettingKind, target: str, values: Values) -> None:
        """Make a setting so; writing twice is writing once. What `values` does not name stays."""
        ...

    async def reboot(self) -> None:
        """Restart the router. The link ends; that it does is success."""
        ...
