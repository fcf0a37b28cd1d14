"""Requests to a NAS about a session that runs: end it, or go on at another speed (RFC 5176).

They block their thread.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import ip_address, ip_network
from typing import Final

from pyrad import packet
from pyrad.client import Client, Timeout
from pyrad.dictionary import Dictionary

from benfex.core.errors import RouterRejected
from benfex.network.drivers.radius.conversation import Conversation

PORT: Final = 3799
_SESSION_NOT_FOUND: Final = (
    503  # Error-Cause "Session Context Not Found": it has ended, and its Stop is on the way
)
_TRIES: Final = 3
_TRY_SECONDS: Final = 1.0
# The numbers of RFC 2865, 2866, 2869, 5176 and of MikroTik's dictionary that are used here.
DICTIONARY_TEXT: Final = """
ATTRIBUTE User-Name 1 string
ATTRIBUTE NAS-IP-Address 4 ipaddr
ATTRIBUTE Framed-IP-Address 8 ipaddr
ATTRIBUTE Acct-Session-Id 44 string
ATTRIBUTE Message-Authenticator 80 octets
ATTRIBUTE Error-Cause 101 integer
VENDOR Mikrotik 14988
BEGIN-VENDOR Mikrotik
ATTRIBUTE Mikrotik-Rate-Limit 8 string
END-VENDOR Mikrotik
"""
_DICTIONARY: Final = Dictionary(io.StringIO(DICTIONARY_TEXT))


class Outcome(Enum):
    """What a NAS made of a request."""

    DONE = "done"
    GONE = "gone"
    REFUSED = "refused"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Nas:
    """Where a NAS hears requests, and the secret that it shares with RADIUS."""

    host: str
    secret: str = field(repr=False)
    port: int = PORT


@dataclass(frozen=True, slots=True)
class RunningSession:
    """A session as its NAS knows it."""

    username: str
    session_id: str
    nas_host: str
    address: str | None


def running_sessions(talk: Conversation, username: str) -> list[RunningSession]:
    """Return the sessions of a name that have not stopped."""
    rows = talk.ask(
        "SELECT username, acctsessionid, host(nasipaddress), host(framedipaddress) FROM radacct"
        " WHERE username = %s AND acctstoptime IS NULL ORDER BY radacctid",
        (username,),
    )
    return [RunningSession(*row) for row in rows]


def nases(talk: Conversation) -> list[tuple[str, Nas]]:
    """Return the NASes that RADIUS knows, by address or network; `ports` from 1024 on is the port of requests."""
    rows = talk.ask("SELECT nasname, secret, ports FROM nas ORDER BY id")
    return [
        (name, Nas(name.partition("/")[0], secret, ports if ports and ports >= 1_024 else PORT))
        for name, secret, ports in rows
    ]


def nas_at(known: Sequence[tuple[str, Nas]], host: str) -> Nas:
    """Return the NAS at an address: the one of that name, else the narrowest network that holds it.

    Raises RouterRejected (`unknown_nas`) when there is none.
    """
    for name, nas in known:
        if name == host:
            return nas
    networks = []
    for name, nas in known:
        try:
            network = ip_network(name)
        except ValueError:  # a host's name
            continue
        if ip_address(host) in network:
            networks.append((network.prefixlen, nas))
    if not networks:
        raise RouterRejected(f"The table nas does not know {host}: its secret is needed.", code="unknown_nas")
    _, nas = max(networks, key=lambda found: found[0])
    return Nas(host, nas.secret, nas.port)


def end_session(nas: Nas, session: RunningSession) -> Outcome:
    """Ask a NAS to end a session."""
    return _send(nas, session, packet.DisconnectRequest, {})


def change_speed(nas: Nas, session: RunningSession, rate_limit: str) -> Outcome:
    """Ask a NAS to go on with a session at another speed; "" is without limit and cannot be told."""
    if not rate_limit:
        return Outcome.REFUSED
    return _send(nas, session, packet.CoARequest, {"Mikrotik-Rate-Limit": rate_limit})


def _send(nas: Nas, session: RunningSession, code: int, more: Mapping[str, str]) -> Outcome:
    client = Client(server=nas.host, coaport=nas.port, secret=nas.secret.encode(), dict=_DICTIONARY)
    client.retries, client.timeout = _TRIES, _TRY_SECONDS
    request = client.CreateCoAPacket(code=code)
    request["User-Name"] = session.username
    request["Acct-Session-Id"] = session.session_id
    if session.address:
        request["Framed-IP-Address"] = session.address
    for name, value in more.items():
        request[name] = value
    try:
        reply = client.SendPacket(request)
    except (Timeout, OSError):
        return Outcome.SILENT
    finally:
        client._CloseSocket()
    if reply.code in (packet.DisconnectACK, packet.CoAACK):
        return Outcome.DONE
    causes = reply.get("Error-Cause", [0])
    return Outcome.GONE if causes[0] == _SESSION_NOT_FOUND else Outcome.REFUSED
