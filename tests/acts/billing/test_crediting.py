"""Credit notes lower what was billed, settle their own invoice first, and become credit that pays the others."""

from datetime import date

import pytest
from sqlalchemy import select
from sqlmodel import col

from benfex.billing.charges import ChargeLine
from benfex.billing.crediting import credit_lines, credit_unused, issue_credit_note, unused_credit_preview
from benfex.billing.invoicing import issue_invoice, void_invoice
from benfex.core.policy import billing_today
from benfex.core.unit_of_work import Snapshot
from benfex.ledger.chart import AccountCode
from data.models.invoice import CreditNote, InvoiceLine
from data.models.payment import PaymentAllocation
from data.values.errors import AmountOutOfRange, Conflict, InvalidInput, NotPermitted
from data.values.identifiers import CustomerId, InvoiceId
from data.values.kinds import LineKind
from data.values.periods import Period
from data.values.states import InvoiceStatus
from tests.conftest import Run
from tests.factories.customers import MadeService, make_customer, make_invoice, make_service, work
from tests.factories.isp import ACCOUNTANT, SUPPORT, kes, make_vat
from tests.factories.looks import balance, invoice_status, invoices_of, owed
from tests.factories.money import c2b, settle

# The service starts on 23 November; its month has 30 days and ends on 23 December.
TENTH_DAY = date(2026, 12, 3)  # 20 of 30 days are left: 1,666.67


def test_a_note_by_amount_lowers_what_is_owed(isp: Run) -> None:
    customer = make_customer(isp)
    invoice_id = make_invoice(isp, customer, amount=kes(1_500))
    isp.by(ACCOUNTANT)(issue_credit_note, invoice_id=invoice_id, amount=kes(500), reason="two days down")
    assert isp.read(_notes) == (("CN-2026-00001", 50_000),)
    assert isp.read(owed, customer_id=customer.customer_id) == kes(1_000)
    assert isp.read(invoice_status, invoice_id=invoice_id) == (InvoiceStatus.OPEN, 50_000)
    assert isp.read(balance, code=AccountCode.CREDITS_GIVEN) == kes(500)


def test_a_note_over_all_that_is_open_closes_the_invoice(isp: Run) -> None:
    customer = make_customer(isp)
    invoice_id = make_invoice(isp, customer, amount=kes(1_500))
    isp(issue_credit_note, invoice_id=invoice_id, amount=kes(1_500), reason="billed in error")
    assert isp.read(invoice_status, invoice_id=invoice_id) == (InvoiceStatus.PAID, 150_000)
    with pytest.raises(AmountOutOfRange):
        isp(issue_credit_note, invoice_id=invoice_id, amount=kes(1), reason="more")


def test_a_note_on_a_paid_invoice_becomes_credit_that_pays_before_money(isp: Run) -> None:
    customer = make_customer(isp)
    invoice_id = make_invoice(isp, customer, amount=kes(1_500))
    settle(isp, c2b(customer.account_number, receipt="TKN4QX71SV", amount=kes(2_000)))
    isp(issue_credit_note, invoice_id=invoice_id, amount=kes(300), reason="two days down")
    assert isp.read(owed, customer_id=customer.customer_id) == kes(-800)
    later = make_invoice(isp, customer, amount=kes(400))
    assert isp.read(invoice_status, invoice_id=later) == (InvoiceStatus.PAID, 40_000)
    assert isp.read(_settled_by_notes, invoice_id=later) == 30_000


def test_what_a_note_leaves_over_pays_other_open_invoices_at_once(isp: Run) -> None:
    customer = make_customer(isp)
    first = make_invoice(isp, customer, amount=kes(1_000))
    second = make_invoice(isp, customer, amount=kes(1_000))
    settle(isp, c2b(customer.account_number, receipt="TKN4QX71SV", amount=kes(700)))
    isp(issue_credit_note, invoice_id=first, amount=kes(1_000), reason="billed in error")
    assert isp.read(invoice_status, invoice_id=first) == (InvoiceStatus.PAID, 100_000)
    assert isp.read(invoice_status, invoice_id=second) == (InvoiceStatus.OPEN, 70_000)


def test_a_note_settles_its_own_invoice_before_older_ones(isp: Run) -> None:
    customer = make_customer(isp)
    older = make_invoice(isp, customer, amount=kes(1_000))
    newer = make_invoice(isp, customer, amount=kes(1_000))
    isp(issue_credit_note, invoice_id=newer, amount=kes(600), reason="two days down")
    assert isp.read(invoice_status, invoice_id=older) == (InvoiceStatus.OPEN, 0)
    assert isp.read(invoice_status, invoice_id=newer) == (InvoiceStatus.OPEN, 60_000)


def test_tax_is_given_back_with_the_net_amount(isp: Run) -> None:
    customer = make_customer(isp)
    invoice_id = _taxed_invoice(isp, customer.customer_id)
    assert isp.read(balance, code=AccountCode.TAX_PAYABLE) == -kes(160)
    isp(issue_credit_note, invoice_id=invoice_id, amount=kes(290), reason="a quarter")
    assert isp.read(balance, code=AccountCode.TAX_PAYABLE) == -kes(120)
    isp(issue_credit_note, invoice_id=invoice_id, amount=kes(870), reason="the rest")
    assert isp.read(balance, code=AccountCode.TAX_PAYABLE) == kes(0)
    assert isp.read(owed, customer_id=customer.customer_id) == kes(0)


