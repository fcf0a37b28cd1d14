"""A client that others wrote drives our simulated Paystack: its reading of Paystack's docs is not ours.

What pypaystack2 3.4.0 cannot do, whatever answers it:
* it asks for settlements and reads them from `raw` only: its model wants `update_at`, Paystack writes `updatedAt`;
* it adds no evidence to a dispute: the address it builds lacks a slash;
* it names no currency when it charges mobile money, so that the account's own is taken;
* it gives authorizations as plain dictionaries, since its model of a transaction allows either;
* it walks lists by page only, never by cursor, and hides a page whose rows do not fit its model.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from pypaystack2 import AsyncPaystackClient
from pypaystack2.base_clients import AbstractAPIClient
from pypaystack2.enums import Channel, Currency, DisputeStatus, Resolution
from pypaystack2.models.payload_models import RefundAccount

from benfex.simulation.outside import Outside
from tests.contract.gateway_clients import Listener, client, listening, open_outside

SECRET = "sk_test_benfex_demo_key"
LONG_AGO, LATER = "2020-01-01", "2099-01-01"
EMAIL = "bfx100427@customers.example"


@dataclass
class Stranger:
    """Somebody else's client at our simulated Paystack."""

    client: Any  # its answers are unions that no type can be read from
    outside: Outside
    listener: Listener
    control: Any

    async def tell(self, path: str, **body: Any) -> dict[str, Any]:
        response = await self.control.post(f"/paystack/{path}", json=body)
        assert response.status_code == 200, response.text
        told: dict[str, Any] = response.json()
        return told

    async def paid(self, reference: str = "BFX0001", *, card: str | None = None) -> dict[str, Any]:
        begun = await self.client.transactions.initialize(
            amount=150_000, email=EMAIL, currency=Currency.KES, reference=reference
        )
        assert begun.status
        return await self.tell("pay", reference=reference, card=card)


@pytest.fixture
async def stranger(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stranger]:
    async with (
        listening() as listener,
        open_outside() as outside,
        client(outside.control_url) as control,
    ):
        monkeypatch.setattr(AbstractAPIClient, "_BASE_URL", outside.paystack_url)
        one = Stranger(AsyncPaystackClient(secret_key=SECRET), outside, listener, control)
        await one.tell("webhook-url", url=f"{listener.url}/webhooks/paystack")
        await one.tell("options", refund_seconds=-1)
        yield one


async def test_it_begins_and_verifies_a_payment(stranger: Stranger) -> None:
    begun = await stranger.client.transactions.initialize(
        amount=150_000,
        email=EMAIL,
        currency=Currency.KES,
        reference="BFX0001",
        callback_url="https://billing.example/portal/paid",
        channels=[Channel.CARD],
    )
    assert begun.data.authorization_url.startswith(f"{stranger.outside.paystack_url}/checkout/")
    waiting = await stranger.client.transactions.verify("BFX0001")
    assert waiting.data.status == "abandoned"
    await stranger.tell("pay", reference="BFX0001", card="4084084084084081")
    paid = await stranger.client.transactions.verify("BFX0001")
    assert (paid.data.status, paid.data.amount, paid.data.fees) == ("success", 150_000, 2_250)
    assert paid.data.authorization["reusable"] is True


async def test_it_is_refused_as_paystack_refuses(stranger: Stranger) -> None:
    await stranger.paid()
    again = await stranger.client.transactions.initialize(
        amount=150_000, email=EMAIL, currency=Currency.KES, reference="BFX0001"
    )
    assert (again.status_code, again.status, again.code) == (400, False, "duplicate_reference")
    assert again.message == "Duplicate Transaction Reference"
    little = await stranger.client.transactions.initialize(amount=299, email=EMAIL, currency=Currency.KES)
    assert little.code == "amount_below_minimum"
    unknown = await stranger.client.transactions.verify("BFX9")
    assert unknown.code == "transaction_not_found"
    stolen = AsyncPaystackClient(secret_key="sk_test_other")
    assert (await stolen.transactions.verify("BFX0001")).status_code == 401


async def test_it_believes_our_signed_webhook(stranger: Stranger) -> None:
    await stranger.paid()
    (received,) = await stranger.listener.wait("/webhooks/paystack")
    signature = received.headers["x-paystack-signature"]
    assert stranger.client.is_verified_webhook_payload(received.raw, signature)
    assert not stranger.client.is_verified_webhook_payload(received.raw + b" ", signature)


async def test_it_walks_a_list_by_pages(stranger: Stranger) -> None:
    for number in range(3):
        await stranger.paid(f"R{number}")
    seen = []
    for page in (1, 2):
        listed = await stranger.client.transactions.get_transactions(
            pagination=2, page=page, status="success"
        )
        seen += [transaction.reference for transaction in listed.data]
    assert seen == ["R2", "R1", "R0"]
    assert listed.raw["meta"]["pageCount"] == 2


