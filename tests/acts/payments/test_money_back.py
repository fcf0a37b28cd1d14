"""Bad debt, money given back and money taken back leave the books in order."""

from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import select
from sqlmodel import col

from benfex.billing.crediting import issue_credit_note
from benfex.billing.write_offs import recover_invoice, write_off_invoice
from benfex.core.clock import MovedClock
from benfex.core.unit_of_work import Snapshot
from benfex.customers.statements import statement_of_account
from benfex.dunning.runs import run_dunning
from benfex.ledger.chart import AccountCode
from benfex.payments.refund_requests import refund_payment
from benfex.payments.refunds import refundable
from benfex.payments.reversal import reverse_payment
from data.models.payment import PaymentAllocation
from data.values.errors import AlreadyExists, AmountOutOfRange, Conflict, InvalidTransition, NotPermitted
from data.values.identifiers import InvoiceId, PaymentId
from data.values.states import InvoiceStatus, SubscriptionStatus
from tests.conftest import Run
from tests.factories.customers import MadeCustomer, make_customer, make_invoice, make_service
from tests.factories.isp import ACCOUNTANT, SUPPORT, kes
from tests.factories.looks import balance, invoice_status, owed, service_state
from tests.factories.money import c2b, receipt, settle, statement

_numbers = count(1)

# Bad debt


def test_a_written_off_invoice_is_owed_no_more_and_takes_no_money(isp: Run) -> None:
    customer = make_customer(isp)
    invoice_id = make_invoice(isp, customer, amount=kes(1_500))
    _pay(isp, customer, 500)
    lost = isp.by(ACCOUNTANT)(write_off_invoice, invoice_id=invoice_id, reason="left the country")
    assert lost == kes(1_000)
    assert isp.read(owed, customer_id=customer.customer_id) == kes(0)
    assert isp.read(balance, code=AccountCode.BAD_DEBT) == kes(1_000)
    _pay(isp, customer, 300)
    assert isp.read(invoice_status, invoice_id=invoice_id) == (InvoiceStatus.UNCOLLECTIBLE, 50_000)
    assert isp.read(owed, customer_id=customer.customer_id) == kes(-300)


def test_a_written_off_invoice_is_paid_once_it_is_recovered_in_full(isp: Run) -> None:
    customer = make_customer(isp)
    invoice_id = make_invoice(isp, customer, amount=kes(1_500))
    isp(write_off_invoice, invoice_id=invoice_id, reason="left")
    with pytest.raises(Conflict):
        isp(recover_invoice, invoice_id=invoice_id)
    _pay(isp, customer, 500)
    assert isp(recover_invoice, invoice_id=invoice_id) == kes(500)
    assert isp.read(invoice_status, invoice_id=invoice_id) == (InvoiceStatus.UNCOLLECTIBLE, 50_000)
    _pay(isp, customer, 1_200)
    assert isp(recover_invoice, invoice_id=invoice_id) == kes(1_000)
    assert isp.read(invoice_status, invoice_id=invoice_id) == (InvoiceStatus.PAID, 150_000)
    assert isp.read(balance, code=AccountCode.BAD_DEBT) == kes(0)
    assert isp.read(owed, customer_id=customer.customer_id) == kes(-200)


def test_money_that_recovered_an_invoice_can_be_reversed(isp: Run) -> None:
    customer = make_customer(isp)
    invoice_id = make_invoice(isp, customer, amount=kes(1_500))
    isp(write_off_invoice, invoice_id=invoice_id, reason="left")
    payment_id = _pay(isp, customer, 500)
    isp(recover_invoice, invoice_id=invoice_id)
    isp(reverse_payment, payment_id=payment_id, reason="bounced")
    assert isp.read(invoice_status, invoice_id=invoice_id) == (InvoiceStatus.UNCOLLECTIBLE, 0)
    assert isp.read(balance, code=AccountCode.BAD_DEBT) == kes(1_500)
    last = _pay(isp, customer, 1_500)
    isp(recover_invoice, invoice_id=invoice_id)
    isp(reverse_payment, payment_id=last, reason="bounced")
    assert isp.read(invoice_status, invoice_id=invoice_id) == (InvoiceStatus.OPEN, 0)
    isp(write_off_invoice, invoice_id=invoice_id, reason="again")
    assert isp.read(owed, customer_id=customer.customer_id) == kes(0)


# Money given back


def test_only_what_pays_nothing_can_go_back(isp: Run) -> None:
    customer = make_customer(isp)
    make_invoice(isp, customer, amount=kes(1_500))
    payment_id = _pay(isp, customer, 2_000)
    assert isp.read(refundable, payment_id=payment_id) == kes(500)
    with pytest.raises(AmountOutOfRange):
        _refund(isp, payment_id, 501)
    _refund(isp.by(ACCOUNTANT), payment_id, 200)
    assert isp.read(owed, customer_id=customer.customer_id) == kes(-300)
    with pytest.raises(AlreadyExists):
        _refund(isp, payment_id, 100)
    _refund(isp, payment_id, 300, reference="SLIP 2")
    assert isp.read(refundable, payment_id=payment_id) == kes(0)
    later = make_invoice(isp, customer, amount=kes(100))
    assert isp.read(invoice_status, invoice_id=later) == (InvoiceStatus.OPEN, 0)


