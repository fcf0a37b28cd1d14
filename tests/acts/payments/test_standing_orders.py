"""A payer agrees to pay again and again: asked once, answered on the phone, ended by themselves."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest

from benfex.core.actors import SubscriberActor
from benfex.core.clock import MovedClock, SystemClock
from benfex.core.errors import GatewayUnavailable
from benfex.core.transactor import Transactor
from benfex.payments.accounts import save_gateway_account
from benfex.payments.gateway_events import StandingOrderChanged
from benfex.payments.inquiries import Inquiries
from benfex.payments.registry import GATEWAYS
from benfex.payments.standing_orders import (
    NewStandingOrder,
    StandingOrders,
    StandingOrderView,
    end_standing_order,
    note_order_asked,
    note_order_refused,
    note_standing_order,
    prepare_standing_order,
    standing_order,
    standing_orders_of,
)
from benfex.simulation.outside import Outside
from data.values.errors import AmountOutOfRange, Conflict, InvalidInput, NotFound, NotPermitted
from data.values.identifiers import StandingOrderId, UserId, hash_token
from data.values.money import Money
from data.values.states import StandingOrderStatus
from tests.conftest import Run
from tests.contract.gateway_clients import open_outside, until
from tests.contract.gateway_far_ends import INITIATOR
from tests.factories.customers import MadeCustomer, make_customer
from tests.factories.isp import SUPPORT, SYSTEM, VAULT, kes
from tests.factories.looks import payments
from tests.factories.money import SETTINGS
from tests.factories.till import Till, open_till, webhook_doors

ON = {"standing_orders": "2026"}


@dataclass
class Counter:
    """A till whose M-Pesa is simulated, and answers through the true doors."""

    till: Till
    outside: Outside
    orders: StandingOrders
    inquiries: Inquiries

    async def hear(self, kind: str = "standing_order") -> None:
        """Wait for an answer of a kind and work it off."""
        courier = self.outside.daraja.courier
        await until(lambda: (kind, 200) in {(one["kind"], one["status"]) for one in courier.deliveries})
        await self.till.inbox.process_pending()


@asynccontextmanager
async def counter_of(transactor: Transactor, clock: MovedClock, **settings: str) -> AsyncIterator[Counter]:
    async with AsyncExitStack() as opened:
        outside = await opened.enter_async_context(open_outside())
        url, behind = await opened.enter_async_context(webhook_doors())
        there = {"mpesa": outside.daraja_url}
        till = await opened.enter_async_context(open_till(transactor, clock, addresses=there, url=url))
        ours = SETTINGS["mpesa"] | {"base_url": outside.daraja_url} | settings
        await transactor.transact(save_gateway_account, SYSTEM, gateway="mpesa", settings=ours, vault=VAULT)
        await till.gateways.load()
        behind.inbox, behind.clock = till.inbox, clock
        await till.gateways.get("mpesa").register_callbacks(public_url=url)
        yield Counter(
            till,
            outside,
            StandingOrders(transactor, till.gateways, public_url=url),
            Inquiries(transactor, till.gateways, public_url=url),
        )


@pytest.fixture
async def counter(isp: Run, transactor: Transactor, clock: MovedClock) -> AsyncIterator[Counter]:
    async with counter_of(transactor, clock, **ON, **INITIATOR) as one:
        yield one


def wanted(customer: MadeCustomer, **changes: Any) -> NewStandingOrder:
    order = NewStandingOrder(
        customer_id=customer.customer_id,
        gateway="mpesa",
        amount=kes(2_500),
        phone=customer.phone,
        frequency="monthly",
        starts_on=date(2026, 12, 1),
        ends_on=date(2027, 11, 30),
    )
    return replace(order, **changes)


def seen(isp: Run, order_id: StandingOrderId) -> StandingOrderView:
    return isp.read(standing_order, order_id=order_id)


# From asking to paying


async def test_an_order_is_active_once_its_payer_agrees_and_its_money_is_booked(
    isp: Run, counter: Counter
) -> None:
    customer = make_customer(isp)
    order_id = await counter.orders.start(SYSTEM, wanted(customer))
    assert seen(isp, order_id).status is StandingOrderStatus.CREATED
    counter.outside.phones.answer(customer.phone.msisdn, "pay")
    await counter.hear()
    order = seen(isp, order_id)
    (theirs,) = counter.outside.daraja.standing.orders
    assert (order.status, order.gateway_reference) == (StandingOrderStatus.ACTIVE, theirs.schedule_id)

    await counter.outside.daraja.standing.run(theirs.name)
    await counter.hear("c2b_confirmation")
    (payment,) = isp.read(payments)
    assert (payment.customer_id, payment.amount) == (customer.customer_id, kes(2_500))


async def test_a_payer_who_says_no_leaves_the_order_failed_with_the_reason(
    isp: Run, counter: Counter
) -> None:
    customer = make_customer(isp)
    order_id = await counter.orders.start(SYSTEM, wanted(customer))
    counter.outside.phones.answer(customer.phone.msisdn, "cancel")
    await counter.hear()
    order = seen(isp, order_id)
    assert (order.status, order.failure_message) == (
        StandingOrderStatus.FAILED,
        "The request was cancelled on the phone.",
    )


async def test_a_gateway_that_refuses_shows_in_the_order(isp: Run, counter: Counter) -> None:
    counter.outside.daraja.change({"orders_capture": "2025"})
    order = seen(isp, await counter.orders.start(SYSTEM, wanted(make_customer(isp))))
    assert order.status is StandingOrderStatus.FAILED
    assert "TransactionType" in (order.failure_message or "")


async def test_an_answer_that_is_lost_leaves_the_order_waiting_for_its_payer(
    isp: Run, counter: Counter
) -> None:
    customer = make_customer(isp)
    counter.outside.daraja.set_fault({"kind": "drop_after_accept", "count": 1})
    order_id = await counter.orders.start(SYSTEM, wanted(customer))
    assert seen(isp, order_id).status is StandingOrderStatus.CREATED
    counter.outside.phones.answer(customer.phone.msisdn, "pay")
    await counter.hear()
    assert seen(isp, order_id).status is StandingOrderStatus.ACTIVE


# Any order of events


def prepared(isp: Run, customer: MadeCustomer) -> tuple[StandingOrderId, str]:
    """Return an order that was written, and the hash of its callback's secret."""
    able = GATEWAYS["mpesa"](SETTINGS["mpesa"] | ON, SystemClock())
    made = isp(prepare_standing_order, wanted=wanted(customer), gateway=able, public_url="https://b.example")
    return made.order_id, hash_token(made.request.callback_url.rpartition("/")[2])


