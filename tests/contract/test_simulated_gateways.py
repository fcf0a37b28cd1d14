"""The simulated Daraja behaves as the portal says, and as the people who use it found."""

import base64
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from benfex.simulation.options import DarajaOptions
from tests.contract.gateway_clients import (
    KEYS,
    PHONE,
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


# Tokens


async def test_a_token_says_its_life_as_text(merchant: Merchant) -> None:
    response = await merchant.http.get(
        "/oauth/v1/generate", params={"grant_type": "client_credentials"}, auth=KEYS
    )
    assert response.json()["expires_in"] == "3599"


async def test_a_wrong_secret_is_answered_with_nothing(merchant: Merchant) -> None:
    response = await merchant.http.get(
        "/oauth/v1/generate", params={"grant_type": "client_credentials"}, auth=(KEYS[0], "other")
    )
    assert (response.status_code, response.content) == (400, b"")


async def test_a_new_token_invalidates_the_old_one_with_404(merchant: Merchant) -> None:
    old = merchant.token
    new = await merchant.sign_in()
    merchant.token = old
    assert refusal(await merchant.push()) == (404, "404.001.03", "Invalid Access Token")
    merchant.token = new
    assert (await merchant.push()).status_code == 200


async def test_a_token_ends_with_its_life() -> None:
    async with trading(DarajaOptions(token_seconds=0)) as merchant:
        assert refusal(await merchant.push())[1] == "404.001.03"


async def test_the_grant_type_and_the_kind_of_authorization_are_checked(merchant: Merchant) -> None:
    wrong = await merchant.http.get("/oauth/v1/generate", params={"grant_type": "password"}, auth=KEYS)
    assert refusal(wrong)[1] == "400.008.02"
    bare = await merchant.http.get("/oauth/v1/generate", params={"grant_type": "client_credentials"})
    assert refusal(bare)[1] == "400.008.01"


# What a push refuses


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"PhoneNumber": "0708374149"}, "Bad Request - Invalid PartyA"),
        ({"PhoneNumber": "254208374149", "PartyA": PHONE}, "Bad Request - Invalid PhoneNumber"),
        ({"Amount": 0}, "Bad Request - Invalid Amount"),
        ({"Amount": 250_001}, "Bad Request - Invalid Amount"),
        ({"Amount": 10.5}, "Bad Request - Invalid Amount"),
        ({"Amount": "10.00"}, "Bad Request - Invalid Amount"),
        ({"Amount": True}, "Bad Request - Invalid Amount"),
        ({"AccountReference": "BFX1004270001"}, "Bad Request - Invalid AccountReference"),
        ({"AccountReference": ""}, "Bad Request - Invalid AccountReference"),
        ({"TransactionDesc": "Internet for May"}, "Bad Request - Invalid TransactionDesc"),
        ({"TransactionType": "PayBill"}, "Bad Request - Invalid TransactionType"),
        ({"Timestamp": "2026-11-23"}, "Bad Request - Invalid Timestamp"),
        ({"Timestamp": "20261323104455"}, "Bad Request - Invalid Timestamp"),
        ({"BusinessShortCode": "ABC"}, "Bad Request - Invalid BusinessShortCode"),
        ({"CallBackURL": "ftp://billing.example/stk"}, "Bad Request - Invalid CallBackURL"),
        ({"CallBackURL": "/stk"}, "Bad Request - Invalid CallBackURL"),
    ],
)
async def test_a_push_names_the_field_it_refuses(merchant: Merchant, changes: Any, message: str) -> None:
    assert refusal(await merchant.push(**changes)) == (400, "400.002.02", message)


@pytest.mark.parametrize("word", ["mpesa", "M-Pesa", "safaricom", "exe", "exec", "cmd", "SQL", "query"])
async def test_addresses_with_refused_words_are_refused_anywhere(merchant: Merchant, word: str) -> None:
    for address in (
        f"https://{word}.example/cb",
        f"https://a.example/{word}/cb",
        f"https://a.example/cb?x={word}",
    ):
        assert refusal(await merchant.push(CallBackURL=address))[2] == "Bad Request - Invalid CallBackURL"
        refused = await merchant.register(ConfirmationURL=address)
        assert refusal(refused)[2] == "Bad Request - Invalid ConfirmationURL"


