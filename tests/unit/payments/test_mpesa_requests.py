"""What is sent to Daraja's initiator APIs, letter by letter where a letter matters."""

import base64
from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric import padding

from benfex.payments.gateway_events import StandingOrderRequest
from benfex.payments.gateways.mpesa import requests
from benfex.simulation.daraja_key import Initiator, _key_of_this_process
from data.values.errors import InvalidInput
from data.values.identifiers import parse_phone
from data.values.money import Money

PASSWORD = "Safaricom999!*!"
CALLER = requests.Initiator("apiop", PASSWORD, Initiator().certificate())
URL = "https://pay.example/r"


def order(**changes: object) -> StandingOrderRequest:
    told: dict[str, object] = {
        "reference": "BFXS1",
        "name": "BFX100427 monthly",
        "amount": Money(1500_00, "KES"),
        "payer_phone": parse_phone("+254708374149"),
        "account_number": "BFX100427",
        "frequency": "monthly",
        "starts_on": date(2026, 12, 1),
        "ends_on": date(2027, 11, 30),
        "callback_url": URL,
    }
    return StandingOrderRequest(**(told | changes))  # type: ignore[arg-type]  # the values are of the right types


def test_a_credential_is_the_raw_password_and_nothing_more() -> None:
    sealed = base64.b64decode(CALLER.credential())
    assert _key_of_this_process().decrypt(sealed, padding.PKCS1v15()) == PASSWORD.encode()


def test_neither_password_nor_credential_is_in_the_words_of_an_initiator() -> None:
    assert PASSWORD not in repr(CALLER)


def test_a_reversal_has_the_portals_spelling_and_no_occasion() -> None:
    body = requests.reversal_request(
        CALLER, shortcode="600984", receipt="TKN4QX71SV", amount=1500, reason="paid twice", result_url=URL
    )
    del body["SecurityCredential"]
    assert body == {
        "Initiator": "apiop",
        "CommandID": "TransactionReversal",
        "TransactionID": "TKN4QX71SV",
        "Amount": 1500,
        "ReceiverParty": "600984",
        "RecieverIdentifierType": "11",
        "ResultURL": URL,
        "QueueTimeOutURL": f"{URL}/late",
        "Remarks": "paid twice",
    }


def test_a_payout_names_initiator_and_occasion_as_only_it_does() -> None:
    body = requests.payout_request(
        CALLER,
        shortcode="600984",
        reference="BFXR1",
        msisdn="254708374149",
        amount=400,
        reason="x",
        result_url=URL,
    )
    assert {"InitiatorName", "Occassion", "OriginatorConversationID"} <= set(body)
    assert "Initiator" not in body
    assert body["Remarks"] == "x-"  # the portal wants two letters at least


@pytest.mark.parametrize(
    ("reason", "sent"),
    [("", "Refund"), ("Kwa nini? – “mara mbili”", "Kwa nini mara mbili"), ("a" * 150, "a" * 100)],
)
def test_remarks_are_plain_and_short(reason: str, sent: str) -> None:
    body = requests.reversal_request(
        CALLER, shortcode="600984", receipt="TKN4QX71SV", amount=1, reason=reason, result_url=URL
    )
    assert body["Remarks"] == sent


@pytest.mark.parametrize(
    ("given", "key"),
    [({"receipt": "TKN4QX71SV"}, "TransactionID"), ({"conversation": "AG_1"}, "OriginalConversationID")],
)
def test_a_question_about_one_transaction_names_it_in_one_way(given: dict[str, str], key: str) -> None:
    body = requests.status_request(CALLER, shortcode="600984", result_url=URL, **given)
    assert body[key] in given.values()
    assert len({"TransactionID", "OriginalConversationID"} & set(body)) == 1
    assert "Occasion" in body


@pytest.mark.parametrize(
    ("capture", "is_till", "kind", "frequency"),
    [
        ("2025", False, "Standing Order Customer Pay Bill", "4"),
        ("2025", True, "Standing Order Customer Pay Marchant", "4"),
        ("2026", False, "Standing Order Pay Bill External Third Party", "5"),
        ("2026", True, "Standing Order Pay Merchant External Third Party", "5"),
    ],
)
def test_a_monthly_order_is_monthly_in_either_table(
    capture: str, is_till: bool, kind: str, frequency: str
) -> None:
    body = requests.order_request(order(), capture=capture, is_till=is_till, receiver="600984")
    assert (body["TransactionType"], body["Frequency"]) == (kind, frequency)
    assert body["ReceiverPartyIdentifierType"] == ("2" if is_till else "4")
    assert (body["StartDate"], body["EndDate"], body["Amount"]) == ("20261201", "20271130", "1500")
    assert ("CustomStoId" in body) is (capture == "2026")


def test_no_table_bills_a_monthly_payer_every_two_weeks() -> None:
    assert "two_weekly" not in requests.FREQUENCIES["2025"]
    assert requests.FREQUENCIES["2026"]["two_weekly"] == requests.FREQUENCIES["2025"]["monthly"]
    for table in requests.FREQUENCIES.values():
        assert len(set(table.values())) == len(table)


@pytest.mark.parametrize("text", ["", "nothing", "-----BEGIN CERTIFICATE-----AA==-----END CERTIFICATE-----"])
def test_what_is_no_certificate_is_said_in_words(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        requests.public_key(text)
    assert refused.value.field == "certificate"
