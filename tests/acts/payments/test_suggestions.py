"""Money that names nobody exactly: who is suggested and why, what books, what a person's word teaches."""

import hashlib
from dataclasses import replace
from datetime import date

import pytest

from benfex.core.unit_of_work import Snapshot
from benfex.ledger.chart import AccountCode
from benfex.payments.gateway import PaymentEvidence
from benfex.payments.matching import read_match
from benfex.payments.placing import match_payment, suggestions, undo_match
from benfex.payments.policy import save_payment_policy
from benfex.payments.refund_requests import refund_payment
from benfex.payments.scoring import WORDS, Points
from data.models.customer import Customer
from data.models.payment import Payment
from data.values.errors import Conflict, InvalidInput, NotPermitted
from data.values.identifiers import PaymentId
from data.values.money import Money
from data.values.states import InvoiceStatus
from tests.conftest import Run
from tests.factories.customers import MadeCustomer, make_customer, make_invoice
from tests.factories.isp import ACCOUNTANT, kes
from tests.factories.looks import assert_books_sound, balance, invoice_status, owed, payments
from tests.factories.messages import set_up_channels, templates_of
from tests.factories.money import c2b, make_attempt, receipt, settle, statement

from .test_matching import SUPPORT

PHONE_SHA256 = hashlib.sha256(b"254708374149").hexdigest()


def slip_of(customer: MadeCustomer) -> str:
    number = customer.account_number
    return number[:-1] + str((int(number[-1]) + 1) % 10)


def wrong(customer: MadeCustomer, **more: str) -> PaymentEvidence:
    return replace(c2b(slip_of(customer), receipt=receipt(), amount=kes(1_500)), **more)  # type: ignore[arg-type]


def from_phone(account: str, *, number: int, amount: Money, phone: str = "+254733444555") -> PaymentEvidence:
    """Return money from a phone that is no customer's own."""
    return replace(c2b(account, receipt=receipt(number), amount=amount), payer_phone=phone)


def paid(run: Run, evidence: PaymentEvidence) -> PaymentId:
    payment_id = settle(run, evidence).payment_id
    assert payment_id is not None
    return payment_id


def kept(snapshot: Snapshot, *, payment_id: PaymentId) -> tuple[int | None, tuple[str, ...], tuple[int, ...]]:
    """Return the score, the reasons and who was suggested."""
    row = snapshot.session.get(Payment, payment_id)
    assert row is not None
    reasons, suggested = read_match(row.match_reasons)
    return row.match_score, reasons, tuple(one.customer_id for one in suggested)


def test_a_slip_suggests_whose_number_it_was_and_keeps_why(isp: Run) -> None:
    customer = make_customer(isp)
    make_customer(isp, name="Brian Otieno", phone="0722000111")
    make_invoice(isp, customer)
    payment_id = paid(isp, wrong(customer, payer_name="SOMEBODY ELSE"))
    score, _, suggested = isp.read(kept, payment_id=payment_id)
    assert (score, suggested) == (None, (customer.customer_id,))
    (best, *others) = isp.read(suggestions, payment_id=payment_id)
    assert (best.score, best.reasons) == (
        Points.SLIP + Points.AMOUNT,
        (WORDS[Points.SLIP], WORDS[Points.AMOUNT]),
    )
    assert not others


@pytest.mark.parametrize(
    "payer", [{"payer_phone": "+254708374149"}, {"payer_phone_sha256": PHONE_SHA256}], ids=["plain", "hashed"]
)
def test_a_slip_from_the_own_phone_books_and_says_so(isp: Run, payer: dict[str, str]) -> None:
    customer = make_customer(isp)
    payment_id = paid(isp, wrong(customer, **payer))
    score, reasons, _ = isp.read(kept, payment_id=payment_id)
    assert isp.read(payments)[0].customer_id == customer.customer_id
    assert score is not None
    assert score >= 80
    assert reasons[:2] == (WORDS[Points.OWN_PHONE], WORDS[Points.SLIP])


def test_a_hash_that_was_cut_short_still_finds_its_phone(isp: Run) -> None:
    customer = make_customer(isp)
    payment_id = paid(isp, wrong(customer, payer_phone_sha256=PHONE_SHA256[:62]))
    assert isp.read(payments)[0].customer_id == customer.customer_id
    assert WORDS[Points.OWN_PHONE] in isp.read(kept, payment_id=payment_id)[1]


