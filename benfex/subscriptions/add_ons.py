"""Add-ons join a service and leave it in mid-period. What is sold is said in `catalog/extras`."""

from dataclasses import dataclass
from datetime import date

from benfex.billing.charges import ChargeLine, once_key
from benfex.catalog.taxes import TaxTable
from benfex.core.policy import billing_today
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.subscriptions.data_grants import grant_data
from data.models.catalog import AddOn
from data.models.subscription import SubscriptionAddOn
from data.queries import extras as extra_queries
from data.queries.subscriptions import ServiceFacts
from data.values.errors import Conflict, InvalidInput, NotFound
from data.values.identifiers import AddOnId, SubscriptionId
from data.values.kinds import BillingMode, GrantKind, LineKind
from data.values.money import Money

_QUANTITY_MAX = 1_000


@dataclass(frozen=True, slots=True)
class AddOnSale:
    """An add-on that joins a service, so many of it; `unit` is a price of the customer's own, None the list's."""

    add_on_id: AddOnId
    quantity: int = 1
    unit: Money | None = None


def put_add_on(uow: UnitOfWork, facts: ServiceFacts, sale: AddOnSale, *, from_on: date) -> ChargeLine | None:
    """Put an add-on on a service from a date; return what is charged once and at once, None for a recurring one.

    A recurring one is charged with the plan's periods. Raises NotFound, InvalidInput, Conflict.
    """
    add_on = extra_queries.find_add_on(uow.session, sale.add_on_id)
    if add_on is None:
        raise NotFound("add-on")
    _check_sale(facts, sale, add_on)
    if add_on.archived_at is not None:
        raise Conflict(f"{add_on.name} is no longer sold.")
    today = billing_today(uow)
    subscription = facts.subscription
    assert subscription.id is not None
    row = SubscriptionAddOn(
        subscription_id=subscription.id,
        add_on_id=sale.add_on_id,
        name=add_on.name,
        unit_minor=add_on.amount_minor if sale.unit is None else sale.unit.minor,
        quantity=sale.quantity,
        is_recurring=add_on.is_recurring,
        tax_group_id=add_on.tax_group_id,
        tax_behavior=add_on.tax_behavior,
        starts_on=from_on,
        charged_through_on=from_on,
    )
    uow.session.add(row)
    uow.session.flush()
    if add_on.data_bytes is not None:
        grant_data(
            uow,
            subscription,
            granted_bytes=add_on.data_bytes * sale.quantity,
            kind=GrantKind.TOP_UP,
            key=f"addon:{row.id}",
            note=add_on.name,
        )
    if add_on.is_recurring:
        return None
    item = f"addon:{row.id}"
    return ChargeLine(
        kind=LineKind.ADD_ON,
        description=add_on.name,
        unit=Money(row.unit_minor, add_on.currency),
        quantity=sale.quantity,
        tax=TaxTable(uow.session).terms(add_on.tax_group_id, add_on.tax_behavior, on=today),
        subscription_id=SubscriptionId(subscription.id),
        billing_key=once_key(SubscriptionId(subscription.id), item),
        item=item,
    )


def joining_day(snapshot: Snapshot, facts: ServiceFacts, *, today: date) -> date:
    """Return from when an add-on that joins today is charged: with the plan, so not before a free time is over."""
    subscription = facts.subscription
    assert subscription.id is not None
    charged = extra_queries.charged_items_beyond(snapshot.session, subscription_id=subscription.id, day=today)
    if subscription.charged_through_on > today and "price" not in charged:
        return subscription.charged_through_on
    return today


def _check_sale(facts: ServiceFacts, sale: AddOnSale, add_on: AddOn) -> None:
    currency = add_on.currency
    if add_on.data_bytes is not None and facts.plan.data_cap_bytes is None:
        raise Conflict("This plan has no limit of data: there is nothing to add to.")
    if facts.price.billing_mode is BillingMode.PREPAID and add_on.data_bytes is None:
        raise Conflict("Add-ons are sold with services that are invoiced, not with prepaid ones.")
    if not 1 <= sale.quantity <= _QUANTITY_MAX:
        raise InvalidInput("quantity", f"Give a number from 1 to {_QUANTITY_MAX}.")
    if currency != facts.price.currency or (sale.unit is not None and sale.unit.currency != currency):
        raise InvalidInput("add_on_id", f"This service is billed in {facts.price.currency}.")
    if sale.unit is not None and sale.unit.is_negative:
        raise InvalidInput("unit", "A price cannot be negative.")
