"""What a router finds out by itself: hardware, neighbours, leases, ping, traceroute (reference C.1, C.10)."""

import ipaddress
from collections.abc import Iterator, Mapping

from benfex.simulation.routeros import traps
from benfex.simulation.routeros.formats import format_duration
from benfex.simulation.routeros.options import RouterOptions
from benfex.simulation.routeros.traffic import make_random
from benfex.simulation.routeros.wire import Row

PING = "/ping"
TRACEROUTE = "/tool/traceroute"
TOOLS = frozenset((PING, "/tool/ping", TRACEROUTE))
# Addresses for documentation (RFC 5737): nobody is there.
SILENT = ipaddress.ip_network("192.0.2.0/24")
PINGS_WITHOUT_END = 3600


def health_rows(options: RouterOptions, now: float) -> list[Row]:
    """Return /system/health: a row per sensor, in RouterOS 6 one row with all of them."""
    flicker = make_random(f"health:{options.name}:{int(now) // 30}").randrange(4)
    if options.version.startswith("6."):
        return [{"voltage": f"24.{flicker}", "temperature": f"{38 + flicker}"}]
    return [
        {".id": "*D", "name": "voltage", "value": f"24.{flicker}", "type": "V"},
        {".id": "*E", "name": "temperature", "value": f"{44 + flicker}", "type": "C"},
    ]


def neighbour_rows(options: RouterOptions) -> list[Row]:
    """Return /ip/neighbor: the tower's switch and two of its radios."""
    story = make_random(f"neighbours:{options.seed}:{options.name}")
    kinds = (
        ("ether2", "tower-switch", "CRS326-24G-2S+", "7.18.2 (stable)"),
        ("ether3", "sector-north", "LHG 5 ac", "6.49.17 (long-term)"),
        ("ether3", "sector-south", "LHG 5 ac", "6.49.17 (long-term)"),
    )
    return [
        {
            ".id": f"*{number}",
            "interface": interface,
            "identity": identity,
            "address": f"10.255.{story.randrange(1, 250)}.{number}",
            "mac-address": f"48:A9:8A:{story.randrange(256):02X}:{story.randrange(256):02X}:{number:02X}",
            "platform": "MikroTik",
            "board": board,
            "version": version,
        }
        for number, (interface, identity, board, version) in enumerate(kinds, start=1)
    ]


def tool_rows(path: str, attributes: Mapping[str, str]) -> Iterator[list[Row]]:
    """Yield what a tool prints, a list a second. Raises TrapError for an address that is none."""
    address = attributes.get("address", "")
    if not address:
        raise traps.missing_argument("address")
    try:
        silent = ipaddress.ip_address(address) in SILENT
    except ValueError as cause:
        raise traps.failure("dns name does not exist") from cause
    if path == TRACEROUTE:
        return _trace(address, silent=silent)
    return _pings(address, int(attributes.get("count", PINGS_WITHOUT_END)), silent=silent)


def _pings(address: str, count: int, *, silent: bool) -> Iterator[list[Row]]:
    story = make_random(f"ping:{address}")
    received = 0
    for number in range(count):
        row = {"seq": str(number), "host": address}
        if silent:
            row["status"] = "timeout"
        else:
            received += 1
            row |= {"size": "56", "ttl": "58", "time": f"{story.randrange(6, 30)}ms{story.randrange(1000)}us"}
        lost = 100 - received * 100 // (number + 1)
        yield [row | {"sent": str(number + 1), "received": str(received), "packet-loss": str(lost)}]


def _trace(address: str, *, silent: bool) -> Iterator[list[Row]]:
    story = make_random(f"trace:{address}")
    way = ["10.255.0.1", "", "197.248.3.1", *([""] * 2 if silent else [address])]
    for length in range(1, len(way) + 1):
        yield [
            {
                ".section": str(length - 1),
                "address": host,
                "loss": "0" if host else "100",
                "sent": "1",
                "last": str(story.randrange(2, 9) * (number + 1)) if host else "timeout",
                "status": "",
            }
            for number, host in enumerate(way[:length])
        ]


def lease_rows(options: RouterOptions, now: float, *, booted_at: float) -> list[Row]:
    """Return the leases that nobody made static: what hangs at the tower's management network."""
    story = make_random(f"leases:{options.seed}:{options.name}")
    return [
        {
            ".id": f"*{0x3000000 + number:X}",
            "address": f"192.168.88.{number + 1}",
            "mac-address": f"48:A9:8A:{story.randrange(256):02X}:{story.randrange(256):02X}:{number:02X}",
            "server": "management",
            "host-name": host,
            "status": "bound",
            "expires-after": format_duration(600 - (now - booted_at) % 300),
            "active-address": f"192.168.88.{number + 1}",
            "dynamic": "true",
            "blocked": "false",
            "radius": "false",
            "disabled": "false",
        }
        for number, host in enumerate(("tower-switch", "tower-camera", "power-meter"), start=1)
    ]