async def test_a_wrong_password_and_an_unknown_shortcode_share_a_code(merchant: Merchant) -> None:
    password = base64.b64encode(b"174379wrong20261123104455").decode()
    wrong = refusal(await merchant.push(Password=password))
    assert wrong == (500, "500.001.1001", "[MerchantValidate] - Wrong credentials")
    unknown = refusal(await merchant.push(BusinessShortCode="600999"))
    assert unknown == (500, "500.001.1001", "Merchant does not exist")


async def test_a_form_is_refused_as_a_wrong_shortcode(merchant: Merchant) -> None:
    response = await merchant.http.post(
        "/mpesa/stkpush/v1/processrequest",
        data=merchant.push_body(),
        headers={"Authorization": f"Bearer {merchant.token}"},
    )
    assert refusal(response) == (400, "400.002.02", "Bad Request - Invalid BusinessShortCode")


async def test_broken_json_wrong_verbs_and_unknown_paths_are_refused(merchant: Merchant) -> None:
    headers = {"Authorization": f"Bearer {merchant.token}", "Content-Type": "application/json"}
    path = "/mpesa/stkpush/v1/processrequest"
    assert refusal(await merchant.http.post(path, content=b"{", headers=headers))[1] == "400.002.05"
    assert refusal(await merchant.http.get(path, headers=headers))[:2] == (405, "405.001")
    assert refusal(await merchant.http.post("/mpesa/other", headers=headers))[:2] == (404, "404.001.01")


async def test_a_phone_shows_one_prompt_at_a_time(merchant: Merchant) -> None:
    await merchant.pushed()
    status, code, message = refusal(await merchant.push(Amount=900))
    assert (status, code) == (500, "500.001.1001")
    assert message.startswith("Unable to lock subscriber")
    await merchant.answer("cancel")
    assert (await merchant.push(Amount=900)).status_code == 200


# How a prompt ends


async def test_a_payment_calls_back_in_the_documented_shape(merchant: Merchant) -> None:
    response = await merchant.push()
    accepted = response.json()
    assert accepted["ResponseCode"] == "0"
    assert re.fullmatch(r"ws_CO_\d{17}708374149", accepted["CheckoutRequestID"])
    await merchant.answer("pay")
    (received,) = await merchant.listener.wait("/stk")
    callback = callback_of(received)
    assert callback["ResultCode"] == 0
    assert callback["CheckoutRequestID"] == accepted["CheckoutRequestID"]
    assert callback["MerchantRequestID"] == accepted["MerchantRequestID"]
    items = items_of(received)
    assert b'"Amount", "Value": 1500.0' in received.raw
    assert {"Name": "Balance"} in callback["CallbackMetadata"]["Item"]
    assert items["PhoneNumber"] == int(PHONE)
    assert re.fullmatch(r"20\d{12}", str(items["TransactionDate"]))
    assert RECEIPT.fullmatch(items["MpesaReceiptNumber"])


@pytest.mark.parametrize(
    ("answer", "code"),
    [("cancel", 1032), ("wrong_pin", 2001), ("no_money", 1), ("too_late", 1037), ("expired", 1019)],
)
async def test_a_failure_calls_back_without_metadata(merchant: Merchant, answer: str, code: int) -> None:
    checkout_id = await merchant.pushed()
    await merchant.answer(answer)
    (received,) = await merchant.listener.wait("/stk")
    assert callback_of(received)["ResultCode"] == code
    assert "CallbackMetadata" not in callback_of(received)
    queried = (await merchant.query(checkout_id)).json()
    assert queried["ResultCode"] == str(code)


async def test_a_prompt_nobody_answers_ends_by_itself() -> None:
    async with trading(DarajaOptions(prompt_seconds=0.05)) as merchant:
        await merchant.pushed()
        (received,) = await merchant.listener.wait("/stk")
        assert callback_of(received)["ResultCode"] == 1037


async def test_a_phone_without_enough_money_cannot_pay(merchant: Merchant) -> None:
    await merchant.tell(f"/phones/{PHONE}/balance", amount=1499)
    await merchant.pushed()
    await merchant.answer("pay")
    (received,) = await merchant.listener.wait("/stk")
    assert callback_of(received)["ResultCode"] == 1


async def test_habits_answer_prompts_by_themselves(merchant: Merchant) -> None:
    await merchant.tell("/phones/habit", answer="pay", delay_seconds=0)
    await merchant.tell("/phones/254712000001/habit", answer="cancel", delay_seconds=0.01)
    await merchant.pushed()
    await merchant.pushed(PhoneNumber="254712000001")
    received = await merchant.listener.wait("/stk", 2)
    codes = {callback_of(one)["CheckoutRequestID"][-9:]: callback_of(one)["ResultCode"] for one in received}
    assert codes == {"708374149": 0, "712000001": 1032}


