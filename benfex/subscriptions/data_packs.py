"""Packs of data: what is on sale, and buying one from credit. Staff sell them as any other add-on (`extras`)."""

from dataclasses import dataclass

from benfex.core.actors import SystemActor, require_customer_access
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.subscriptions.add_ons import AddOnSale
from benfex.subscriptions.extras import add_add_on
from benfex.subscriptions.outcomes import ChangeOutcome
from data.locks import lock_customer
from data.queries import extras as extra_queries
from data.queries import invoices as invoice_queries
from data.queries import subscriptions as subscription_queries
from data.queries import usage_limits as limit_queries
from data.values.errors import Conflict, InvalidInput, NotFound
from data.values.identifiers import AddOnId, CustomerId, SubscriptionId
from data.values.kinds import TaxBehavior
from data.values.money import Money
from data.values.roles import Permission


@dataclass(frozen=True, slots=True)
class DataPack:
    """Data that can be bought for the running period; tax comes on top where the price does not hold it."""

    add_on_id: AddOnId
    name: str
    data_bytes: int
    price: Money
    is_without_tax: bool


def data_packs(snapshot: Snapshot) -> tuple[DataPack, ...]:
    """Return the packs on sale in the ISP's currency, by size. Whoever is signed in may see them."""
    rows = limit_queries.data_packs(snapshot.session, currency=current_terms(snapshot).currency)
    return tuple(
        DataPack(
            AddOnId(row.id or 0),
            row.name,
            row.data_bytes or 0,
            Money(row.amount_minor, row.currency),
            row.tax_behavior is TaxBehavior.EXCLUSIVE and row.tax_group_id is not None,
        )
        for row in rows
    )


def buy_data_pack(
    uow: UnitOfWork, *, customer_id: CustomerId, subscription_id: SubscriptionId, add_on_id: AddOnId
) -> ChangeOutcome:
    """Buy data for the running period from the payer's credit; service comes back with it where it was used up.

    Raises NotFound also for a service of somebody else, InvalidInput for what is no pack of data, Conflict when
    the credit does not reach: nothing is bought on account here.
    """
    require_customer_access(uow.actor, customer_id, Permission.EDIT_SUBSCRIPTIONS)
    subscription = subscription_queries.find_subscription(uow.session, subscription_id)
    if subscription is None or subscription.customer_id != customer_id:
        raise NotFound("service")
    add_on = extra_queries.find_add_on(uow.session, add_on_id)
    if add_on is None or add_on.data_bytes is None:
        raise InvalidInput("add_on_id", "This is no pack of data.")
    house = UnitOfWork(uow.session, SystemActor(f"data bought by customer {customer_id}"), uow.now)
    payer_id, currency = subscription.billed_customer_id, add_on.currency
    lock_customer(uow.session, payer_id)
    before = {
        row.id for row in invoice_queries.open_invoices(uow.session, customer_id=payer_id, currency=currency)
    }
    outcome = add_add_on(house, subscription_id=subscription_id, sale=AddOnSale(add_on_id))
    after = invoice_queries.open_invoices(uow.session, customer_id=payer_id, currency=currency)
    missing = sum(row.total_minor - row.paid_minor for row in after if row.id not in before)
    if missing:
        raise Conflict(f"{Money(missing, currency)} is missing. Pay it first, then buy the data.")
    for event in house.events:
        uow.emit(event)
    return outcome
