"""A statement at the screen: whose it is, which column is what, what would be booked and why, and the booking."""

from pathlib import Path

from nicegui import ui
from nicegui.testing import User

from tests.ui.isp import Isp, rows, send_form, sign_in, until

MPESA = (Path(__file__).parents[1] / "contract" / "payloads" / "mpesa_org_statement.csv").read_bytes()


async def hand_over(user: User, content: bytes, name: str = "november.csv") -> None:
    """Choose a file."""
    (upload,) = user.find(kind=ui.upload, marker="file").elements
    await upload.handle_uploads([ui.upload.SmallFileUpload(name, "text/csv", content)])


async def choose_bank(user: User, name: str) -> None:
    (bank,) = user.find(kind=ui.select, marker="bank").elements
    bank.set_value(name)


async def test_the_statement_of_mpesa_is_looked_at_and_booked(user: User, isp: Isp) -> None:
    await sign_in(user)
    await user.open("/admin/statements")
    await user.should_see("No file yet", retries=60)
    await hand_over(user, MPESA)
    await user.should_see("0 payments to book with a customer, 2 without one", retries=60)
    await until(lambda: {row.get("status") for row in rows(user)} == {"Books, then waits"})
    user.find("Book 2 payments, KES 3,000").click()
    await user.should_see("2 payments booked, 0 known before.", retries=60)
    await hand_over(user, MPESA)
    await user.should_see("This very file was imported before", retries=60)
    await until(lambda: "Known before" in [row.get("status") for row in rows(user)])
    await user.should_not_see("Book 2 payments")


async def test_a_new_bank_is_mapped_with_its_rows_in_sight(user: User, isp: Isp) -> None:
    from benfex.customers.contact import contact_of

    customer_id = await isp.customer("Amina Wanjiru", "0712345678")
    account = (await isp.see(contact_of, customer_id=customer_id)).account_number
    rows_of_file = f"05/11/2026,7,MPS {account},2500,\n06/11/2026,8,x,y,\n"
    content = f"MY BANK\nValue Date,Ref No,Narrative,Credit,Debit\n{rows_of_file}"
    await sign_in(user, "accountant")
    await user.open("/admin/statements")
    await choose_bank(user, "another bank")
    await hand_over(user, content.encode())
    await user.should_see("Every date of this file can be read two ways.", retries=60)
    user.find(marker="field-name").type("Sacco")
    send_form(user)
    await user.should_see("1 payment to book with a customer", retries=60)
    found = ("Amina Wanjiru", "The account number")
    await until(lambda: found in [(row.get("who"), row.get("why")) for row in rows(user)])
    assert "Refused" in [row.get("status") for row in rows(user)]
    user.find("Book 1 payment, KES 2,500").click()
    await user.should_see("1 payment booked, 0 known before.", retries=60)
    await user.should_see("Row 4: y is no amount.", retries=60)


async def test_what_is_no_statement_is_said(user: User, isp: Isp) -> None:
    await sign_in(user)
    await user.open("/admin/statements")
    await hand_over(user, b"PK\x03\x04")
    await user.should_see("This is no CSV file.", retries=60)


async def test_support_reads_no_statement(user: User, isp: Isp) -> None:
    await sign_in(user, "support")
    assert (await user.http_client.get("/admin/statements")).status_code == 403
