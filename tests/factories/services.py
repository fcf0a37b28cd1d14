"""What a service is charged, and where it stands: settings and looks for acts on its life."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from benfex.core.unit_of_work import Snapshot, UnitOfWork
from data.models.catalog import PlanPrice
from data.models.invoice import CreditNote, Invoice, InvoiceLine
from data.models.subscription import Subscription
from data.queries import policy as policy_queries
from data.values.identifiers import SubscriptionId
from data.values.states import SubscriptionStatus
from tests.conftest import Run


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a service stands."""

    status: SubscriptionStatus
    period: tuple[date, date]
    charged_through_on: date
    bills_on: date | None
    anchor_day: int
    plan_price_id: int
    segment: int


def set_terms(run: Run, **terms: Any) -> None:
    """Put billing terms in force, such as `billing_day=1`."""
    run(_set_terms, terms=terms)


def _set_terms(uow: UnitOfWork, *, terms: dict[str, Any]) -> None:
    row = policy_queries.newest_policy(uow.session)
    assert row is not None
    for name, value in terms.items():
        setattr(row, name, value)


def set_price(run: Run, price_id: int, **terms: Any) -> None:
    """Give a price that nobody bought yet other terms, such as `trial_days=14`."""
    run(_set_price, price_id=price_id, terms=terms)


def _set_price(uow: UnitOfWork, *, price_id: int, terms: dict[str, Any]) -> None:
    row = uow.session.get(PlanPrice, price_id)
    assert row is not None
    for name, value in terms.items():
        setattr(row, name, value)


def standing(snapshot: Snapshot, *, subscription_id: SubscriptionId) -> Standing:
    row = snapshot.session.get(Subscription, subscription_id)
    assert row is not None
    return Standing(
        row.status,
        (row.period_starts_on, row.period_ends_on),
        row.charged_through_on,
        row.bills_on,
        row.anchor_day,
        row.plan_price_id,
        row.segment,
    )


def lines_of(snapshot: Snapshot, *, subscription_id: SubscriptionId) -> list[tuple[str, int]]:
    """Return (description, amount with tax) of every line of a service, in the order they were billed."""
    rows = snapshot.session.scalars(
        select(InvoiceLine)
        .where(col(InvoiceLine.subscription_id) == subscription_id)
        .order_by(col(InvoiceLine.id))
    )
    return [(row.description, row.amount_minor + row.tax_minor) for row in rows]


def credited(snapshot: Snapshot, *, subscription_id: SubscriptionId) -> list[int]:
    """Return the total of every credit note on invoices of a service, oldest first."""
    invoices = select(col(InvoiceLine.invoice_id)).where(col(InvoiceLine.subscription_id) == subscription_id)
    rows = snapshot.session.scalars(
        select(CreditNote).where(col(CreditNote.invoice_id).in_(invoices)).order_by(col(CreditNote.id))
    )
    return [row.total_minor for row in rows]


def payers_of(snapshot: Snapshot, *, subscription_id: SubscriptionId) -> list[int]:
    """Return whom each invoice of a service went to, oldest first."""
    rows = snapshot.session.scalars(
        select(col(Invoice.customer_id))
        .join(InvoiceLine, col(InvoiceLine.invoice_id) == col(Invoice.id))
        .where(col(InvoiceLine.subscription_id) == subscription_id)
        .order_by(col(InvoiceLine.id))
    )
    return list(rows)
