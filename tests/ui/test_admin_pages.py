"""What staff see and do in the console."""

from datetime import timedelta
from typing import TYPE_CHECKING

from nicegui import ui
from nicegui.testing import User

from data.values.kinds import CashMethod, EvidenceGrade
from data.values.money import Money
from tests.ui.isp import Isp, rows, send_form, sign_in, until

if TYPE_CHECKING:
    from benfex.core.clock import MovedClock


async def test_overview_names_what_is_overdue(user: User, isp: Isp, clock: "MovedClock") -> None:
    await isp.customer("Amina Wanjiru", "0712345678")
    clock.advance(timedelta(days=10))
    await sign_in(user)
    await user.open("/admin")
    await user.should_see("Overdue")
    await user.should_see("1 invoice of 1 customer")
    await user.should_see("Money to packet")


async def test_a_payment_appears_on_the_open_overview(user: User, isp: Isp) -> None:
    from benfex.payments.cash import record_cash_payment

    customer_id = await isp.customer("Amina Wanjiru", "0712345678")
    await sign_in(user)
    await user.open("/admin")
    await user.should_not_see("Amina Wanjiru")
    await isp.do(
        record_cash_payment,
        customer_id=customer_id,
        amount=Money(250_000, "KES"),
        method=CashMethod.CASH,
        reference="A-1",
    )
    await user.should_see("Amina Wanjiru", retries=60)


async def test_a_customer_is_found_by_phone_among_others(user: User, isp: Isp) -> None:
    await isp.customer("Amina Wanjiru", "0712345678")
    await isp.customer("Kamau Traders", "0722000111", with_service=False)
    await sign_in(user)
    await user.open("/admin/customers")
    names = [row["name"] for row in rows(user)]
    assert names == ["Amina Wanjiru", "Kamau Traders"]
    user.find("Name, phone or account").type("0722000")
    await until(lambda: [row["name"] for row in rows(user)] == ["Kamau Traders"])


async def test_registering_a_customer_leads_to_their_page(user: User, isp: Isp) -> None:
    await sign_in(user, "support")
    await user.open("/admin/customers")
    user.find("New customer").click()
    await user.should_see("They get an account number at once")
    user.find(marker="field-name").type("Otieno Family")
    user.find(marker="field-phone").type("0733 123 456")
    send_form(user)
    await user.should_see("Otieno Family")
    await user.should_see("No service yet", retries=60)


async def test_a_wrong_phone_number_is_said_at_its_field(user: User, isp: Isp) -> None:
    await sign_in(user)
    await user.open("/admin/customers")
    user.find("New customer").click()
    user.find(marker="field-name").type("Otieno Family")
    user.find(marker="field-phone").type("12")
    send_form(user)
    await user.should_see("This is not a phone number we can reach")


async def test_a_service_suspended_by_staff_says_why(user: User, isp: Isp) -> None:
    customer_id = await isp.customer("Amina Wanjiru", "0712345678")
    await sign_in(user, "support")
    await user.open(f"/admin/customers/{customer_id}")
    user.find("Suspend").click()
    await user.should_see("is reduced to the payment page within seconds")
    user.find(marker="field-note").type("Asked us to")
    send_form(user)
    await user.should_see("Only the payment page can be reached", retries=60)
    await user.should_see("Resume")


async def test_cash_recorded_on_the_page_pays_the_invoice(user: User, isp: Isp) -> None:
    from benfex.customers.views import customer
    from benfex.payments.shifts import open_shift

    customer_id = await isp.customer("Amina Wanjiru", "0712345678")
    await isp.benfex.transact(open_shift, await isp.staff(), opening=Money(0, "KES"))
    await sign_in(user)
    await user.open(f"/admin/customers/{customer_id}")
    user.find("Record payment").click()
    user.find(marker="field-reference").type("R-77")
    send_form(user)
    await user.should_see("KES 2,500 is booked")
    await user.should_see("Amina Wanjiru paid KES 2,500 in cash", retries=60)
    view = await isp.see(customer, customer_id=customer_id)
    assert view.balance.is_zero


async def test_people_are_offered_only_what_their_role_may_do(user: User, isp: Isp) -> None:
    customer_id = await isp.customer("Amina Wanjiru", "0712345678")
    await sign_in(user, "support")
    await user.open(f"/admin/customers/{customer_id}")
    await user.should_see("Suspend")
    await user.should_not_see("Record payment")
    await user.should_not_see("New service")
    await user.open("/admin/invoices")
    await user.should_not_see(kind=ui.button, content="Bill run")