async def test_it_charges_a_phone_and_waits_for_it(stranger: Stranger) -> None:
    asked = await stranger.client.charge.charge(
        email=EMAIL,
        amount=150_000,
        reference="BFX0001",
        mobile_money={"phone": "+254708374149", "provider": "mpesa"},
    )
    assert asked.raw["data"]["status"] == "pay_offline"
    waiting = await stranger.client.charge.check_pending_charge("BFX0001")
    assert waiting.raw["data"]["status"] == "pending"
    answered = await stranger.control.post("/phones/254708374149/answer", json={"answer": "pay"})
    assert answered.status_code == 200
    paid = await stranger.client.transactions.verify("BFX0001")
    assert (paid.data.status, paid.data.channel) == ("success", "mobile_money")


async def test_it_charges_a_saved_card(stranger: Stranger) -> None:
    await stranger.paid(card="4084084084084081")
    first = await stranger.client.transactions.verify("BFX0001")
    saved = first.data.authorization["authorization_code"]
    charged = await stranger.client.transactions.charge(
        amount=150_000,
        email=EMAIL,
        auth_code=saved,
        reference="BFX0002",
        currency=Currency.KES,
    )
    assert (charged.data.status, charged.data.reference) == ("success", "BFX0002")
    other = await stranger.client.transactions.charge(
        amount=150_000, email="other@customers.example", auth_code=saved
    )
    assert (other.status_code, other.code) == (400, "email_mismatch")
    await stranger.tell("options", pause_saved=1)
    paused = await stranger.client.transactions.charge(
        amount=150_000, email=EMAIL, auth_code=saved, reference="BFX0003"
    )
    assert paused.raw["data"]["paused"] is True
    assert paused.raw["data"]["authorization_url"].startswith("http")


async def test_it_gives_back_a_part_and_then_no_more_than_is_left(stranger: Stranger) -> None:
    await stranger.paid()
    part = await stranger.client.refunds.create(transaction="BFX0001", amount=50_000, merchant_note="why")
    assert part.raw["data"]["status"] == "pending"
    too_much = await stranger.client.refunds.create(transaction="BFX0001", amount=100_001)
    assert (too_much.status_code, too_much.code) == (400, "refund_amount_too_large")
    await stranger.tell("refund-status", reference="BFX0001", status="needs-attention")
    retried = await stranger.client.refunds.retry_refund(
        refund_id=part.raw["data"]["id"],
        refund_account=RefundAccount(currency=Currency.KES, account_number="0123456789", bank_id="9"),
    )
    assert retried.data.status == "processing"
    listed = await stranger.client.refunds.get_refunds(transaction="BFX0001")
    assert [(refund.amount, refund.merchant_note) for refund in listed.data] == [(50_000, "why")]
    alone = await stranger.client.refunds.get_refund(str(listed.data[0].id))
    assert alone.data.id == listed.data[0].id


async def test_it_answers_a_dispute(stranger: Stranger) -> None:
    await stranger.paid(card="4084084084084081")
    raised = await stranger.tell("dispute", reference="BFX0001")
    (listed,) = (await stranger.client.disputes.get_disputes(start_date=LONG_AGO, end_date=LATER)).data
    assert (listed.id, listed.status) == (raised["id"], DisputeStatus.AWAITING_MERCHANT_FEEDBACK)
    assert listed.transaction.reference == "BFX0001"
    upload = await stranger.client.disputes.get_upload_url(listed.id, "receipt.pdf")
    declined = await stranger.client.disputes.resolve_dispute(
        listed.id, Resolution.DECLINED, "The line was up.", 0, upload.data.file_name
    )
    assert declined.data.status == DisputeStatus.AWAITING_BANK_FEEDBACK


async def test_it_reads_what_was_paid_out_and_what_is_held(stranger: Stranger) -> None:
    await stranger.paid()
    held = await stranger.client.transfer_control.check_balance()
    kes = next(one for one in held.raw["data"] if one["currency"] == "KES")
    assert kes["balance"] == 147_750
    settled = await stranger.tell("settle", currency="KES")
    listed = await stranger.client.settlements.get_settlements(start_date=LONG_AGO, end_date=LATER)
    (row,) = listed.raw["data"]
    assert listed.data is None  # see above: its model does not fit Paystack's own sample
    assert row["total_processed"] - row["total_fees"] == row["total_amount"] == 147_750
    paid_out = await stranger.client.settlements.get_settlement_transactions(str(settled["id"]))
    assert [transaction.reference for transaction in paid_out.data] == ["BFX0001"]
