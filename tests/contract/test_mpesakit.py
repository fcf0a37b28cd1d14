"""A client that others wrote drives our simulated Daraja: its reading of Safaricom's portal is not ours.

What mpesakit 2.2.0 cannot do, whatever answers it:
* its security credential holds the password and a timestamp, so that Daraja says 2001; here its RSA is kept and
  the timestamp taken out, as the portal's algorithm and four other clients have it;
* it registers Paybill addresses by v1 only, and never simulates a payment there;
* it models ResultParameters as a flat list, so it refuses every result that has some, the recorded ones too;
* its blocking client sends a POST again after a timeout, which asks a payer twice; here its other one is used, which
  keeps no errorCode: only the words of a refusal can be looked at;
* its standing orders know the table of 2025 alone, and a till's type in a spelling that the portal does not have;
* it knows no Pull Transactions.
"""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mpesakit import AsyncMpesaClient
from mpesakit.b2c import B2CCommandIDType
from mpesakit.errors import MpesaApiException
from mpesakit.http_client import MpesaAsyncHttpClient
from mpesakit.mpesa_ratiba.schemas import (
    FrequencyEnum,
    ReceiverPartyIdentifierTypeEnum,
    TransactionTypeEnum,
)
from mpesakit.security import get_credential
from pydantic import ValidationError

from benfex.simulation.options import SANDBOX_PASSKEY, DarajaOptions
from benfex.simulation.outside import Outside
from tests.contract.gateway_clients import KEYS, PHONE, Listener, Received, listening, open_outside
from tests.contract.payload_handling import body_of

SHORTCODE = 174379
PASSWORD = "demo#Initiator1"


@dataclass
class Stranger:
    """Somebody else's client at our simulated Daraja; its answers are typed by models that no checker reads."""

    client: Any
    outside: Outside
    listener: Listener
    folder: Path

    def address(self, kind: str) -> str:
        return f"{self.listener.url}/{kind}"

    def credential(self, password: str = PASSWORD) -> str:
        certificate = self.folder / "certificate.cer"
        certificate.write_text(self.outside.daraja.initiator.certificate())
        return str(get_credential.generate_security_credential(password, cert_path=str(certificate)))

    async def heard(self, kind: str, count: int = 1) -> dict[str, Any]:
        received: list[Received] = await self.listener.wait(f"/{kind}", count)
        return received[-1].json

    async def pushed(self, amount: int = 1500) -> Any:
        answer = await self.client.stk_push(
            business_short_code=SHORTCODE,
            transaction_type="CustomerPayBillOnline",
            amount=amount,
            party_a=PHONE,
            party_b=str(SHORTCODE),
            phone_number=PHONE,
            callback_url=self.address("stk"),
            account_reference="BFX100427",
            transaction_desc="Internet",
            passkey=SANDBOX_PASSKEY,
        )
        assert answer.is_successful()
        return answer

    async def asked(self, checkout_id: str) -> Any:
        return await self.client.stk_query(
            business_short_code=SHORTCODE, checkout_request_id=checkout_id, passkey=SANDBOX_PASSKEY
        )


@pytest.fixture
async def stranger(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Stranger]:
    async with listening() as listener, open_outside(DarajaOptions(orders_capture="2025")) as outside:
        # Where it goes is the one thing about it that cannot be set.
        monkeypatch.setattr(MpesaAsyncHttpClient, "_resolve_base_url", lambda *_: outside.daraja_url)
        client = AsyncMpesaClient(consumer_key=KEYS[0], consumer_secret=KEYS[1])
        yield Stranger(client, outside, listener, tmp_path)
        await client.http_client.aclose()


@pytest.fixture
def no_timestamp(monkeypatch: pytest.MonkeyPatch) -> None:
    class Never:
        @staticmethod
        def now() -> "Never":
            return Never()

        def strftime(self, form: str) -> str:
            return ""

    monkeypatch.setattr(get_credential, "datetime", Never)


# Tokens


