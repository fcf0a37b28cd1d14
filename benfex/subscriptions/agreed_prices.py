"""What may be sold, and at which price: the list's, or one that was agreed with a customer."""

from benfex.core.unit_of_work import Snapshot
from data.models.catalog import PlanPrice
from data.queries import subscriptions as subscription_queries
from data.queries.subscriptions import SoldPrice
from data.values.errors import AmountOutOfRange, Conflict, InvalidInput, NotFound
from data.values.identifiers import PlanPriceId
from data.values.money import Money


def sold_today(snapshot: Snapshot, plan_price_id: PlanPriceId, *, currency: str) -> SoldPrice:
    """Return a price that may be sold now to who pays in the currency. Raises NotFound, Conflict, InvalidInput."""
    sold = subscription_queries.sold_price(snapshot.session, plan_price_id)
    if sold is None:
        raise NotFound("price")
    is_over = sold.price.valid_until is not None and sold.price.valid_until <= snapshot.now
    if sold.plan.archived_at is not None or is_over:
        raise Conflict(f"{sold.plan.name} is no longer sold at this price.")
    if sold.price.valid_from > snapshot.now:
        raise Conflict(f"{sold.plan.name} is not sold at this price yet.")
    if sold.price.currency != currency:
        raise InvalidInput(
            "plan_price_id", f"This price is in {sold.price.currency}, the customer pays {currency}."
        )
    return sold


def check_agreed_price(agreed: Money | None, price: PlanPrice) -> Money | None:
    """Return the agreed price of a period, None for the list's. Raises InvalidInput, AmountOutOfRange."""
    if agreed is None:
        return None
    if agreed.currency != price.currency:
        raise InvalidInput("agreed_price", f"This plan is priced in {price.currency}.")
    if agreed.is_negative:
        raise AmountOutOfRange("agreed_price", "A price cannot be negative.")
    return agreed