def test_a_masked_phone_a_name_and_an_amount_asked_for_only_suggest(isp: Run) -> None:
    customer = make_customer(isp)
    make_customer(isp, name="Amina Wanjiru", phone="0722000149")
    make_attempt(isp, customer, amount=kes(1_500))
    evidence = replace(c2b("internet", receipt=receipt(), amount=kes(1_500)), payer_phone="25470****149")
    payment_id = paid(isp, evidence)
    assert isp.read(payments)[0].customer_id is None
    best = isp.read(suggestions, payment_id=payment_id)[0]
    assert best.customer_id == customer.customer_id
    assert best.reasons == (WORDS[Points.ASKED], WORDS[Points.MASKED_PHONE], WORDS[Points.NAME])


def test_the_number_of_an_open_invoice_is_exact(isp: Run) -> None:
    customer = make_customer(isp)
    make_invoice(isp, customer)
    paid(isp, c2b("inv-2026-00001", receipt=receipt(), amount=kes(1_500)))
    found = isp.read(payments)[0]
    assert (found.customer_id, found.match_reason) == (customer.customer_id, "the number of an open invoice")


def test_the_owner_decides_from_which_score_money_books(isp: Run) -> None:
    customer = make_customer(isp)
    make_invoice(isp, customer)
    isp(save_payment_policy, match_threshold=Points.SLIP + Points.AMOUNT)
    paid(isp, wrong(customer, payer_name=""))
    assert isp.read(payments)[0].customer_id == customer.customer_id


def test_two_customers_with_one_phone_wait_for_a_person(isp: Run) -> None:
    for name in ("Amina Wanjiru", "Aisha Wanjiru"):
        customer = make_customer(isp, name=name)
        make_invoice(isp, customer)
    evidence = replace(
        c2b("home", receipt=receipt(), amount=kes(1_500)), payer_phone="+254708374149", payer_name=""
    )
    payment_id = paid(isp, evidence)
    assert isp.read(payments)[0].customer_id is None
    assert len(isp.read(suggestions, payment_id=payment_id)) == 2


# Learning


def test_a_confirmed_match_teaches_the_next_one_and_undoing_it_forgets(isp: Run) -> None:
    customer = make_customer(isp)
    first = paid(isp, from_phone("WIFI YANGU", number=1, amount=kes(700)))
    isp.by(ACCOUNTANT)(match_payment, payment_id=first, customer_id=customer.customer_id)
    paid(isp, from_phone("wifi-yangu", number=2, amount=kes(300)))
    assert [look.customer_id for look in isp.read(payments)] == [customer.customer_id] * 2
    isp.by(ACCOUNTANT)(undo_match, payment_id=first, reason="their neighbour's")
    paid(isp, from_phone("WIFI YANGU", number=3, amount=kes(200)))
    assert [look.customer_id for look in isp.read(payments)] == [None, customer.customer_id, None]


def test_a_word_that_was_confirmed_only_suggests_when_a_stranger_writes_it(isp: Run) -> None:
    customer = make_customer(isp)
    make_invoice(isp, customer)
    first = paid(isp, from_phone("WIFI", number=1, amount=kes(700)))
    isp.by(ACCOUNTANT)(match_payment, payment_id=first, customer_id=customer.customer_id)
    strangers = paid(isp, from_phone("wifi", number=2, amount=kes(800), phone="+254722999888"))
    assert isp.read(payments)[1].customer_id is None
    (best,) = isp.read(suggestions, payment_id=strangers)
    assert best.customer_id == customer.customer_id
    assert WORDS[Points.TAUGHT_ACCOUNT] in best.reasons


# Taking a placement back


