"""SELECTs of the figures that owners look at: sums over days and months, and what failed."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import func, literal, select, union_all

from data.models.invoice import Invoice
from data.models.operations import JobRun
from data.models.payment import Payment
from data.session import Session
from data.values.kinds import JobOutcome
from data.values.states import InvoiceStatus, PaymentStatus

_COUNTED = (InvoiceStatus.OPEN, InvoiceStatus.PAID, InvoiceStatus.UNCOLLECTIBLE)


def invoiced_net(session: Session, *, since: date, until: date, currency: str) -> int:
    """Return what was invoiced on days in `[since, until)`, without tax, in minor units."""
    return int(
        session.execute(
            select(func.coalesce(func.sum(Invoice.subtotal_minor), 0)).where(
                Invoice.issued_on >= since,
                Invoice.issued_on < until,
                Invoice.currency == currency,
                Invoice.status.in_(_COUNTED),
            )
        ).scalar_one()
    )


def invoiced_net_per_day(session: Session, *, since: date, currency: str) -> dict[date, int]:
    """Return what was invoiced on each day since, without tax, in minor units, no day without."""
    rows = session.execute(
        select(Invoice.issued_on, func.sum(Invoice.subtotal_minor))
        .where(Invoice.issued_on >= since, Invoice.currency == currency, Invoice.status.in_(_COUNTED))
        .group_by(Invoice.issued_on)
    )
    return {row[0]: int(row[1]) for row in rows}


def collected(session: Session, *, since: datetime, until: datetime, currency: str) -> tuple[int, int]:
    """Return (minor units, payments) that came in `[since, until)` and stayed."""
    row = session.execute(
        select(func.coalesce(func.sum(Payment.amount_minor), 0), func.count()).where(
            Payment.received_at >= since,
            Payment.received_at < until,
            Payment.currency == currency,
            Payment.status == PaymentStatus.RECEIVED,
        )
    ).one()
    return int(row[0]), row[1]


def collected_per_span(
    session: Session, *, bounds: Sequence[tuple[datetime, datetime]], currency: str
) -> list[int]:
    """Return the money of each span in minor units, in the same order; a span may be a day somewhere."""
    if not bounds:
        return []
    parts = [
        select(
            literal(index).label("place"), func.coalesce(func.sum(Payment.amount_minor), 0).label("minor")
        ).where(
            Payment.received_at >= since,
            Payment.received_at < until,
            Payment.currency == currency,
            Payment.status == PaymentStatus.RECEIVED,
        )
        for index, (since, until) in enumerate(bounds)
    ]
    rows = session.execute(union_all(*parts)).all()
    return [int(row[1]) for row in sorted(rows, key=lambda row: int(row[0]))]


class OverdueFigures(NamedTuple):
    """What is overdue in one currency."""

    outstanding_minor: int
    invoices: int
    customers: int


def overdue_figures(session: Session, *, on: date, currency: str) -> OverdueFigures:
    """Return the sum, the invoices and the customers that are overdue on the day."""
    row = session.execute(
        select(
            func.coalesce(func.sum(Invoice.total_minor - Invoice.paid_minor), 0),
            func.count(),
            func.count(Invoice.customer_id.distinct()),
        ).where(Invoice.status == InvoiceStatus.OPEN, Invoice.due_on < on, Invoice.currency == currency)
    ).one()
    return OverdueFigures(int(row[0]), row[1], row[2])


class JobFailure(NamedTuple):
    """A job that failed lately: how often, when last, what it said, and whether it ran well since."""

    job: str
    failures: int
    last_failed_at: datetime
    detail: str
    recovered_at: datetime | None


def job_failures(session: Session, *, since: datetime) -> list[JobFailure]:
    """Return the jobs with a failed run since, the newest failure first."""
    failed = session.execute(
        select(JobRun.job, func.count(), func.max(JobRun.id))
        .where(JobRun.started_at >= since, JobRun.outcome == JobOutcome.FAILED)
        .group_by(JobRun.job)
        .order_by(func.max(JobRun.id).desc())
    ).all()
    found = []
    for job, count, newest in failed:
        run = session.execute(select(JobRun.started_at, JobRun.detail).where(JobRun.id == newest)).one()
        recovered = session.execute(
            select(func.max(JobRun.started_at)).where(
                JobRun.job == job, JobRun.id > newest, JobRun.outcome == JobOutcome.SUCCEEDED
            )
        ).scalar_one()
        found.append(JobFailure(job, count, run[0], run[1], recovered))
    return found
