"""Where a gateway's message came from, and whether that address is on the owner's list. Pure.

A header that names the sender is believed only from a proxy of ours: anybody may write one.
"""

import ipaddress
from collections.abc import Iterable, Sequence

_LONGEST_CHAIN = 32


def source_of(peer: str, forwarded_for: str, *, trusted: Sequence[str]) -> str:
    """Return the address a message came from: the peer, or what the last proxy that is not ours wrote.

    `forwarded_for` is X-Forwarded-For, nearest last. Where every address is ours, the farthest counts.
    """
    chain = [part.strip() for part in forwarded_for.split(",")[-_LONGEST_CHAIN:] if part.strip()]
    source = peer
    while is_listed(source, trusted) and chain:
        source = chain.pop()
    return source


def is_listed(address: str, networks: Iterable[str]) -> bool:
    """Return whether an address, with a port or not, lies in one of the networks; what is none never does."""
    found = _address(address)
    return found is not None and any(found in ipaddress.ip_network(network) for network in networks)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found
