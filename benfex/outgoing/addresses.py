"""Which addresses we knock at: public ones only, so that nobody uses us to reach what stands behind our door (SSRF).

A name is resolved and checked when it is saved and again before each knock, and the knock goes to the very address
that was checked: a name that changes its mind in between is of no use.
"""

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from data.values.errors import InvalidInput

_SHARED = ipaddress.ip_network("100.64.0.0/10")  # between a carrier and its customers (RFC 6598)
_LETTERS_MAX = 500
_RESOLVE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Knock:
    """Where a name leads now: the host for Host and TLS, the checked address, and the port."""

    url: str
    host: str
    address: str
    port: int
    is_tls: bool


async def checked_address(url: str, *, may_be_private: bool) -> Knock:
    """Return where a URL leads. Raises InvalidInput (url) for what is no public https address.

    `may_be_private` also lets http and addresses of this network through: for the demo and for tests.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as cause:
        raise InvalidInput("url", "This is no address of the web.") from cause
    is_tls = parts.scheme == "https"
    if not host or not (is_tls or (parts.scheme == "http" and may_be_private)):
        raise InvalidInput("url", "Give a whole address that begins with https://.")
    if (
        "@" in parts.netloc
        or parts.fragment
        or len(url) > _LETTERS_MAX
        or not url.isprintable()
        or " " in url
    ):
        raise InvalidInput("url", "Leave out user names, fragments and spaces; at most 500 letters.")
    port = port or (443 if is_tls else 80)
    found = await _resolve(host, port)
    public = [address for address in found if may_be_private or is_public(address)]
    if len(public) < len(found) or not public:
        raise InvalidInput("url", f"{host} leads to an address that is not public.")
    return Knock(url, host, public[0], port, is_tls)


def is_public(address: str) -> bool:
    """Return whether an address is one of the internet at large, also where it wears IPv6."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is not None:
            ip = inner
        elif ip in ipaddress.ip_network("64:ff9b::/96"):
            ip = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    if isinstance(ip, ipaddress.IPv4Address) and ip in _SHARED:
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


async def _resolve(host: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_RESOLVE_SECONDS):
            rows = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError) as cause:
        raise InvalidInput("url", f"{host} is not known on the internet.") from cause
    return list(dict.fromkeys(str(row[4][0]) for row in rows))
