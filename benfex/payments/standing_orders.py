"""Standing orders: a payer tells their gateway to pay us again and again. Our row first, then the gateway.

Their payments come as any other money. We cannot end one at the gateway: the payer does, and we note it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from benfex.core.actors import Actor, SystemActor, require_customer_access
from benfex.core.audit import record_audit
from benfex.core.errors import GatewayError, GatewayRejected
from benfex.core.events import CustomerChanged
from benfex.core.policy import billing_today
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.payments.accounts import GatewayBook
from benfex.payments.gateway import Gateway, name_of_gateway
from benfex.payments.gateway_events import StandingOrderChanged, StandingOrderRequest
from data.locks import lock_customer
from data.models.payment_methods import StandingOrder
from data.queries import customers as customer_queries
from data.queries import standing_orders as order_queries
from data.values.errors import AmountOutOfRange, Conflict, InvalidInput, NotFound
from data.values.identifiers import CustomerId, PhoneNumber, StandingOrderId, hash_token, new_token
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import StandingOrderStatus, advance

FREQUENCIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "daily": "every day",
        "weekly": "every week",
        "two_weekly": "every two weeks",
        "monthly": "every month",
        "two_monthly": "every two months",
        "quarterly": "every quarter",
        "half_yearly": "every half year",
        "yearly": "every year",
    }
)
_FLOWS = SystemActor("standing orders")
_YEARS_MAX = 10


@dataclass(frozen=True, slots=True)
class NewStandingOrder:
    """Who is to pay how much, how often, and between which days, both included."""

    customer_id: CustomerId
    gateway: str
    amount: Money
    phone: PhoneNumber
    frequency: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class StandingOrderView:
    """One standing order as people see it; `gateway_reference` is the gateway's name of it."""

    id: StandingOrderId
    customer_id: CustomerId
    gateway: str
    gateway_name: str
    reference: str
    gateway_reference: str | None
    payer: str
    amount: Money
    frequency: str
    starts_on: date
    ends_on: date
    status: StandingOrderStatus
    failure_message: str | None


@dataclass(frozen=True, slots=True)
class PreparedOrder:
    """A standing order that is safe in the database, and what the gateway is to be asked."""

    order_id: StandingOrderId
    request: StandingOrderRequest


class StandingOrders:
    """Asks payers for standing orders."""

    def __init__(self, transactor: Transactor, gateways: GatewayBook, *, public_url: str) -> None:
        self._transactor = transactor
        self._gateways = gateways
        self._public_url = public_url

    async def start(
        self,
        actor: Actor,
        wanted: NewStandingOrder,
        *,
        alongside: Callable[[UnitOfWork, StandingOrderId], None] | None = None,
    ) -> StandingOrderId:
        """Ask the payer and return the order, which says how it goes on; no answer leaves it waiting.

        `alongside` runs in the transaction that writes it. Raises NotFound, InvalidInput, AmountOutOfRange,
        Conflict; a gateway that refuses shows in the order.
        """
        gateway = self._gateways.get(wanted.gateway)
        prepared = await self._transactor.transact(
            prepare_standing_order,
            actor,
            wanted=wanted,
            gateway=gateway,
            public_url=self._public_url,
            alongside=alongside,
        )
        try:
            named = await gateway.order(prepared.request)
        except (GatewayRejected, InvalidInput) as refused:
            await self._transactor.transact(
                note_order_refused, _FLOWS, order_id=prepared.order_id, message=refused.message
            )
        except GatewayError:
            pass  # whether it was asked is not known: the payer's answer tells
        else:
            await self._transactor.transact(
                note_order_asked, _FLOWS, order_id=prepared.order_id, gateway_reference=named
            )
        return prepared.order_id