async def test_an_accountant_sees_money_but_no_switch(user: User, isp: Isp) -> None:
    customer_id = await isp.customer("Amina Wanjiru", "0712345678")
    await sign_in(user, "accountant")
    await user.open(f"/admin/customers/{customer_id}")
    await user.should_see("Record payment")
    await user.should_not_see("Suspend")


async def test_an_unknown_customer_is_said_to_be_absent(user: User, isp: Isp) -> None:
    await sign_in(user)
    answer = await user.http_client.get("/admin/customers/999")
    assert answer.status_code == 404
    assert "There is no such customer" in answer.text


async def test_a_page_that_outlived_its_session_does_nothing_more(
    user: User, isp: Isp, clock: "MovedClock"
) -> None:
    from benfex.customers.views import notes_about

    customer_id = await isp.customer("Amina Wanjiru", "0712345678")
    await sign_in(user)
    await user.open(f"/admin/customers/{customer_id}")
    user.find("Add note").click()
    user.find(marker="field-body").type("Gate code 12")
    clock.advance(timedelta(hours=13))
    send_form(user)
    await user.should_see("Your session has ended")
    assert await isp.see(notes_about, customer_id=customer_id) == ()


async def test_money_without_a_known_account_is_placed_by_hand(user: User, isp: Isp) -> None:
    from benfex.customers.views import customer

    customer_id = await isp.customer("Amina Wanjiru", "0712345678")
    payment_id = await _unknown_money(isp)
    await sign_in(user)
    await user.open("/admin/payments")
    await user.should_see("has no customer yet")
    user.find(marker="section-unmatched").click()
    await until(lambda: any(row.get("typed") == "house 4" for row in rows(user)))
    user.find(kind=ui.table).trigger("act", {"key": "place", "id": str(payment_id)})
    await user.should_see("Place this money")
    user.find(marker="find-customer").type("Amina")
    await user.should_see("Choose")
    user.find("Choose").click()
    await user.should_see("They owe KES 2,500")
    user.find(kind=ui.button, content="Place the money").click()
    await user.should_see("KES 2,500 went to Amina Wanjiru", retries=60)
    view = await isp.see(customer, customer_id=customer_id)
    assert view.balance.is_zero


async def test_a_bill_run_is_rehearsed_before_it_issues(user: User, isp: Isp, clock: "MovedClock") -> None:
    from benfex.billing.views import invoice_counts

    await isp.customer("Amina Wanjiru", "0712345678")
    clock.advance(timedelta(days=31))
    await sign_in(user)
    await user.open("/admin/invoices")
    user.find(kind=ui.button, content="Bill run").click()
    await user.should_see("See what it would do")
    send_form(user)
    await user.should_see("1 invoice over KES 2,500 would be issued", retries=60)
    assert (await isp.see(invoice_counts)).all == 1
    user.find("Issue 1 invoice").click()
    await user.should_see("1 invoice over KES 2,500 issued", retries=60)
    assert (await isp.see(invoice_counts)).all == 2


async def test_an_invoice_is_void_after_a_reason(user: User, isp: Isp) -> None:
    await isp.customer("Amina Wanjiru", "0712345678")
    await sign_in(user)
    await user.open("/admin/invoices/1")
    await user.should_see("Without tax")
    user.find(kind=ui.button, content="Void").click()
    await user.should_see("no longer owes KES 2,500")
    user.find(kind=ui.textarea).type("Wrong plan")
    user.find(kind=ui.button, content="Void invoice").click()
    await user.should_not_see("Write off", retries=60)
    await user.should_see("Void")


async def test_a_new_plan_asks_for_its_price(user: User, isp: Isp) -> None:
    await sign_in(user)
    await user.open("/admin/plans")
    user.find("New plan").click()
    for field, value in (
        ("name", "Home 20"),
        ("code", "HOME-20"),
        ("download_bps", "20"),
        ("upload_bps", "10"),
    ):
        user.find(marker=f"field-{field}").type(value)
    send_form(user)
    await user.should_see("New price for Home 20", retries=60)
    await until(lambda: len(user.find(marker="field-amount").elements) == 1)
    user.find(marker="field-amount").type("3,500")
    words = "First invoice. Home 20: KES 3,500. Total KES 3,500. The next come on 23 Dec, 23 Jan 2027, 23 Feb 2027."
    await user.should_see(words, retries=60)
    send_form(user)
    await until(lambda: any(row["price"] == "KES 3,500 a month" for row in rows(user)))


