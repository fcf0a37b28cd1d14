"""What an entry and a profile are as RADIUS attributes, in FreeRADIUS's SQL tables. No connection here.

Source: FreeRADIUS 3.2, mods-config/sql/main/postgresql; dictionary.mikrotik and dictionary.wispr.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Final, NamedTuple

from benfex.core.errors import RouterRejected
from benfex.network.driver import AccessEntry, ProfileSpec
from benfex.network.rate_limit import format_rate_limit, parse_burst, parse_rate_limit
from data.values.identifiers import ConnectionId
from data.values.kinds import AccessMethod

PROFILE_PREFIX: Final = "benfex-"
METHODS: Final = (AccessMethod.PPPOE, AccessMethod.HOTSPOT)
INTERIM_SECONDS: Final = 60
PASSWORD: Final = "Cleartext-Password"  # noqa: S105 - the name of an attribute
AUTH_TYPE: Final = "Auth-Type"
CALLER: Final = "Calling-Station-Id"
ADDRESS: Final = "Framed-IP-Address"
POOL: Final = "Framed-Pool"
RATE: Final = "Mikrotik-Rate-Limit"
ADDRESS_LIST: Final = "Mikrotik-Address-List"
# Whatever else a name was given by hand stays with it.
OF_CHECKS: Final = (PASSWORD, AUTH_TYPE, CALLER, "NT-Password", "Crypt-Password", "User-Password")
OF_REPLIES: Final = (ADDRESS, POOL)
OF_PROFILES: Final = (
    RATE,
    ADDRESS_LIST,
    "WISPr-Bandwidth-Max-Down",
    "WISPr-Bandwidth-Max-Up",
    "Acct-Interim-Interval",
)
_QUOTES: Final = ("'", '"', "`")


class Attribute(NamedTuple):
    """One row of radcheck, radreply or radgroupreply."""

    name: str
    op: str
    value: str


def check_attributes(entry: AccessEntry) -> tuple[Attribute, ...]:
    """Return what a login has to agree with. Raises RouterRejected for a password that cannot be kept."""
    if entry.password is None:
        raise RouterRejected("An entry needs a password.", code="no_password")
    if len(entry.password) > 1 and entry.password[0] in _QUOTES and entry.password[0] == entry.password[-1]:
        # FreeRADIUS takes the quotes of a value that stands in them as a whole for its own.
        raise RouterRejected(
            "RADIUS cannot keep a password that begins and ends with a quote.", code="bad_password"
        )
    found = [Attribute(PASSWORD, ":=", entry.password)]
    if not entry.enabled:
        found.append(Attribute(AUTH_TYPE, ":=", "Reject"))
    if entry.caller_id:
        found.append(Attribute(CALLER, "==", entry.caller_id))
    return tuple(found)


def reply_attributes(entry: AccessEntry) -> tuple[Attribute, ...]:
    """Return what an entry gets beside its profile: an address of its own, or a pool of the NAS."""
    if not entry.remote_address:
        return ()
    return (Attribute(ADDRESS if _is_address(entry.remote_address) else POOL, ":=", entry.remote_address),)


def profile_attributes(profile: ProfileSpec) -> tuple[Attribute, ...]:
    """Return what a NAS is told of a profile; speeds as MikroTik and, without a burst, as others read them."""
    found = [Attribute("Acct-Interim-Interval", ":=", str(INTERIM_SECONDS))]
    if profile.rate is not None:
        found += [
            Attribute(RATE, ":=", format_rate_limit(profile.rate, profile.burst)),
            Attribute("WISPr-Bandwidth-Max-Down", ":=", str(profile.rate.download_bps)),
            Attribute("WISPr-Bandwidth-Max-Up", ":=", str(profile.rate.upload_bps)),
        ]
    if profile.address_list:
        found.append(Attribute(ADDRESS_LIST, ":=", profile.address_list))
    return tuple(found)


def read_entry(
    connection_id: ConnectionId,
    method: AccessMethod,
    username: str,
    attributes: Mapping[str, str],
    group: str,
) -> AccessEntry:
    """Return an entry of ours from its attributes, those of checks and replies together."""
    return AccessEntry(
        connection_id=connection_id,
        username=username,
        password=attributes.get(PASSWORD),
        profile=group,
        remote_address=attributes.get(ADDRESS) or attributes.get(POOL),
        caller_id=attributes.get(CALLER),
        enabled=attributes.get(AUTH_TYPE) != "Reject",
        method=method,
    )


def read_profiles(name: str, attributes: Mapping[str, str]) -> Iterable[ProfileSpec]:
    """Yield a profile as each method has it: RADIUS makes no difference between them. Raises ValueError."""
    limit = attributes.get(RATE, "")
    for method in METHODS:
        yield ProfileSpec(
            name,
            parse_rate_limit(limit),
            attributes.get(ADDRESS_LIST) or None,
            method,
            parse_burst(limit),
        )


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
