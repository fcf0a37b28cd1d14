"""A row of a bank's statement may be money that is in the books under another number: find it, or ask. Rules.

A cheque or slip is booked by staff when it is handed over, and the bank tells of it days later; cash and payouts of
gateways that we bring to the bank come back on its statement as money in.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from benfex.payments.statement_files import FileLine
from data.queries.statement_likeness import BroughtByUs, TakenByHand
from data.values.errors import InvalidInput
from data.values.identifiers import CustomerId, PaymentId, SweepId

HAND_WITHIN = timedelta(days=7)  # what a cheque takes to clear
SWEEP_WITHIN = timedelta(days=4)
_NUMBER_LETTERS_MIN = 4


class SamenessWord(StrEnum):
    """A person's word on a row that looks like known money."""

    SAME = "same"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Likeness:
    """What a row may be once more; certain where it carries the very number of it."""

    words: str
    is_certain: bool
    payment_id: PaymentId | None = None
    sweep_id: SweepId | None = None
    customer_id: CustomerId | None = None


@dataclass(frozen=True, slots=True)
class Candidates:
    """Money that no row has named yet."""

    by_hand: Sequence[TakenByHand] = ()
    by_us: Sequence[BroughtByUs] = ()


def sameness_words(*, same: Iterable[str], other: Iterable[str]) -> dict[str, SamenessWord]:
    """Return what a person said of rows, by their number. Raises InvalidInput for a row that is both."""
    words = dict.fromkeys(same, SamenessWord.SAME)
    for number in other:
        if number in words and words[number] is SamenessWord.SAME:
            raise InvalidInput("other", f"{number[:40]} cannot be the same money and other money.")
        words[number] = SamenessWord.OTHER
    return words


def likeness_of(line: FileLine, candidates: Candidates, *, whose: CustomerId | None) -> Likeness | None:
    """Return what a row of money in may be once more, None where nothing is like it.

    `whose` is the customer whom the row names: money of another customer is not like it.
    """
    said = _plain(f"{line.transaction_id} {line.details} {line.account_reference}")
    found = [
        Likeness(
            f"receipt {money.receipt_number or money.number} of {money.received_at:%d %b}, taken by hand",
            _is_named(money.number, said) and money.number != money.receipt_number,
            payment_id=PaymentId(money.id),
            customer_id=CustomerId(money.customer_id) if money.customer_id is not None else None,
        )
        for money in sorted(candidates.by_hand, key=lambda money: abs(money.received_at - line.at))
        if money.amount_minor == line.amount.minor
        and abs(money.received_at - line.at) <= HAND_WITHIN
        and (whose is None or money.customer_id == whose)
    ]
    if whose is None:
        found += [
            Likeness(
                f"{money.number} of {money.banked_on:%d %b}, brought to the bank by us",
                _is_named(money.number, said),
                sweep_id=SweepId(money.id),
            )
            for money in candidates.by_us
            if money.amount_minor == line.amount.minor
            and abs(money.banked_on - line.at.date()) <= SWEEP_WITHIN
        ]
    certain = next((like for like in found if like.is_certain), None)
    return certain or next(iter(found), None)


def _plain(words: str) -> str:
    return f" {' '.join(re.findall(r'[A-Z0-9]+', words.upper()))} "


def _is_named(number: str, said: str) -> bool:
    plain = _plain(number)
    return len(plain.replace(" ", "")) >= _NUMBER_LETTERS_MIN and plain in said