def answer(callback: str, *, yes: bool) -> StandingOrderChanged:
    return StandingOrderChanged(callback, None, is_active=yes, gateway_reference="2571168" if yes else None)


@pytest.mark.sqlite_only
def test_a_yes_is_never_undone_by_what_comes_late(isp: Run) -> None:
    order_id, callback = prepared(isp, make_customer(isp))
    for event in (answer(callback, yes=False), answer(callback, yes=True), answer(callback, yes=False)):
        assert isp(note_standing_order, gateway="mpesa", event=event) is None
    isp(note_order_refused, order_id=order_id, message="no")
    isp(note_order_asked, order_id=order_id, gateway_reference="R1")
    order = seen(isp, order_id)
    assert (order.status, order.gateway_reference, order.failure_message) == (
        StandingOrderStatus.ACTIVE,
        "2571168",
        None,
    )


@pytest.mark.sqlite_only
def test_an_answer_that_names_no_order_of_ours_says_so(isp: Run) -> None:
    reason = isp(note_standing_order, gateway="mpesa", event=answer("nobody", yes=True))
    assert reason == "no standing order of ours carries this callback"


@pytest.mark.sqlite_only
def test_an_order_that_ended_stays_ended(isp: Run) -> None:
    order_id, callback = prepared(isp, make_customer(isp))
    isp(note_standing_order, gateway="mpesa", event=answer(callback, yes=True))
    isp(end_standing_order, order_id=order_id)
    isp(note_standing_order, gateway="mpesa", event=answer(callback, yes=True))
    assert seen(isp, order_id).status is StandingOrderStatus.ENDED
    with pytest.raises(Conflict):
        isp(end_standing_order, order_id=order_id)