async def test_it_gets_one_token_and_is_told_when_its_keys_are_wrong(stranger: Stranger) -> None:
    first = await stranger.client.token_manager.get_token()
    assert await stranger.client.token_manager.get_token() == first
    assert stranger.outside.daraja.calls == {"oauth": 1}
    wrong = AsyncMpesaClient(consumer_key=KEYS[0], consumer_secret="other")
    with pytest.raises(MpesaApiException) as refused:
        await wrong.token_manager.get_token()
    await wrong.http_client.aclose()
    assert refused.value.error.error_code == "AUTH_INVALID_CREDENTIALS"


async def test_a_token_that_another_took_away_stops_it(stranger: Stranger) -> None:
    await stranger.client.token_manager.get_token()
    stranger.outside.daraja.set_fault({"kind": "token_expired", "count": 1})
    with pytest.raises(MpesaApiException, match="Invalid Access Token"):
        await stranger.pushed()
    with pytest.raises(MpesaApiException, match="Invalid Access Token"):
        await stranger.pushed()  # it keeps the dead one; ours fetches another


# Pushes


async def test_its_push_is_paid_and_its_model_reads_the_callback(stranger: Stranger) -> None:
    pushed = await stranger.pushed()
    assert (await stranger.asked(pushed.CheckoutRequestID)).ResultCode in {4999, "4999"}
    stranger.outside.phones.answer(PHONE, "pay")
    told = stranger.client.process_stk_callback(await stranger.heard("stk"))
    assert int(told.Body.stkCallback.ResultCode) == 0
    assert told.Body.stkCallback.CheckoutRequestID == pushed.CheckoutRequestID
    assert (await stranger.asked(pushed.CheckoutRequestID)).is_successful()


@pytest.mark.parametrize(
    ("answer", "code"), [("cancel", 1032), ("no_money", 1), ("wrong_pin", 2001), ("too_late", 1037)]
)
async def test_a_push_that_fails_is_read_as_failed(stranger: Stranger, answer: str, code: int) -> None:
    pushed = await stranger.pushed()
    stranger.outside.phones.answer(PHONE, answer)
    told = stranger.client.process_stk_callback(await stranger.heard("stk"))
    assert int(told.Body.stkCallback.ResultCode) == code
    assert int((await stranger.asked(pushed.CheckoutRequestID)).ResultCode) == code


# The Paybill


async def test_its_addresses_hear_of_a_payment_with_a_hashed_number(stranger: Stranger) -> None:
    registered = await stranger.client.c2b.register_url(
        short_code=SHORTCODE,
        response_type="Completed",
        confirmation_url=stranger.address("confirmation"),
        validation_url=stranger.address("validation"),
    )
    assert registered.is_successful()
    await stranger.outside.daraja.pay_by_hand(PHONE, account="BFX100427", amount=300)
    confirmation = await stranger.heard("confirmation")
    assert (confirmation["TransAmount"], len(confirmation["MSISDN"])) == ("300.00", 64)


# What needs an initiator


async def test_its_own_credential_is_refused_and_locks_the_initiator(stranger: Stranger) -> None:
    codes = []
    for count in range(1, 5):
        await balance(stranger)
        codes.append((await stranger.heard("balance", count))["Result"]["ResultCode"])
    assert codes == ["2001", "2001", "2001", "8006"]


async def balance(stranger: Stranger) -> Any:
    return await stranger.client.balance.query(
        initiator="demoapi",
        security_credential=stranger.credential(),
        command_id="AccountBalance",
        party_a=SHORTCODE,
        identifier_type=4,
        remarks="balance",
        result_url=stranger.address("balance"),
        queue_timeout_url=stranger.address("late"),
    )


@pytest.mark.usefixtures("no_timestamp")
async def test_without_the_timestamp_it_is_told_the_balance(stranger: Stranger) -> None:
    assert (await balance(stranger)).is_successful()
    result = (await stranger.heard("balance"))["Result"]
    assert result["ResultCode"] == "0"
    assert "Utility Account|KES|80000.00" in result["ResultParameters"]["ResultParameter"][0]["Value"]


