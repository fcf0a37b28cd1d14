"""Where routers stand and customers are served, over REST: decimal degrees, and null takes them off the map."""

import pytest

from tests.api.conftest import Caller, add_router, fields, problem

NAKURU = {"latitude": -0.3031, "longitude": 36.08}
AMINA = {"name": "Amina Wanjiru", "phone": "+254712345678"}


async def test_a_customer_comes_with_a_place_moves_and_leaves_the_map(owner: Caller, support: Caller) -> None:
    customer = await owner.made("/customers", AMINA | {"place": NAKURU})
    assert customer["place"] == NAKURU
    path = f"/customers/{customer['id']}"
    moved = {"latitude": -0.31, "longitude": 36}
    assert (await support.patch(path, {"place": moved})).json()["place"] == moved
    assert (await owner.patch(path, {"address": "12 Moi Road"})).json()["place"] == moved
    assert (await owner.patch(path, {"place": None})).json()["place"] is None
    assert (await owner.get(path)).json()["place"] is None


async def test_a_router_comes_with_a_place_moves_and_leaves_the_map(owner: Caller, support: Caller) -> None:
    asked = {"name": "gilgil-tower", "host": "10.0.0.9", "username": "benfex", "password": "pw"}
    router = await owner.made("/routers", asked | {"place": NAKURU})
    assert router["place"] == NAKURU
    path = f"/routers/{router['id']}"
    precise = {"latitude": -0.31234567, "longitude": 36.0}
    kept = (await owner.patch(path, {"place": precise, "site": "Gilgil"})).json()
    assert (kept["place"], kept["site"]) == ({"latitude": -0.312346, "longitude": 36.0}, "Gilgil")
    assert (await support.patch(path, {"place": None})).status_code == 403
    assert (await owner.patch(path, {"place": None})).json()["place"] is None
    assert (await owner.get(f"/routers/{await add_router(owner)}")).json()["place"] is None


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ({"latitude": 90.1, "longitude": 36.08}, "place.latitude"),
        ({"latitude": -0.3, "longitude": -181}, "place.longitude"),
        ({"latitude": "-0.3", "longitude": 36.08}, "place.latitude"),
        ({"latitude": True, "longitude": 36.08}, "place.latitude"),
        ({"latitude": -0.3}, "place.longitude"),
        ({**NAKURU, "altitude": 1850}, "place.altitude"),
        ("-0.3, 36.08", "place"),
    ],
)
async def test_a_place_off_the_earth_is_refused_at_its_field(
    owner: Caller, place: object, field: str
) -> None:
    router_id = await add_router(owner)
    for answer in (
        await owner.post("/customers", AMINA | {"place": place}),
        await owner.patch(f"/routers/{router_id}", {"place": place}),
    ):
        problem(answer, 422, "invalid_input")
        assert fields(answer) == [field]
    assert (await owner.get("/customers")).json()["items"] == []
