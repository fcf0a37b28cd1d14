"""The settings of RouterOS that may be changed on many routers at once: read, and written as `Setting` says.

RouterOS 6 has two places for NTP servers where 7 has a list. Only what is named is set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from benfex.core.errors import RouterRejected
from benfex.network.device import Values
from benfex.network.drivers.routeros import words
from benfex.network.drivers.routeros.conversation import ALREADY_THERE, NO_SUCH_ITEM
from benfex.network.drivers.routeros.questions import Ask
from data.values.kinds import SettingKind

MISSING: Final = "missing_setting"
_NTP: Final = "/system/ntp/client"
_LIST: Final = "/ip/firewall/address-list"
_SERVICE: Final = "/ip/service"
# Menus with one row, and which of its properties are ours to read and set.
_SINGLE: Final[Mapping[SettingKind, tuple[str, tuple[str, ...]]]] = {
    SettingKind.DNS: ("/ip/dns", ("servers",)),
    SettingKind.NOTE: ("/system/note", ("note",)),
    SettingKind.RADIUS_INCOMING: ("/radius/incoming", ("accept", "port")),
}
_FLAGS: Final = frozenset(("accept", "enabled"))
_NO_SERVER: Final = ("", "0.0.0.0")  # noqa: S104 (RouterOS 6 for "none")


def read_setting(ask: Ask, kind: SettingKind, target: str) -> Values:
    """Return a setting as it is. Raises RouterRejected (`missing_setting`) where the router has no such thing."""
    if kind is SettingKind.NTP:
        return _read_ntp(_only(ask(f"{_NTP}/print")))
    if kind is SettingKind.SERVICE:
        row = _service(ask, target)
        return {"enabled": words.format_flag(value=not words.parse_flag(row.get("disabled", "")))}
    if kind is SettingKind.LISTED:
        return _read_listed(ask, target)
    menu, names = _SINGLE[kind]
    row = _only(ask(f"{menu}/print"))
    return {name: _said(name, row.get(name, "")) for name in names}


def write_setting(ask: Ask, kind: SettingKind, target: str, values: Values) -> None:
    """Make a setting so; doing it twice is doing it once. Raises RouterRejected."""
    if kind is SettingKind.NTP:
        _write_ntp(ask, values)
    elif kind is SettingKind.SERVICE:
        row = _service(ask, target)
        ask(
            f"{_SERVICE}/set",
            f"=.id={row['.id']}",
            f"=disabled={'no' if values['enabled'] == 'yes' else 'yes'}",
        )
    elif kind is SettingKind.LISTED:
        _write_listed(ask, target, values)
    else:
        menu, names = _SINGLE[kind]
        ask(f"{menu}/set", *(f"={name}={values[name]}" for name in names if name in values))


def _read_ntp(row: Mapping[str, str]) -> Values:
    servers = row.get("servers")
    if servers is None:
        both = (row.get("primary-ntp", ""), row.get("secondary-ntp", ""))
        servers = ",".join(server for server in both if server not in _NO_SERVER)
    return {"enabled": _said("enabled", row.get("enabled", "")), "servers": servers}


def _write_ntp(ask: Ask, values: Values) -> None:
    is_list = "servers" in _only(ask(f"{_NTP}/print"))
    servers = values["servers"]
    if is_list:
        named = [f"=servers={servers}"]
    else:
        first, second = [*servers.split(","), "", ""][:2]
        named = [f"=primary-ntp={first or _NO_SERVER[1]}", f"=secondary-ntp={second or _NO_SERVER[1]}"]
    ask(f"{_NTP}/set", f"=enabled={values['enabled']}", *named)


def _read_listed(ask: Ask, target: str) -> Values:
    rows = _listed(ask, target)
    if not rows:
        return {"present": "no"}
    found = {"present": "yes"}
    if rows[0].get("comment"):
        found["comment"] = rows[0]["comment"]
    if words.parse_flag(rows[0].get("disabled", "")):
        found["disabled"] = "yes"
    return found


def _write_listed(ask: Ask, target: str, values: Values) -> None:
    rows = _listed(ask, target)
    if values["present"] != "yes":
        _remove_listed(ask, rows)
        return
    if rows:
        return
    name, _, address = target.partition(" ")
    more = [f"={key}={values[key]}" for key in ("comment", "disabled") if values.get(key)]
    try:
        ask(f"{_LIST}/add", f"=list={name}", f"=address={address}", *more)
    except RouterRejected as error:
        if error.code != ALREADY_THERE:
            raise


def _remove_listed(ask: Ask, rows: list[dict[str, str]]) -> None:
    """Remove every row: imported configurations may hold an entry twice."""
    for row in rows:
        try:
            ask(f"{_LIST}/remove", f"=.id={row['.id']}")
        except RouterRejected as error:
            if error.code != NO_SUCH_ITEM:
                raise


def _listed(ask: Ask, target: str) -> list[dict[str, str]]:
    """Return the rows that somebody configured; those of sessions come and go by themselves."""
    name, _, address = target.partition(" ")
    rows = ask(f"{_LIST}/print", f"?list={name}", f"?address={address}")
    return [row for row in rows if not words.parse_flag(row.get("dynamic", ""))]


def _service(ask: Ask, name: str) -> dict[str, str]:
    """Return the row of a service; RouterOS 7.21 shows connections among them, which are dynamic."""
    rows = ask(f"{_SERVICE}/print", f"?name={name}")
    return _only([row for row in rows if not words.parse_flag(row.get("dynamic", ""))])


def _only(rows: list[dict[str, str]]) -> dict[str, str]:
    if not rows:
        raise RouterRejected("The router has no such setting.", code=MISSING)
    return rows[0]


def _said(name: str, value: str) -> str:
    return words.format_flag(value=words.parse_flag(value)) if name in _FLAGS else value
