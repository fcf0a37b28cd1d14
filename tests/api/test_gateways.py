"""Ways to pay over REST: secrets go in and never come out, a test says what is wrong, terms are the owner's."""

from benfex.application import Benfex
from tests.api.conftest import Caller, fields, problem

KEYS = {"consumer_key": "canary-key", "consumer_secret": "canary-secret"}


async def test_a_gateway_is_set_up_changed_and_switched_off(owner: Caller) -> None:
    made = await owner.call("PUT", "/gateways/pesapal", body={"settings": {**KEYS, "mode": "test"}})
    assert made.status_code == 200, made.text
    shown = made.json()
    assert (shown["is_enabled"], shown["version"], shown["is_test"]) == (True, 1, True)
    assert (shown["settings"], shown["secrets_set"]) == ({"mode": "test"}, sorted(KEYS))
    off = await owner.call("PUT", "/gateways/pesapal", body={"is_enabled": False})
    assert (off.json()["is_enabled"], off.json()["secrets_set"]) == (False, sorted(KEYS))
    listed = await owner.get("/gateways")
    assert {row["name"]: row["version"] for row in listed.json()["items"]}["pesapal"] == 2
    assert "canary" not in made.text + off.text + listed.text


async def test_what_is_wrong_is_named(owner: Caller) -> None:
    assert fields(await owner.call("PUT", "/gateways/pesapal", body={"settings": {}})) == ["consumer_key"]
    odd = await owner.call(
        "PUT", "/gateways/pesapal", body={"settings": {**KEYS, "callback_token": "0" * 32}}
    )
    assert fields(odd) == ["callback_token"]
    assert (await owner.get("/gateways/cowries")).status_code == 404
    assert (await owner.call("PUT", "/gateways/cowries", body={"settings": {}})).status_code == 404
    problem(await owner.call("PUT", "/gateways/paystack", body={"is_enabled": True}), 409, "conflict")


async def test_a_test_of_what_is_not_set_up_is_refused(owner: Caller) -> None:
    problem(await owner.post("/gateways/pesapal/check"), 409, "conflict")


async def test_only_the_owner_sees_and_sets_gateways(support: Caller) -> None:
    for answer in (
        await support.get("/gateways"),
        await support.get("/gateways/mpesa"),
        await support.call("PUT", "/gateways/pesapal", body={"settings": KEYS}),
        await support.call("PUT", "/payment-policy", body={"pay_minimum_minor": 100}),
    ):
        problem(answer, 403, "not_permitted")


async def test_terms_change_a_part_at_a_time(owner: Caller, benfex: Benfex) -> None:
    before = (await owner.get("/payment-policy")).json()
    changes = {"second_person_above_minor": 100_000, "gateway_addresses": ["196.201.214.200"]}
    after = (await owner.call("PUT", "/payment-policy", body=changes)).json()
    assert after == {**before, **changes, "gateway_addresses": ["196.201.214.200/32"]}
    wrong = await owner.call("PUT", "/payment-policy", body={"trusted_proxies": ["nowhere"]})
    assert fields(wrong) == ["trusted_proxies"]