def test_one_line_can_be_credited_alone(isp: Run) -> None:
    customer = make_customer(isp)
    day = isp.read(billing_today)
    lines = [work(kes(100)), work(kes(300))]
    invoice_id = isp(issue_invoice, customer_id=customer.customer_id, lines=lines, issued_on=day)
    first, second = isp.read(_line_ids, invoice_id=invoice_id)
    with pytest.raises(AmountOutOfRange):
        isp(credit_lines, invoice_id=invoice_id, amounts={first: kes(101)}, reason="too much")
    isp(credit_lines, invoice_id=invoice_id, amounts={second: kes(300)}, reason="not done")
    assert isp.read(_credited, invoice_id=invoice_id) == (0, 30_000)


# Unused days


def test_unused_days_are_credited_as_previewed_and_once(isp: Run) -> None:
    service = make_service(isp)
    seen = isp.read(unused_credit_preview, subscription_id=service.subscription_id, from_on=TENTH_DAY)
    assert seen.minor == 166_667
    (note_id,) = _credit_unused(isp, service, TENTH_DAY)
    assert isp.read(_notes) == (("CN-2026-00001", seen.minor),)
    assert note_id
    assert _credit_unused(isp, service, date(2026, 12, 10)) == ()
    assert isp.read(owed, customer_id=service.customer_id).minor == 250_000 - 166_667


def test_only_the_items_asked_for_are_credited_and_the_price_takes_its_discount_along(isp: Run) -> None:
    service = make_service(isp)
    december = Period(date(2026, 12, 23), date(2027, 1, 23))
    lines = [
        _line(service, item, amount, december) for item, amount in (("price", 3_100), ("discount:1", -310))
    ]
    lines.append(_line(service, "addon:4", 620, december))
    invoice_id = isp(
        issue_invoice, customer_id=service.customer_id, lines=lines, issued_on=isp.read(billing_today)
    )
    only = frozenset({"price"})
    isp(
        credit_unused,
        subscription_id=service.subscription_id,
        from_on=date(2027, 1, 13),
        reason="upgrade",
        items=only,
    )
    assert isp.read(_credited, invoice_id=invoice_id) == (100_000, -10_000, 0)


def test_unused_days_of_a_void_invoice_give_nothing(isp: Run) -> None:
    service = make_service(isp)
    isp(void_invoice, invoice_id=InvoiceId(1), reason="billed in error")
    assert _credit_unused(isp, service, TENTH_DAY) == ()
    with pytest.raises(Conflict):
        isp(issue_credit_note, invoice_id=InvoiceId(1), amount=kes(1), reason="x")


def test_a_note_needs_a_reason_an_amount_its_currency_and_the_right(isp: Run) -> None:
    customer = make_customer(isp)
    invoice_id = make_invoice(isp, customer, amount=kes(10))
    for amount, reason, error in (
        (kes(1), " ", InvalidInput),
        (kes(1), "r" * 201, InvalidInput),
        (kes(0), "x", AmountOutOfRange),
        (kes(11), "x", AmountOutOfRange),
    ):
        with pytest.raises(error):
            isp(issue_credit_note, invoice_id=invoice_id, amount=amount, reason=reason)
    with pytest.raises(NotPermitted):
        isp.by(SUPPORT)(issue_credit_note, invoice_id=invoice_id, amount=kes(1), reason="x")
    assert [row[2:] for row in isp.read(invoices_of, customer_id=customer.customer_id)] == [(1_000, 0)]


def _credit_unused(run: Run, service: MadeService, from_on: date) -> tuple[int, ...]:
    return run(credit_unused, subscription_id=service.subscription_id, from_on=from_on, reason="unused")


def _taxed_invoice(run: Run, customer_id: CustomerId) -> InvoiceId:
    line = ChargeLine(kind=LineKind.ADJUSTMENT, description="Router", unit=kes(1_000), tax=make_vat(run))
    return run(issue_invoice, customer_id=customer_id, lines=[line], issued_on=run.read(billing_today))


def _line(service: MadeService, item: str, shillings: int, period: Period) -> ChargeLine:
    return ChargeLine(
        kind=LineKind.RECURRING,
        description=item,
        unit=kes(shillings),
        subscription_id=service.subscription_id,
        period=period,
        item=item,
    )


def _notes(snapshot: Snapshot) -> tuple[tuple[str, int], ...]:
    rows = snapshot.session.scalars(select(CreditNote).order_by(col(CreditNote.id)))
    return tuple((row.number, row.total_minor) for row in rows)


def _line_ids(snapshot: Snapshot, *, invoice_id: InvoiceId) -> tuple[int, ...]:
    return tuple(row.id or 0 for row in _lines(snapshot, invoice_id))


def _credited(snapshot: Snapshot, *, invoice_id: InvoiceId) -> tuple[int, ...]:
    return tuple(row.credited_minor for row in _lines(snapshot, invoice_id))


def _lines(snapshot: Snapshot, invoice_id: InvoiceId) -> list[InvoiceLine]:
    return list(
        snapshot.session.scalars(
            select(InvoiceLine).where(col(InvoiceLine.invoice_id) == invoice_id).order_by(col(InvoiceLine.id))
        )
    )


def _settled_by_notes(snapshot: Snapshot, *, invoice_id: InvoiceId) -> int:
    rows = snapshot.session.scalars(
        select(PaymentAllocation).where(
            col(PaymentAllocation.invoice_id) == invoice_id,
            col(PaymentAllocation.credit_note_id).is_not(None),
        )
    )
    return sum(row.amount_minor for row in rows)
