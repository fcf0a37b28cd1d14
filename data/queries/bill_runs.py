"""SELECTs about bill runs: the one at work, whom it parked, and what runs of other days invoiced."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import func, select

from data.models.customer import Customer
from data.models.invoice import BillRun, Invoice, ParkedCustomer
from data.models.subscription import Subscription
from data.session import Session
from data.values.kinds import BillRunKind
from data.values.states import BillRunStatus, SubscriptionStatus

UNFINISHED = (BillRunStatus.RUNNING, BillRunStatus.ASKING)


def find_run(session: Session, run_id: int) -> BillRun | None:
    """Return the run, or None."""
    return session.get(BillRun, run_id)


def unfinished_runs(session: Session) -> list[BillRun]:
    """Return runs that bill and are neither finished nor stopped, oldest first."""
    return list(
        session.scalars(
            select(BillRun)
            .where(BillRun.kind == BillRunKind.BILLING, BillRun.status.in_(UNFINISHED))
            .order_by(BillRun.id)
        )
    )


def newest_rehearsal(session: Session, *, by: str | None = None) -> BillRun | None:
    """Return the newest rehearsal, of one actor when they are named, or None."""
    statement = select(BillRun).where(BillRun.kind == BillRunKind.REHEARSAL)
    if by is not None:
        statement = statement.where(BillRun.started_by == by)
    return session.scalars(statement.order_by(BillRun.id.desc()).limit(1)).first()


def list_runs(session: Session, *, before_id: int | None, limit: int) -> list[BillRun]:
    """Return runs that bill, newest first, those older than `before_id` when it is given."""
    statement = select(BillRun).where(BillRun.kind == BillRunKind.BILLING)
    if before_id is not None:
        statement = statement.where(BillRun.id < before_id)
    return list(session.scalars(statement.order_by(BillRun.id.desc()).limit(limit)))


class ParkedRow(NamedTuple):
    """A customer whom a run left aside, and why."""

    bill_run_id: int
    customer_id: int
    name: str
    account_number: str
    reason: str


def parked_in(session: Session, run_ids: Sequence[int], *, limit: int) -> list[ParkedRow]:
    """Return whom these runs left aside, newest run first, by customer."""
    rows = session.execute(
        select(
            ParkedCustomer.bill_run_id,
            Customer.id,
            Customer.name,
            Customer.account_number,
            ParkedCustomer.reason,
        )
        .join(Customer, Customer.id == ParkedCustomer.customer_id)
        .where(ParkedCustomer.bill_run_id.in_(run_ids))
        .order_by(ParkedCustomer.bill_run_id.desc(), Customer.id)
        .limit(limit)
    )
    return [ParkedRow(*row) for row in rows]


def parked_of(session: Session, *, run_id: int, customer_id: int) -> ParkedCustomer | None:
    """Return the note that a run left a customer aside, or None."""
    return session.scalars(
        select(ParkedCustomer).where(
            ParkedCustomer.bill_run_id == run_id, ParkedCustomer.customer_id == customer_id
        )
    ).one_or_none()


class InvoicedSum(NamedTuple):
    """How many invoices in a currency, and how much they come to with tax."""

    currency: str
    invoices: int
    total_minor: int


def invoiced_by_runs(session: Session, *, since: date, before: date) -> list[InvoicedSum]:
    """Return what runs for the days `[since, before)` invoiced, by currency."""
    rows = session.execute(
        select(Invoice.currency, func.count(), func.sum(Invoice.total_minor))
        .join(BillRun, BillRun.id == Invoice.bill_run_id)
        .where(BillRun.billed_on >= since, BillRun.billed_on < before)
        .group_by(Invoice.currency)
        .order_by(Invoice.currency)
    )
    return [InvoicedSum(row[0], int(row[1]), int(row[2])) for row in rows]


def invoiced_by_customer(session: Session, *, since: date, before: date) -> dict[tuple[int, str], int]:
    """Return what runs for the days `[since, before)` invoiced each customer, by customer and currency."""
    rows = session.execute(
        select(Invoice.customer_id, Invoice.currency, func.sum(Invoice.total_minor))
        .join(BillRun, BillRun.id == Invoice.bill_run_id)
        .where(BillRun.billed_on >= since, BillRun.billed_on < before)
        .group_by(Invoice.customer_id, Invoice.currency)
    )
    return {(row[0], row[1]): int(row[2]) for row in rows}


def names_of(session: Session, customer_ids: Sequence[int]) -> dict[int, str]:
    """Return the names of customers."""
    rows = session.execute(select(Customer.id, Customer.name).where(Customer.id.in_(customer_ids)))
    return {row[0]: row[1] for row in rows}


def count_expiring(session: Session, *, before: datetime) -> int:
    """Return how many prepaid services that are open now have no time left at the instant."""
    open_states = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE)
    return session.execute(
        select(func.count())
        .select_from(Subscription)
        .where(Subscription.access_until_at < before, Subscription.status.in_(open_states))
    ).scalar_one()
