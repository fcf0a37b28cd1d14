"""Credit notes, receipts, statements, proformas and vouchers as a reader sees them."""

from datetime import date

import pytest

from benfex.documents.credit_notes import CreditNoteDocument, render_credit_note
from benfex.documents.parts import ChargedLine, HowToPay, Payer, TaxedSum
from benfex.documents.printing import file_name
from benfex.documents.proformas import ProformaDocument, QuotedLine, render_proforma
from benfex.documents.receipts import PaidPart, ReceiptDocument, render_receipt
from benfex.documents.statements import StatementDocument, StatementEntry, render_statement
from benfex.documents.vouchers import VoucherCard, VoucherSheet, render_vouchers
from data.values.identifiers import CustomerId
from tests.unit.documents.sheets import BRAND, PERIOD, URL, codes_on, kes, pages_of, text_of

PAYER = Payer("Amina Wanjirũ", "BFX000014")
DAY = date(2026, 12, 1)


def test_a_credit_note_names_its_invoice_its_reason_and_its_tax() -> None:
    pdf = render_credit_note(
        CreditNoteDocument(
            brand=BRAND,
            number="CN-2026-00007",
            invoice_number="INV-2026-00042",
            payer=PAYER,
            issued_on=DAY,
            reason="Line was down",
            lines=(ChargedLine("Home 10, unused days", kes(34_483), kes(5_517), PERIOD),),
            subtotal=kes(34_483),
            taxes=(TaxedSum("VAT 16%", kes(5_517)),),
            total=kes(40_000),
        )
    )
    text = text_of(pdf)
    for words in ("CN-2026-00007", "INV-2026-00042", "Reason: Line was down", "KES 55.17", "KES 400.00"):
        assert words in text, words


def a_receipt(*, is_reversed: bool = False) -> ReceiptDocument:
    return ReceiptDocument(
        number="RCT-2026-00001",
        brand=BRAND,
        reference="SFF6XYZ123",
        payer=PAYER,
        received="26 Nov 2026, 14:02",
        method="M-Pesa",
        amount=kes(300_000),
        parts=(PaidPart("INV-2026-00042", DAY, kes(280_000), kes(280_000)),),
        kept=kes(15_000),
        refunded=kes(5_000),
        is_reversed=is_reversed,
    )


def test_a_receipt_says_what_came_and_where_it_went() -> None:
    text = text_of(render_receipt(a_receipt()))
    for words in ("SFF6XYZ123", "26 Nov 2026, 14:02", "2,800.00", "KES 150.00", "KES 50.00", "KES 3,000.00"):
        assert words in text, words


def test_a_receipt_for_money_that_was_taken_back_says_so() -> None:
    assert "Reversed" in text_of(render_receipt(a_receipt(is_reversed=True)))


def a_statement(count: int, *, pay: HowToPay | None = None) -> StatementDocument:
    entries = tuple(
        StatementEntry(DAY, f"Entry {number}", "", kes(100), kes(100 * (number + 1)))
        for number in range(count)
    )
    return StatementDocument(
        brand=BRAND,
        customer_id=CustomerId(1),
        payer=PAYER,
        first_on=date(2026, 11, 1),
        last_on=DAY,
        made_on=DAY,
        opening=kes(0),
        entries=entries,
        closing_balance=kes(100 * count),
        owed_now=kes(100 * count),
        pay=pay,
    )


def test_a_long_statement_goes_on_over_pages_and_ends_with_its_balance() -> None:
    pages = pages_of(render_statement(a_statement(100)))
    assert len(pages) == 4
    assert all("BALANCE, KES" in page for page in pages)
    assert "KES 100.00" in pages[-1]


def test_a_statement_can_be_paid_off_the_paper_while_something_is_owed() -> None:
    assert codes_on(render_statement(a_statement(3, pay=HowToPay(URL)))) == [URL]
    assert codes_on(render_statement(a_statement(0, pay=HowToPay(URL)))) == []


def test_a_proforma_says_that_it_is_no_invoice() -> None:
    pdf = render_proforma(
        ProformaDocument(
            brand=BRAND,
            customer_id=CustomerId(1),
            payer=PAYER,
            made_on=DAY,
            lines=(QuotedLine("Home 10", kes(250_000), PERIOD),),
            taxes=(TaxedSum("VAT 16%", kes(34_483)),),
            credit=kes(10_000),
            to_pay=kes(240_000),
            pay=HowToPay(URL, "174379"),
        )
    )
    text = text_of(pdf)
    assert "a quote, not an invoice" in text
    assert "−KES 100.00" in text
    assert codes_on(pdf) == [URL]


def test_vouchers_stand_24_on_a_page_each_with_a_code_that_a_phone_reads() -> None:
    cards = tuple(VoucherCard(f"B4-{place:03}", f"7K2M-9QXT-4HVB-{2345 + place}") for place in range(30))
    sheet = VoucherSheet(
        "Rift Valley Net", "#3e57da", "Hotspot week", "KES 350", "Good until 2027", "Help", cards
    )
    pdf = render_vouchers(sheet)
    pages = pages_of(pdf)
    assert [page.count("KES 350") for page in pages] == [24, 6]
    assert sorted(codes_on(pdf)) == [card.code for card in cards[:24]]
    assert all(card.serial in "".join(pages) and card.code in "".join(pages) for card in cards)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("INV-2026-00042", "INV-2026-00042.pdf"),
        ('x"; filename="evil.exe', "x-filename-evil.exe.pdf"),
        ("../../etc/passwd\r\n", "etc-passwd.pdf"),
        ("王", "document.pdf"),
    ],
)
def test_the_name_of_a_file_is_safe_in_a_header_and_on_a_disk(words: str, name: str) -> None:
    assert file_name(words) == name
