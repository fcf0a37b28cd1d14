"""The console in a real browser: the chart lives, nothing scrolls sideways, both themes."""

import re
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.demo_api import ADMIN, OWNER, DemoApi

pytestmark = pytest.mark.browser

POINTS = "() => document.querySelector('.js-plotly-plot').data[0].x.length"


def sign_in(page: Page, name: str = ADMIN[0], password: str = ADMIN[1]) -> None:
    page.goto("/login")
    page.locator("input[name=name]").first.fill(name)
    page.locator("input[name=password]").first.fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(re.compile(r"/(admin|portal)"))


def test_the_network_chart_grows_without_a_reload(page: Page) -> None:
    sign_in(page)
    page.wait_for_function("() => document.querySelector('.js-plotly-plot')?.data?.[0]?.x?.length > 0")
    before = page.evaluate(POINTS)
    page.evaluate("() => { window.stillHere = true }")
    page.wait_for_function(f"({POINTS})() >= {before} + 2", timeout=15_000)
    assert page.evaluate("() => window.stillHere")


def test_only_the_small_plotly_bundle_is_fetched(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    sign_in(page)
    page.wait_for_function("() => document.querySelector('.js-plotly-plot')?.data?.length > 0")
    assert any("plotly-basic" in url for url in asked)
    assert all("127.0.0.1" in url or url.startswith("data:") for url in asked)


def test_a_logo_is_chosen_by_a_button_and_shown(page: Page) -> None:
    sign_in(page, *OWNER)
    page.goto("/admin/settings/documents")
    picture = BytesIO()
    Image.new("RGB", (60, 20), "navy").save(picture, "PNG")
    with page.expect_file_chooser() as choice:
        page.get_by_role("button", name="Choose picture").click()
    choice.value.set_files({"name": "logo.png", "mimeType": "image/png", "buffer": picture.getvalue()})
    expect(page.get_by_alt_text("Your logo")).to_be_visible()


LISTS = (
    "/admin",
    "/admin/customers",
    "/admin/plans",
    "/admin/invoices",
    "/admin/payments",
    "/admin/routers",
    "/admin/map",
)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_scrolls_sideways_on_a_phone(browser: Browser, base_url: str, theme: str) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        base_url=base_url,
        color_scheme="dark" if theme == "dark" else "light",
    )
    page = context.new_page()
    sign_in(page)
    api = DemoApi(base_url)
    pages = [*LISTS]
    for kind in ("customers", "invoices", "routers"):
        pages.append(f"/admin/{kind}/{next(api.rows(f'/{kind}'))['id']}")
    widths = {}
    for path in pages:
        page.goto(path)
        expect(page.locator("h1").first).to_be_visible()
        page.wait_for_load_state("networkidle")
        widths[path] = page.evaluate("() => document.documentElement.scrollWidth")
    assert widths == dict.fromkeys(pages, 390)
    context.close()


def test_an_unknown_page_says_so(page: Page, no_complaints: list[str]) -> None:
    answer = page.goto("/no/such/page")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", name="This page does not exist")).to_be_visible()


def test_a_wrong_password_is_told_without_saying_which(page: Page) -> None:
    page.goto("/login")
    page.locator("input[name=name]").first.fill(ADMIN[0])
    page.locator("input[name=password]").first.fill("not the password")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("do not belong together")).to_be_visible()