@pytest.mark.usefixtures("no_timestamp")
async def test_it_pays_out_and_the_same_id_is_paid_once(stranger: Stranger) -> None:
    sent = {
        "originator_conversation_id": "stranger-1",
        "initiator_name": "demoapi",
        "security_credential": stranger.credential(),
        "command_id": B2CCommandIDType.BusinessPayment,
        "amount": 400,
        "party_a": str(SHORTCODE),
        "party_b": PHONE,
        "remarks": "refund",
        "queue_timeout_url": stranger.address("late"),
        "result_url": stranger.address("payout"),
    }
    answer = await stranger.client.b2c.send_payment(**sent)
    assert (answer.is_successful(), answer.OriginatorConversationID) == (True, "stranger-1")
    told = await stranger.heard("payout")
    assert told["Result"]["ResultCode"] == 0
    with pytest.raises(ValidationError, match="ResultParameters"):
        stranger.client.process_b2c_callback(told)  # the recorded body it refuses just so
    with pytest.raises(ValidationError, match="ResultParameters"):
        stranger.client.process_b2c_callback(json.loads(body_of("mpesa_b2c_result_success.json")))
    with pytest.raises(MpesaApiException, match="Duplicate OriginatorConversationID"):
        await stranger.client.b2c.send_payment(**sent)
    assert [one.amount for one in stranger.outside.daraja.ledger.outgoing.values()] == [400]


@pytest.mark.usefixtures("no_timestamp")
async def test_it_reverses_a_payment_and_finds_its_record(stranger: Stranger) -> None:
    await stranger.pushed()
    stranger.outside.phones.answer(PHONE, "pay")
    await stranger.heard("stk")
    (receipt,) = stranger.outside.daraja.ledger.transactions
    addresses = {"queue_timeout_url": stranger.address("late"), "remarks": "paid twice"}
    found = await stranger.client.transactions.query_status(
        initiator="demoapi",
        security_credential=stranger.credential(),
        transaction_id=receipt,
        party_a=SHORTCODE,
        identifier_type=4,
        result_url=stranger.address("record"),
        **addresses,
    )
    assert found.is_successful()
    keys = [
        one["Key"]
        for one in (await stranger.heard("record"))["Result"]["ResultParameters"]["ResultParameter"]
    ]
    assert keys.count("DebitPartyName") == 2
    reversed_ = await stranger.client.reversal.reverse(
        initiator="demoapi",
        security_credential=stranger.credential(),
        transaction_id=receipt,
        amount=1500,
        receiver_party=SHORTCODE,
        result_url=stranger.address("reversal"),
        **addresses,
    )
    assert reversed_.is_successful()
    assert (await stranger.heard("reversal"))["Result"]["ResultCode"] == 0
    assert stranger.outside.daraja.ledger.reversed == {receipt}


# Standing orders and codes


async def test_its_standing_order_is_taken_by_the_table_of_2025(stranger: Stranger) -> None:
    answer = await stranger.client.ratiba.create_standing_order(
        standing_order_name="BFX100427 monthly",
        start_date="20261201",
        end_date="20271130",
        business_short_code=str(SHORTCODE),
        transaction_type=TransactionTypeEnum.STANDING_ORDER_CUSTOMER_PAY_BILL,
        receiver_party_identifier_type=ReceiverPartyIdentifierTypeEnum.BUSINESS_SHORT_CODE,
        amount="1500",
        party_a=PHONE,
        callback_url=stranger.address("order"),
        account_reference="BFX100427",
        transaction_desc="Internet",
        frequency=FrequencyEnum.MONTHLY,
    )
    assert answer.is_successful()
    stranger.outside.phones.answer(PHONE, "pay")
    assert (await stranger.heard("order"))["responseHeader"]["responseCode"] == "0"
    assert stranger.outside.daraja.standing.orders[0].frequency == FrequencyEnum.MONTHLY.value


async def test_a_code_is_drawn_for_it(stranger: Stranger) -> None:
    answer = await stranger.client.dynamic_qr.generate(
        merchant_name="Savanna",
        ref_no="BFX100427",
        amount=1500,
        trx_code="PB",
        cpi=str(SHORTCODE),
        size="300",
    )
    assert base64.b64decode(answer.QRCode).startswith(b"\x89PNG")
