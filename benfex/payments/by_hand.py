"""How a payer can pay by themselves, without being asked."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ByHand:
    """A number that payers enter themselves.

    One that takes no account number is a till: there the payer's phone says who they are.
    """

    gateway: str
    number: str
    takes_account: bool
