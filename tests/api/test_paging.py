"""Lists are cut: every row comes once, whatever is added meanwhile."""

import pytest

from tests.api.conftest import Caller, add_home, add_router, fields, kes, sell_plan

LISTS = (
    "customers",
    "plans",
    "subscriptions",
    "invoices",
    "payments",
    "payment-attempts",
    "routers",
    "connections",
)


async def test_a_list_is_walked_from_the_newest_while_others_are_added(owner: Caller) -> None:
    def body(number: int) -> dict[str, str]:
        return {"name": f"Customer {number:02}", "phone": "0712345678"}

    made = [(await owner.made("/customers", body(number)))["id"] for number in range(7)]
    found: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await owner.get("/customers", limit=3, **cursor)).json()
        found += [item["id"] for item in page["items"]]
        await owner.made("/customers", body(len(found) + 50))
        if page["next_cursor"] is None:
            break
        assert len(page["items"]) == 3
        cursor = {"cursor": page["next_cursor"]}
    assert found == made[::-1]


async def test_an_exact_page_has_nothing_behind_it(owner: Caller) -> None:
    for number in range(2):
        await owner.made("/customers", {"name": f"Customer {number}", "phone": "0712345678"})
    page = (await owner.get("/customers", limit=2)).json()
    assert (len(page["items"]), page["next_cursor"]) == (2, None)


@pytest.mark.sqlite_only
@pytest.mark.parametrize("path", LISTS)
async def test_every_list_is_empty_at_first_and_refuses_what_it_cannot_read(owner: Caller, path: str) -> None:
    assert (await owner.get(f"/{path}")).json() == {"items": [], "next_cursor": None}
    for cursor in ("", "nonsense", "YWZ0ZXI6LTE", "YWZ0ZXI6OTk5OTk5OTk5OTk5OTk5", "é", "A" * 81):
        assert fields(await owner.get(f"/{path}", cursor=cursor)) == ["cursor"]
    for limit in (0, 101, -1, "many", 10**30):
        assert fields(await owner.get(f"/{path}", limit=limit)) == ["limit"]


@pytest.mark.usefixtures("drawer")
async def test_every_list_goes_on_with_its_cursor(owner: Caller) -> None:
    price_id, router_id = await sell_plan(owner), await add_router(owner)
    await add_router(owner, "naivasha-pop")
    await owner.made("/plans", {"code": "B", "name": "Plan B", "download_bps": 2000, "upload_bps": 2000})
    for number in range(2):
        home = await add_home(owner, name=f"Customer {number}", price_id=price_id, router_id=router_id)
        asked = {"customer_id": home.customer["id"], "amount": kes(10_000)}
        await owner.made("/payments", {**asked, "reference": f"R{number}"})
        await owner.made("/payment-attempts", {**asked, "gateway": "till"})
    for path in LISTS:
        first = (await owner.get(f"/{path}", limit=1)).json()
        rest = (await owner.get(f"/{path}", limit=1, cursor=first["next_cursor"])).json()
        assert first["items"][0]["id"] > rest["items"][0]["id"], path
        assert rest["next_cursor"] is None, path