def test_an_undone_match_opens_what_it_paid_and_the_money_can_be_placed_anew(isp: Run) -> None:
    wrongly, rightly = make_customer(isp), make_customer(isp, name="Brian Otieno", phone="0722000111")
    invoice_id = make_invoice(isp, wrongly)
    payment_id = paid(isp, c2b("HOME", receipt=receipt(), amount=kes(1_500)))
    for _ in range(2):  # as often as people change their minds
        isp(match_payment, payment_id=payment_id, customer_id=wrongly.customer_id)
        assert isp.read(invoice_status, invoice_id=invoice_id) == (InvoiceStatus.PAID, 150_000)
        isp(undo_match, payment_id=payment_id, reason="not theirs")
        assert isp.read(invoice_status, invoice_id=invoice_id) == (InvoiceStatus.OPEN, 0)
        assert isp.read(balance, code=AccountCode.UNMATCHED) == kes(-1_500)
    isp(match_payment, payment_id=payment_id, customer_id=rightly.customer_id)
    assert isp.read(owed, customer_id=rightly.customer_id) == kes(-1_500)
    assert isp.read(balance, code=AccountCode.UNMATCHED) == kes(0)


def test_after_an_undone_match_other_credit_pays_and_dunning_waits(isp: Run) -> None:
    set_up_channels(isp)
    wrongly, rightly = make_customer(isp), make_customer(isp, name="Brian Otieno", phone="0722000111")
    invoice_id = make_invoice(isp, wrongly)
    payment_id = paid(isp, c2b("HOME", receipt=receipt(), amount=kes(1_500)))
    isp(match_payment, payment_id=payment_id, customer_id=wrongly.customer_id)
    settle(isp, c2b(wrongly.account_number, receipt=receipt(2), amount=kes(600)))
    isp(undo_match, payment_id=payment_id, reason="not theirs")
    assert isp.read(invoice_status, invoice_id=invoice_id) == (InvoiceStatus.OPEN, 60_000)
    assert isp.read(_deferred_until, customer_id=wrongly.customer_id) == date(2026, 11, 25)
    isp(match_payment, payment_id=payment_id, customer_id=rightly.customer_id)
    assert templates_of(isp).count("payment_received") == 3
    assert_books_sound(isp)


def _deferred_until(snapshot: Snapshot, *, customer_id: int) -> date | None:
    customer = snapshot.session.get(Customer, customer_id)
    assert customer is not None
    return customer.dunning_deferred_until_on


def test_money_that_was_placed_by_itself_can_be_taken_back_too(isp: Run) -> None:
    customer = make_customer(isp)
    payment_id = paid(isp, c2b(customer.account_number, receipt=receipt(), amount=kes(500)))
    isp(undo_match, payment_id=payment_id, reason="typed by a neighbour")
    found = isp.read(payments)[0]
    assert (found.customer_id, found.match_reason) == (None, "placement undone: typed by a neighbour")
    assert isp.read(owed, customer_id=customer.customer_id) == kes(0)


def test_money_that_was_taken_back_is_not_given_back_by_what_comes_later(isp: Run) -> None:
    neighbour = make_customer(isp)
    payment_id = paid(isp, c2b(neighbour.account_number, receipt=receipt(), amount=kes(500)))
    isp(undo_match, payment_id=payment_id, reason="typed by a neighbour")
    settle(isp, statement(neighbour.account_number, receipt=receipt(), amount=kes(500)))
    assert isp.read(payments)[0].customer_id is None
    assert isp.read(owed, customer_id=neighbour.customer_id) == kes(0)
    assert isp.read(balance, code=AccountCode.UNMATCHED) == kes(-500)


def test_an_undo_needs_a_reason_money_that_is_placed_and_none_refunded(isp: Run) -> None:
    customer = make_customer(isp)
    waiting = paid(isp, c2b("HOME", receipt=receipt(1), amount=kes(500)))
    placed = paid(isp, c2b(customer.account_number, receipt=receipt(2), amount=kes(500)))
    with pytest.raises(InvalidInput):
        isp(undo_match, payment_id=placed, reason=" ")
    with pytest.raises(Conflict):
        isp(undo_match, payment_id=waiting, reason="nobody's")
    with pytest.raises(NotPermitted):
        isp.by(SUPPORT)(undo_match, payment_id=placed, reason="not theirs")
    isp(refund_payment, payment_id=placed, amount=kes(100), reason="too much", reference="SLIP 1")
    with pytest.raises(Conflict):
        isp(undo_match, payment_id=placed, reason="not theirs")
