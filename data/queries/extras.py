"""SELECTs about add-ons and discounts: what is sold, and what services have."""

from datetime import date

from sqlalchemy import select

from data.models.catalog import AddOn, Discount
from data.models.invoice import InvoiceLine
from data.models.subscription import SubscriptionAddOn, SubscriptionDiscount
from data.session import Session


def find_add_on(session: Session, add_on_id: int) -> AddOn | None:
    """Return the add-on, or None."""
    return session.get(AddOn, add_on_id)


def add_on_by_code(session: Session, code: str) -> AddOn | None:
    """Return the add-on with this code, or None."""
    return session.scalars(select(AddOn).where(AddOn.code == code)).one_or_none()


def all_add_ons(session: Session) -> list[AddOn]:
    """Return every add-on, those on sale first, by name."""
    return list(session.scalars(select(AddOn).order_by(AddOn.archived_at.is_not(None), AddOn.name, AddOn.id)))


def find_discount(session: Session, discount_id: int) -> Discount | None:
    """Return the discount, or None."""
    return session.get(Discount, discount_id)


def discount_by_code(session: Session, code: str) -> Discount | None:
    """Return the discount with this code, or None."""
    return session.scalars(select(Discount).where(Discount.code == code)).one_or_none()


def all_discounts(session: Session) -> list[Discount]:
    """Return every discount, those that are given first, by name."""
    return list(
        session.scalars(
            select(Discount).order_by(Discount.archived_at.is_not(None), Discount.name, Discount.id)
        )
    )


def find_sold_add_on(session: Session, subscription_add_on_id: int) -> SubscriptionAddOn | None:
    """Return an add-on on a service, or None."""
    return session.get(SubscriptionAddOn, subscription_add_on_id)


def find_given_discount(session: Session, subscription_discount_id: int) -> SubscriptionDiscount | None:
    """Return a discount on a service, or None."""
    return session.get(SubscriptionDiscount, subscription_discount_id)


def add_ons_of(session: Session, subscription_id: int) -> list[SubscriptionAddOn]:
    """Return all add-ons a service ever had, oldest first."""
    return list(
        session.scalars(
            select(SubscriptionAddOn)
            .where(SubscriptionAddOn.subscription_id == subscription_id)
            .order_by(SubscriptionAddOn.id)
        )
    )


def discounts_of(session: Session, subscription_id: int) -> list[SubscriptionDiscount]:
    """Return all discounts a service was ever given, oldest first."""
    return list(
        session.scalars(
            select(SubscriptionDiscount)
            .where(SubscriptionDiscount.subscription_id == subscription_id)
            .order_by(SubscriptionDiscount.id)
        )
    )


def charged_items_beyond(session: Session, *, subscription_id: int, day: date) -> set[str]:
    """Return the items of a service that were charged for the day or a later one, credited since or not."""
    return set(
        session.scalars(
            select(InvoiceLine.item)
            .where(
                InvoiceLine.subscription_id == subscription_id,
                InvoiceLine.period_ends_on > day,
                InvoiceLine.item != "",
            )
            .distinct()
        )
    )
