"""Logs hold no secret and no whole phone number."""

import pytest

from benfex.core.logging import scrub


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "router_password",
        "passkey",
        "secret",
        "consumer_secret",
        "callback_token",
        "authorization",
        "cookie",
    ],
)
def test_a_value_whose_name_says_secret_is_hidden(key: str) -> None:
    assert scrub(None, "info", {key: "hunter2"}) == {key: "•••"}


def test_a_phone_number_is_masked() -> None:
    assert scrub(None, "info", {"payer": "paid by 254712345678"})["payer"] == "paid by 2547•••678"


def test_ids_and_amounts_stay() -> None:
    fields = {"payment_id": 12, "amount_minor": 250_000, "event": "settled"}
    assert scrub(None, "info", dict(fields)) == fields
