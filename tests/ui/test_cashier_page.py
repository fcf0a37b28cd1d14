"""A cashier's day at the screen: open the drawer, take money, count it, and bring it to the bank."""

from nicegui import ui
from nicegui.testing import User

from data.values.money import Money
from tests.ui.isp import Isp, rows, send_form, sign_in, until


async def open_drawer(user: User, shillings: int) -> None:
    await user.open("/admin/cashier")
    await user.should_see("Open your shift")
    user.find(marker="field-opening").type(str(shillings))
    send_form(user)
    await user.should_see("Should be in the drawer", retries=60)


async def test_a_day_at_the_drawer(user: User, isp: Isp) -> None:
    await isp.customer("Amina Wanjiru", "0712345678")
    await sign_in(user, "accountant")
    await open_drawer(user, 500)
    user.find(marker="find-customer").type("Amina")
    await user.should_see("0712345678".removeprefix("0"), retries=60)
    user.find(kind=ui.button, content="Take money").click()
    await user.should_see("Amina Wanjiru owes KES 2,500.", retries=60)
    send_form(user)
    await user.should_see("KES 2,500 is booked. Receipt RCT-2026-00001.", retries=60)
    await until(lambda: [row["receipt"] for row in rows(user)] == ["RCT-2026-00001"])
    await user.should_see("KES 3,000", retries=60)

    await user.open("/admin/cashier")
    user.find("Count and close").click()
    await user.should_see("There should be KES 3,000 in the drawer.", retries=60)
    user.find(marker="field-by_notes").click()
    user.find(marker="notes-1000").type("2")
    user.find(marker="notes-100").type("9")
    send_form(user)
    await user.should_see("KES 100 too little is posted.", retries=60)
    await user.should_see("Open your shift", retries=60)
    user.find(marker="section-shifts").click()
    await until(
        lambda: [(row["status"], row["difference"]) for row in rows(user)] == [("Too little", "-KES 100")]
    )

    user.find(marker="section-bank").click()
    await user.should_see("KES 2,400.00", retries=60)
    user.find("Hand in to the bank").click()
    await user.should_see("Number on the slip", retries=60)
    user.find(marker="field-reference").type("dep 7")
    send_form(user)
    await user.should_see("KES 2,400 is in the bank.", retries=60)
    await until(lambda: "DEP 7" in [row.get("reference") for row in rows(user)])
    await user.should_see("All that came in is in the bank.", retries=60)


async def test_a_forgotten_shift_is_closed_by_who_may_match(user: User, isp: Isp) -> None:
    from benfex.payments.shifts import open_shift

    cashier = await isp.staff("accountant")
    await isp.benfex.transact(open_shift, cashier, opening=Money(50_000, "KES"))
    await sign_in(user)
    await user.open("/admin/cashier")
    user.find(marker="section-shifts").click()
    await until(lambda: [row["status"] for row in rows(user)] == ["Open"])
    user.find(kind=ui.table).trigger("act", {"key": "close", "id": "1"})
    await user.should_see("Close accountant person's", retries=60)
    user.find(marker="field-counted").type("500")
    send_form(user)
    await user.should_see("The drawer is right.", retries=60)


async def test_support_has_no_cashiers_page(user: User, isp: Isp) -> None:
    await sign_in(user, "support")
    assert (await user.http_client.get("/admin/cashier")).status_code == 403


async def test_cash_without_a_shift_is_refused_in_words(user: User, isp: Isp) -> None:
    customer_id = await isp.customer("Amina Wanjiru", "0712345678")
    await sign_in(user)
    await user.open(f"/admin/customers/{customer_id}")
    user.find("Record payment").click()
    send_form(user)
    await user.should_see("Open your shift first", retries=60)
