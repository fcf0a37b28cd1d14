"""The walled garden of RouterOS: what who has not paid may reach, and where plain web pages are led.

Source: RouterOS firewall, "the first rule that matches decides", so our rules stand before all others of their chain;
the hotspot has a list of its own. Every row carries the comment `benfex:wg` or `benfex:wg:N`, N being its place.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from benfex.core.errors import RouterRejected
from benfex.network.desired_state import SUSPENDED_ADDRESS_LIST
from benfex.network.drivers.routeros import words
from benfex.network.drivers.routeros.conversation import ALREADY_THERE, NO_SUCH_ITEM
from benfex.network.drivers.routeros.questions import Ask, show
from benfex.network.drivers.routeros.replies import Row
from benfex.network.garden import Garden, GardenReading

ALLOWED: Final = "benfex-allowed"
MARK: Final = "benfex:wg"
_FILTER: Final = "/ip/firewall/filter"
_NAT: Final = "/ip/firewall/nat"
_LISTS: Final = "/ip/firewall/address-list"
_HOSTS: Final = "/ip/hotspot/walled-garden"
_ADDRESSES: Final = "/ip/hotspot/walled-garden/ip"
_CHAINS: Final = {_FILTER: "forward", _NAT: "dstnat"}
_FROM_UNPAID: Final = {"src-address-list": SUSPENDED_ADDRESS_LIST}
_FILTERS: Final[Sequence[Mapping[str, str]]] = (
    {**_FROM_UNPAID, "action": "accept", "dst-address-list": ALLOWED},
    {**_FROM_UNPAID, "action": "accept", "protocol": "udp", "dst-port": "53"},
    {**_FROM_UNPAID, "action": "accept", "protocol": "tcp", "dst-port": "53"},
    {**_FROM_UNPAID, "action": "reject", "reject-with": "icmp-admin-prohibited"},
)
_RULE: Final = (
    ".id",
    "chain",
    "action",
    "src-address-list",
    "dst-address-list",
    "protocol",
    "dst-port",
    "reject-with",
    "to-addresses",
    "to-ports",
    "disabled",
    "dynamic",
    "comment",
)


def read_garden(ask: Ask) -> GardenReading:
    """Return the garden that our marks tell, and whether all of it is there and in its place."""
    filters, nats = (_chain(ask, menu) for menu in (_FILTER, _NAT))
    lists, hosts, addresses = (_ours(ask, menu) for menu in (_LISTS, _HOSTS, _ADDRESSES))
    if not any(_is_ours(row) for row in (*filters, *nats)) and not (lists or hosts or addresses):
        return GardenReading(None, is_whole=True)
    listed = sorted({row.get("address", "") for row in lists})
    garden = Garden(
        tuple(text for text in listed if not _is_address(text)),
        tuple(text for text in listed if _is_address(text)),
        _door(nats),
    )
    is_whole = (
        _stands_first(filters, _FILTERS)
        and _stands_first(nats, _nats(garden))
        and _holds(lists, "address", (*garden.hosts, *garden.addresses))
        and _holds(hosts, "dst-host", garden.hosts)
        and _holds(addresses, "dst-address", garden.addresses)
    )
    return GardenReading(garden, is_whole)


def write_garden(ask: Ask, garden: Garden | None) -> None:
    """Make it so: what may be reached first, so that nobody is led to where nothing answers."""
    if garden is None:
        _ensure_rules(ask, _FILTER, ())
        _ensure_rules(ask, _NAT, ())
        for menu in (_LISTS, _HOSTS, _ADDRESSES):
            _remove(ask, menu, _ours(ask, menu))
        return
    everything = (*garden.hosts, *garden.addresses)
    _ensure_set(ask, _LISTS, "address", everything, f"=list={ALLOWED}")
    _ensure_set(ask, _HOSTS, "dst-host", garden.hosts, "=action=allow")
    _ensure_set(ask, _ADDRESSES, "dst-address", garden.addresses, "=action=accept")
    _ensure_rules(ask, _FILTER, _FILTERS)
    _ensure_rules(ask, _NAT, _nats(garden))


def _nats(garden: Garden) -> Sequence[Mapping[str, str]]:
    if garden.door is None:
        return ()
    address, port = garden.door
    return (
        {
            **_FROM_UNPAID,
            "action": "dst-nat",
            "dst-address-list": f"!{ALLOWED}",
            "protocol": "tcp",
            "dst-port": "80",
            "to-addresses": address,
            "to-ports": str(port),
        },
    )


def _ensure_rules(ask: Ask, menu: str, wanted: Sequence[Mapping[str, str]]) -> None:
    """Have our rules of a chain as wanted, before all others; where they are not, they are made anew.

    What refuses is taken away first: meanwhile more is let through, never less.
    """
    rows = _chain(ask, menu)
    if _stands_first(rows, wanted):
        return
    _remove(ask, menu, [row for row in reversed(rows) if _is_ours(row)])
    others = [row for row in rows if not _is_ours(row) and not words.parse_flag(row.get("dynamic", ""))]
    before = [f"=place-before={others[0]['.id']}"] if others else []
    for place, rule in enumerate(wanted, start=1):
        named = [f"={name}={value}" for name, value in rule.items()]
        ask(f"{menu}/add", f"=chain={_CHAINS[menu]}", *named, f"=comment={MARK}:{place}", *before)


def _ensure_set(ask: Ask, menu: str, name: str, wanted: Sequence[str], *fixed: str) -> None:
    """Have one row of ours for each value of a property, switched on, and no other row of ours."""
    kept: set[str] = set()
    spare = []
    for row in _ours(ask, menu):
        value = row.get(name, "")
        if value in wanted and value not in kept and not words.parse_flag(row.get("disabled", "")):
            kept.add(value)
        else:
            spare.append(row)
    _remove(ask, menu, spare)
    for value in wanted:
        if value in kept:
            continue
        try:
            ask(f"{menu}/add", *fixed, f"={name}={value}", f"=comment={MARK}")
        except RouterRejected as error:
            if error.code != ALREADY_THERE:
                raise


def _stands_first(rows: Sequence[Row], wanted: Sequence[Mapping[str, str]]) -> bool:
    """Return whether our rules are these, in this order, with no rule of others before or between them."""
    fixed = [row for row in rows if not words.parse_flag(row.get("dynamic", ""))]
    ours = [row for row in fixed if _is_ours(row)]
    if len(ours) != len(wanted) or fixed[: len(ours)] != ours:
        return False
    return all(
        all(row.get(name, "") == value for name, value in rule.items())
        and not words.parse_flag(row.get("disabled", ""))
        for row, rule in zip(ours, wanted, strict=True)
    )


def _holds(rows: Sequence[Row], name: str, wanted: Sequence[str]) -> bool:
    found = [row.get(name, "") for row in rows if not words.parse_flag(row.get("disabled", ""))]
    return sorted(found) == sorted(wanted) and len(found) == len(rows)


def _door(nats: Iterable[Row]) -> tuple[str, int] | None:
    for row in nats:
        if _is_ours(row) and row.get("to-ports", "").isdecimal():
            return row.get("to-addresses", ""), int(row["to-ports"])
    return None


def _chain(ask: Ask, menu: str) -> list[Row]:
    return show(ask, menu, _RULE, f"?chain={_CHAINS[menu]}")


def _ours(ask: Ask, menu: str) -> list[Row]:
    name = {_LISTS: "address", _HOSTS: "dst-host", _ADDRESSES: "dst-address"}[menu]
    only = (f"?list={ALLOWED}",) if menu == _LISTS else ()
    return [row for row in show(ask, menu, (".id", name, "disabled", "comment"), *only) if _is_ours(row)]


def _is_ours(row: Row) -> bool:
    comment = row.get("comment", "")
    return comment == MARK or comment.startswith(f"{MARK}:")


def _remove(ask: Ask, menu: str, rows: Iterable[Row]) -> None:
    for row in rows:
        try:
            ask(f"{menu}/remove", f"=.id={row['.id']}")
        except RouterRejected as error:
            if error.code != NO_SUCH_ITEM:
                raise


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Network(text)
    except ValueError:
        return False
    return True
