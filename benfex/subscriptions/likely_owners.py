"""Rules: whose an entry on a router may be, what it may be sold as, and who its comment speaks of.

Points and their words are kept with each answer, so that a person sees why. Only facts that name one customer and
nobody else as well are an answer.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from benfex.network.driver import ForeignEntry
from data.queries.adoption import KnownCustomer, SoldPlan
from data.values.errors import InvalidInput
from data.values.identifiers import CustomerId, PlanPriceId, parse_phone

LIKELY: Final = 60
_APART: Final = 15  # nearer than this, two customers are the same guess
_SUGGESTED_MAX: Final = 3
_DIGITS: Final = re.compile(r"\+?\d[\d ()-]{7,16}\d")
_WORD: Final = re.compile(r"[^\W\d_]+")
_PHONE_END: Final = 9


@dataclass(frozen=True, slots=True)
class LikelyOwner:
    """A customer an entry may belong to: points to 100, and why."""

    customer_id: CustomerId
    name: str
    account_number: str
    score: int
    why: str


@dataclass(frozen=True, slots=True)
class LikelyPlan:
    """What an entry may be sold as, and why."""

    plan_price_id: PlanPriceId
    name: str
    why: str


class Owners:
    """All customers, indexed by what an entry may say of them."""

    def __init__(self, customers: Iterable[KnownCustomer]) -> None:
        self._by_account: dict[str, KnownCustomer] = {}
        self._by_phone: dict[str, list[KnownCustomer]] = {}
        self._by_word: dict[str, list[KnownCustomer]] = {}
        self._by_joined: dict[str, list[KnownCustomer]] = {}
        for one in customers:
            self._by_account[one.account_number.casefold()] = one
            self._by_phone.setdefault(_end(one.phone), []).append(one)
            words = _words(one.name)
            self._by_joined.setdefault("".join(words), []).append(one)
            if len(words) > 1:
                for word in set(words):
                    self._by_word.setdefault(word, []).append(one)

    def of(self, entry: ForeignEntry) -> tuple[LikelyOwner, ...]:
        """Return who comes into question, the likeliest first, at most three."""
        said = f"{entry.username} {entry.comment}"
        found: dict[int, LikelyOwner] = {}

        def note(customer: KnownCustomer, score: int, why: str) -> None:
            known = found.get(customer.customer_id)
            if known is None or known.score < score:
                found[customer.customer_id] = LikelyOwner(
                    CustomerId(customer.customer_id), customer.name, customer.account_number, score, why
                )

        for token in re.split(r"[^\w]+", said.casefold()):
            if token in self._by_account:
                note(self._by_account[token], 100, "their account number")
        for digits in _DIGITS.findall(said):
            for one in self._by_phone.get(_end(digits), ()):
                note(one, 85, "their phone")
        words = set(_words(entry.comment))
        for one in {one for word in words for one in self._by_word.get(word, ())}:
            if set(_words(one.name)) <= words:
                note(one, 70, "their name in the comment")
        for one in self._by_joined.get("".join(_words(entry.username)), ()):
            note(one, 60, "their name as the user name")
        return tuple(sorted(found.values(), key=lambda one: (-one.score, one.customer_id))[:_SUGGESTED_MAX])


def chosen(owners: Sequence[LikelyOwner]) -> LikelyOwner | None:
    """Return the one of these who is meant; None where nobody is likely, or two are about as likely."""
    if not owners or owners[0].score < LIKELY:
        return None
    if len(owners) > 1 and owners[0].score - owners[1].score < _APART:
        return None
    return owners[0]


def likely_plan(entry: ForeignEntry, plans: Sequence[SoldPlan]) -> LikelyPlan | None:
    """Return the one plan of the entry's speed, else the one of its profile's name; None where several fit."""
    fitting = [plan for plan in plans if plan.method is entry.method]
    wanted = _letters(entry.profile)
    named = [plan for plan in fitting if wanted and wanted in (_letters(plan.code), _letters(plan.name))]
    fast = [
        plan
        for plan in fitting
        if entry.rate is not None
        and (plan.download_bps, plan.upload_bps) == (entry.rate.download_bps, entry.rate.upload_bps)
    ]
    for group, why in (
        ([plan for plan in fast if plan in named], "same speed and name"),
        (fast, "same speed"),
        (named, "same name"),
    ):
        if len(group) == 1:
            return LikelyPlan(PlanPriceId(group[0].plan_price_id), group[0].name, why)
    return None


def said_of_new(entry: ForeignEntry) -> tuple[str, str]:
    """Return the name and the phone that an entry tells of somebody we do not know; empty where it does not."""
    phone = next((good for found in _DIGITS.findall(entry.comment) if (good := _phone(found))), "")
    phone = phone or next((good for found in _DIGITS.findall(entry.username) if (good := _phone(found))), "")
    name = " ".join(re.sub(r"[\d+()_|,;:/-]+", " ", entry.comment).split())
    return name[:120] if len(name) > 1 else "", phone


def _phone(text: str) -> str:
    try:
        return parse_phone(text).e164
    except InvalidInput:
        return ""


def _end(phone: str) -> str:
    return re.sub(r"\D", "", phone)[-_PHONE_END:]


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return _WORD.findall("".join(letter for letter in plain if not unicodedata.combining(letter)))


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())
