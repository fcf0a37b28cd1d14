"""Messages, promises and deferrals, as a program uses them; a subscriber reaches only their own."""

from datetime import timedelta

import httpx

from benfex.application import Benfex
from benfex.core.clock import MovedClock
from benfex.dunning.runs import run_dunning
from benfex.notifications.accounts import save_channel_account
from data.values.identifiers import CustomerId
from data.values.kinds import MessageChannel
from tests.api.conftest import (
    SYSTEM,
    Caller,
    add_home,
    add_router,
    kes,
    problem,
    sell_plan,
    sign_in,
    sign_in_subscriber,
)


async def test_a_late_customer_is_told_and_promises(
    owner: Caller, support: Caller, benfex: Benfex, http: httpx.AsyncClient, clock: MovedClock
) -> None:
    await benfex.transact(
        save_channel_account,
        SYSTEM,
        channel=MessageChannel.SMS,
        settings={"username": "a", "api_key": "b", "base_url": "http://127.0.0.1:9"},
        vault=benfex.vault,
    )
    home = await add_home(
        owner, name="Amina Wanjiru", price_id=await sell_plan(owner), router_id=await add_router(owner)
    )
    key = home.customer["id"]
    clock.advance(timedelta(days=20))
    await benfex.transact(run_dunning, SYSTEM, customer_id=CustomerId(key))
    support = await sign_in(http, "support@savanna.example")

    messages = (await support.get("/messages", customer_id=key)).json()["items"]
    assert [row["template"] for row in messages] == ["suspended", "invoice_issued"]
    assert messages[0]["recipient"] == "+254712345678"
    assert (await support.get(f"/customers/{key}/communications")).json()["items"] == []

    asked = (await support.get(f"/customers/{key}/promises")).json()
    assert (asked["offer"]["is_allowed"], asked["offer"]["owed"]) == (True, kes(250_000))
    too_late = await support.post(f"/customers/{key}/promises", {"until_on": "2027-12-31"})
    problem(too_late, 422, "invalid_input")
    made = await support.made(f"/customers/{key}/promises", {"until_on": asked["offer"]["latest_on"]})
    assert (made["status"], made["amount"]) == ("open", kes(250_000))
    again = await support.post(f"/customers/{key}/promises", {"until_on": made["until_on"]})
    problem(again, 409, "conflict")

    themself = await sign_in_subscriber(benfex, http, home.customer)
    assert len((await themself.get(f"/customers/{key}/promises")).json()["items"]) == 1
    problem(await themself.get(f"/customers/{key + 1}/communications"), 404, "not_found")
    problem(await themself.post("/messages/1/retry"), 403, "not_permitted")