async def test_the_same_amount_within_two_minutes_is_refused_only_when_switched_on(
    merchant: Merchant,
) -> None:
    await merchant.tell("/phones/habit", answer="pay")
    for _ in range(2):
        await merchant.pushed()
        await until(lambda: not merchant.outside.phones.prompts())
    await merchant.tell("/daraja/options", refuse_repeats=True)
    await merchant.pushed()
    received = await merchant.listener.wait("/stk", 3)
    assert sorted(callback_of(one)["ResultCode"] for one in received) == [0, 0, 17]


# The query


async def test_a_query_says_pending_in_either_of_two_forms(merchant: Merchant) -> None:
    checkout_id = await merchant.pushed()
    response = await merchant.query(checkout_id)
    assert (response.status_code, response.json()["ResultCode"]) == (200, "4999")
    await merchant.tell("/daraja/options", pending_form="500")
    pending = refusal(await merchant.query(checkout_id))
    assert pending == (500, "500.001.1001", "The transaction is being processed")


async def test_a_query_of_a_payment_has_text_codes_and_neither_receipt_nor_amount(merchant: Merchant) -> None:
    checkout_id = await merchant.pushed()
    await merchant.answer("pay")
    body = (await merchant.query(checkout_id)).json()
    assert body["ResultCode"] == "0"
    assert set(body) == {
        "ResponseCode",
        "ResponseDescription",
        "MerchantRequestID",
        "CheckoutRequestID",
        "ResultCode",
        "ResultDesc",
    }


async def test_a_query_of_an_unknown_id_is_refused(merchant: Merchant) -> None:
    assert refusal(await merchant.query("ws_CO_0"))[2] == "Bad Request - Invalid CheckoutRequestID"


# Faults


async def test_spike_arrest_strikes_as_often_as_told(merchant: Merchant) -> None:
    await merchant.tell("/daraja/fault", kind="spike", count=1)
    assert refusal(await merchant.push()) == (500, "500.003.02", "Error Occurred: Spike Arrest Violation")
    assert (await merchant.push()).status_code == 200


async def test_html_and_nothing_can_be_the_answer(merchant: Merchant) -> None:
    await merchant.tell("/daraja/fault", kind="html", count=1)
    assert "<html>" in (await merchant.push()).text
    await merchant.tell("/daraja/fault", kind="empty", count=1)
    assert (await merchant.push()).content == b""
    assert (await merchant.control.get(f"/phones/{PHONE}/prompts")).json() == []


async def test_a_token_can_expire_early(merchant: Merchant) -> None:
    await merchant.tell("/daraja/fault", kind="token_expired", count=1)
    assert refusal(await merchant.push())[1] == "404.001.03"
    await merchant.sign_in()
    assert (await merchant.push()).status_code == 200


async def test_a_connection_dropped_after_acceptance_still_prompts(merchant: Merchant) -> None:
    await merchant.tell("/daraja/fault", kind="drop_after_accept", count=1)
    with pytest.raises(httpx.TransportError):
        await merchant.push()
    assert len((await merchant.control.get(f"/phones/{PHONE}/prompts")).json()) == 1


async def test_a_gateway_that_is_down_starts_nothing(merchant: Merchant) -> None:
    await merchant.tell("/daraja/fault", kind="down")
    with pytest.raises(httpx.TransportError):
        await merchant.push()
    with pytest.raises(httpx.TransportError):
        await merchant.sign_in()
    await merchant.tell("/daraja/fault", kind="none")
    assert (await merchant.control.get(f"/phones/{PHONE}/prompts")).json() == []
    assert (await merchant.push()).status_code == 200


async def test_a_slow_answer_comes_after_the_prompt(merchant: Merchant) -> None:
    await merchant.tell("/daraja/fault", kind="slow", count=1, seconds=30)
    with pytest.raises(httpx.ReadTimeout):
        await merchant.http.post(
            "/mpesa/stkpush/v1/processrequest",
            json=merchant.push_body(),
            headers={"Authorization": f"Bearer {merchant.token}"},
            timeout=0.1,
        )
    assert len((await merchant.control.get(f"/phones/{PHONE}/prompts")).json()) == 1
