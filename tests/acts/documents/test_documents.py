"""What documents say of true rows: bills, money, credits and quotes, and who may have them."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from benfex.billing.crediting import issue_credit_note
from benfex.core.actors import SubscriberActor
from benfex.core.clock import MovedClock
from benfex.core.policy import billing_today
from benfex.core.templates import TemplateRefused
from benfex.documents.account_views import credit_note_document, receipt_document, statement_document
from benfex.documents.letterhead import brand, save_letterhead, save_logo
from benfex.documents.proforma_views import proforma_document
from benfex.documents.proformas import ProformaScope, render_proforma
from benfex.documents.receipts import render_receipt
from benfex.documents.statements import render_statement
from benfex.documents.texts import save_document_text
from benfex.documents.views import invoice_document
from benfex.subscriptions.renewal import bill_customer
from data.values.errors import Conflict, InvalidInput, NotFound, NotPermitted
from data.values.identifiers import CustomerId, PaymentId, UserId
from data.values.kinds import CashMethod
from data.values.money import Money
from tests.conftest import Run
from tests.factories.customers import MadeCustomer, make_customer, make_invoice, make_service
from tests.factories.isp import ACCOUNTANT, kes, make_price
from tests.factories.looks import owed
from tests.factories.money import c2b, receipt, settle
from tests.unit.documents.sheets import text_of


def subscriber(customer: MadeCustomer) -> SubscriberActor:
    return SubscriberActor(UserId(99), customer.customer_id, "Amina")


def pay(run: Run, customer: MadeCustomer, shillings: int, *, reference: str = "A-1") -> PaymentId:
    from benfex.payments.cash import record_cash_payment

    return run(
        record_cash_payment,
        customer_id=customer.customer_id,
        amount=kes(shillings),
        method=CashMethod.CASH,
        reference=reference,
    )


def test_an_invoice_adds_up_from_its_lines_to_what_is_due(isp: Run) -> None:
    amina = make_customer(isp)
    invoice_id = make_invoice(isp, amina, amount=kes(1_500))
    pay(isp, amina, 600)
    seen = isp.read(invoice_document, invoice_id=invoice_id)
    assert sum((line.net + line.tax for line in seen.lines), kes(0)) == seen.total == kes(1_500)
    assert [part.amount for part in seen.settled] == [kes(600)]
    assert seen.amount_due == kes(900)
    assert seen.badge.word == "To be paid"
    assert seen.payer.account_number == amina.account_number


def test_a_credit_note_says_what_it_takes_back_and_of_which_invoice(isp: Run) -> None:
    amina = make_customer(isp)
    invoice_id = make_invoice(isp, amina)
    note_id = isp(issue_credit_note, invoice_id=invoice_id, amount=kes(400), reason="Line was down")
    note = isp.read(credit_note_document, credit_note_id=note_id)
    invoice = isp.read(invoice_document, invoice_id=invoice_id)
    assert (note.total, note.invoice_number, note.reason) == (kes(400), invoice.number, "Line was down")
    assert sum((line.net + line.tax for line in note.lines), kes(0)) == note.total
    assert [(note.number in part.text, part.amount) for part in invoice.settled] == [(True, kes(400))]


def test_a_receipt_says_where_the_money_went(isp: Run) -> None:
    amina = make_customer(isp)
    make_invoice(isp, amina, amount=kes(1_500))
    paid = isp.read(receipt_document, payment_id=pay(isp, amina, 2_000))
    assert (paid.amount, paid.kept) == (kes(2_000), kes(500))
    assert [part.paid for part in paid.parts] == [kes(1_500)]
    assert paid.received == "23 Nov 2026, 11:00"
    assert "Kept for your next invoices" in text_of(render_receipt(paid))


def test_money_of_nobody_has_no_receipt(isp: Run) -> None:
    settle(isp, c2b("NOBODY", receipt=receipt(1), amount=kes(100)))
    with pytest.raises(Conflict):
        isp.read(receipt_document, payment_id=PaymentId(1))
    with pytest.raises(NotFound):
        isp.by(subscriber(make_customer(isp))).read(receipt_document, payment_id=PaymentId(1))


def test_a_statement_carries_forward_what_was_before_and_ends_as_the_books_say(
    isp: Run, clock: MovedClock
) -> None:
    amina = make_customer(isp)
    make_invoice(isp, amina, amount=kes(1_000))
    clock.advance(timedelta(days=10))
    make_invoice(isp, amina, amount=kes(700))
    pay(isp, amina, 400)
    today = isp.read(billing_today)
    seen = isp.read(
        statement_document, customer_id=amina.customer_id, first_on=today - timedelta(days=5), last_on=today
    )
    assert (seen.opening, [entry.amount for entry in seen.entries]) == (kes(1_000), [kes(700), kes(-400)])
    assert seen.closing_balance == seen.owed_now == isp.read(owed, customer_id=amina.customer_id)
    earlier = isp.read(
        statement_document,
        customer_id=amina.customer_id,
        first_on=today - timedelta(days=10),
        last_on=today - timedelta(days=1),
    )
    assert (earlier.opening, earlier.closing_balance, earlier.owed_now) == (kes(0), kes(1_000), kes(1_300))
    assert "Balance on 3 Dec 2026" in text_of(render_statement(seen))


def test_days_the_wrong_way_round_are_refused(isp: Run) -> None:
    amina, today = make_customer(isp), isp.read(billing_today)
    with pytest.raises(InvalidInput):
        isp.read(
            statement_document,
            customer_id=amina.customer_id,
            first_on=today,
            last_on=today - timedelta(days=1),
        )


def test_a_proforma_of_the_next_period_is_what_the_bill_run_then_asks_for(
    isp: Run, clock: MovedClock
) -> None:
    service = make_service(isp, price_id=make_price(isp, amount=kes(2_500)))
    now = isp.read(proforma_document, customer_id=service.customer_id, scope=ProformaScope.BACK_ONLINE)
    assert now.to_pay == kes(2_500)
    quoted = isp.read(proforma_document, customer_id=service.customer_id, scope=ProformaScope.NEXT_PERIOD)
    assert [line.amount for line in quoted.lines] == [kes(2_500), kes(2_500)]
    clock.advance(timedelta(days=31))
    isp(bill_customer, customer_id=service.customer_id, on=isp.read(billing_today))
    assert isp.read(owed, customer_id=service.customer_id) == quoted.to_pay


def test_a_proforma_takes_off_the_customers_credit_and_books_nothing(isp: Run) -> None:
    service = make_service(isp)
    pay(isp, service.customer, 3_000)
    quoted = isp.read(proforma_document, customer_id=service.customer_id, scope=ProformaScope.NEXT_PERIOD)
    assert (quoted.credit, quoted.to_pay) == (kes(500), kes(2_000))
    assert isp.read(owed, customer_id=service.customer_id) == kes(-500)
    none = isp.read(proforma_document, customer_id=service.customer_id, scope=ProformaScope.BACK_ONLINE)
    assert none.to_pay == kes(0)
    assert "There is nothing to pay." in text_of(render_proforma(none))


def test_to_a_subscriber_other_peoples_papers_do_not_exist(isp: Run) -> None:
    amina, other = make_customer(isp), make_customer(isp, name="Kamau Traders", phone="0722000111")
    invoice_id = make_invoice(isp, other)
    note_id = isp(issue_credit_note, invoice_id=invoice_id, amount=kes(100), reason="goodwill")
    payment_id = pay(isp, other, 500)
    theirs = isp.by(subscriber(amina))
    looks: list[tuple[Any, dict[str, Any]]] = [
        (invoice_document, {"invoice_id": invoice_id}),
        (credit_note_document, {"credit_note_id": note_id}),
        (receipt_document, {"payment_id": payment_id}),
        (statement_document, {"customer_id": other.customer_id}),
        (proforma_document, {"customer_id": other.customer_id, "scope": ProformaScope.BACK_ONLINE}),
    ]
    for look, named in looks:
        isp.by(subscriber(other)).read(look, **named)
        with pytest.raises(NotFound):
            theirs.read(look, **named)


def test_papers_printed_again_say_what_texts_said_when_they_were_issued(isp: Run, clock: MovedClock) -> None:
    amina = make_customer(isp)
    isp(save_document_text, code="invoice_footer", body="Pay {{ amount_due }} for {{ number }}.")
    isp(save_document_text, code="invoice_line", body="{{ description | upper }}")
    before = make_invoice(isp, amina)
    clock.advance(timedelta(days=1))
    isp(save_document_text, code="invoice_footer", body="New words.")
    after = make_invoice(isp, amina)
    first, second = [isp.read(invoice_document, invoice_id=one) for one in (before, after)]
    assert (first.closing, second.closing) == (f"Pay KES 1,500.00 for {first.number}.", "New words.")
    assert first.lines[0].text == "WORK AT THE HOUSE"


def test_a_text_that_could_fail_is_refused_when_it_is_saved(isp: Run) -> None:
    with pytest.raises(TemplateRefused):
        isp(save_document_text, code="receipt_footer", body="{{ amount_due }}")
    with pytest.raises(InvalidInput):
        isp(save_document_text, code="no_such_text", body="Hello")
    with pytest.raises(NotPermitted):
        isp.by(ACCOUNTANT)(save_document_text, code="receipt_footer", body="Hello")


def test_the_letterhead_has_versions_and_keeps_its_logo(isp: Run) -> None:
    picture = BytesIO()
    Image.new("RGBA", (2_000, 500), (228, 0, 43, 128)).save(picture, "PNG")
    isp(save_logo, picture=picture.getvalue())
    isp(
        save_letterhead,
        address=" Kenyatta Avenue 12,\nNakuru ",
        email="billing@isp.ke",
        website="",
        tax_number="P1",
    )
    looks = isp.read(brand)
    assert looks.lines == ("Kenyatta Avenue 12, Nakuru", "billing@isp.ke")
    assert looks.logo is not None
    assert Image.open(BytesIO(looks.logo)).size == (736, 184)
    isp(save_logo, picture=None)
    assert isp.read(brand).logo is None


@pytest.mark.parametrize("picture", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, b"x" * 2_000_001])
def test_what_is_no_small_picture_is_no_logo(isp: Run, picture: bytes) -> None:
    with pytest.raises(InvalidInput):
        isp(save_logo, picture=picture)


def test_only_the_owner_changes_the_letterhead(isp: Run) -> None:
    with pytest.raises(NotPermitted):
        isp.by(ACCOUNTANT)(save_logo, picture=None)


def test_a_customer_who_is_not_there_has_no_statement(isp: Run) -> None:
    with pytest.raises(NotFound):
        isp.read(statement_document, customer_id=CustomerId(999))


def test_a_zero_balance_is_told_as_zero(isp: Run) -> None:
    amina = make_customer(isp)
    seen = isp.read(statement_document, customer_id=amina.customer_id)
    assert (seen.closing_balance, seen.entries) == (Money(0, "KES"), ())
    assert seen.first_on.isoformat() == "2026-09-01"
