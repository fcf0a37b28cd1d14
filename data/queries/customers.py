"""SELECTs about customers for acts. Lists for screens are in `customers_listing`."""

from collections.abc import Collection

from sqlalchemy import func, select

from data.models.customer import Customer, CustomerNote
from data.models.subscription import Subscription
from data.queries.bulk import BulkSelect, among_named
from data.session import Session
from data.values.states import SubscriptionStatus


def find_customer(session: Session, customer_id: int) -> Customer | None:
    """Return the customer, or None."""
    return session.get(Customer, customer_id)


_PAYERS = BulkSelect(
    select(Customer.id, Customer.payer_id).where(
        among_named(Customer.id, "customer_ids"), Customer.payer_id.is_not(None)
    )
)


def payers_of(session: Session, *, customer_ids: Collection[int]) -> dict[int, int]:
    """Return who pays for each of these customers for whom somebody else does, by customer."""
    return {row[0]: row[1] for row in _PAYERS.rows(session, customer_ids=list(customer_ids))}


def highest_customer_id(session: Session) -> int:
    """Return the highest id ever given, 0 before the first."""
    return session.execute(select(func.coalesce(func.max(Customer.id), 0))).scalar_one()


def has_account_number(session: Session, account_number: str) -> bool:
    """Return whether the account number is taken."""
    return (
        session.execute(select(Customer.id).where(Customer.account_number == account_number)).first()
        is not None
    )


def count_live_subscriptions(session: Session, *, customer_id: int) -> int:
    """Return how many of the customer's subscriptions have not ended."""
    return session.execute(
        select(func.count())
        .select_from(Subscription)
        .where(Subscription.customer_id == customer_id, Subscription.status != SubscriptionStatus.ENDED)
    ).scalar_one()


def notes_of(session: Session, *, customer_id: int, limit: int = 50) -> list[CustomerNote]:
    """Return the newest notes about a customer, newest first."""
    return list(
        session.scalars(
            select(CustomerNote)
            .where(CustomerNote.customer_id == customer_id)
            .order_by(CustomerNote.id.desc())
            .limit(limit)
        )
    )


def customers_paid_by(session: Session, *, payer_id: int) -> list[Customer]:
    """Return the customers whose services somebody pays for, by name."""
    return list(
        session.scalars(
            select(Customer).where(Customer.payer_id == payer_id).order_by(Customer.name, Customer.id)
        )
    )


def customer_by_account(session: Session, account_number: str) -> Customer | None:
    """Return the customer with an account number, or None."""
    return session.scalars(select(Customer).where(Customer.account_number == account_number)).one_or_none()
