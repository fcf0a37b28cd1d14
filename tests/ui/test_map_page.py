"""The map of routers and customers: what is drawn and listed, filtered and kept true, and how places are given."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest
from nicegui import ui
from nicegui.testing import User

from data.values.identifiers import ConnectionId, CustomerId
from data.values.kinds import SuspensionReason
from data.values.places import Place
from data.values.states import RouterStatus
from tests.ui.isp import Isp, rows, send_form, sign_in, until

if TYPE_CHECKING:
    from benfex.application import Benfex

NAKURU = Place.of("-0.3031", "36.08")
BESIDE = Place.of("-0.3041", "36.081")


@pytest.fixture
async def silent_port() -> AsyncIterator[int]:
    """A port where somebody takes calls and says nothing: our own polls of it find nothing for ten seconds."""
    calls: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, call: calls.append(call), "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    for call in calls:
        call.close()
    server.close()


async def test_an_empty_map_says_how_to_fill_it(user: User, isp: Isp) -> None:
    await sign_in(user)
    await user.open("/admin/map")
    await user.should_see("Nothing is on the map yet")
    await user.should_see("like -0.3031, 36.08")
    await user.should_see("Go to routers")


async def test_routers_and_customers_stand_where_they_are_and_lead_to_their_pages(
    user: User, isp: Isp
) -> None:
    customer_id = await _placed(isp)
    await sign_in(user)
    await user.open("/admin/map")
    assert {mark["label"]: mark["href"] for mark in _marks(user)} == {
        "nakuru-core: Not asked": f"/admin/routers/{isp.router_id}",
        "Amina Wanjiru: Not known": f"/admin/customers/{customer_id}",
    }
    assert [(row["who"], row["state"], row["href"]) for row in rows(user)] == [
        ("Amina Wanjiru", "Not known", f"/admin/customers/{customer_id}")
    ]
    await user.should_see("1 customer and 1 router in view")
    await user.should_see("1 of 1 customer and 1 of 1 router have a place")
    user.find(marker="tab-routers").click()
    await until(lambda: [row["who"] for row in rows(user)] == ["nakuru-core"])
    assert rows(user)[0]["href"] == f"/admin/routers/{isp.router_id}"


async def test_the_map_follows_what_happens(user: User, isp: Isp) -> None:
    from benfex.network.health import note_router_status
    from benfex.network.inventory import enable_router

    customer_id = await _placed(isp)
    await sign_in(user)
    await user.open("/admin/map")
    await isp.do(enable_router, router_id=isp.router_id, is_enabled=True)
    await isp.do(
        note_router_status, router_id=isp.router_id, status=RouterStatus.UNREACHABLE, reason="No answer."
    )
    await until(lambda: _labels(user) == ["nakuru-core: Down", "Amina Wanjiru: Line down"], tries=80)
    assert rows(user)[0]["state"] == "Line down"
    await isp.suspends(customer_id, SuspensionReason.NON_PAYMENT)
    await until(lambda: _labels(user) == ["nakuru-core: Down", "Amina Wanjiru: Unpaid"], tries=80)


async def test_a_reading_brings_somebody_online(
    user: User, isp: Isp, benfex: "Benfex", silent_port: int
) -> None:
    from benfex.core.events import RouterSampled
    from benfex.network.health import note_router_status
    from benfex.network.inventory import edit_router, enable_router
    from benfex.usage.metering import CounterBaseline
    from benfex.usage.recording import SessionRecord, record_readings

    await _placed(isp)
    router_id, at = isp.router_id, benfex.clock.now()
    await isp.do(
        edit_router,
        router_id=router_id,
        name="nakuru-core",
        host="127.0.0.1",
        port=silent_port,
        username="benfex",
        vault=benfex.vault,
    )
    await isp.do(enable_router, router_id=router_id, is_enabled=True)
    await isp.do(note_router_status, router_id=router_id, status=RouterStatus.REACHABLE, reason="")
    await sign_in(user)
    await user.open("/admin/map")
    assert _labels(user) == ["nakuru-core: Up", "Amina Wanjiru: Not known"]
    line = ConnectionId(1)
    reading = SessionRecord(line, CounterBaseline("s1", 1, 1, 60, at), None, ())
    await isp.do(record_readings, router_id=router_id, read_at=at, sessions=[reading], online=[(line, at)])
    benfex.bus.publish(
        RouterSampled(router_id=router_id, at=at, download_bps=9, upload_bps=1, online=1, cpu_percent=3)
    )
    await until(lambda: _labels(user) == ["nakuru-core: Up", "Amina Wanjiru: Online"], tries=90)
    assert rows(user)[0]["state"] == "Online"


async def test_the_list_leads_to_a_marker(user: User, isp: Isp) -> None:
    customer_id = await _placed(isp)
    await sign_in(user)
    await user.open("/admin/map")
    asked = {"key": "show", "id": rows(user)[0]["id"]}
    user.find(kind=ui.table).trigger("act", asked)
    await until(lambda: [mark["key"] for mark in _marks(user) if mark.get("focus")] == [f"c{customer_id}"])


async def test_the_legend_hides_a_state_and_shows_it_again(user: User, isp: Isp) -> None:
    await _placed(isp)
    await sign_in(user)
    await user.open("/admin/map")
    for state, label in (("not_known", "Amina Wanjiru: Not known"), ("not_asked", "nakuru-core: Not asked")):
        user.find(marker=f"show-{state}").click()
        await until(lambda gone=label: gone not in _labels(user))
        user.find(marker=f"show-{state}").click()
        await until(lambda back=label: back in _labels(user))


async def test_a_router_narrows_the_map_to_its_customers(user: User, isp: Isp, benfex: "Benfex") -> None:
    from benfex.network.inventory import add_router, locate_router

    await _placed(isp)
    other = await isp.do(
        add_router, name="gilgil-tower", host="10.0.0.9", username="b", password="pw", vault=benfex.vault
    )
    await isp.do(locate_router, router_id=other, place=BESIDE)
    await sign_in(user)
    await user.open("/admin/map")
    (choice,) = user.find(marker="map-router").elements
    assert isinstance(choice, ui.select)
    with user:
        choice.set_value(other)
    await until(lambda: _labels(user) == ["gilgil-tower: Not asked"])
    await user.should_see("0 customers and 1 router in view")


async def test_only_what_lies_in_the_view_is_drawn_and_listed(user: User, isp: Isp) -> None:
    await _placed(isp)
    await sign_in(user)
    await user.open("/admin/map")
    seen = user.find(marker="place-map")
    seen.trigger("view", [10.0, 10.0, 11.0, 11.0])
    await until(lambda: _labels(user) == [])
    await user.should_see("Nothing in this view")
    seen.trigger("view", ["x", None, 1, 2])  # what is no area changes nothing
    seen.trigger("view", [-0.31, 36.07, -0.30, 36.09])
    await until(lambda: len(_labels(user)) == 2)


async def test_many_in_one_view_are_counted_and_listed_by_page(user: User, isp: Isp) -> None:
    from benfex.network.map_views import CUSTOMERS_MAX
    from tests.ui.test_large_lists import copy_customer

    customer_id = await _placed(isp)
    await isp.do(copy_customer, customer_id=customer_id, numbers=range(CUSTOMERS_MAX))
    await sign_in(user)
    await user.open("/admin/map")
    user.find(marker="place-map").trigger("view", [-0.4, 36.0, -0.2, 36.2])
    await until(lambda: any(mark["kind"] == "cell" for mark in _marks(user)))
    (cell,) = (mark for mark in _marks(user) if mark["kind"] == "cell")
    assert cell["label"] == "301 customers: 1 not known, 300 not served"
    assert (cell["count"], cell["lat"], cell["lng"]) == ("301", NAKURU.latitude, NAKURU.longitude)
    await until(lambda: len(rows(user)) == 10)
    await user.should_see("press it to come closer")


async def test_a_page_leads_to_its_place_and_back(user: User, isp: Isp) -> None:
    customer_id = await _placed(isp)
    await sign_in(user)
    for page, address in (
        (f"/admin/customers/{customer_id}", f"/admin/map?customer={customer_id}"),
        (f"/admin/routers/{isp.router_id}", f"/admin/map?router={isp.router_id}"),
    ):
        await user.open(page)
        assert [link.props["href"] for link in user.find("On the map").elements] == [address]
        await user.open(address)
        assert [mark["href"] for mark in _marks(user) if mark.get("focus")] == [page]


async def test_who_has_no_place_is_said_to_have_none(user: User, isp: Isp) -> None:
    await _placed(isp)
    other = await isp.customer("Brian Otieno", "0712345679", with_service=False)
    await sign_in(user)
    await user.open(f"/admin/map?customer={other}")
    await user.should_see("Brian Otieno has no place yet")
    await user.open("/admin/map?customer=99")
    await user.should_see("1 customer and 1 router in view")
    await user.open(f"/admin/customers/{other}")
    await user.should_not_see("On the map")


async def test_a_customers_place_is_pasted_refused_and_taken_away(user: User, isp: Isp) -> None:
    from benfex.customers.views import customer

    customer_id = await isp.customer("Amina Wanjiru", "0712345678", with_service=False)
    await sign_in(user, "support")
    await _edit(user, f"/admin/customers/{customer_id}", "edit-details", "Nakuru town")
    await user.should_see("Write latitude and longitude")
    _write(user, "https://maps.google.com/?q=-0.3031,36.08")
    send_form(user)
    await user.should_see("Saved.")
    assert (await isp.see(customer, customer_id=customer_id)).place == NAKURU
    user.notify.messages.clear()
    await _edit(user, f"/admin/customers/{customer_id}", "edit-details", "")
    await user.should_see("Saved.")
    assert (await isp.see(customer, customer_id=customer_id)).place is None


async def test_a_place_is_picked_on_the_small_map(user: User, isp: Isp, benfex: "Benfex") -> None:
    from benfex.network.views import router

    await sign_in(user)
    await user.open(f"/admin/routers/{isp.router_id}")
    user.find("Edit").click()
    await user.should_see("Pick on a map")
    user.find("Pick on a map").click()
    await user.should_see("Click where it is.")
    user.find(marker="place-map").trigger("pick", {"lat": -0.30310004, "lng": 36.0799996})
    await until(lambda: [mark["key"] for mark in _marks(user)] == ["picked"])
    send_form(user)
    await user.should_see("Saved; the router is asked again.")
    assert (await isp.see(router, router_id=isp.router_id)).place == NAKURU


async def test_a_new_customer_comes_with_a_place(user: User, isp: Isp) -> None:
    from benfex.customers.views import customer

    await sign_in(user)
    await user.open("/admin/customers")
    user.find("New customer").click()
    await user.should_see("They get an account number at once")
    user.find(marker="field-name").type("Amina Wanjiru")
    user.find(marker="field-phone").type("0712345678")
    _write(user, "91, 36")
    send_form(user)
    await user.should_see("A latitude is from -90 to 90 degrees.")
    _write(user, "0.3031 S, 36.08 E")
    send_form(user)
    await user.should_see("Amina Wanjiru is registered.")
    assert (await isp.see(customer, customer_id=CustomerId(1))).place == NAKURU


@pytest.mark.parametrize("role", ["owner", "accountant", "support"])
async def test_all_staff_see_the_map_and_subscribers_do_not(user: User, isp: Isp, role: str) -> None:
    await _placed(isp)
    await sign_in(user, role)
    await user.open("/admin/map")
    await user.should_see("1 customer and 1 router in view")


async def test_a_subscriber_is_sent_to_the_portal(user: User, isp: Isp) -> None:
    await isp.let_in(user, await _placed(isp))
    answer = await user.http_client.get("/admin/map")
    assert (answer.status_code, answer.headers["location"]) == (303, "/portal")


async def test_nothing_is_fetched_from_outside_by_default(user: User, isp: Isp) -> None:
    await _placed(isp)
    await sign_in(user)
    answer = await user.http_client.get("/admin/map")
    assert "img-src 'self' data: blob:;" in answer.headers["content-security-policy"]
    assert "tile.osm.org" not in answer.text
    await user.open("/admin/map")
    (shown,) = user.find(marker="place-map").elements
    assert isinstance(shown, ui.leaflet)
    assert shown.layers == []
    assert "tiles" not in shown.props


class TestWithTiles:
    """Where the operator named a server of tiles."""

    @pytest.fixture(autouse=True)
    def _tiles(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("BENFEX_MAP_TILES", "https://tiles.example:8443/osm/{z}/{x}/{y}.png")
        monkeypatch.setenv("BENFEX_MAP_ATTRIBUTION", "© <b>Tile</b> makers")

    async def test_exactly_their_server_may_send_pictures(self, user: User, isp: Isp) -> None:
        await _placed(isp)
        await sign_in(user)
        policy = (await user.http_client.get("/admin/map")).headers["content-security-policy"]
        assert "img-src 'self' data: blob: https://tiles.example:8443;" in policy
        assert "connect-src 'self';" in policy
        await user.open("/admin/map")
        (shown,) = user.find(marker="place-map").elements
        assert shown.props["tiles"] == {
            "url": "https://tiles.example:8443/osm/{z}/{x}/{y}.png",
            "attribution": "© &lt;b&gt;Tile&lt;/b&gt; makers",
        }


async def _placed(isp: Isp) -> CustomerId:
    from benfex.customers.registration import locate_customer
    from benfex.network.inventory import locate_router

    customer_id = await isp.customer("Amina Wanjiru", "0712345678")
    await isp.do(locate_customer, customer_id=customer_id, place=NAKURU)
    await isp.do(locate_router, router_id=isp.router_id, place=BESIDE)
    return customer_id


async def _edit(user: User, page: str, action: str, place: str) -> None:
    await user.open(page)
    user.find(marker=action).click()
    await user.should_see("Place on the map")
    _write(user, place)
    send_form(user)


def _write(user: User, place: str) -> None:
    for control in user.find(marker="field-place").elements:
        assert isinstance(control, ui.input)
        control.set_value(place)


def _marks(user: User) -> list[dict[str, Any]]:
    """Return the markers that the page last sent to its map."""
    (shown,) = user.find(marker="place-map").elements
    return list(shown.shown)  # type: ignore[attr-defined]


def _labels(user: User) -> list[str]:
    return [mark["label"] for mark in _marks(user)]
