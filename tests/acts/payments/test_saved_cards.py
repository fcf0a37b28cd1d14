"""Cards are saved when a payment says so, and charged with their owner's consent alone."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest

from benfex.core.actors import Actor, SystemActor
from benfex.core.clock import MovedClock
from benfex.core.transactor import Transactor
from benfex.payments.saved_methods import consent_to_charges, saved_methods_of, withdraw_consent
from data.values.errors import Conflict, InvalidInput, NotFound, NotPermitted
from tests.conftest import Run
from tests.factories.cards import (
    PLAIN_CARD,
    WORDS,
    CardTill,
    expire_cards,
    open_card_till,
    owner,
    sealed_codes,
)
from tests.factories.customers import make_customer
from tests.factories.isp import ACCOUNTANT, SUPPORT
from tests.factories.looks import payments

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
async def cards(isp: Run, transactor: Transactor, clock: MovedClock) -> AsyncIterator[CardTill]:
    async with open_card_till(isp, transactor, clock) as one:
        yield one


async def test_a_card_that_paid_is_saved_sealed_and_pays_nothing_by_itself(isp: Run, cards: CardTill) -> None:
    customer = make_customer(isp)
    await cards.pay(customer.customer_id)
    (method,) = cards.methods(customer.customer_id)
    assert (method.label, method.pays_by_itself, method.consented_at) == ("Visa ending 4081", False, None)
    (charge,) = cards.paystack.charges.values()
    (sealed,) = isp.read(sealed_codes)
    assert charge.authorization_code not in sealed


async def test_the_same_card_is_one_however_often_it_pays(isp: Run, cards: CardTill) -> None:
    customer = make_customer(isp)
    for card in (PLAIN_CARD, PLAIN_CARD, "4084080000671803"):
        await cards.pay(customer.customer_id, card=card)
    assert [method.label for method in cards.methods(customer.customer_id)] == [
        "Visa ending 1803",
        "Visa ending 4081",
    ]


async def test_one_card_at_a_time_pays_by_itself(isp: Run, cards: CardTill) -> None:
    customer = make_customer(isp)
    first = await cards.saved(customer.customer_id)
    await cards.pay(customer.customer_id, card="4084080000671803")
    newer, _ = cards.methods(customer.customer_id)
    cards.consent(customer.customer_id, newer.id)
    assert {method.id: method.pays_by_itself for method in cards.methods(customer.customer_id)} == {
        first.id: False,
        newer.id: True,
    }


async def test_nobody_agrees_for_the_owner_of_a_card(isp: Run, cards: CardTill) -> None:
    customer, other = make_customer(isp), make_customer(isp, phone="0708374150")
    await cards.pay(customer.customer_id)
    (method,) = cards.methods(customer.customer_id)
    agree: dict[str, Any] = {"customer_id": customer.customer_id, "method_id": method.id, "words": WORDS}
    strangers: tuple[tuple[Actor, type[Exception]], ...] = (
        (ACCOUNTANT, NotPermitted),
        (isp.actor, NotPermitted),
        (owner(other.customer_id), NotFound),
    )
    for actor, error in strangers:
        with pytest.raises(error):
            isp.transactor.run_sync(consent_to_charges, actor, **agree)
    theirs = agree | {"customer_id": other.customer_id}
    with pytest.raises(NotFound):
        isp.transactor.run_sync(consent_to_charges, owner(other.customer_id), **theirs)
    with pytest.raises(NotFound):
        isp.transactor.read_sync(saved_methods_of, owner(other.customer_id), customer_id=customer.customer_id)


async def test_consent_is_taken_back_by_its_owner_or_by_staff_for_them(isp: Run, cards: CardTill) -> None:
    customer = make_customer(isp)
    method = await cards.saved(customer.customer_id)
    back: dict[str, Any] = {"customer_id": customer.customer_id, "method_id": method.id}
    with pytest.raises(NotPermitted):
        isp.transactor.run_sync(withdraw_consent, ACCOUNTANT, **back)
    for actor in (SUPPORT, owner(customer.customer_id)):
        isp.transactor.run_sync(withdraw_consent, actor, **back)
        assert not cards.methods(customer.customer_id)[0].pays_by_itself
        with pytest.raises(Conflict):
            isp.transactor.run_sync(withdraw_consent, actor, **back)
        cards.consent(customer.customer_id, method.id)
        assert cards.methods(customer.customer_id)[0].pays_by_itself


async def test_an_expired_card_is_not_agreed_to(isp: Run, cards: CardTill) -> None:
    customer = make_customer(isp)
    await cards.pay(customer.customer_id)
    (method,) = cards.methods(customer.customer_id)
    isp(expire_cards, on=date(2026, 11, 22))
    with pytest.raises(InvalidInput, match="expired"):
        cards.consent(customer.customer_id, method.id)
    assert cards.methods(customer.customer_id)[0].is_expired


async def test_who_only_holds_a_pay_link_saves_no_card_for_its_customer(isp: Run, cards: CardTill) -> None:
    customer = make_customer(isp)
    await cards.pay(customer.customer_id, by=SystemActor("pay link"))
    assert len(isp.read(payments)) == 1
    assert cards.methods(customer.customer_id) == ()
