"""What subscribers see and do in the portal, and whoever holds a link to pay."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from nicegui import ElementFilter, ui
from nicegui.testing import User

from benfex.core.clock import MovedClock, SystemClock
from benfex.core.paging import SliceRequest
from benfex.simulation.outside import Outside
from data.values.identifiers import CustomerId
from data.values.kinds import SuspensionReason
from tests.contract.gateway_clients import client, open_outside
from tests.factories.isp import kes
from tests.factories.money import SETTINGS, c2b
from tests.factories.till import webhook_doors
from tests.ui.isp import Isp, send_form

if TYPE_CHECKING:
    from benfex.application import Benfex

PHONE = "0708374149"
MSISDN = "254708374149"


@pytest.fixture
def clock() -> MovedClock:
    """The far ends live in true time, and their statements are asked for by it."""
    return MovedClock(SystemClock().now())


@pytest.fixture
async def amina(isp: Isp) -> CustomerId:
    """A customer with a service whose first invoice of KES 2,500 is not paid yet."""
    return await isp.customer("Amina Wanjiru", PHONE)


@pytest.fixture
async def outside(isp: Isp, benfex: "Benfex") -> AsyncIterator[Outside]:
    """M-Pesa and Paystack, simulated. What is paid reaches us; how a prompt ended we must ask."""
    from benfex.payments.accounts import save_gateway_account

    async with open_outside() as outside, webhook_doors() as (url, behind):
        behind.inbox, behind.clock = benfex.inbox, benfex.clock
        for name, address in (("mpesa", outside.daraja_url), ("paystack", outside.paystack_url)):
            settings = SETTINGS[name] | {"base_url": address}
            await isp.do(save_gateway_account, gateway=name, settings=settings, vault=benfex.vault)
        await benfex.gateways.load()
        await benfex.gateways.register_callbacks(public_url=url)
        yield outside


async def answers(outside: Outside, benfex: "Benfex", clock: MovedClock, answer: str) -> None:
    """Answer the prompt on the phone; nobody tells us, so that it is asked for a little later."""
    async with client(outside.control_url) as control:
        response = await control.post(f"/phones/{MSISDN}/answer", json={"answer": answer})
        assert response.status_code == 200, response.text
    clock.advance(timedelta(seconds=15))
    await benfex.reconciler.check_due_attempts()


async def test_home_says_what_is_owed_and_leads_to_pay(user: User, isp: Isp, amina: CustomerId) -> None:
    await isp.let_in(user, amina)
    await user.open("/portal")
    await user.should_see("Hello, Amina")
    await user.should_see("Pay KES 2,500")
    await user.should_see("Home 10")
    await user.should_see("10 Mbps down, 5 Mbps up")


async def test_home_says_in_one_sentence_why_the_line_is_off(user: User, isp: Isp, amina: CustomerId) -> None:
    await isp.let_in(user, amina)
    await user.open("/portal")
    await user.should_see("has not been told yet; that is tried again by itself.")


async def test_home_changes_by_itself_when_money_comes(user: User, isp: Isp, amina: CustomerId) -> None:
    await isp.let_in(user, amina)
    await user.open("/portal")
    await user.should_see("Pay KES 2,500")
    await isp.pays(amina, 3_000)
    await user.should_see("Nothing to pay", retries=60)
    await user.should_see("You have KES 500 with us for the next bill.")


async def test_who_is_cut_off_sees_why_and_how_much_and_nothing_else(
    user: User, isp: Isp, amina: CustomerId
) -> None:
    await isp.suspends(amina)
    await isp.let_in(user, amina)
    await user.open("/portal")
    await user.should_see("Your internet is off")
    await user.should_see("Pay KES 2,500")
    await user.should_not_see("Usage")
    await user.open("/portal/pay")
    await user.should_see("Back")
    await user.should_not_see("Usage")


async def test_who_was_stopped_by_staff_is_not_asked_for_money(
    user: User, isp: Isp, amina: CustomerId
) -> None:
    await isp.suspends(amina, SuspensionReason.ABUSE)
    await isp.let_in(user, amina)
    await user.open("/portal")
    await user.should_see("stopped by our team")
    await user.should_not_see("Pay KES 2,500")


async def test_a_customer_without_a_service_is_not_left_with_an_empty_page(user: User, isp: Isp) -> None:
    await isp.let_in(user, await isp.customer("Otieno Family", PHONE, with_service=False))
    for path, words in (
        ("/portal", "No service yet"),
        ("/portal/usage", "Nothing to show yet"),
        ("/portal/invoices", "No bill yet"),
    ):
        await user.open(path)
        await user.should_see(words)


async def test_usage_shows_the_line_and_its_days(user: User, isp: Isp, amina: CustomerId) -> None:
    await isp.let_in(user, amina)
    await user.open("/portal/usage")
    await user.should_see("Home 10 now")
    await user.should_see("Waiting for the first reading")
    await user.should_see("Each day")
    await user.should_see("bytes, last 30 days")


async def test_a_bill_says_what_it_is_for_and_what_paid_it(user: User, isp: Isp, amina: CustomerId) -> None:
    await isp.let_in(user, amina)
    await user.open("/portal/invoices")
    await user.should_see("To pay")
    await user.should_see("KES 2,500")
    await user.open("/portal/invoices/1")
    await user.should_see("Pay KES 2,500")
    await isp.pays(amina)
    await user.open("/portal/invoices/1")
    await user.should_see(f"Paid: Cash A-{amina}")
    await user.should_not_see("Pay KES 2,500")


async def test_the_bill_of_somebody_else_does_not_exist(user: User, isp: Isp, amina: CustomerId) -> None:
    await isp.let_in(user, await isp.customer("Kamau Traders", "0722000111"))
    assert (await user.http_client.get("/portal/invoices/1")).status_code == 404
    assert (await user.http_client.get("/portal/invoices/2")).status_code == 200
    assert (await user.http_client.get("/portal/pay/1")).status_code == 404
    back = await user.http_client.get("/portal/paid", params={"reference": "BF-NOT-MINE"})
    assert (back.status_code, back.headers["location"]) == (303, "/portal")


async def test_who_comes_back_from_paystacks_page_sees_their_payment(
    user: User, isp: Isp, amina: CustomerId, outside: Outside, benfex: "Benfex"
) -> None:
    from benfex.core.actors import SystemActor
    from benfex.payments.checkout import CheckoutRequest
    from benfex.payments.progress import payment_progress

    await isp.let_in(user, amina)
    asked = CheckoutRequest(amina, kes(2_500), "paystack", return_path="/portal/paid")
    attempt_id = await benfex.checkout.start(SystemActor("tests"), asked)
    (charge,) = outside.paystack.charges.values()
    outside.paystack.pay(charge, channel="card")
    back = await user.http_client.get("/portal/paid", params={"reference": charge.reference})
    assert (back.status_code, back.headers["location"]) == (303, f"/portal/pay/{attempt_id}")
    for _ in range(30):  # the webhook says it, and if it is lost, the question that coming back asked for
        await benfex.inbox.process_pending()
        await benfex.reconciler.check_due_attempts()
        progress = await benfex.read(payment_progress, SystemActor("tests"), attempt_id=attempt_id)
        if progress.receipt is not None:
            break
        await asyncio.sleep(0.05)
    await user.open(f"/portal/pay/{attempt_id}")
    await user.should_see("Payment received. Thank you.", retries=60)


async def test_more_says_who_we_think_they_are_and_what_happened(
    user: User, isp: Isp, amina: CustomerId
) -> None:
    number = await isp.let_in(user, amina)
    await isp.pays(amina)
    await user.open("/portal/more")
    for words in (number, "Amina Wanjiru", "+254708374149", "Invoice INV-", "-KES 2,500", "Sign out"):
        await user.should_see(words)


async def test_paying_online_is_not_offered_where_it_is_not_set_up(
    user: User, isp: Isp, amina: CustomerId
) -> None:
    number = await isp.let_in(user, amina)
    await user.open("/portal/pay")
    await user.should_see("Paying online is not set up yet")
    await user.should_see(f"Your account number is {number}.")


async def test_a_payment_is_followed_to_its_receipt(
    user: User, isp: Isp, amina: CustomerId, outside: Outside, benfex: "Benfex", clock: MovedClock
) -> None:
    await isp.let_in(user, amina)
    await user.open("/portal/pay")
    send_form(user)
    await user.should_see("Look at your phone and enter your M-Pesa PIN.", retries=60)
    await answers(outside, benfex, clock, "pay")
    await user.should_see("Payment received. Thank you.", retries=60)
    await user.should_see("Receipt ")
    await user.should_see("Done")


async def test_a_payment_that_came_to_nothing_says_why_and_can_be_tried_again(
    user: User,
    isp: Isp,
    amina: CustomerId,
    outside: Outside,
    benfex: "Benfex",
    clock: MovedClock,
) -> None:
    await isp.let_in(user, amina)
    await user.open("/portal/pay")
    send_form(user)
    await user.should_see("Look at your phone", retries=60)
    await answers(outside, benfex, clock, "no_money")
    await user.should_see("There is not enough money in the M-Pesa account.", retries=60)
    await user.should_see("Nothing was paid.")
    await user.should_see("Try again")


async def test_the_phone_is_asked_for_only_where_a_phone_pays(
    user: User, isp: Isp, amina: CustomerId, outside: Outside
) -> None:
    await isp.let_in(user, amina)
    await user.open("/portal/pay")
    user.find(marker="field-phone").clear()
    send_form(user)
    await user.should_see("Please fill this in.")
    with user:
        (way,) = ElementFilter(kind=ui.select, marker="field-gateway")
    way.value = "paystack"
    await user.should_not_see("Phone that pays")
    await user.should_not_see("The request to pay appears on this phone.")


async def test_a_link_pays_for_its_customer_without_signing_in(
    user: User, isp: Isp, amina: CustomerId, outside: Outside, benfex: "Benfex", clock: MovedClock
) -> None:
    await user.open(f"/pay/{await _link(isp, amina)}")
    await user.should_see("Pay for Amina")
    await user.should_see("KES 2,500 to pay")
    user.find(marker="field-phone").type(PHONE)
    send_form(user)
    await user.should_see("Look at your phone", retries=60)
    await answers(outside, benfex, clock, "pay")
    await user.should_see("Payment received. Thank you.", retries=60)


async def test_a_link_opens_nothing_but_its_own(
    user: User, isp: Isp, amina: CustomerId, outside: Outside, create_user: Callable[[], User]
) -> None:
    await isp.let_in(user, amina)
    await user.open("/portal/pay")
    send_form(user)
    await user.should_see("Look at your phone", retries=60)
    stranger = create_user().http_client
    assert (await stranger.get(f"/pay/{'0' * 32}")).status_code == 404
    other = await _link(isp, await isp.customer("Kamau Traders", "0722000111"))
    assert (await stranger.get(f"/pay/{other}")).status_code == 200
    assert (await stranger.get(f"/pay/{other}", params={"attempt": 1})).status_code == 404


async def _link(isp: Isp, customer_id: CustomerId) -> str:
    from benfex.payments.pay_links import create_pay_link

    token: str = await isp.do(create_pay_link, customer_id=customer_id)
    return token


async def test_paying_by_hand_says_what_to_enter(
    user: User, isp: Isp, benfex: "Benfex", amina: CustomerId, outside: Outside
) -> None:
    from benfex.payments.accounts import save_gateway_account

    await isp.let_in(user, amina)
    await user.open("/portal/pay")
    await user.should_see("Paybill number 174379")
    settings = SETTINGS["mpesa"] | {"base_url": outside.daraja_url, "kind": "till", "till_number": "5123456"}
    await isp.do(save_gateway_account, gateway="mpesa", settings=settings, vault=benfex.vault)
    await benfex.gateways.load()
    await user.open("/portal/pay")
    await user.should_see("Till number 5123456")
    await user.should_see("A till asks for no account number: pay from +254708374149")
    await user.should_not_see("choose Pay Bill")


async def test_a_receipt_that_does_not_show_is_looked_for_and_found(
    user: User, isp: Isp, benfex: "Benfex", amina: CustomerId
) -> None:
    from benfex.payments.settlement import settle_payment

    told = replace(
        c2b("", receipt="SGL31ABCDE", amount=kes(2_500)), account_reference=None, payer_name="AMINA WANJIRU"
    )
    await isp.do(settle_payment, evidence=told, evidence_at=benfex.clock.now(), source="tests")
    await isp.let_in(user, amina)
    await user.open("/portal/pay")
    receipt = user.find(marker="field-receipt")
    receipt.type("TKN9999999")
    send_form(user)
    await user.should_see("We are looking for it.", retries=60)
    receipt.clear().type("sgl31abcde")
    send_form(user)
    await user.should_see("Found. It is on your account now.", retries=60)
    await user.open("/portal")
    await user.should_see("Nothing to pay")


async def test_a_standing_order_is_asked_for_in_the_portal_and_ended(
    user: User, isp: Isp, benfex: "Benfex", amina: CustomerId, outside: Outside
) -> None:
    from benfex.payments.accounts import save_gateway_account

    await isp.let_in(user, amina)
    await user.open("/portal/pay")
    await user.should_not_see("Set up a standing order")
    settings = SETTINGS["mpesa"] | {"base_url": outside.daraja_url, "standing_orders": "2026"}
    await isp.do(save_gateway_account, gateway="mpesa", settings=settings, vault=benfex.vault)
    await benfex.gateways.load()
    await user.open("/portal/pay")
    user.find("Set up a standing order").click()
    await user.should_see("You are asked on your phone.")
    user.find(kind=ui.element, marker="order-form").trigger("submit.prevent")
    await user.should_see("Look at your phone and agree there.", retries=60)
    await user.should_see("KES 2,500, every month")
    assert len(outside.phones.prompts(MSISDN)) == 1
    await user.should_not_see("Set up a standing order")
    user.find("I ended it").click()
    await user.should_see("Only you can end it, in your M-Pesa menu.")
    user.find("Yes, I ended it").click()
    await user.should_see("Ended. It pays no more.", retries=60)
    await user.should_see("Set up a standing order")


async def test_what_was_given_back_shows_with_where_it_went(user: User, isp: Isp, amina: CustomerId) -> None:
    await isp.let_in(user, amina)
    await user.open("/portal/more")
    await user.should_not_see("Given back")
    other = await isp.customer("Peter Otieno", "0712345678", with_service=False)
    await give_back(isp, other, 700, "SLIP 8")
    await give_back(isp, amina, 500, "SLIP 7")
    await user.open("/portal/more")
    await user.should_see("Given back")
    await user.should_see("Sent by hand")
    await user.should_see("KES 500")
    await user.should_not_see("KES 700")


async def give_back(isp: Isp, customer_id: CustomerId, shillings: int, slip: str) -> None:
    from benfex.payments.api_views import payment_records
    from benfex.payments.refund_requests import refund_payment

    await isp.pays(customer_id, 9_000)
    (payment, *_) = (await isp.see(payment_records, request=SliceRequest(), customer_id=customer_id)).rows
    await isp.do(
        refund_payment, payment_id=payment.id, amount=kes(shillings), reason="Paid twice", reference=slip
    )
