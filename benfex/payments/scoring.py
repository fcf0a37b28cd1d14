"""What speaks for a customer when money names nobody exactly: points, and the words for them. Pure.

Points from 0 to 100. Alone only an exact fact reaches the usual threshold of 80; slips, names and amounts must come
together to do so, since money in the wrong account is worse than money that waits (`docs/architecture.md`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import IntEnum
from typing import Final

from data.values.identifiers import CustomerId

HIGHEST: Final = 100
# Two customers who fit nearly as well are two, however well they fit.
CLEAR_LEAD: Final = 15
_SAME_WORD: Final = 86  # percent; Odhiambo and Odiambo are one name, Otieno and Atieno are two
_MASKED = re.compile(r"\+?(\d{3,7})\D*[*xX•][*xX• ]*(\d{2,4})")


class Points(IntEnum):
    """What each fact counts. Those from 80 on book by themselves at the usual threshold."""

    TYPED_PHONE = 91
    TAUGHT_PHONE = 70
    RECEIPT = 65  # who reads it over a shoulder knows it too
    OWN_PHONE = 60
    SLIP = 55
    TAUGHT_ACCOUNT = 54  # "WIFI" and "HOME" are what strangers write too
    ASKED = 20
    AMOUNT = 15
    MASKED_PHONE = 12
    NAME = 9


WORDS: Final[dict[Points, str]] = {
    Points.TYPED_PHONE: "a phone number typed as the account",
    Points.TAUGHT_PHONE: "money from this phone was confirmed as theirs before",
    Points.RECEIPT: "they gave its receipt",
    Points.OWN_PHONE: "it comes from their own phone",
    Points.SLIP: "the account typed is one slip away from theirs",
    Points.TAUGHT_ACCOUNT: "this way of writing the account was confirmed before",
    Points.ASKED: "they asked to pay this amount shortly before",
    Points.AMOUNT: "it is just what one of their bills needs",
    Points.MASKED_PHONE: "the digits of the phone that are shown are theirs",
    Points.NAME: "the payer has their name",
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A customer whose money it may be, and which facts say so."""

    customer_id: CustomerId
    name: str
    facts: frozenset[Points]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A customer with their score and the reasons in words, the weightiest first."""

    customer_id: CustomerId
    score: int
    reasons: tuple[str, ...]


def rank(candidates: Sequence[Candidate], *, payer_name: str) -> tuple[Suggestion, ...]:
    """Return the candidates that anything but a name speaks for, best first; the name is counted here."""
    ranked = []
    for candidate in candidates:
        facts = set(candidate.facts)
        if not facts:
            continue
        if is_same_name(payer_name, candidate.name):
            facts.add(Points.NAME)
        weighty = sorted(facts, reverse=True)
        score = min(sum(weighty), HIGHEST - 1)  # 100 is kept for what is exact
        ranked.append(Suggestion(candidate.customer_id, score, tuple(WORDS[fact] for fact in weighty)))
    return tuple(sorted(ranked, key=lambda one: (-one.score, one.customer_id)))


def clear_winner(ranked: Sequence[Suggestion], *, threshold: int) -> Suggestion | None:
    """Return the best when it reaches the threshold and nobody comes near it, else None."""
    if not ranked or ranked[0].score < threshold:
        return None
    if len(ranked) > 1 and ranked[0].score - ranked[1].score < CLEAR_LEAD:
        return None
    return ranked[0]


def is_same_name(payer: str, customer: str) -> bool:
    """Tell whether two names share at least two words, or are the same one word; order and case do not count."""
    theirs, ours = _words(payer), _words(customer)
    if not theirs or not ours:
        return False
    shared = sum(any(_is_same_word(word, other) for other in ours) for word in theirs)
    return shared >= min(2, max(len(theirs), len(ours)))


def read_mask(phone: str) -> tuple[str, str] | None:
    """Return the digits that a masked phone shows at its two ends, such as ("2547", "126"), or None."""
    match = _MASKED.fullmatch(phone.strip())
    return (match[1], match[2]) if match else None


def _words(name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for word in re.split(r"[^\w']+", name.casefold()) if len(word) > 1))


def _is_same_word(one: str, other: str) -> bool:
    return one == other or SequenceMatcher(None, one, other).ratio() * 100 >= _SAME_WORD
