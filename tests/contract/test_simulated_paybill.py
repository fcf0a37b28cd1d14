"""How the simulated Daraja tells of money: callbacks, confirmations, payments by hand, and Pull."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator

import pytest
from starlette.responses import JSONResponse, PlainTextResponse

from benfex.simulation.options import DarajaOptions
from tests.contract.gateway_clients import (
    PHONE,
    SHORTCODE,
    Merchant,
    callback_of,
    items_of,
    refusal,
    trading,
    until,
)

RECEIPT = re.compile(r"[A-Z0-9]{10}")


@pytest.fixture
async def merchant() -> AsyncIterator[Merchant]:
    async with trading() as one:
        yield one


# How callbacks travel


async def test_a_duplicate_repeats_the_same_bytes(merchant: Merchant) -> None:
    await merchant.tell("/daraja/delivery", duplicate_next=1)
    await merchant.pushed()
    await merchant.answer("pay")
    first, second = await merchant.listener.wait("/stk", 2)
    assert first.raw == second.raw


async def test_a_callback_can_arrive_before_the_answer_to_the_push(merchant: Merchant) -> None:
    await merchant.tell("/daraja/delivery", callback_first_next=1)
    merchant.listener.holds.add("/stk")
    pushing = asyncio.ensure_future(merchant.push())
    (received,) = await merchant.listener.wait("/stk")
    assert not pushing.done()
    merchant.listener.release.set()
    response = await pushing
    assert callback_of(received)["CheckoutRequestID"] == response.json()["CheckoutRequestID"]


async def test_a_late_callback_comes_after_the_query_already_knows(merchant: Merchant) -> None:
    await merchant.tell("/daraja/delivery", late_next=1, late_seconds=0.6)
    checkout_id = await merchant.pushed()
    await merchant.answer("pay")
    assert (await merchant.query(checkout_id)).json()["ResultCode"] == "0"
    assert merchant.listener.at("/stk") == []
    assert await merchant.listener.wait("/stk")


async def test_a_lost_callback_leaves_the_confirmation_with_its_receipt(merchant: Merchant) -> None:
    await merchant.register()
    await merchant.tell("/daraja/delivery", lose_next=1)
    await merchant.pushed()
    await merchant.answer("pay")
    (confirmation,) = await merchant.listener.wait("/confirmation")
    assert merchant.listener.at("/stk") == []
    (transaction,) = (await merchant.control.get("/daraja/transactions")).json()
    assert confirmation.json["TransID"] == transaction["receipt"]


async def test_a_payment_is_told_twice_with_one_receipt(merchant: Merchant) -> None:
    await merchant.register()
    await merchant.pushed()
    await merchant.answer("pay")
    (callback,) = await merchant.listener.wait("/stk")
    (confirmation,) = await merchant.listener.wait("/confirmation")
    content = confirmation.json
    assert content["TransID"] == items_of(callback)["MpesaReceiptNumber"]
    assert content["TransAmount"] == "1500.00"
    assert content["BillRefNumber"] == "BFX100427"
    assert content["MSISDN"] == "2547 ***** 149"


async def test_the_confirmation_can_come_first(merchant: Merchant) -> None:
    await merchant.register()
    await merchant.tell("/daraja/delivery", confirmation_first=True)
    await merchant.pushed()
    await merchant.answer("pay")
    await merchant.listener.wait("/stk")
    assert [one.path for one in merchant.listener.received] == ["/confirmation", "/stk"]


async def test_money_can_follow_a_failure() -> None:
    async with trading(DarajaOptions(late_money_seconds=0.02)) as merchant:
        await merchant.register()
        checkout_id = await merchant.pushed()
        await merchant.answer("pay_late")
        (callback,) = await merchant.listener.wait("/stk")
        assert callback_of(callback)["ResultCode"] == 1037
        (confirmation,) = await merchant.listener.wait("/confirmation")
        assert confirmation.json["BillRefNumber"] == "BFX100427"
        assert (await merchant.query(checkout_id)).json()["ResultCode"] == "0"


async def test_shares_lose_callbacks_and_some_of_their_confirmations(merchant: Merchant) -> None:
    await merchant.register()
    await merchant.tell("/daraja/delivery", lose_callback=1, lose_confirmation=0.5)
    await merchant.tell("/phones/habit", answer="pay")
    for number in range(40):
        await merchant.pushed(PhoneNumber=f"2547120000{number:02d}")
    await until(lambda: len(merchant.outside.daraja.courier.deliveries) == 80)
    assert merchant.listener.at("/stk") == []
    assert 8 < len(merchant.listener.at("/confirmation")) < 32


# The paybill by hand


async def test_a_hand_payment_is_validated_then_confirmed(merchant: Merchant) -> None:
    await merchant.register()
    reply = {"ResultCode": "0", "ResultDesc": "Accepted", "ThirdPartyTransID": "BFX-VAL-1"}
    merchant.listener.replies["/validation"] = JSONResponse(reply)
    paid = await merchant.tell(f"/phones/{PHONE}/paybill", account=" bfx 100427 ", amount=700)
    (confirmation,) = await merchant.listener.wait("/confirmation")
    (validation,) = merchant.listener.at("/validation")
    assert validation.json["TransID"] == confirmation.json["TransID"] == paid["receipt"]
    assert (validation.json["OrgAccountBalance"], validation.json["ThirdPartyTransID"]) == ("", "")
    assert confirmation.json["ThirdPartyTransID"] == "BFX-VAL-1"
    assert confirmation.json["BillRefNumber"] == " bfx 100427 "


async def test_a_rejected_hand_payment_moves_no_money(merchant: Merchant) -> None:
    await merchant.register()
    merchant.listener.replies["/validation"] = JSONResponse(
        {"ResultCode": "C2B00012", "ResultDesc": "Rejected"}
    )
    paid = await merchant.tell(f"/phones/{PHONE}/paybill", account="NOBODY", amount=700)
    assert (paid["accepted"], paid["reason"]) == (False, "C2B00012")
    assert (await merchant.control.get("/daraja/transactions")).json() == []


@pytest.mark.parametrize(("response_type", "accepted"), [("Completed", True), ("Cancelled", False)])
async def test_the_response_type_decides_when_validation_takes_too_long(
    response_type: str, *, accepted: bool
) -> None:
    async with trading(DarajaOptions(validation_seconds=0.05)) as merchant:
        await merchant.register(ResponseType=response_type)
        merchant.listener.holds.add("/validation")
        paid = await merchant.tell(f"/phones/{PHONE}/paybill", account="BFX100427", amount=700)
        assert paid["accepted"] is accepted


async def test_an_unreadable_validation_counts_as_none(merchant: Merchant) -> None:
    await merchant.register()
    merchant.listener.replies["/validation"] = PlainTextResponse("<html>")
    assert (await merchant.tell(f"/phones/{PHONE}/paybill", account="BFX100427", amount=700))["accepted"]


@pytest.mark.parametrize(
    ("version", "form", "shown"),
    [
        ("v1", "by_version", hashlib.sha256(PHONE.encode()).hexdigest()),
        ("v2", "by_version", "2547 ***** 149"),
        ("v2", "plain", PHONE),
    ],
)
async def test_the_payer_is_hashed_masked_or_plain(
    merchant: Merchant, version: str, form: str, shown: str
) -> None:
    await merchant.register(version=version)
    await merchant.tell("/daraja/options", msisdn_form=form)
    await merchant.tell(f"/phones/{PHONE}/paybill", account="BFX100427", amount=700)
    (confirmation,) = await merchant.listener.wait("/confirmation")
    assert confirmation.json["MSISDN"] == shown


async def test_the_response_type_is_spelled_exactly(merchant: Merchant) -> None:
    assert (
        refusal(await merchant.register(ResponseType="completed"))[2] == "Bad Request - Invalid ResponseType"
    )


# Pull


async def test_pull_finds_what_no_callback_told(merchant: Merchant) -> None:
    assert (await merchant.register_pull()).json()["ResponseStatus"] == "1000"
    assert (await merchant.register_pull()).json()["ResponseStatus"] == "1001"
    empty = await merchant.pull()
    assert (empty["ResponseCode"], empty["Response"]) == ("1001", "[[]]")
    await merchant.tell("/daraja/delivery", lose_callback=1, lose_confirmation=1)
    await merchant.pushed()
    await merchant.answer("pay")
    found = await merchant.pull()
    assert found["ResponseCode"] == "1000"
    ((row,),) = found["Response"]
    assert (row["amount"], row["billreference"], row["msisdn"]) == ("1500.00", "BFX100427", 708374149)
    assert RECEIPT.fullmatch(row["transactionId"])


async def test_pull_pages_by_row_offset_until_empty() -> None:
    async with trading(DarajaOptions(pull_page_rows=2)) as merchant:
        await merchant.register_pull()
        receipts = [
            (await merchant.tell(f"/phones/{PHONE}/paybill", account="A1", amount=10 + n))["receipt"]
            for n in range(3)
        ]
        first, second, third = [await merchant.pull(offset=offset) for offset in (0, 2, 4)]
        rows = [row["transactionId"] for page in (first, second) for row in page["Response"][0]]
        assert rows == receipts
        assert third["Response"] == "[[]]"


async def test_pull_must_be_registered_first(merchant: Merchant) -> None:
    body = {"ShortCode": SHORTCODE, "StartDate": "2026-11-23 00:00:00", "EndDate": "2026-11-24 00:00:00"}
    response = await merchant.post("/pulltransactions/v1/query", body | {"OffSetValue": "0"})
    assert refusal(response)[0] == 400


async def test_receipts_never_repeat(merchant: Merchant) -> None:
    receipts = {merchant.outside.daraja.ledger.reserve_receipt() for _ in range(2000)}
    assert len(receipts) == 2000
    assert all(RECEIPT.fullmatch(receipt) for receipt in receipts)
