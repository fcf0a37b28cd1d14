"""Money to packet in real browsers: a subscriber pays on a phone while the admin looks on."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.demo_api import DemoApi

pytestmark = pytest.mark.browser

SOON = 20_000


def phone_of(browser: Browser, base_url: str) -> Page:
    page = browser.new_context(viewport={"width": 390, "height": 844}, base_url=base_url).new_page()
    page.goto("/login")
    page.get_by_role("button", name="Subscriber").click()
    page.wait_for_url(re.compile("/portal"))
    return page


def test_a_suspended_subscriber_pays_and_is_back_online_without_reloading(
    browser: Browser, page: Page, base_url: str
) -> None:
    page.goto("/login")
    page.get_by_role("button", name="Admin").click()
    page.wait_for_url(re.compile("/admin"))
    expect(page.get_by_text("Latest payments")).to_be_visible()

    phone = phone_of(browser, base_url)
    expect(phone.get_by_role("heading", name="Your internet is off")).to_be_visible()
    phone.get_by_role("link", name=re.compile("^Pay")).click()
    phone.get_by_role("button", name=re.compile("^Pay")).click()
    expect(phone.get_by_text("enter your M-Pesa PIN")).to_be_visible(timeout=SOON)
    phone.evaluate("() => { window.stillHere = true }")
    simulated = phone.get_by_role("link", name="Demo: open the simulated phone").get_attribute("href")
    assert simulated is not None

    sim_card = browser.new_context().new_page()
    sim_card.goto(simulated)
    sim_card.get_by_role("button", name="Enter PIN and pay").click()

    expect(phone.get_by_text("You are back online")).to_be_visible(timeout=SOON)
    receipt = phone.get_by_text(re.compile(r"^Receipt [A-Z0-9]{10}$")).inner_text().removeprefix("Receipt ")
    assert phone.evaluate("() => window.stillHere")
    assert phone.evaluate("() => document.documentElement.scrollWidth") == 390
    expect(page.get_by_text(receipt)).to_be_visible(timeout=SOON)
    expect(page.get_by_text(re.compile(r"\d+ ms")).first).to_be_visible(timeout=SOON)

    phone.get_by_role("link", name="Done").click()
    expect(phone.get_by_text("Nothing to pay")).to_be_visible()


def test_a_pay_link_is_paid_in_two_taps_and_seen_live(browser: Browser, base_url: str) -> None:
    api = DemoApi(base_url)
    customer = next(row for row in api.rows("/customers") if row["phone"] and row["status"] == "active")
    wish = {"customer_id": customer["id"], "amount": {"amount_minor": 50_000, "currency": "KES"}}
    checkout = api.make("/checkouts", {**wish, "description": "Router, second hand"})
    phone = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    phone.goto(checkout["url"])
    expect(phone.get_by_text("Router, second hand")).to_be_visible(timeout=SOON)
    phone.get_by_role("button", name="Pay KES 500").click()  # the first tap; the PIN is the second
    expect(phone.get_by_text("enter your M-Pesa PIN")).to_be_visible(timeout=SOON)
    assert phone.evaluate("() => document.documentElement.scrollWidth") == 390
    phone.evaluate("() => { window.stillHere = true }")
    simulated = phone.get_by_role("link", name="Demo: open the simulated phone").get_attribute("href")
    assert simulated is not None
    sim_card = browser.new_context().new_page()
    sim_card.goto(simulated)
    sim_card.get_by_role("button", name="Enter PIN and pay").click()
    expect(phone.get_by_text(re.compile(r"Payment received|You are back online"))).to_be_visible(timeout=SOON)
    assert phone.evaluate("() => window.stillHere")
    assert api.one(f"/checkouts/{checkout['id']}")["status"] == "paid"


def test_another_customers_bill_does_not_exist_for_a_subscriber(browser: Browser, base_url: str) -> None:
    phone = phone_of(browser, base_url)
    phone.goto("/portal/pay")
    account = phone.get_by_text(re.compile(r"Account number BFX\d+")).inner_text()
    api = DemoApi(base_url)
    me = next(row["id"] for row in api.rows("/customers") if row["account_number"] in account)
    bill = next(row for row in api.rows("/invoices") if row["customer_id"] != me)
    answer = phone.goto(f"/portal/invoices/{bill['id']}")
    assert answer is not None
    assert answer.status == 404
    phone.goto("/admin")
    assert phone.url.endswith("/portal")


def test_paying_ahead_by_paystack_comes_back_as_paid(browser: Browser, base_url: str) -> None:
    phone = phone_of(browser, base_url)
    phone.goto("/portal/pay")
    phone.get_by_label("Amount").fill("500")
    phone.get_by_text("M-Pesa", exact=True).first.click()
    phone.get_by_role("option", name="Paystack").click()
    phone.get_by_role("button", name=re.compile("^Pay")).click()
    phone.wait_for_url(re.compile("/checkout/"), timeout=SOON)
    phone.get_by_role("button", name=re.compile("Pay")).first.click()
    phone.wait_for_url(re.compile("/portal/pay/"), timeout=SOON)
    expect(phone.get_by_text(re.compile(r"Payment received|You are back online"))).to_be_visible(timeout=SOON)
