"""Keep what a gateway's own record says, line by line, compare each with its payment, and say how far it was read."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from benfex.core.actors import require
from benfex.core.clock import local_date
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import UnitOfWork
from benfex.payments.differences import Difference, amount_difference, note_differences, settle_difference
from benfex.payments.fee_corrections import WrongFee, correct_fees
from benfex.payments.gateway import PaymentEvidence
from data.models.reconciliation import StatementCursor
from data.queries import reconciling as queries
from data.queries.reconciling import BookedFacts
from data.values.kinds import DifferenceKind
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import LineStatus

# Files begin with the first payment of a day, so two that follow each other need not touch.
_BETWEEN_FILES = timedelta(days=1)


def keep_lines(
    uow: UnitOfWork, *, gateway: str, entries: tuple[PaymentEvidence, ...], found: frozenset[str]
) -> None:
    """Keep the entries of a gateway's record, and compare each with what is booked of it.

    `found` are those that were booked from this record, since nothing else had told of them. A fee that differs is
    put right; an amount that differs, and money that could not be booked, is noted for a person.
    """
    require(uow.actor, Permission.MATCH_PAYMENTS)
    if not entries:
        return
    zone = current_terms(uow).timezone
    by_name = {entry.transaction_id: entry for entry in entries}
    names = sorted(by_name)
    booked = queries.booked_facts(uow.session, gateway=gateway, transaction_ids=names)
    known = queries.lines_of(uow.session, gateway=gateway, transaction_ids=names)
    days = {name: local_date(entry.received_at, zone) for name, entry in by_name.items()}
    new = [
        _line(uow.now, entry, day=days[name], payment=booked.get(name), is_found=name in found)
        for name, entry in by_name.items()
        if name not in known
    ]
    queries.insert_lines(uow.session, new)
    ties = {
        line.id: booked[name].id for name, line in known.items() if line.payment_id is None and name in booked
    }
    queries.tie_lines(uow.session, ties, now=uow.now)
    compared = [
        _compare(entry, days[name], booked.get(name), is_found=name in found)
        for name, entry in by_name.items()
    ]
    differences = [one for one in compared if isinstance(one, Difference)]
    wrong = [one for one in compared if isinstance(one, WrongFee)]
    differences += correct_fees(uow, gateway=gateway, wrong=wrong)
    note_differences(uow, gateway=gateway, found=differences)
    settle_missing(uow, gateway, {name: days[name] for name in names if name in booked})


def note_read(uow: UnitOfWork, *, gateway: str, since: datetime, until: datetime) -> None:
    """Keep that a gateway's record was read whole in `[since, until)`; a hole before that is not forgotten."""
    cursor = _cursor(uow, gateway, since)
    touches = since <= cursor.read_until + _BETWEEN_FILES and until >= cursor.read_from - _BETWEEN_FILES
    if touches:
        cursor.read_from, cursor.read_until = min(cursor.read_from, since), max(cursor.read_until, until)
    elif until > cursor.read_until:
        cursor.read_from, cursor.read_until = since, until
    cursor.read_at, cursor.problem = uow.now, ""
    uow.session.flush()


def note_not_read(uow: UnitOfWork, *, gateway: str, problem: str) -> None:
    """Keep why a gateway's record could not be read now."""
    cursor = _cursor(uow, gateway, uow.now)
    cursor.problem = problem[:250]
    uow.session.flush()


def _cursor(uow: UnitOfWork, gateway: str, at: datetime) -> StatementCursor:
    require(uow.actor, Permission.MATCH_PAYMENTS)
    cursor = queries.cursor_of(uow.session, gateway)
    if cursor is None:
        cursor = StatementCursor(gateway=gateway, read_from=at, read_until=at)
        uow.session.add(cursor)
    return cursor


def _line(
    now: datetime, entry: PaymentEvidence, *, day: date, payment: BookedFacts | None, is_found: bool
) -> Mapping[str, Any]:
    status = LineStatus.NEW
    if payment is not None:
        status = LineStatus.BOOKED if is_found else LineStatus.KNOWN
    return {
        "created_at": now,
        "updated_at": now,
        "gateway": entry.gateway,
        "transaction_id": entry.transaction_id,
        "at": entry.received_at,
        "day": day,
        "amount_minor": entry.amount.minor,
        "fee_minor": entry.fee.minor if entry.fee else None,
        "currency": entry.amount.currency,
        "account_reference": (entry.account_reference or "")[:64],
        "payer_name": (entry.payer_name or "")[:120],
        "payer_phone": (entry.payer_phone or entry.payer_phone_sha256 or "")[:64],
        "details": "",
        "status": status,
        "payment_id": payment.id if payment else None,
    }


def _compare(
    entry: PaymentEvidence, day: date, payment: BookedFacts | None, *, is_found: bool
) -> Difference | WrongFee | None:
    """Return in what an entry differs from its payment, None where both agree."""
    name, currency = entry.transaction_id, entry.amount.currency
    if payment is None or is_found:
        return Difference(
            DifferenceKind.MISSING_HERE,
            name,
            day,
            currency,
            "The gateway has this money, and nothing had told us of it.",
            theirs_minor=entry.amount.minor,
            payment_id=payment.id if payment else None,
            resolution="Booked from the gateway's record." if payment else "",
        )
    booked = Money(payment.amount_minor, payment.currency)
    if booked != entry.amount:
        return amount_difference(name, day, payment_id=payment.id, booked=booked, told=entry.amount)
    if entry.fee is None or entry.fee.minor == payment.fee_minor:
        return None
    return WrongFee(name, day, payment, entry.fee)


def settle_missing(uow: UnitOfWork, gateway: str, days: Mapping[str, date]) -> None:
    """Close what was missing on one side and is on both now."""
    known = queries.differences_named(uow.session, gateway=gateway, transaction_ids=sorted(days))
    for (name, kind), row in known.items():
        if row.resolved_at is not None:
            continue
        if kind is DifferenceKind.MISSING_THERE:
            settle_difference(uow, row, f"It stands in the gateway's record of {days[name]:%d %b}.")
        elif kind is DifferenceKind.MISSING_HERE:
            settle_difference(uow, row, "Booked from the gateway's record.")
    uow.session.flush()