def prepare_standing_order(
    uow: UnitOfWork,
    *,
    wanted: NewStandingOrder,
    gateway: Gateway,
    public_url: str,
    alongside: Callable[[UnitOfWork, StandingOrderId], None] | None = None,
) -> PreparedOrder:
    """Write the order with our own reference before any gateway hears of it."""
    require_customer_access(uow.actor, wanted.customer_id, Permission.RECORD_PAYMENTS)
    customer = customer_queries.find_customer(uow.session, wanted.customer_id)
    if customer is None:
        raise NotFound("customer")
    lock_customer(uow.session, wanted.customer_id)
    _check(uow, wanted, gateway, customer.currency)
    token, reference = new_token(16), f"BFXS{new_token(8).upper()}"
    order = StandingOrder(
        reference=reference,
        callback_token_hash=hash_token(token),
        customer_id=wanted.customer_id,
        gateway=gateway.name,
        payer=wanted.phone.e164,
        amount_minor=wanted.amount.minor,
        currency=wanted.amount.currency,
        frequency=wanted.frequency,
        starts_on=wanted.starts_on,
        ends_on=wanted.ends_on,
        status=StandingOrderStatus.CREATED,
    )
    uow.session.add(order)
    uow.session.flush()
    assert order.id is not None
    order_id = StandingOrderId(order.id)
    record_audit(
        uow,
        action="ask",
        entity="standing_order",
        entity_id=order_id,
        changes={"amount_minor": wanted.amount.minor, "frequency": wanted.frequency},
    )
    if alongside is not None:
        alongside(uow, order_id)
    uow.emit(CustomerChanged(customer_id=wanted.customer_id))
    path = gateway.callback_path("order", token)
    return PreparedOrder(
        order_id,
        StandingOrderRequest(
            reference=reference,
            name=f"{customer.account_number} {reference[-6:]}",  # a payer's orders must not share a name
            amount=wanted.amount,
            payer_phone=wanted.phone,
            account_number=customer.account_number,
            frequency=wanted.frequency,
            starts_on=wanted.starts_on,
            ends_on=wanted.ends_on,
            callback_url=f"{public_url}{path}" if path else "",
        ),
    )


def note_order_asked(uow: UnitOfWork, *, order_id: StandingOrderId, gateway_reference: str) -> None:
    """Note what the gateway calls the order; the payer's answer may have been faster and is not undone."""
    order = _found(uow, order_id)
    order.gateway_reference = order.gateway_reference or gateway_reference[:120] or None
    uow.session.flush()


def note_order_refused(uow: UnitOfWork, *, order_id: StandingOrderId, message: str) -> None:
    """Note a gateway's clear no, unless its payer said yes meanwhile."""
    order = _found(uow, order_id)
    if order.status is StandingOrderStatus.CREATED:
        _move(uow, order, StandingOrderStatus.FAILED, message)


def note_standing_order(uow: UnitOfWork, *, gateway: str, event: StandingOrderChanged) -> str | None:
    """Note what a payer answered; return a reason when no order of ours is meant. A yes is never undone by a no."""
    order = None
    if event.callback_token:
        order = order_queries.order_by_callback(uow.session, token_hash=event.callback_token)
    elif event.reference:
        order = order_queries.order_by_reference(uow.session, gateway=gateway, reference=event.reference)
    if order is None or order.gateway != gateway:
        return "no standing order of ours carries this callback"
    lock_customer(uow.session, CustomerId(order.customer_id))
    if event.is_active and order.status in {StandingOrderStatus.CREATED, StandingOrderStatus.FAILED}:
        order.gateway_reference = event.gateway_reference or order.gateway_reference
        _move(uow, order, StandingOrderStatus.ACTIVE, None)
    elif not event.is_active and order.status is StandingOrderStatus.CREATED:
        _move(uow, order, StandingOrderStatus.FAILED, event.message or "The payer did not take it.")
    return None


