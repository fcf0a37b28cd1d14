"""The ways to pay that a payer may choose from: each gateway, and each channel that it offers."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from benfex.payments.accounts import GatewayBook
from benfex.payments.by_hand import ByHand
from benfex.payments.gateway import Flow
from benfex.payments.registry import label_of, pay_label_of

_CHANNELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "card": "Card",
        "bank_transfer": "Bank transfer",
        "mpesa": "M-Pesa",
        "atl": "Airtel Money",
        "mptill": "M-Pesa till",
        "mpesa_offline": "M-Pesa Paybill",
    }
)


@dataclass(frozen=True, slots=True)
class WayToPay:
    """One choice. `key` tells it from the others; `needs_phone` and `needs_till` say who is to be named."""

    key: str
    label: str
    gateway: str
    channel: str | None
    needs_phone: bool
    needs_till: bool


def ways_to_pay(gateways: GatewayBook) -> tuple[WayToPay, ...]:
    """Return every way that is set up: each gateway itself, then its channels; those that ask on a phone first."""
    found: list[WayToPay] = []
    pushes = (name for name in gateways.names() if gateways.get(name).capabilities.flow is Flow.PUSH)
    for name in dict.fromkeys((*pushes, *gateways.names())):
        can = gateways.get(name).capabilities
        asks = can.flow is Flow.PUSH
        label = pay_label_of(name)
        found.append(WayToPay(name, label, name, None, asks or can.needs_phone, False))
        for channel in can.channels:
            said = f"{_CHANNELS.get(channel, channel)}, by {label_of(name)}"
            is_till = channel == "mptill"
            is_push = can.flow_of(channel) is Flow.PUSH
            found.append(WayToPay(f"{name}:{channel}", said, name, channel, is_push and not is_till, is_till))
    return tuple(found)


def ways_by_hand(gateways: GatewayBook) -> tuple[ByHand, ...]:
    """Return the numbers that payers can enter themselves."""
    found = (gateways.get(name).capabilities.by_hand for name in gateways.names())
    return tuple(way for way in found if way is not None)
