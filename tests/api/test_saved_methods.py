"""Saved cards over the API: seen by who may, agreed to by their owners alone."""

import httpx
import pytest

from benfex.application import Benfex
from benfex.payments.booking import Told
from benfex.payments.gateway import PaymentEvidence
from benfex.payments.gateway_events import SavedCard
from benfex.payments.saved_methods import settle_and_keep_cards
from data.values.kinds import EvidenceGrade
from data.values.money import Money
from tests.api.conftest import (
    SYSTEM,
    Caller,
    add_home,
    add_router,
    kes,
    problem,
    sell_plan,
    sign_in_subscriber,
)
from tests.api.gateway import TillGateway

pytestmark = pytest.mark.sqlite_only

AGREED = "I let the ISP charge this card."


async def save_card(payer: Caller, benfex: Benfex, customer_id: int) -> None:
    """Let a payment that was asked for say that its card may be charged again."""
    asked = {"customer_id": customer_id, "amount": kes(10_000), "gateway": "till"}
    attempt = await payer.made("/payment-attempts", asked)
    evidence = PaymentEvidence(
        gateway="till",
        grade=EvidenceGrade.SIGNED,
        transaction_id="T1",
        amount=Money(10_000, "KES"),
        received_at=benfex.clock.now(),
        our_reference=attempt["reference"],
        saved_card=SavedCard("AUTH_1", "SIG_1", "amina@example.com", "Visa ending 4081"),
    )
    await benfex.transact(
        settle_and_keep_cards,
        SYSTEM,
        told=(Told(evidence, benfex.clock.now(), "webhook"),),
        vault=benfex.vault,
    )


async def test_a_card_is_listed_agreed_to_and_withdrawn(
    owner: Caller, http: httpx.AsyncClient, benfex: Benfex, till: TillGateway
) -> None:
    price_id, router_id = await sell_plan(owner), await add_router(owner)
    amina, peter = [
        await add_home(owner, name=name, price_id=price_id, router_id=router_id)
        for name in ("Amina Wanjiru", "Peter Otieno")
    ]
    customer_id = amina.customer["id"]
    hers = await sign_in_subscriber(benfex, http, amina.customer)
    await save_card(hers, benfex, customer_id)
    (card,) = (await owner.get("/saved-methods", customer_id=customer_id)).json()
    assert (card["label"], card["pays_by_itself"]) == ("Visa ending 4081", False)
    assert "AUTH_1" not in str(card)
    consent, withdraw = f"/saved-methods/{card['id']}/consent", f"/saved-methods/{card['id']}/withdraw"
    agreed = {"customer_id": customer_id, "words": AGREED}
    problem(await owner.post(consent, agreed), 403, "not_permitted")
    assert (await hers.post(consent, agreed)).json()["pays_by_itself"] is True
    his = await sign_in_subscriber(benfex, http, peter.customer)
    problem(await his.get("/saved-methods", customer_id=customer_id), 404, "not_found")
    for path, body in ((consent, agreed), (withdraw, {"customer_id": customer_id})):
        problem(await his.post(path, body), 404, "not_found")
    taken_back = await owner.post(withdraw, {"customer_id": customer_id})
    assert (taken_back.status_code, taken_back.json()["pays_by_itself"]) == (200, False)
