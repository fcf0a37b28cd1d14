"""The checks of `benfex doctor`: each returns ids of rows that break one rule of the house."""

from sqlalchemy import func, select

from data.models.invoice import Invoice, InvoiceLine
from data.models.payment import Payment, PaymentAttempt
from data.models.router import Connection, RouterTask
from data.models.subscription import Subscription
from data.session import Session
from data.values.states import AttemptStatus, InvoiceStatus, SubscriptionStatus, TaskStatus

_LIMIT = 20


def gaps_in_invoice_numbers(session: Session) -> list[str]:
    """Return the numbers after which one is missing within a series and year."""
    numbers = session.scalars(
        select(Invoice.number).where(Invoice.number.is_not(None)).order_by(Invoice.number)
    )
    missing: list[str] = []
    last: dict[str, int] = {}
    for number in numbers:
        series, _, sequence = (number or "").rpartition("-")
        if int(sequence) != last.get(series, 0) + 1:
            missing.append(number or "")
        last[series] = int(sequence)
    return missing[:_LIMIT]


def periods_billed_twice(session: Session) -> list[int]:
    """Return subscriptions with two lines of live invoices for one recurring period."""
    rows = session.scalars(
        select(InvoiceLine.subscription_id)
        .join(Invoice, Invoice.id == InvoiceLine.invoice_id)
        .where(InvoiceLine.kind == "recurring", Invoice.status != InvoiceStatus.VOID)
        .group_by(InvoiceLine.subscription_id, InvoiceLine.period_starts_on)
        .having(func.count() > 1)
        .limit(_LIMIT)
    )
    return [row for row in rows if row is not None]


def live_without_connection(session: Session) -> list[int]:
    """Return live subscriptions that no line belongs to."""
    return list(
        session.scalars(
            select(Subscription.id)
            .outerjoin(
                Connection,
                (Connection.subscription_id == Subscription.id) & Connection.removed_at.is_(None),
            )
            .where(
                Subscription.status.in_(
                    (SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE, SubscriptionStatus.SUSPENDED)
                ),
                Connection.id.is_(None),
            )
            .limit(_LIMIT)
        )
    )


def waiting_without_task(session: Session) -> list[int]:
    """Return connections whose wish was never applied and that no open task looks after."""
    open_task = (
        select(RouterTask.connection_id)
        .where(RouterTask.status.in_((TaskStatus.PENDING, TaskStatus.RUNNING, TaskStatus.FAILED)))
        .subquery()
    )
    return list(
        session.scalars(
            select(Connection.id)
            .outerjoin(open_task, open_task.c.connection_id == Connection.id)
            .where(
                Connection.desired_generation > Connection.applied_generation,
                Connection.removed_at.is_(None),
                open_task.c.connection_id.is_(None),
            )
            .limit(_LIMIT)
        )
    )


def failed_tasks(session: Session) -> list[int]:
    """Return router tasks that were given up and wait for a person."""
    return list(
        session.scalars(select(RouterTask.id).where(RouterTask.status == TaskStatus.FAILED).limit(_LIMIT))
    )


def succeeded_without_payment(session: Session) -> list[int]:
    """Return attempts that say they succeeded although no payment belongs to them."""
    return list(
        session.scalars(
            select(PaymentAttempt.id)
            .outerjoin(Payment, Payment.attempt_id == PaymentAttempt.id)
            .where(PaymentAttempt.status == AttemptStatus.SUCCEEDED, Payment.id.is_(None))
            .limit(_LIMIT)
        )
    )