async def test_a_plan_with_bonus_hours_is_made_on_the_page(user: User, isp: Isp) -> None:
    await sign_in(user)
    await user.open("/admin/plans")
    user.find("New plan").click()
    for field, value in (
        ("name", "Nights"),
        ("code", "NIGHTS"),
        ("download_bps", "20"),
        ("upload_bps", "10"),
    ):
        user.find(marker=f"field-{field}").type(value)
    user.find(marker="field-data_cap_bytes").type("100")
    (switch,) = user.find(kind=ui.switch, marker="field-has_terms").elements
    switch.value = True
    for field, hour in (("bonus_hours", 0), ("bonus_until", None)):
        (choice,) = user.find(kind=ui.select, marker=f"field-{field}").elements
        choice.value = hour
    send_form(user)
    await user.should_see("Give both the hour they begin and the hour they end", retries=60)
    (choice,) = user.find(kind=ui.select, marker="field-bonus_until").elements
    choice.value = 6
    send_form(user)
    await user.should_see("New price for Nights", retries=60)
    await until(lambda: any(row["name_note"] == "NIGHTS · free from 00:00 to 06:00" for row in rows(user)))


async def test_a_new_price_begins_with_the_tax_that_most_prices_carry(user: User, isp: Isp) -> None:
    from benfex.catalog.taxes import set_tax_rate

    await isp.do(set_tax_rate, code="ALEVY", name="Levy", basis_points=200)
    await sign_in(user)
    await user.open("/admin/plans")
    user.find("New plan").click()
    for field, value in (("name", "Home 20"), ("code", "H20"), ("download_bps", "20"), ("upload_bps", "10")):
        user.find(marker=f"field-{field}").type(value)
    send_form(user)
    await until(lambda: len(user.find(marker="field-amount").elements) == 1)
    user.find(marker="field-amount").type("3,500")
    await user.should_see("Total KES 3,500. The next come", retries=60)


async def test_a_radius_server_is_added_where_routers_are(user: User, isp: Isp) -> None:
    from benfex.network.views import list_routers

    await sign_in(user)
    await user.open("/admin/routers")
    user.find("Add router").click()
    await user.should_see("Kind", retries=60)
    (kind,) = user.find(kind=ui.select, marker="field-driver").elements
    (port,) = user.find(kind=ui.input, marker="field-port").elements
    assert port.value == "8728"
    kind.value = "radius"
    assert port.value == "5432"
    for field, value in (("name", "radius-1"), ("host", "/var/run/postgresql"), ("password", "secret")):
        user.find(kind=ui.input, marker=f"field-{field}").type(value)
    send_form(user)
    await user.should_see("radius-1 is added and being asked", retries=60)
    found = {router.name: router for router in await isp.see(list_routers)}["radius-1"]
    assert (found.driver, found.port, found.username) == ("radius", 5432, "benfex@radius")


async def test_a_paused_router_says_so(user: User, isp: Isp) -> None:
    await sign_in(user)
    await user.open(f"/admin/routers/{isp.router_id}")
    await user.should_see("Paused: it is neither polled nor changed.")
    await user.should_see("Check drift")


async def test_the_router_list_names_lines_and_tasks(user: User, isp: Isp) -> None:
    await isp.customer("Amina Wanjiru", "0712345678")
    await sign_in(user, "support")
    await user.open("/admin/routers")
    await user.should_see("nakuru-core")
    await user.should_see("1 task waiting")
    await user.should_not_see("Add router")


async def _unknown_money(isp: Isp) -> int:
    from benfex.payments.gateway import PaymentEvidence
    from benfex.payments.settlement import settle_payment

    now = isp.benfex.clock.now()
    evidence = PaymentEvidence(
        gateway="mpesa",
        grade=EvidenceGrade.SECRET_PATH,
        transaction_id="RKTQDM7W6S",
        amount=Money(250_000, "KES"),
        received_at=now,
        account_reference="house 4",
        payer_name="PETER O",
    )
    outcome = await isp.do(settle_payment, evidence=evidence, evidence_at=now, source="c2b")
    return int(outcome.payment_id)


async def test_the_menu_waits_for_no_answer_of_a_busy_browser(user: User, isp: Isp) -> None:
    await sign_in(user)
    await user.open("/admin")

    (drawer,) = user.find(kind=ui.left_drawer).elements

    assert isinstance(drawer, ui.left_drawer)
    assert drawer.value is False  # with None, NiceGUI asks the browser and fails after a second
    assert drawer.props["show-if-above"] is True
