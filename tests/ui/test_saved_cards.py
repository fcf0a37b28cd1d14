"""A saved card on screen: its owner agrees and stops in the portal, staff take it back, nobody else sees it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from nicegui import ElementFilter, ui
from nicegui.testing import User

from benfex.core.actors import SubscriberActor
from benfex.core.clock import MovedClock, SystemClock
from data.values.identifiers import CustomerId, UserId
from data.values.money import Money
from tests.contract.gateway_clients import open_outside
from tests.factories.money import SETTINGS
from tests.ui.isp import Isp, sign_in

if TYPE_CHECKING:
    from benfex.application import Benfex

WORDS = "I let Rift Valley Net charge Visa ending 4081 by itself"


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock(SystemClock().now())


@pytest.fixture
async def amina(isp: Isp, benfex: "Benfex", clock: MovedClock) -> AsyncIterator[CustomerId]:
    """A customer who paid once with a card."""
    from benfex.payments.accounts import save_gateway_account
    from benfex.payments.checkout import CheckoutRequest

    customer_id = await isp.customer("Amina Wanjiru", "0708374149")
    async with open_outside() as outside:
        settings = SETTINGS["paystack"] | {"base_url": outside.paystack_url, "channels": "mpesa, mptill"}
        await isp.do(save_gateway_account, gateway="paystack", settings=settings, vault=benfex.vault)
        await benfex.gateways.load()
        await benfex.checkout.start(
            SubscriberActor(UserId(900), customer_id, "Amina"),
            CheckoutRequest(customer_id, Money(2_500_00, "KES"), "paystack"),
        )
        (charge,) = outside.paystack.charges.values()
        outside.paystack.pay(charge, channel="card")
        clock.advance(timedelta(minutes=2))
        await benfex.reconciler.check_due_attempts()
        yield customer_id


async def test_a_card_pays_by_itself_once_its_owner_agreed_to_the_words(
    user: User, isp: Isp, amina: CustomerId
) -> None:
    await isp.let_in(user, amina)
    await user.open("/portal/pay")
    with user:
        (way,) = ElementFilter(kind=ui.select, marker="field-gateway")
    assert way.options == {
        "paystack": "Card or bank, by Paystack",
        "paystack:mpesa": "M-Pesa, by Paystack",
        "paystack:mptill": "M-Pesa till, by Paystack",
    }
    await user.should_see("Saved. It pays nothing by itself.")
    user.find("Pay my bills with this card by itself").click()
    await user.should_see(WORDS)
    user.find("I agree").click()
    await user.should_see("Pays your bills by itself, each on the day it is due.")
    user.find("Stop").click()
    await user.should_see("Saved. It pays nothing by itself.")


async def test_staff_see_a_saved_card_and_take_the_consent_back(
    user: User, isp: Isp, benfex: "Benfex", amina: CustomerId
) -> None:
    from benfex.payments.saved_methods import consent_to_charges, saved_methods_of

    (method,) = await isp.see(saved_methods_of, customer_id=amina)
    await benfex.transact(
        consent_to_charges,
        SubscriberActor(UserId(900), amina, "Amina"),
        customer_id=amina,
        method_id=method.id,
        words=WORDS,
    )
    await sign_in(user, "support")
    await user.open(f"/admin/customers/{amina}")
    await user.should_see("Visa ending 4081, Paystack")
    await user.should_see("Pays bills by itself, agreed")
    user.find("Withdraw consent").click()
    await user.should_see("Withdraw Visa ending 4081?")
    user.find("Yes, withdraw").click()
    await user.should_see("Saved; it pays nothing by itself.")


async def test_without_a_saved_card_nothing_is_said_of_cards(user: User, isp: Isp) -> None:
    customer_id = await isp.customer("Otieno Family", "0708374150")
    await isp.let_in(user, customer_id)
    await user.open("/portal/pay")
    await user.should_not_see("Your cards")
