"""A receipt that a customer gives is one fact: with another it places the money, alone it goes before a person."""

from dataclasses import replace
from datetime import timedelta

import pytest

from benfex.core.actors import SubscriberActor
from benfex.core.clock import MovedClock
from benfex.core.unit_of_work import Snapshot
from benfex.payments.claims import Claimed, claim_receipt
from benfex.payments.placing import match_payment, undo_match
from benfex.payments.views import suggestions_of
from data.queries import payments as payment_queries
from data.values.errors import Conflict, InvalidInput, NotFound
from data.values.identifiers import PaymentId, UserId
from data.values.money import Money
from data.values.states import InvoiceStatus
from tests.conftest import Run
from tests.factories.customers import MadeCustomer, make_customer, make_invoice
from tests.factories.isp import kes
from tests.factories.looks import invoice_status, payments
from tests.factories.money import c2b, settle

RECEIPT = "SGL31ABCDE"


@pytest.fixture
def amina(isp: Run) -> MadeCustomer:
    return make_customer(isp, name="Amina Wanjiru", phone="0708374149")


def claim(run: Run, customer: MadeCustomer, receipt: str = RECEIPT) -> Claimed:
    return run.by(SubscriberActor(UserId(900), customer.customer_id, "Amina"))(
        claim_receipt, customer_id=customer.customer_id, receipt=receipt, gateways=("mpesa",)
    )


def paid(
    run: Run, *, name: str = "", phone: str = "", receipt: str = RECEIPT, amount: Money | None = None
) -> None:
    """Let money come that names nobody exactly."""
    told = c2b("", receipt=receipt, amount=amount or kes(1_500))
    settle(run, replace(told, account_reference=None, payer_name=name, payer_phone=phone or None))


def owner(run: Run, receipt: str = RECEIPT) -> int | None:
    return {one.transaction_id: one.customer_id for one in run.read(payments)}[receipt]


def _payment_id(snapshot: Snapshot) -> PaymentId:
    found = payment_queries.payment_of_transaction(snapshot.session, gateway="mpesa", transaction_id=RECEIPT)
    assert found is not None
    assert found.id is not None
    return PaymentId(found.id)


def test_with_name_and_amount_it_is_placed_and_pays(isp: Run, amina: MadeCustomer) -> None:
    invoice_id = make_invoice(isp, amina, amount=kes(1_500))
    paid(isp, name="AMINA WANJIRU")
    assert owner(isp) is None
    assert claim(isp, amina, " sgl31abcde ") is Claimed.PLACED
    assert owner(isp) == amina.customer_id
    assert isp.read(invoice_status, invoice_id=invoice_id) == (InvoiceStatus.PAID, 150_000)
    assert claim(isp, amina) is Claimed.ON_ACCOUNT


def test_alone_it_is_no_proof_and_shows_to_who_decides(isp: Run, amina: MadeCustomer) -> None:
    paid(isp, name="PETER OTIENO")
    assert claim(isp, amina) is Claimed.LOOKED_FOR
    assert owner(isp) is None
    (first, *_) = isp.read(suggestions_of, payment_id=isp.read(_payment_id))
    assert (first.customer_id, first.reasons) == (amina.customer_id, ("they gave its receipt",))


def test_two_who_claim_the_same_wait_for_a_person(isp: Run, amina: MadeCustomer) -> None:
    other = make_customer(isp, name="Amina Wanjiru", phone="0712345678")
    paid(isp, name="AMINA WANJIRU", amount=kes(70))
    assert claim(isp, other) is Claimed.LOOKED_FOR
    make_invoice(isp, amina, amount=kes(70))
    make_invoice(isp, other, amount=kes(70))
    assert claim(isp, amina) is Claimed.LOOKED_FOR
    assert owner(isp) is None


def test_money_that_comes_after_its_claim_is_placed_as_it_comes(isp: Run, amina: MadeCustomer) -> None:
    make_invoice(isp, amina, amount=kes(1_500))
    assert claim(isp, amina) is Claimed.LOOKED_FOR
    paid(isp, name="AMINA WANJIRU")
    assert owner(isp) == amina.customer_id


def test_somebody_elses_receipt_is_answered_as_one_that_nobody_knows(isp: Run, amina: MadeCustomer) -> None:
    other = make_customer(isp, name="Peter Otieno", phone="0712345678")
    paid(isp, phone="+254712345678", name="PETER OTIENO")
    isp(match_payment, payment_id=isp.read(_payment_id), customer_id=other.customer_id)
    assert claim(isp, amina) is claim(isp, amina, "TKN9999999") is Claimed.LOOKED_FOR
    assert owner(isp) == other.customer_id


def test_what_a_person_took_back_only_a_person_places_anew(isp: Run, amina: MadeCustomer) -> None:
    paid(isp, phone="+254708374149", name="AMINA WANJIRU")
    if owner(isp) is None:
        isp(match_payment, payment_id=isp.read(_payment_id), customer_id=amina.customer_id)
    isp(undo_match, payment_id=isp.read(_payment_id), reason="Not hers")
    assert claim(isp, amina) is Claimed.LOOKED_FOR
    assert owner(isp) is None


def test_five_receipts_a_day_and_the_same_again_counts_once(
    isp: Run, amina: MadeCustomer, clock: MovedClock
) -> None:
    for number in range(5):
        claim(isp, amina, f"TKN000000{number}")
    claim(isp, amina, "TKN0000004")
    with pytest.raises(Conflict, match="five receipts"):
        claim(isp, amina, "TKN0000005")
    clock.advance(timedelta(days=1, minutes=1))
    assert claim(isp, amina, "TKN0000005") is Claimed.LOOKED_FOR


@pytest.mark.parametrize("text", ["", "abc", "SGL 31", "SGL31ABCDE'--", "ＳＧＬ３１ＡＢ", "A" * 41])
def test_what_is_no_receipt_names_the_field(isp: Run, amina: MadeCustomer, text: str) -> None:
    with pytest.raises(InvalidInput) as problem:
        claim(isp, amina, text)
    assert problem.value.field == "receipt"


def test_nobody_claims_for_another(isp: Run, amina: MadeCustomer) -> None:
    other = make_customer(isp, name="Peter Otieno", phone="0712345678")
    with pytest.raises(NotFound):
        isp.by(SubscriberActor(UserId(900), amina.customer_id, "Amina"))(
            claim_receipt, customer_id=other.customer_id, receipt=RECEIPT, gateways=("mpesa",)
        )
