"""What a property accepts and how it is kept. Which properties a menu has is in menus.py."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from benfex.simulation.routeros import formats, traps

FLAG_WORDS = {"yes": "true", "true": "true", "no": "false", "false": "false"}
MAC = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){5}")

NameExists = Callable[[str, str], bool]  # (menu path, name)


class Kind(StrEnum):
    """How the text of a property is read."""

    TEXT = "text"
    FLAG = "flag"
    NUMBER = "number"
    CHOICE = "choice"
    REFERENCE = "reference"
    ADDRESS = "address"
    ADDRESS_OR_POOL = "address-or-pool"
    INTERFACE_ADDRESS = "interface-address"
    TARGET = "target"
    TARGET_ADDRESS = "target-address"
    LISTED = "listed"
    RANGES = "ranges"
    MAC = "mac"
    DURATION = "duration"
    RATE_LIMIT = "rate-limit"
    RATE_PAIR = "rate-pair"


@dataclass(frozen=True, slots=True)
class Field:
    """One property; `default` None means that it is absent until it is set."""

    name: str
    kind: Kind = Kind.TEXT
    default: str | None = None
    choices: tuple[str, ...] = ()
    menu: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class Menu:
    """One menu of configured rows; `key` are the properties that must differ between rows."""

    path: str
    fields: Mapping[str, Field]
    key: tuple[str, ...] = ()
    duplicate: str = "already have such entry"
    fixed: frozenset[str] = frozenset()
    can_add: bool = True
    single: bool = False
    read_only: Mapping[str, str] | None = None


def accept(field: Field, value: str, exists: NameExists) -> str:
    """Return `value` as it is kept, or raise TrapError naming the property."""
    try:
        return _READERS[field.kind](field, value, exists)
    except ValueError as error:
        raise traps.invalid_value(field.name) from error


def _text(field: Field, value: str, exists: NameExists) -> str:
    return value


def _flag(field: Field, value: str, exists: NameExists) -> str:
    if value not in FLAG_WORDS:
        raise traps.no_match(field.name)
    return FLAG_WORDS[value]


def _number(field: Field, value: str, exists: NameExists) -> str:
    return str(formats.parse_rate(value))


def _choice(field: Field, value: str, exists: NameExists) -> str:
    if value not in field.choices:
        raise traps.no_match(field.name)
    return value


def _reference(field: Field, value: str, exists: NameExists) -> str:
    if value not in field.choices and not exists(field.menu, value):
        raise traps.no_match(field.name)
    return value


def _address(field: Field, value: str, exists: NameExists) -> str:
    return str(ipaddress.IPv4Address(value))


def _address_or_pool(field: Field, value: str, exists: NameExists) -> str:
    if value and exists("/ip/pool", value):
        return value
    if not formats.is_address(value):
        raise traps.no_match("pool") if value else traps.invalid_value(field.name)
    return value


def _interface_address(field: Field, value: str, exists: NameExists) -> str:
    return str(ipaddress.IPv4Interface(value))


def _target(field: Field, value: str, exists: NameExists) -> str:
    targets = []
    for part in value.split(","):
        is_interface = exists("/interface", part)
        targets.append(part if is_interface else str(ipaddress.ip_network(part, strict=False)))
    return ",".join(targets)


def _target_address(field: Field, value: str, exists: NameExists) -> str:
    """Accept an address or a network; a single address is kept without its length."""
    return str(ipaddress.ip_network(value, strict=False)).removesuffix("/32")


def _listed(field: Field, value: str, exists: NameExists) -> str:
    """Accept an address, a network, a range or a host name, as an address list does."""
    if not value or " " in value:
        raise ValueError("An address list row needs an address.")
    return value.removesuffix("/32")


def _ranges(field: Field, value: str, exists: NameExists) -> str:
    formats.parse_ranges(value)
    return value


def _mac(field: Field, value: str, exists: NameExists) -> str:
    if value and not MAC.fullmatch(value.upper()):
        raise ValueError(f"{value} is not a MAC address.")
    return value.upper()


def _duration(field: Field, value: str, exists: NameExists) -> str:
    if value in ("none", "never"):
        return value
    return formats.format_duration(formats.parse_duration(value))


def _rate_limit(field: Field, value: str, exists: NameExists) -> str:
    formats.parse_rate_limit(value)
    return value


def _rate_pair(field: Field, value: str, exists: NameExists) -> str:
    upload, download = formats.parse_rate_pair(value)
    return f"{upload}/{download}"


_READERS: Mapping[Kind, Callable[[Field, str, NameExists], str]] = {
    Kind.TEXT: _text,
    Kind.FLAG: _flag,
    Kind.NUMBER: _number,
    Kind.CHOICE: _choice,
    Kind.REFERENCE: _reference,
    Kind.ADDRESS: _address,
    Kind.ADDRESS_OR_POOL: _address_or_pool,
    Kind.INTERFACE_ADDRESS: _interface_address,
    Kind.TARGET: _target,
    Kind.LISTED: _listed,
    Kind.TARGET_ADDRESS: _target_address,
    Kind.RANGES: _ranges,
    Kind.MAC: _mac,
    Kind.DURATION: _duration,
    Kind.RATE_LIMIT: _rate_limit,
    Kind.RATE_PAIR: _rate_pair,
}
