"""The map in a real browser: drawn from what we serve alone, closer at a click, picked in a form."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.demo_api import ADMIN, DemoApi
from tests.browser.test_console import sign_in

pytestmark = pytest.mark.browser

GROUND = ".bf-map .leaflet-control-scale"


def test_a_crowd_opens_into_its_people_who_lead_to_their_pages(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    sign_in(page)
    page.goto("/admin/map")
    expect(page.locator(".bf-map .bf-tower")).to_have_count(3)
    crowds = page.locator(".bf-cell")
    expect(crowds).to_have_count(3)
    crowds.first.click()
    expect(page.locator(".bf-pin").first).to_be_visible()
    expect(crowds).to_have_count(0)
    page.locator(".bf-pin").last.click()
    page.wait_for_url(re.compile(r"/admin/customers/\d+$"))
    assert all("127.0.0.1" in url or url.startswith(("data:", "blob:")) for url in asked)


def test_dragging_the_map_by_a_marker_leads_nowhere(page: Page) -> None:
    sign_in(page)
    page.goto("/admin/map")
    tower = page.locator(".bf-map .bf-tower").first
    expect(tower).to_be_visible()
    before = tower.bounding_box()
    assert before is not None
    page.mouse.move(before["x"] + 8, before["y"] + 8)
    page.mouse.down()
    page.mouse.move(before["x"] + 98, before["y"] + 68, steps=6)
    page.mouse.up()
    expect(page.locator(GROUND)).to_be_visible()
    assert page.url.endswith("/admin/map")


def test_a_place_is_picked_by_a_click_and_written_into_the_field(page: Page, base_url: str) -> None:
    customer_id = next(DemoApi(base_url).rows("/customers"))["id"]
    sign_in(page, *ADMIN)
    page.goto(f"/admin/customers/{customer_id}")
    page.get_by_role("button", name="More actions").first.click()
    page.get_by_text("Edit details").click()
    field = page.get_by_label("Place on the map")
    before = field.input_value()
    page.get_by_role("button", name="Pick on a map").click()
    expect(page.locator(GROUND)).to_be_visible()
    page.locator(".bf-map").click(position={"x": 90, "y": 60})
    expect(field).not_to_have_value(before)
    expect(field).to_have_value(re.compile(r"^-?\d+\.\d+, \d+\.\d+$"))
    expect(page.locator(".bf-map .bf-pin.here")).to_be_visible()
