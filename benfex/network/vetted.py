"""Pure: the vetted changes that may be made on many routers at once; what each wants, checked and in words.

What RouterOS calls them is in `drivers/routeros/settings.py`.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Final

from data.values.errors import InvalidInput
from data.values.kinds import SettingKind

SERVICES: Final = ("telnet", "ftp", "www")
SERVERS_MAX: Final = 4
_LIST: Final = re.compile(r"[A-Za-z0-9_.-]{1,60}")
_OURS: Final = "benfex-"


@dataclass(frozen=True, slots=True)
class Change:
    """What is wanted of a setting; `target` says which of several, "" where there is one."""

    kind: SettingKind
    target: str
    values: Mapping[str, str]

    def is_met_by(self, observed: Mapping[str, str]) -> bool:
        """Return whether a router has it so; what is not named may be anything."""
        return all(observed.get(name) == value for name, value in self.values.items())


def set_ntp(servers: str) -> Change:
    """Return the change that has routers ask these time servers. Raises InvalidInput (servers)."""
    listed = _servers(servers)
    if len(listed) > 2:
        raise InvalidInput("servers", "Give one or two servers: RouterOS 6 takes no more.")
    return Change(SettingKind.NTP, "", {"enabled": "yes", "servers": ",".join(listed)})


def set_dns(servers: str) -> Change:
    """Return the change that has routers ask these DNS servers. Raises InvalidInput (servers)."""
    return Change(SettingKind.DNS, "", {"servers": ",".join(_servers(servers))})


def set_note(note: str) -> Change:
    """Return the change of the note that a router shows at a login. Raises InvalidInput (note)."""
    text = note.strip()
    if len(text) > 200 or not text.isprintable():
        raise InvalidInput("note", "Give at most 200 letters, in one line.")
    return Change(SettingKind.NOTE, "", {"note": text})


def switch_off(service: str) -> Change:
    """Return the change that switches off a service that sends passwords openly. Raises InvalidInput (service)."""
    if service not in SERVICES:
        raise InvalidInput("service", f"Choose one of {', '.join(SERVICES)}.")
    return Change(SettingKind.SERVICE, service, {"enabled": "no"})


def list_address(name: str, address: str, *, is_listed: bool) -> Change:
    """Return the change that puts an address on a list, or takes it off. Raises InvalidInput (list, address)."""
    name = name.strip()
    if not _LIST.fullmatch(name) or name.startswith(_OURS):
        raise InvalidInput("list", "Name a list that is not one of Benfex's own, without spaces.")
    try:
        network = ipaddress.ip_network(address.strip(), strict=False)
    except ValueError as cause:
        raise InvalidInput(
            "address", "Write an address such as 10.1.2.3 or a network such as 10.1.0.0/16."
        ) from cause
    if network.version != 4:
        raise InvalidInput("address", "Give an IPv4 address.")
    written = str(network).removesuffix("/32")
    return Change(SettingKind.LISTED, f"{name} {written}", {"present": "yes" if is_listed else "no"})


def accept_radius(port: int) -> Change:
    """Return the change that has routers take orders of a RADIUS server at this port. Raises InvalidInput (port)."""
    if not 1 <= port <= 65_535:
        raise InvalidInput("port", "Give a port from 1 to 65535; 3799 is usual, 1700 on some versions.")
    return Change(SettingKind.RADIUS_INCOMING, "", {"accept": "yes", "port": str(port)})


def change_named(name: str, value: str) -> Change:
    """Return a change as programs and commands name it. Raises InvalidInput (kind, or what the value lacks)."""
    make = NAMED.get(name)
    if make is None:
        raise InvalidInput("kind", f"Choose one of {', '.join(NAMED)}.")
    return make(value)


def _listed(value: str, *, is_listed: bool) -> Change:
    name, _, address = value.strip().partition(" ")
    return list_address(name, address, is_listed=is_listed)


def _port(value: str) -> Change:
    if not value.isascii() or not value.isdecimal() or len(value) > 5:
        raise InvalidInput("port", "Give a port from 1 to 65535.")
    return accept_radius(int(value))


NAMED: Final[Mapping[str, Callable[[str], Change]]] = MappingProxyType(
    {
        "ntp": set_ntp,
        "dns": set_dns,
        "note": set_note,
        "service_off": switch_off,
        "list_add": partial(_listed, is_listed=True),
        "list_remove": partial(_listed, is_listed=False),
        "radius_incoming": _port,
    }
)


def say_change(change: Change) -> str:
    """Return what a change does, as a heading."""
    values, target = change.values, change.target
    name, _, address = target.partition(" ")
    match change.kind:
        case SettingKind.NTP:
            return f"Time servers: {values['servers']}"
        case SettingKind.DNS:
            return f"DNS servers: {values['servers']}"
        case SettingKind.NOTE:
            return f"Note: {values['note']}" if values["note"] else "No note"
        case SettingKind.SERVICE:
            return f"Switch off {target}"
        case SettingKind.LISTED:
            return f"{address} {'on' if values['present'] == 'yes' else 'off'} the list {name}"
        case SettingKind.RADIUS_INCOMING:
            return f"RADIUS orders at port {values['port']}"


def say_values(kind: SettingKind, values: Mapping[str, str]) -> str:
    """Return how a router has a setting, for a person."""
    match kind:
        case SettingKind.NTP:
            servers = values.get("servers") or "none"
            return servers if values.get("enabled") == "yes" else f"off ({servers})"
        case SettingKind.DNS:
            return values.get("servers") or "none"
        case SettingKind.NOTE:
            return values.get("note") or "no note"
        case SettingKind.SERVICE:
            return "on" if values.get("enabled") == "yes" else "off"
        case SettingKind.LISTED:
            return "on the list" if values.get("present") == "yes" else "not on the list"
        case SettingKind.RADIUS_INCOMING:
            return f"port {values.get('port', '?')}" if values.get("accept") == "yes" else "off"


def _servers(text: str) -> list[str]:
    listed = [part for part in re.split(r"[\s,]+", text.strip()) if part]
    if not 1 <= len(listed) <= SERVERS_MAX:
        raise InvalidInput("servers", f"Give 1 to {SERVERS_MAX} addresses.")
    try:
        return [str(ipaddress.IPv4Address(part)) for part in listed]
    except ValueError as cause:
        raise InvalidInput("servers", "Write addresses such as 1.1.1.1, with commas between them.") from cause
