"""Give a discount to a service and take it back; it works from the next period that is charged."""

from benfex.core.policy import billing_today
from benfex.core.unit_of_work import UnitOfWork
from data.models.subscription import SubscriptionDiscount
from data.queries import extras as extra_queries
from data.queries.subscriptions import ServiceFacts
from data.values.errors import Conflict, InvalidInput, NotFound
from data.values.identifiers import DiscountId, SubscriptionDiscountId
from data.values.kinds import BillingMode, DiscountKind


def put_discount(uow: UnitOfWork, facts: ServiceFacts, discount_id: DiscountId) -> SubscriptionDiscountId:
    """Put a discount on a service for the periods that begin from today, or from its start when it is sold now.

    Raises NotFound, InvalidInput, Conflict.
    """
    discount = extra_queries.find_discount(uow.session, discount_id)
    if discount is None:
        raise NotFound("discount")
    if facts.price.billing_mode is BillingMode.PREPAID:
        raise Conflict("Discounts are given on services that are invoiced, not on prepaid ones.")
    today = billing_today(uow)
    is_over = discount.valid_until_on is not None and discount.valid_until_on <= today
    if discount.archived_at is not None or is_over:
        raise Conflict(f"{discount.name} is no longer given.")
    if discount.valid_from_on > today:
        raise Conflict(f"{discount.name} is given from {discount.valid_from_on} on.")
    if discount.kind is DiscountKind.FIXED and discount.currency != facts.price.currency:
        raise InvalidInput("discount_id", f"This service is billed in {facts.price.currency}.")
    subscription = facts.subscription
    assert subscription.id is not None
    row = SubscriptionDiscount(
        subscription_id=subscription.id,
        discount_id=discount_id,
        name=discount.name,
        kind=discount.kind,
        basis_points=discount.basis_points,
        amount_minor=discount.amount_minor,
        periods_left=discount.periods,
        starts_on=min(today, subscription.charged_through_on),
    )
    uow.session.add(row)
    uow.session.flush()
    assert row.id is not None
    return SubscriptionDiscountId(row.id)