def end_standing_order(uow: UnitOfWork, *, order_id: StandingOrderId) -> None:
    """Note that a payer ended their order at the gateway. Raises NotFound, Conflict when it pays no more."""
    order = _found(uow, order_id)
    require_customer_access(uow.actor, CustomerId(order.customer_id), Permission.RECORD_PAYMENTS)
    lock_customer(uow.session, CustomerId(order.customer_id))
    if order.status not in {StandingOrderStatus.CREATED, StandingOrderStatus.ACTIVE}:
        raise Conflict("This standing order pays no more.")
    record_audit(uow, action="end", entity="standing_order", entity_id=order_id, changes={})
    _move(uow, order, StandingOrderStatus.ENDED, None)


def gateways_for_orders(gateways: GatewayBook) -> dict[str, str]:
    """Return the gateways that take standing orders, by name, as people call them."""
    able = [name for name in gateways.names() if gateways.get(name).capabilities.can_standing_order]
    return {name: name_of_gateway(name) for name in able}


def standing_order(snapshot: Snapshot, *, order_id: StandingOrderId) -> StandingOrderView:
    """Return one standing order. Raises NotFound."""
    order = _found(snapshot, order_id)
    require_customer_access(snapshot.actor, CustomerId(order.customer_id), Permission.VIEW_PAYMENTS)
    return _view(order)


def standing_orders_of(snapshot: Snapshot, *, customer_id: CustomerId) -> tuple[StandingOrderView, ...]:
    """Return a customer's standing orders, newest first."""
    require_customer_access(snapshot.actor, customer_id, Permission.VIEW_PAYMENTS)
    found = order_queries.orders_of(snapshot.session, customer_id=customer_id)
    return tuple(_view(order) for order in found)


def _found(snapshot: Snapshot, order_id: StandingOrderId) -> StandingOrder:
    order = order_queries.find_order(snapshot.session, order_id)
    if order is None:
        raise NotFound("standing order")
    return order


def _check(uow: UnitOfWork, wanted: NewStandingOrder, gateway: Gateway, currency: str) -> None:
    can = gateway.capabilities
    if not can.can_standing_order:
        raise InvalidInput("gateway", f"{name_of_gateway(gateway.name)} takes no standing orders.")
    if wanted.amount.currency != currency or currency not in can.currencies:
        raise InvalidInput("amount", f"This customer pays in {currency}.")
    is_whole = wanted.amount.minor % can.amount_step_minor == 0
    if not is_whole or not can.minimum_minor <= wanted.amount.minor <= can.maximum_minor:
        least, most = Money(can.minimum_minor, currency), Money(can.maximum_minor, currency)
        raise AmountOutOfRange("amount", f"Give a whole amount from {least} to {most}.")
    if wanted.frequency not in FREQUENCIES:
        raise InvalidInput("frequency", f"Choose one of {', '.join(FREQUENCIES)}.")
    if wanted.starts_on < billing_today(uow):
        raise InvalidInput("starts_on", "The first day is over.")
    if not wanted.starts_on < wanted.ends_on or wanted.ends_on.year > wanted.starts_on.year + _YEARS_MAX:
        raise InvalidInput("ends_on", f"Give a day after the first, at most {_YEARS_MAX} years on.")


def _move(uow: UnitOfWork, order: StandingOrder, to: StandingOrderStatus, message: str | None) -> None:
    order.status = advance(order.status, to)
    order.failure_message = message[:250] if message else None
    uow.session.flush()
    uow.emit(CustomerChanged(customer_id=CustomerId(order.customer_id)))


def _view(order: StandingOrder) -> StandingOrderView:
    assert order.id is not None
    return StandingOrderView(
        id=StandingOrderId(order.id),
        customer_id=CustomerId(order.customer_id),
        gateway=order.gateway,
        gateway_name=name_of_gateway(order.gateway),
        reference=order.reference,
        gateway_reference=order.gateway_reference,
        payer=order.payer,
        amount=Money(order.amount_minor, order.currency),
        frequency=order.frequency,
        starts_on=order.starts_on,
        ends_on=order.ends_on,
        status=order.status,
        failure_message=order.failure_message,
    )
