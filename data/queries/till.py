"""SELECTs about cashiers' shifts, what is in their drawers, and money on its way to the bank."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, or_, select

from data.models.cashier import CashierShift, Sweep
from data.models.customer import Customer
from data.models.ledger import LedgerAccount, Posting
from data.models.payment import Payment, Refund
from data.session import Session
from data.values.kinds import CashMethod
from data.values.states import PaymentStatus, RefundStatus


def find_shift(session: Session, shift_id: int) -> CashierShift | None:
    """Return the shift, or None."""
    return session.get(CashierShift, shift_id)


def open_shift_of(session: Session, cashier_id: int) -> CashierShift | None:
    """Return the shift that a person has open, or None."""
    return session.scalars(
        select(CashierShift).where(CashierShift.cashier_id == cashier_id, CashierShift.closed_at.is_(None))
    ).one_or_none()


class DrawerFlow(NamedTuple):
    """What went through a drawer in a shift, in minor units: taken and not reversed, and given back."""

    takings: int
    taken_minor: int
    given_back_minor: int


def drawer_flow(session: Session, shift_id: int) -> DrawerFlow:
    """Return what went through the drawer of a shift so far."""
    takings, taken = session.execute(
        select(func.count(), func.coalesce(func.sum(Payment.amount_minor), 0)).where(
            Payment.shift_id == shift_id,
            Payment.gateway == CashMethod.CASH.value,
            Payment.status == PaymentStatus.RECEIVED,
        )
    ).one()
    given = session.execute(
        select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(
            Refund.shift_id == shift_id, Refund.status == RefundStatus.SUCCEEDED
        )
    ).scalar_one()
    return DrawerFlow(int(takings), int(taken), int(given))


class Taking(NamedTuple):
    """Money that was taken by hand, or given back from the drawer (`is_out`)."""

    payment_id: int
    at: datetime
    receipt_number: str | None
    reference: str
    customer_id: int | None
    customer_name: str | None
    account_number: str | None
    gateway: str
    amount_minor: int
    currency: str
    is_reversed: bool
    is_out: bool


def takings(session: Session, *, shift_id: int, limit: int) -> list[Taking]:
    """Return what went through a drawer, newest first."""
    rows = session.execute(
        select(
            Payment.id,
            Payment.received_at,
            Payment.receipt_number,
            Payment.gateway_transaction_id,
            Customer.id,
            Customer.name,
            Customer.account_number,
            Payment.gateway,
            Payment.amount_minor,
            Payment.currency,
            Payment.status,
        )
        .outerjoin(Customer, Customer.id == Payment.customer_id)
        .where(Payment.shift_id == shift_id)
        .order_by(Payment.id.desc())
        .limit(limit)
    )
    found = [
        Taking(*tuple(row)[:-1], is_reversed=row[-1] is PaymentStatus.REVERSED, is_out=False) for row in rows
    ]
    given = session.execute(
        select(
            Payment.id,
            Refund.finished_at,
            Payment.receipt_number,
            Refund.gateway_reference,
            Customer.id,
            Customer.name,
            Customer.account_number,
            Payment.gateway,
            Refund.amount_minor,
            Refund.currency,
        )
        .join(Payment, Payment.id == Refund.payment_id)
        .join(Customer, Customer.id == Refund.customer_id)
        .where(Refund.shift_id == shift_id, Refund.status == RefundStatus.SUCCEEDED)
        .order_by(Refund.id.desc())
        .limit(limit)
    )
    found += [Taking(*row, is_reversed=False, is_out=True) for row in given]
    return sorted(found, key=lambda one: one.at, reverse=True)[:limit]


def shifts_page(
    session: Session, *, cashier_id: int | None, search: str, limit: int, offset: int
) -> list[CashierShift]:
    """Return one page of shifts, newest first; of one cashier, or of all."""
    query = select(CashierShift).where(*_shifts(cashier_id, search))
    return list(session.scalars(query.order_by(CashierShift.id.desc()).limit(limit).offset(offset)))


def count_shifts(session: Session, *, cashier_id: int | None, search: str = "") -> int:
    """Return how many shifts fit."""
    query = select(func.count()).select_from(CashierShift).where(*_shifts(cashier_id, search))
    return int(session.execute(query).scalar_one())


def shifts_after(session: Session, *, after_id: int | None, limit: int) -> list[CashierShift]:
    """Return shifts, newest first, that follow one in that order."""
    query = select(CashierShift)
    if after_id is not None:
        query = query.where(CashierShift.id < after_id)
    return list(session.scalars(query.order_by(CashierShift.id.desc()).limit(limit)))


def find_sweep(session: Session, sweep_id: int) -> Sweep | None:
    """Return the sweep, or None."""
    return session.get(Sweep, sweep_id)


def sweep_by_reference(session: Session, *, gateway: str, reference: str) -> Sweep | None:
    """Return the sweep of a gateway with this number, or None."""
    return session.scalars(
        select(Sweep).where(Sweep.gateway == gateway, Sweep.reference == reference)
    ).one_or_none()


def sweeps_with_references(session: Session, *, gateway: str, references: Sequence[str]) -> set[str]:
    """Return which of these numbers were handed in before."""
    query = select(Sweep.reference).where(Sweep.gateway == gateway, Sweep.reference.in_(references))
    return set(session.scalars(query))


def sweep_like(
    session: Session,
    *,
    gateway: str,
    amount_minor: int,
    currency: str,
    since: date,
    until: date,
    not_named: Sequence[str],
) -> Sweep | None:
    """Return a sweep of this amount in these days that has none of these numbers, or None."""
    return session.scalars(
        select(Sweep)
        .where(
            Sweep.gateway == gateway,
            Sweep.amount_minor == amount_minor,
            Sweep.currency == currency,
            Sweep.banked_on.between(since, until),
            Sweep.reference.not_in(not_named),
        )
        .limit(1)
    ).one_or_none()


def sweeps_after(session: Session, *, after_id: int | None, limit: int) -> list[Sweep]:
    """Return sweeps, newest first, that follow one in that order."""
    query = select(Sweep)
    if after_id is not None:
        query = query.where(Sweep.id < after_id)
    return list(session.scalars(query.order_by(Sweep.id.desc()).limit(limit)))


def sweeps_page(session: Session, *, limit: int, offset: int) -> list[Sweep]:
    """Return one page of sweeps, newest first."""
    return list(session.scalars(select(Sweep).order_by(Sweep.id.desc()).limit(limit).offset(offset)))


def count_sweeps(session: Session) -> int:
    """Return how many sweeps there are."""
    return int(session.execute(select(func.count()).select_from(Sweep)).scalar_one())


def clearing_sums(session: Session, *, code: str) -> list[tuple[str, str, int]]:
    """Return (owner, currency, minor units) of each account of a code that anything was posted to."""
    rows = session.execute(
        select(LedgerAccount.owner, LedgerAccount.currency, func.sum(Posting.amount_minor))
        .join(Posting, Posting.account_id == LedgerAccount.id)
        .where(LedgerAccount.code == code)
        .group_by(LedgerAccount.owner, LedgerAccount.currency)
        .order_by(LedgerAccount.owner, LedgerAccount.currency)
    )
    return [(owner, currency, int(minor)) for owner, currency, minor in rows]


def _shifts(cashier_id: int | None, search: str) -> tuple[ColumnElement[bool], ...]:
    found: list[ColumnElement[bool]] = []
    if cashier_id is not None:
        found.append(CashierShift.cashier_id == cashier_id)
    if search:
        told = (CashierShift.cashier_name, CashierShift.note)
        found.append(or_(*(text.icontains(search, autoescape=True) for text in told)))
    return tuple(found)