def test_credit_of_a_note_frees_the_money_that_paid_the_invoice(isp: Run) -> None:
    customer = make_customer(isp)
    invoice_id = make_invoice(isp, customer, amount=kes(1_500))
    payment_id = _pay(isp, customer, 1_500)
    isp(issue_credit_note, invoice_id=invoice_id, amount=kes(600), reason="moved out")
    assert isp.read(refundable, payment_id=payment_id) == kes(600)
    _refund(isp, payment_id, 600)
    assert isp.read(owed, customer_id=customer.customer_id) == kes(0)
    assert isp.read(invoice_status, invoice_id=invoice_id) == (InvoiceStatus.PAID, 150_000)
    assert isp.read(_paid_by, invoice_id=invoice_id) == {"money": 90_000, "notes": 60_000}
    assert isp.read(balance, code=AccountCode.CLEARING) == kes(900)
    statement_of = isp.read(statement_of_account, customer_id=customer.customer_id)
    assert [line.word for line in statement_of.lines] == ["Invoice", "Payment", "Credit note", "Refund"]


def test_money_without_a_customer_or_without_the_right_does_not_go_back(isp: Run) -> None:
    outcome = settle(isp, statement(None, receipt="TKN4QX71SV", amount=kes(100)))
    assert outcome.payment_id is not None
    with pytest.raises(Conflict, match="Match it first"):
        _refund(isp, outcome.payment_id, 100)
    payment_id = _pay(isp, make_customer(isp), 100)
    with pytest.raises(NotPermitted):
        _refund(isp.by(SUPPORT), payment_id, 100)


# Money taken back


def test_a_reversed_payment_opens_what_it_paid_and_dunning_suspends_again(
    isp: Run, clock: MovedClock
) -> None:
    service = make_service(isp)
    clock.advance(timedelta(days=12))
    assert isp(run_dunning, customer_id=service.customer_id).suspended
    payment_id = _pay(isp, service.customer, 2_500)
    isp.by(ACCOUNTANT)(reverse_payment, payment_id=payment_id, reason="the bank took it back")
    assert isp.read(owed, customer_id=service.customer_id) == kes(2_500)
    assert isp(run_dunning, customer_id=service.customer_id).suspended == (service.subscription_id,)
    state, _ = isp.read(service_state, subscription_id=service.subscription_id)
    assert state is SubscriptionStatus.SUSPENDED
    with pytest.raises(InvalidTransition):
        isp(reverse_payment, payment_id=payment_id, reason="again")


def test_other_credit_pays_what_a_reversal_opened(isp: Run) -> None:
    customer = make_customer(isp)
    invoice_id = make_invoice(isp, customer, amount=kes(1_000))
    first = _pay(isp, customer, 1_000)
    _pay(isp, customer, 700)
    isp(reverse_payment, payment_id=first, reason="bounced")
    assert isp.read(invoice_status, invoice_id=invoice_id) == (InvoiceStatus.OPEN, 70_000)


def test_unmatched_money_can_be_reversed(isp: Run) -> None:
    outcome = settle(isp, statement(None, receipt="TKN4QX71SV", amount=kes(100)))
    assert outcome.payment_id is not None
    isp(reverse_payment, payment_id=outcome.payment_id, reason="sent in error")
    assert isp.read(balance, code=AccountCode.UNMATCHED) == kes(0)
    assert isp.read(balance, code=AccountCode.CLEARING) == kes(0)


def test_money_that_went_back_is_not_reversed_too(isp: Run) -> None:
    payment_id = _pay(isp, make_customer(isp), 100)
    _refund(isp, payment_id, 40)
    with pytest.raises(Conflict):
        isp(reverse_payment, payment_id=payment_id, reason="bounced")


def _pay(run: Run, customer: MadeCustomer, shillings: int) -> PaymentId:
    number = receipt(next(_numbers))
    evidence = c2b(customer.account_number, receipt=number, amount=kes(shillings))
    payment_id = settle(run, evidence).payment_id
    assert payment_id is not None
    return payment_id


def _refund(run: Run, payment_id: PaymentId, shillings: int, *, reference: str = "SLIP 1") -> None:
    run(
        refund_payment,
        payment_id=payment_id,
        amount=kes(shillings),
        reason="paid too much",
        reference=reference,
    )


def _paid_by(snapshot: Snapshot, *, invoice_id: InvoiceId) -> dict[str, int]:
    """Return what pays an invoice now, in minor units."""
    found = {"money": 0, "notes": 0}
    for row in snapshot.session.scalars(
        select(PaymentAllocation).where(
            col(PaymentAllocation.invoice_id) == invoice_id, col(PaymentAllocation.reversed_at).is_(None)
        )
    ):
        found["money" if row.payment_id else "notes"] += row.amount_minor
    return found
