"""Documents over plain HTTP: who gets them, and that nobody else does."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from nicegui import ui
from nicegui.testing import User

from data.values.identifiers import CustomerId, InvoiceId
from data.values.kinds import BillingMode
from data.values.money import Money
from tests.ui.isp import Isp, rows, send_form, sign_in, until
from tests.unit.documents.sheets import codes_on, text_of

if TYPE_CHECKING:
    from benfex.application import Benfex


@pytest.fixture
async def amina(isp: Isp) -> CustomerId:
    """A customer whose first invoice of KES 2,500 is not paid yet."""
    return await isp.customer("Amina Wanjiru", "0708374149")


async def first_invoice(isp: Isp, customer_id: CustomerId) -> InvoiceId:
    from benfex.payments.quotes import quote

    owed = await isp.see(quote, customer_id=customer_id)
    found: InvoiceId = owed.invoices[0].invoice_id
    return found


async def test_staff_download_an_invoice_that_can_be_paid_off_the_paper(
    user: User, isp: Isp, amina: CustomerId, create_user: Callable[[], User]
) -> None:
    await sign_in(user, "support")
    address = f"/documents/invoices/{await first_invoice(isp, amina)}.pdf"
    first, second = [await user.http_client.get(address) for _ in range(2)]
    assert first.status_code == 200
    assert first.headers["content-type"] == "application/pdf"
    assert first.headers["content-disposition"] == 'attachment; filename="INV-2026-00001.pdf"'
    assert first.headers["cache-control"] == "no-store"
    assert "Amina Wanjiru" in text_of(first.content)
    # The link of an earlier paper goes on working, and a stranger who scans it may pay.
    for printed in (first, second):
        (link,) = codes_on(printed.content)
        assert (await create_user().http_client.get(link)).status_code == 200


async def test_whoever_holds_a_pay_link_gets_its_invoice_and_no_other(
    user: User, isp: Isp, amina: CustomerId, create_user: Callable[[], User]
) -> None:
    from benfex.payments.pay_links import create_pay_link

    invoice_id = await first_invoice(isp, amina)
    token = await isp.do(create_pay_link, customer_id=amina, invoice_id=invoice_id)
    got = await user.http_client.get(f"/documents/pay/{token}/invoice.pdf")
    assert codes_on(got.content) == [f"http://test/pay/{token}"]
    for_all = await isp.do(create_pay_link, customer_id=amina)
    for wrong in (for_all, "0" * 32):
        assert (await user.http_client.get(f"/documents/pay/{wrong}/invoice.pdf")).status_code == 404
    assert (await user.http_client.get(f"/documents/invoices/{invoice_id}.pdf")).status_code == 303


async def test_a_subscriber_gets_their_own_and_finds_nobody_elses(
    user: User, isp: Isp, amina: CustomerId
) -> None:
    other = await isp.customer("Kamau Traders", "0722000111")
    own, foreign = [await first_invoice(isp, customer) for customer in (amina, other)]
    await isp.let_in(user, amina)
    assert (await user.http_client.get(f"/documents/invoices/{own}.pdf")).status_code == 200
    assert (await user.http_client.get(f"/documents/invoices/{foreign}.pdf")).status_code == 404
    assert (await user.http_client.get("/documents/invoices/999.pdf")).status_code == 404


async def test_the_bill_in_the_portal_leads_to_its_paper(user: User, isp: Isp, amina: CustomerId) -> None:
    await isp.let_in(user, amina)
    await user.open(f"/portal/invoices/{await first_invoice(isp, amina)}")
    await user.should_see("Download as PDF")


async def test_every_paper_of_a_customer_is_made_for_them_and_for_staff(
    user: User, isp: Isp, amina: CustomerId, create_user: Callable[[], User]
) -> None:
    from benfex.billing.crediting import issue_credit_note

    invoice_id = await first_invoice(isp, amina)
    note_id = await isp.do(
        issue_credit_note, invoice_id=invoice_id, amount=Money(10_000, "KES"), reason="Line was down"
    )
    await isp.pays(amina, 500)
    papers = {
        f"/documents/credit-notes/{note_id}.pdf": "Line was down",
        "/documents/receipts/1.pdf": "KES 500.00",
        f"/documents/statements/{amina}.pdf": "KES 1,900.00",
        f"/documents/proformas/{amina}.pdf": "KES 4,400.00",
        f"/documents/proformas/{amina}.pdf?scope=back_online": "KES 1,900.00",
    }
    other = await isp.customer("Kamau Traders", "0722000111")
    stranger = create_user()
    await isp.let_in(stranger, other)
    await isp.let_in(user, amina)
    staff = create_user()
    await sign_in(staff, "support")
    for path, words in papers.items():
        for reader in (user, staff):
            got = await reader.http_client.get(path)
            assert got.status_code == 200, path
            assert words in text_of(got.content), path
        assert (await stranger.http_client.get(path)).status_code == 404, path
    wrong = f"/documents/statements/{amina}.pdf?first_on=2026-11-02&last_on=2026-11-01"
    assert (await user.http_client.get(wrong)).status_code == 422


async def test_staff_choose_the_days_of_a_statement(user: User, isp: Isp, amina: CustomerId) -> None:
    await sign_in(user)
    await user.open(f"/admin/customers/{amina}")
    user.find(marker="section-statement").click()
    await user.should_see("Balance now", retries=60)
    user.find("Proforma").click()
    await user.should_see("A quote to pay by.", retries=60)
    user.find(content="Statement", kind=ui.button).click()
    await user.should_see("Statement of account", retries=60)


async def test_vouchers_are_downloaded_while_their_codes_are_known(isp: Isp, benfex: "Benfex") -> None:
    from benfex.catalog.plans import create_plan, publish_price
    from benfex.core.actors import SystemActor
    from benfex.payments.vouchers import print_vouchers

    plan_id = await isp.do(
        create_plan, code="WEEK", name="Week", download_bps=5_000_000, upload_bps=5_000_000
    )
    price_id = await isp.do(
        publish_price, plan_id=plan_id, amount=Money(35_000, "KES"), billing_mode=BillingMode.PREPAID
    )
    batch = await isp.do(print_vouchers, name="Shop", plan_price_id=price_id, quantity=3, vault=benfex.vault)
    sheet = await benfex.documents.vouchers(SystemActor("tests"), batch)
    assert sheet.file_name == "vouchers-Shop.pdf"
    assert sorted(codes_on(sheet.content)) == sorted(voucher.code for voucher in batch.vouchers)


async def test_the_owner_writes_the_letterhead_and_sees_it_on_a_sample(user: User, isp: Isp) -> None:
    await sign_in(user)
    await user.open("/admin/settings/documents")
    user.find(marker="field-address").type("Kenyatta Avenue 12, Nakuru")
    user.find(marker="field-tax_number").type("P051234567X")
    send_form(user)
    await user.should_see("Documents show it from now on.", retries=60)
    got = await user.http_client.get("/documents/sample.pdf")
    assert "Kenyatta Avenue 12, Nakuru" in text_of(got.content)
    assert "P051234567X" in text_of(got.content)


async def test_a_text_of_documents_is_shown_filled_while_it_is_written(user: User, isp: Isp) -> None:
    from benfex.documents.texts import document_texts

    await sign_in(user)
    await user.open("/admin/settings/documents")
    user.find(marker="section-texts").click()
    await until(lambda: any(row["id"] == "receipt_footer" for row in rows(user)))
    user.find(kind=ui.table).trigger("act", {"key": "edit", "id": "receipt_footer"})
    await user.should_see("We received your payment.", retries=60)
    user.find(marker="field-body").clear().type("Asante {{ customer_name }}")
    await user.should_see("Asante Amina Wanjirũ", retries=60)
    user.find(marker="field-body").clear().type("Asante {{ nobody }}")
    await user.should_see("there is no nobody here.", retries=60)
    user.find(marker="field-body").clear().type("Asante sana")
    send_form(user)
    await user.should_see("New documents use it.", retries=60)
    texts = await isp.see(document_texts)
    assert {one.code: one.body for one in texts}["receipt_footer"] == "Asante sana"


async def test_only_the_owner_sees_the_settings_and_the_sample(user: User, isp: Isp) -> None:
    await sign_in(user, "accountant")
    for path in ("/admin/settings/documents", "/documents/sample.pdf"):
        assert (await user.http_client.get(path)).status_code == 403
