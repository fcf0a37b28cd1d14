"""Rule: what who has not paid may still reach, and where plain web pages are led. Drivers keep it on routers."""

from __future__ import annotations

import hashlib
import ipaddress
import json
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from data.values.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Garden:
    """What who has not paid may still reach: host names and addresses, both sorted.

    Plain web pages are led to `door` (IPv4 address and port); None leads them nowhere.
    """

    hosts: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    door: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class GardenReading:
    """The garden as our marks on a router tell it; None without any.

    `is_whole` is false where a rule is missing, changed, switched off, there twice, or behind a rule of others.
    """

    garden: Garden | None
    is_whole: bool

    def is_as(self, wanted: Garden | None) -> bool:
        """Return whether the router holds just what is wanted."""
        return self.is_whole and self.garden == wanted


def make_garden(*, public_url: str, hosts: Iterable[str], door: str) -> Garden:
    """Return the garden of an ISP: its portal, the hosts that payers need, and its door ("10.0.0.5:8081", "" none).

    Raises InvalidInput (door).
    """
    named, addresses = set(hosts), set[str]()
    portal = urlsplit(public_url).hostname or ""
    (addresses if _is_address(portal) else named).add(portal)
    at = None
    if door:
        host, _, port = door.rpartition(":")
        if not _is_address(host) or not (port.isascii() and port.isdecimal() and 0 < int(port) < 65_536):
            raise InvalidInput("door", "Write the door as an IPv4 address and a port, such as 10.0.0.5:8081.")
        at = (host, int(port))
        addresses.add(host)
    return Garden(tuple(sorted(named - {"", "localhost"})), tuple(sorted(addresses)), at)


def fingerprint(garden: Garden | None) -> str:
    """Return what tells one garden from another, "" for none."""
    if garden is None:
        return ""
    told = json.dumps([garden.hosts, garden.addresses, garden.door])
    return hashlib.sha256(told.encode()).hexdigest()


def say_garden(garden: Garden | None) -> str:
    """Return a garden in words."""
    if garden is None:
        return "no rules for who has not paid"
    led = f"web pages led to {garden.door[0]}:{garden.door[1]}" if garden.door else "web pages led nowhere"
    return f"who has not paid reaches {', '.join((*garden.hosts, *garden.addresses))}; {led}"


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True
