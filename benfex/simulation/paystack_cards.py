"""The test cards and the test phone of Paystack, and what each of them leads to. Pure.

Source: Paystack docs, Test payments (payments reference, B11).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class TestCard:
    """One card: what its page asks for, how a charge ends, and how a refund of it ends.

    `declined` is the gateway's word, empty for a card that pays.
    """

    number: str
    cvv: str
    brand: str
    title: str
    declined: str = ""
    refund_ends: str = "processed"
    pin: str = ""
    otp: str = ""

    @property
    def signature(self) -> str:
        """Return what is the same for every authorization of this card."""
        return f"SIG_{hashlib.sha256(self.number.encode()).hexdigest()[:20]}"


PLAIN: Final = "4084084084084081"
CARDS: Final[Mapping[str, TestCard]] = MappingProxyType(
    {
        card.number: card
        for card in (
            TestCard(PLAIN, "408", "visa", "pays"),
            TestCard("507850785078507812", "081", "verve", "pays with PIN", pin="1111"),
            TestCard(
                "5060666666666666666", "123", "verve", "pays with PIN and code", pin="1234", otp="123456"
            ),
            TestCard("4084080000005408", "001", "visa", "is declined", declined="Declined"),
            TestCard("4084080000670037", "787", "visa", "has no money", declined="Insufficient Funds"),
            TestCard("4084080000671803", "180", "visa", "pays, refund fails", refund_ends="failed"),
            TestCard(
                "4084080000671902",
                "190",
                "visa",
                "pays, refund needs attention",
                refund_ends="needs-attention",
            ),
        )
    }
)
FREE_PHONE: Final = "254710000000"  # pays without a PIN


def card_of(number: str) -> TestCard:
    """Return a test card, however its digits are spaced. Raises ValueError."""
    found = CARDS.get(number.replace(" ", ""))
    if found is None:
        raise ValueError(f"{number[:24]} is no test card")
    return found
