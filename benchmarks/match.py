"""Whose money it is: 10,000 receipts of every kind among 50,000 customers, by our matcher, on one core.

One in two names an account; the others have a slip in it, a phone whole, hashed or masked, a way of writing that was
confirmed before, or nothing that anybody knows. What a receipt must lead to is known, so that each answer is checked.
"""

import asyncio
import hashlib
import random
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.installation import BENCHMARK, found, opened
from benchmarks.outcome import Outcome, Target
from benchmarks.processes import BenchmarkError, Surroundings
from benfex.application import Benfex
from benfex.core.clock import MovedClock
from benfex.core.settings import Settings
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.payments.matching import Clues, Match, match_clues
from data.models.cashier import MatchHint
from data.models.customer import Customer
from data.models.invoice import Invoice
from data.queries.bulk import BulkInsert
from data.values.identifiers import make_account_number
from data.values.kinds import CustomerKind, HintKind
from data.values.money import Money
from data.values.states import CustomerStatus, InvoiceStatus

NAME = "match"
_CLOCK = datetime(2026, 11, 3, 6, 0, tzinfo=UTC)
_CUSTOMERS, _RECEIPTS = 50_000, 10_000
_CHUNK = 5_000
_AT_LEAST = 500
_OWED = Money(2_500_00, "KES")
_FIRST = ("Amina", "Brian", "Chebet", "Daudi", "Esther", "Farida", "Grace", "Hassan", "Irene", "Juma")
_LAST = ("Wanjiru", "Otieno", "Kiptoo", "Mwangi", "Achieng", "Njeri", "Mutua", "Wekesa", "Barasa", "Cherono")

_PEOPLE = BulkInsert(
    Customer,
    (
        "id", "account_number", "kind", "name", "phone", "phone_sha256", "phone_end", "address", "currency",
        "status", "language",
    ),
)  # fmt: skip
_BILLS = BulkInsert(
    Invoice,
    (
        "number", "customer_id", "status", "currency", "subtotal_minor", "tax_minor", "total_minor",
        "paid_minor", "credited_minor",
    ),
)  # fmt: skip
_HINTS = BulkInsert(
    MatchHint, ("kind", "value", "customer_id", "confirmations", "confirmed_by", "confirmed_at")
)


@dataclass(frozen=True, slots=True)
class _Receipt:
    """What came, of which kind it is, and who must be found by itself, None for nobody."""

    kind: str
    clues: Clues
    customer_id: int | None


async def measure(folder: Path) -> Outcome:
    """Make the customers, then match every receipt in a snapshot of its own hundred."""
    return await asyncio.to_thread(_measure, folder)


def _measure(folder: Path) -> Outcome:
    clock = MovedClock(_CLOCK)
    settings = Settings(home=folder / "isp", port=9)
    (folder / "isp").mkdir(parents=True)
    found(settings, Surroundings(pid=0, control="", daraja="", paystack="", routers=()), clock=clock)
    with opened(settings, clock=clock) as benfex:
        for first in range(1, _CUSTOMERS + 1, _CHUNK):
            ids = range(first, first + _CHUNK)
            benfex.transactor.run_sync(_people, BENCHMARK, ids=ids)
        receipts = _receipts()
        seconds, placed, suggested = _match_all(benfex, receipts)
    rate = _RECEIPTS / seconds
    kinds = Counter(receipt.kind for receipt in receipts)
    table = [
        ("receipts a second on one core", f"{rate:,.0f}"),
        ("placed by themselves", f"{placed:,} of {_RECEIPTS:,}"),
        ("waiting with a suggestion", f"{suggested:,}"),
        *((kind, f"{count:,}") for kind, count in sorted(kinds.items())),
    ]
    return Outcome(
        NAME,
        table,
        {"customers": _CUSTOMERS, "receipts": _RECEIPTS, "rate": round(rate), "placed": placed},
        [Target(f"at least {_AT_LEAST} receipts a second on one core", rate >= _AT_LEAST)],
    )


