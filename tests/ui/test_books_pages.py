"""What the accountant sees and does about invoices that were wrong, and in the books."""

from nicegui import ui
from nicegui.testing import User

from tests.ui.isp import Isp, rows, send_form, sign_in, until


async def test_a_credit_note_is_previewed_and_issued_on_the_invoice(user: User, isp: Isp) -> None:
    await isp.customer("Amina Wanjiru", "0712345678")
    await sign_in(user, "accountant")
    await user.open("/admin/invoices/1")
    user.find("Credit note").click()
    await user.should_see("Up to KES 2,500 of INV-2026-00001 can be credited")
    user.find(marker="field-amount").clear().type("400")
    user.find(marker="field-reason").type("Two days down")
    send_form(user)
    await user.should_see("KES 400 is credited, of it KES 0 tax. KES 400 of this invoice is settled by it.")
    user.find("Issue credit note over KES 400").click()
    await user.should_see("CN-2026-00001", retries=60)
    await user.should_see("KES 2,100")


async def test_one_charge_can_be_credited_and_not_beyond_itself(user: User, isp: Isp) -> None:
    await isp.customer("Amina Wanjiru", "0712345678")
    await sign_in(user, "accountant")
    await user.open("/admin/invoices/1")
    user.find("Credit note").click()
    select = next(iter(user.find(marker="field-how", kind=ui.select).elements))
    select.set_value("lines")
    user.find(marker="field-line1").type("2600")
    user.find(marker="field-reason").type("Not delivered")
    send_form(user)
    await user.should_see("No more than KES 2,500 is left of it.")


async def test_an_invoice_is_written_off_with_a_reason(user: User, isp: Isp) -> None:
    await isp.customer("Amina Wanjiru", "0712345678")
    await sign_in(user, "accountant")
    await user.open("/admin/invoices/1")
    user.find("Write off").click()
    await user.should_see("Write off KES 2,500?")
    user.find(kind=ui.textarea).type("Left the country")
    user.find("Write it off").click()
    await user.should_see("is written off", retries=60)


async def test_support_is_offered_no_correction(user: User, isp: Isp) -> None:
    await isp.customer("Amina Wanjiru", "0712345678")
    await sign_in(user, "support")
    await user.open("/admin/invoices/1")
    await user.should_see("Pay link")
    await user.should_not_see("Credit note")
    await user.should_not_see("Write off")


async def test_the_books_show_balances_debts_and_their_proof(user: User, isp: Isp) -> None:
    await isp.customer("Amina Wanjiru", "0712345678")
    await sign_in(user, "accountant")
    await user.open("/admin/books")
    await user.should_see("1200 Receivable")
    user.find(marker="section-ageing").click()
    await until(lambda: [row["who"] for row in rows(user)] == ["Amina Wanjiru"])
    user.find(marker="section-proof").click()
    await user.should_see("Prove the books")
    user.find("Prove the books").click()
    await user.should_see("1 entry proved, and everything agrees.", retries=60)
