"""Bills that are due are charged to the card whose owner agreed, once a day and never twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta

import pytest

from benfex.core.clock import MovedClock
from benfex.core.transactor import Transactor
from benfex.payments import auto_pay
from benfex.payments.auto_pay import AutoPaid
from benfex.payments.checkout import CheckoutRequest
from benfex.payments.saved_methods import withdraw_consent
from benfex.simulation.gateway_faults import Fault
from benfex.subscriptions.prepaid import renewal_quotes
from data.values.kinds import Interval
from data.values.states import AttemptStatus, InvoiceStatus
from tests.acts.payments.test_prepaid_money import prepaid_price
from tests.conftest import Run
from tests.factories.cards import (
    CardTill,
    expire_cards,
    let_attempts_expire,
    open_card_till,
    owner,
    spoil_card,
)
from tests.factories.customers import MadeService, make_customer, make_invoice, make_service
from tests.factories.isp import SYSTEM, kes
from tests.factories.looks import invoice_status, owed, payments
from tests.factories.messages import queued, set_up_channels
from tests.factories.money import c2b, settle

pytestmark = pytest.mark.sqlite_only

NOTHING = AutoPaid(0, 0, 0)


@pytest.fixture
async def cards(isp: Run, transactor: Transactor, clock: MovedClock) -> AsyncIterator[CardTill]:
    async with open_card_till(isp, transactor, clock) as one:
        yield one


def templates(isp: Run) -> list[str]:
    return [message.template for message in queued(isp) if message.template.startswith("card_")]


async def test_an_invoice_is_charged_on_the_day_it_is_due_and_settled(isp: Run, cards: CardTill) -> None:
    customer = make_customer(isp)
    await cards.saved(customer.customer_id)
    invoice_id = make_invoice(isp, customer, amount=kes(2_500))
    assert await cards.charge() == NOTHING  # it is due in a week
    cards.clock.advance(timedelta(days=7))
    assert await cards.charge() == AutoPaid(1, 0, 0)
    # The 100 that saved the card were credit and paid a part.
    assert isp.read(invoice_status, invoice_id=invoice_id) == (InvoiceStatus.PAID, 2_500_00)
    assert cards.charges() == [(AttemptStatus.SUCCEEDED, 2_400_00)]
    assert await cards.charge() == NOTHING


async def test_two_runs_at_once_charge_once(isp: Run, cards: CardTill) -> None:
    customer = make_customer(isp)
    await cards.saved(customer.customer_id)
    make_invoice(isp, customer, amount=kes(2_500))
    cards.clock.advance(timedelta(days=7))
    done = await asyncio.gather(*(cards.auto_pay.run(SYSTEM) for _ in range(4)))
    assert sum(one.charged for one in done) == 1
    assert cards.paystack.calls["charge_authorization"] == 1
    await cards.look()
    assert {payment.amount for payment in isp.read(payments)} == {kes(100), kes(2_400)}


async def test_an_answer_that_was_lost_is_asked_about_and_not_charged_again(
    isp: Run, cards: CardTill
) -> None:
    customer = make_customer(isp)
    await cards.saved(customer.customer_id)
    make_invoice(isp, customer, amount=kes(2_500))
    cards.clock.advance(timedelta(days=7))
    cards.paystack.faults.set({"kind": Fault.DROP_AFTER_ACCEPT, "count": 1, "where": "charge_authorization"})
    await cards.auto_pay.run(SYSTEM)
    cards.clock.advance(timedelta(days=1))
    assert await cards.auto_pay.run(SYSTEM) == NOTHING  # nobody knows yet how the first one ended
    await cards.look()
    assert cards.charges() == [(AttemptStatus.SUCCEEDED, 2_400_00)]
    assert cards.paystack.calls["charge_authorization"] == 1


async def test_a_card_that_fails_is_tried_once_a_day_and_let_be_after_the_third(
    isp: Run, cards: CardTill
) -> None:
    set_up_channels(isp)
    customer = make_customer(isp)
    method = await cards.saved(customer.customer_id)
    make_invoice(isp, customer, amount=kes(2_500))
    cards.clock.advance(timedelta(days=7))
    cards.paystack.change({"saved_cards_say": "Insufficient Funds"})
    for _ in range(5):
        await cards.charge()
        assert await cards.charge() == NOTHING
        cards.clock.advance(timedelta(days=1))
    assert [status for status, _ in cards.charges()] == [AttemptStatus.FAILED] * 3
    assert templates(isp) == ["card_failed", "card_failed", "card_stopped"]
    (stopped,) = cards.methods(customer.customer_id)
    assert (stopped.is_stopped, stopped.pays_by_itself) == (True, False)
    cards.paystack.change({"saved_cards_say": ""})
    cards.consent(customer.customer_id, method.id)
    assert await cards.charge() == AutoPaid(1, 0, 0)


async def test_a_gateway_that_is_away_says_nothing_about_the_card(isp: Run, cards: CardTill) -> None:
    customer = make_customer(isp)
    await cards.saved(customer.customer_id)
    make_invoice(isp, customer, amount=kes(2_500))
    cards.clock.advance(timedelta(days=7))
    cards.paystack.faults.set({"kind": Fault.RATE_LIMITED, "count": 1})
    assert await cards.auto_pay.run(SYSTEM) == AutoPaid(1, 1, 0)
    (method,) = cards.methods(customer.customer_id)
    assert (method.pays_by_itself, method.last_failure) == (True, None)


async def test_a_bank_that_wants_the_owner_has_them_told_where(isp: Run, cards: CardTill) -> None:
    set_up_channels(isp)
    customer = make_customer(isp)
    await cards.saved(customer.customer_id)
    invoice_id = make_invoice(isp, customer, amount=kes(2_500))
    cards.clock.advance(timedelta(days=7))
    cards.paystack.change({"pause_saved": 1})
    assert await cards.charge() == AutoPaid(1, 0, 1)
    assert templates(isp) == ["card_confirm"]
    cards.paystack.pay(list(cards.paystack.charges.values())[-1], channel="card")
    await cards.look()
    assert isp.read(invoice_status, invoice_id=invoice_id)[0] is InvoiceStatus.PAID


@pytest.mark.parametrize("why", ["withdrawn", "expired", "paying by hand", "paid by hand perhaps"])
async def test_nothing_is_charged_that_must_not_be(isp: Run, cards: CardTill, why: str) -> None:
    customer = make_customer(isp)
    method = await cards.saved(customer.customer_id)
    make_invoice(isp, customer, amount=kes(2_500))
    cards.clock.advance(timedelta(days=7))
    match why:
        case "withdrawn":
            isp(withdraw_consent, customer_id=customer.customer_id, method_id=method.id)
        case "expired":
            isp(expire_cards, on=date(2026, 11, 29))
        case _:
            request = CheckoutRequest(customer.customer_id, kes(2_400), "paystack")
            await cards.till.checkout.start(owner(customer.customer_id), request)
    if why == "paid by hand perhaps":
        isp(let_attempts_expire)
    assert await cards.auto_pay.run(SYSTEM) == NOTHING
    assert cards.charges() == []


async def test_a_card_that_cannot_be_read_does_not_hold_up_the_others(isp: Run, cards: CardTill) -> None:
    first, second = make_customer(isp), make_customer(isp, phone="0722000111")
    broken = await cards.saved(first.customer_id)
    await cards.saved(second.customer_id)
    for customer in (first, second):
        make_invoice(isp, customer, amount=kes(2_500))
    isp(spoil_card, method_id=broken.id)
    cards.clock.advance(timedelta(days=7))
    assert await cards.charge() == AutoPaid(1, 0, 0, failed=1)
    assert [status for status, _ in cards.charges()] == [AttemptStatus.SUCCEEDED]


# Paid ahead


async def pass_of(isp: Run, cards: CardTill, *, like: MadeService | None = None) -> MadeService:
    """A service that is paid ahead by the week, opened by a card that may be charged for the next one."""
    if like is None:
        service = make_service(isp, price_id=prepaid_price(isp, kes(1_000), interval=Interval.WEEK))
    else:
        service = make_service(
            isp,
            customer=make_customer(isp, phone="0722000111"),
            price_id=like.price_id,
            router_id=like.router_id,
            username="brian",
        )
    method = await cards.saved(service.customer_id)  # pays 100, which is credit
    settle(
        isp,
        c2b(
            service.customer.account_number,
            receipt=f"TKN{service.customer.account_number[-7:]}",
            amount=kes(900),
        ),
    )
    assert method.pays_by_itself or cards.methods(service.customer_id)[0].pays_by_itself
    return service


def ends_at(isp: Run, service: MadeService) -> datetime:
    (renewal,) = isp.read(renewal_quotes, customer_id=service.customer_id)
    assert renewal.access_until_at is not None
    return renewal.access_until_at


async def test_paid_time_that_ends_soon_is_renewed_once(isp: Run, cards: CardTill) -> None:
    service = await pass_of(isp, cards)
    until = ends_at(isp, service)
    cards.clock.advance(until - cards.clock.now() - timedelta(hours=13))
    assert await cards.charge() == NOTHING
    cards.clock.advance(timedelta(hours=1, minutes=30))
    done = await asyncio.gather(*(cards.auto_pay.run(SYSTEM) for _ in range(3)))
    await cards.look()
    assert sum(one.charged for one in done) == 1
    assert cards.charges() == [(AttemptStatus.SUCCEEDED, 1_000_00)]
    assert ends_at(isp, service) == until + timedelta(days=7)
    assert await cards.charge() == NOTHING
    assert isp.read(owed, customer_id=service.customer_id) == kes(0)


async def test_a_renewal_that_fails_is_told_and_tried_again_the_next_day_only(
    isp: Run, cards: CardTill
) -> None:
    set_up_channels(isp)
    service = await pass_of(isp, cards)
    until = ends_at(isp, service)
    cards.clock.advance(until - cards.clock.now() - timedelta(hours=11))
    cards.paystack.change({"saved_cards_say": "Insufficient Funds"})
    await cards.charge()
    assert await cards.charge() == NOTHING
    assert templates(isp) == ["card_failed"]
    (told,) = [message for message in queued(isp) if message.template == "card_failed"]
    assert ("what", "your next period") in told.facts
    assert ends_at(isp, service) == until


async def test_what_was_tried_today_leaves_room_for_the_others(
    isp: Run, cards: CardTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auto_pay, "_AT_ONCE_MAX", 1)
    first = await pass_of(isp, cards)
    cards.clock.advance(timedelta(hours=1))
    second = await pass_of(isp, cards, like=first)
    until = ends_at(isp, second)
    cards.clock.advance(ends_at(isp, first) - cards.clock.now() - timedelta(hours=10))
    cards.paystack.change({"saved_cards_say": "Insufficient Funds"})
    await cards.charge()
    cards.paystack.change({"saved_cards_say": ""})
    await cards.charge()
    assert [status for status, _ in cards.charges()] == [AttemptStatus.FAILED, AttemptStatus.SUCCEEDED]
    assert ends_at(isp, second) == until + timedelta(days=7)


async def test_no_card_renews_without_its_owners_word(isp: Run, cards: CardTill) -> None:
    service = await pass_of(isp, cards)
    (method,) = cards.methods(service.customer_id)
    isp.by(owner(service.customer_id))(withdraw_consent, customer_id=service.customer_id, method_id=method.id)
    cards.clock.advance(ends_at(isp, service) - cards.clock.now() - timedelta(hours=11))
    assert await cards.charge() == NOTHING


async def test_credit_that_reaches_for_the_next_period_is_used_before_the_card(
    isp: Run, cards: CardTill
) -> None:
    service = await pass_of(isp, cards)
    settle(isp, c2b(service.customer.account_number, receipt="TKN0000002", amount=kes(400)))
    cards.clock.advance(ends_at(isp, service) - cards.clock.now() - timedelta(hours=11))
    assert await cards.charge() == AutoPaid(1, 0, 0)
    assert cards.charges() == [(AttemptStatus.SUCCEEDED, 600_00)]