# What is refused, and to whom


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"amount": Money(50, "KES")}, AmountOutOfRange, "amount"),
        ({"amount": Money(2500, "USD")}, InvalidInput, "amount"),
        ({"frequency": "often"}, InvalidInput, "frequency"),
        ({"starts_on": date(2026, 1, 1)}, InvalidInput, "starts_on"),
        ({"ends_on": date(2026, 12, 1)}, InvalidInput, "ends_on"),
        ({"ends_on": date(2099, 1, 1)}, InvalidInput, "ends_on"),
    ],
)
async def test_what_cannot_be_is_refused_before_anybody_is_asked(
    isp: Run, counter: Counter, changes: dict[str, Any], error: type[InvalidInput], field: str
) -> None:
    with pytest.raises(error) as refused:
        await counter.orders.start(SYSTEM, wanted(make_customer(isp), **changes))
    assert refused.value.field == field
    assert "order" not in counter.outside.daraja.calls


async def test_a_gateway_without_standing_orders_is_refused(
    isp: Run, transactor: Transactor, clock: MovedClock
) -> None:
    async with counter_of(transactor, clock) as counter:
        with pytest.raises(InvalidInput, match="no standing orders"):
            await counter.orders.start(SYSTEM, wanted(make_customer(isp)))


async def test_subscribers_see_and_ask_for_their_own_only(isp: Run, counter: Counter) -> None:
    mine, other = make_customer(isp), make_customer(isp, phone="0712000009")
    me = SubscriberActor(UserId(1), mine.customer_id, "Amina")
    order_id = await counter.orders.start(me, wanted(mine))
    assert [one.id for one in isp.by(me).read(standing_orders_of, customer_id=mine.customer_id)] == [order_id]
    with pytest.raises(NotFound):
        await counter.orders.start(me, wanted(other))
    with pytest.raises(NotPermitted):
        await counter.orders.start(SUPPORT, wanted(other))


# Asking about a receipt, and codes


async def test_a_receipt_that_nothing_told_of_is_booked_when_it_is_asked_about(
    isp: Run, counter: Counter
) -> None:
    counter.outside.daraja.courier.change({"lose_confirmation_next": 1})
    paid = await counter.outside.daraja.pay_by_hand("254712000001", account="NOBODY", amount=300)
    assert paid.receipt is not None
    await counter.inquiries.ask_about(SYSTEM, gateway="mpesa", receipt=f" {paid.receipt.lower()} ")
    await counter.hear("status_result")
    (payment,) = isp.read(payments)
    assert (payment.transaction_id, payment.amount) == (paid.receipt, kes(300))


async def test_a_receipt_that_is_booked_stays_booked_once_when_it_is_asked_about(
    isp: Run, counter: Counter
) -> None:
    customer = make_customer(isp)
    paid = await counter.outside.daraja.pay_by_hand(
        customer.phone.msisdn, account=customer.account_number, amount=300
    )
    await counter.hear("c2b_confirmation")
    assert paid.receipt is not None
    await counter.inquiries.ask_about(SYSTEM, gateway="mpesa", receipt=paid.receipt)
    await counter.hear("status_result")
    (payment,) = isp.read(payments)
    assert (payment.customer_id, payment.amount) == (customer.customer_id, kes(300))


async def test_a_code_is_drawn_for_the_customers_account(isp: Run, counter: Counter) -> None:
    customer = make_customer(isp)
    drawn = await counter.inquiries.draw_code(
        SYSTEM, gateway="mpesa", customer_id=customer.customer_id, amount=kes(2_500)
    )
    assert drawn.startswith(b"\x89PNG")
    counter.outside.daraja.set_fault({"kind": "down"})
    with pytest.raises(GatewayUnavailable):
        await counter.inquiries.draw_code(
            SYSTEM, gateway="mpesa", customer_id=customer.customer_id, amount=kes(2_500)
        )