def _match_all(benfex: Benfex, receipts: list[_Receipt]) -> tuple[float, int, int]:
    """Return (seconds of the processor, placed by themselves, waiting with a suggestion); each answer is checked."""
    placed = suggested = 0
    began = time.process_time()
    for start in range(0, len(receipts), 100):
        some = receipts[start : start + 100]
        for receipt, match in zip(
            some, benfex.transactor.read_sync(_matched, BENCHMARK, receipts=some), strict=True
        ):
            if match.customer_id != receipt.customer_id:
                raise BenchmarkError(f"{receipt.kind}: {match.customer_id}, not {receipt.customer_id}")
            placed += match.customer_id is not None
            suggested += match.customer_id is None and bool(match.suggestions)
    return time.process_time() - began, placed, suggested


def _matched(snapshot: Snapshot, *, receipts: list[_Receipt]) -> tuple[Match, ...]:
    return tuple(match_clues(snapshot, clues=receipt.clues) for receipt in receipts)


def _people(uow: UnitOfWork, *, ids: range) -> None:
    _PEOPLE.run(
        uow.session,
        [
            (
                number, make_account_number(number), CustomerKind.PERSON, _name(number), f"+{_phone(number)}",
                _sha256(number), _phone(number)[-3:], "", "KES", CustomerStatus.ACTIVE, "en",
            )
            for number in ids
        ],
    )  # fmt: skip
    _BILLS.run(
        uow.session,
        [
            (f"INV-2026-{number:05d}", number, InvoiceStatus.OPEN, "KES", _OWED.minor, 0, _OWED.minor, 0, 0)
            for number in ids
        ],
    )
    _HINTS.run(
        uow.session,
        [(HintKind.ACCOUNT, f"PLOT{number}", number, 1, "Bench Owner", uow.now) for number in ids[::10]],
    )


def _receipts() -> list[_Receipt]:
    draw = random.Random(2026)  # noqa: S311 - the same receipts each time, no secret
    made = [_receipt(draw, place, draw.randrange(1, _CUSTOMERS + 1)) for place in range(_RECEIPTS)]
    draw.shuffle(made)
    return made


def _receipt(draw: random.Random, place: int, number: int) -> _Receipt:
    account, name, phone = str(make_account_number(number)), _name(number).upper(), _phone(number)
    digit = draw.randrange(3, len(account))
    slip = account[:digit] + str((int(account[digit]) + draw.randrange(1, 10)) % 10) + account[digit + 1 :]
    taught = (number - 1) // 10 * 10 + 1
    match place % 12:
        case 0:
            return _Receipt("a slip, from the own phone", _clues(slip, name, f"+{phone}"), number)
        case 1:
            return _Receipt("a slip, and the payer's name", _clues(slip, name), None)
        case 2:
            sha256 = Clues(_OWED, "INTERNET", name, phone_sha256=_sha256(number))
            return _Receipt("a hashed phone, the name and the amount", sha256, number)
        case 3:
            masked = f"{phone[:5]}****{phone[-3:]}"
            return _Receipt("a masked phone, the name and the amount", _clues("INTERNET", name, masked), None)
        case 4:
            return _Receipt("a way of writing that was confirmed", _clues(f"plot {taught}", "J K"), None)
        case 5:
            return _Receipt("nothing that anybody knows", _clues("MAMA MBOGA", "NOBODY KNOWN"), None)
        case _:
            return _Receipt("the account number", _clues(account.lower(), name), number)


def _clues(account: str, name: str, phone: str = "") -> Clues:
    return Clues(_OWED, account, name, phone)


def _name(number: int) -> str:
    return f"{_FIRST[number % 10]} {_LAST[number // 10 % 10]}"


def _phone(number: int) -> str:
    return f"2547{10_000_000 + number * 7:08d}"


def _sha256(number: int) -> str:
    return hashlib.sha256(_phone(number).encode()).hexdigest()
