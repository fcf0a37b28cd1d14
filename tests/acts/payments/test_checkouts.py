"""Checkouts of other programs: made once, paid by any gateway, ended once, and pay links that keep to their terms."""

from datetime import timedelta

import pytest

from benfex.core.actors import SystemActor
from benfex.core.clock import MovedClock
from benfex.core.events import CheckoutEnded
from benfex.core.paging import SliceRequest
from benfex.payments.checkout import CheckoutRequest, note_started, prepare_attempt
from benfex.payments.gateway import StartedPayment
from benfex.payments.hosted_checkouts import (
    CheckoutRecord,
    NewCheckout,
    checkout_record,
    checkout_records,
    close_checkout,
    end_run_out_checkouts,
    make_checkout,
    payments_of_checkout,
)
from benfex.payments.pay_links import create_pay_link, open_pay_link
from benfex.payments.reversal import reverse_payment
from benfex.reporting.purge import purge_old_rows
from data.values.errors import (
    AlreadyExists,
    AmountOutOfRange,
    BenfexError,
    Conflict,
    InvalidInput,
    NotFound,
    NotPermitted,
)
from data.values.identifiers import CustomerId, EndpointId, InvoiceId, PayLinkId, PaymentId
from data.values.money import Money
from data.values.states import CheckoutStatus
from tests.conftest import Run
from tests.factories.customers import MadeCustomer, make_customer, make_invoice
from tests.factories.isp import ACCOUNTANT, SUPPORT, VAULT, kes
from tests.factories.money import MadeAttempt, gateway_of, paystack, settle

DOOR = SystemActor("door")


@pytest.fixture
def amina(isp: Run) -> MadeCustomer:
    customer = make_customer(isp)
    make_invoice(isp, customer, amount=kes(2_500))
    return customer


def make(isp: Run, customer: MadeCustomer, **wish: object) -> PayLinkId:
    return isp.by(ACCOUNTANT)(
        make_checkout,
        wish=NewCheckout(customer.customer_id, **wish),  # type: ignore[arg-type]
        vault=VAULT,
    )


def look(isp: Run, checkout_id: PayLinkId) -> CheckoutRecord:
    return isp.read(checkout_record, checkout_id=checkout_id, vault=VAULT)


def begin(isp: Run, customer: MadeCustomer, link: PayLinkId, amount: Money) -> MadeAttempt:
    """Begin to pay by a link at Paystack."""
    request = CheckoutRequest(customer.customer_id, amount, "paystack", email="a@b.example", pay_link_id=link)
    prepared = isp(
        prepare_attempt, request=request, gateway=gateway_of("paystack"), public_url="https://b.example"
    )
    named = prepared.request.reference
    isp(note_started, attempt_id=prepared.attempt_id, started=StartedPayment(named))
    return MadeAttempt(prepared.attempt_id, "paystack", named, named, "", amount)


def pay(
    isp: Run, customer: MadeCustomer, link: PayLinkId, amount: Money, *, transaction: str = "90001"
) -> PaymentId:
    attempt = begin(isp, customer, link, amount)
    paid = settle(isp, paystack(attempt, transaction=transaction)).payment_id
    assert paid is not None
    return paid


def test_a_checkout_asks_for_what_was_named_else_the_invoice_else_all_that_is_owed(
    isp: Run, amina: MadeCustomer
) -> None:
    assert look(isp, make(isp, amina, amount=kes(700))).amount == kes(700)
    assert look(isp, make(isp, amina)).amount == kes(2_500)
    small = make_invoice(isp, amina, amount=kes(300))
    assert look(isp, make(isp, amina, invoice_id=small)).amount == kes(300)
    by_account = NewCheckout(account_number=amina.account_number.lower())
    assert look(isp, isp(make_checkout, wish=by_account, vault=VAULT)).amount == kes(2_800)


def test_a_checkout_is_paid_once_and_by_whatever_gateway(isp: Run, amina: MadeCustomer) -> None:
    checkout = make(isp, amina, client_reference="order-7")
    paid = pay(isp, amina, checkout, kes(2_500))
    found = look(isp, checkout)
    assert (found.status, found.paid, found.payments) == (CheckoutStatus.PAID, kes(2_500), 1)
    assert isp.read(payments_of_checkout, checkout_id=checkout) == (paid,)
    with pytest.raises(Conflict):
        begin(isp, amina, checkout, kes(2_500))


def test_money_that_comes_late_pays_a_checkout_that_ended(
    isp: Run, clock: MovedClock, amina: MadeCustomer
) -> None:
    checkout = make(isp, amina, hours=1)
    attempt = begin(isp, amina, checkout, kes(2_500))
    clock.advance(timedelta(hours=2))
    assert isp(end_run_out_checkouts) == 1
    assert isp(end_run_out_checkouts) == 0
    assert look(isp, checkout).status is CheckoutStatus.EXPIRED
    settle(isp, paystack(attempt))
    assert look(isp, checkout).status is CheckoutStatus.PAID


def test_a_payment_that_is_taken_back_does_not_open_a_checkout_again(isp: Run, amina: MadeCustomer) -> None:
    checkout = make(isp, amina)
    paid = pay(isp, amina, checkout, kes(2_500))
    isp(reverse_payment, payment_id=paid, reason="bounced")
    found = look(isp, checkout)
    assert (found.status, found.paid) == (CheckoutStatus.PAID, kes(0))


def test_each_end_is_told_once(isp: Run, amina: MadeCustomer) -> None:
    told: list[object] = []
    isp.transactor.set_after_act(
        lambda uow: told.extend(e for e in uow.events if isinstance(e, CheckoutEnded))
    )
    checkout = make(isp, amina)
    attempt = begin(isp, amina, checkout, kes(2_500))
    for transaction in ("90001", "90001", "90002"):
        settle(isp, paystack(attempt, transaction=transaction))
    assert told == [CheckoutEnded(pay_link_id=checkout, status=CheckoutStatus.PAID)]


def test_a_closed_checkout_takes_no_payment_and_closes_once(isp: Run, amina: MadeCustomer) -> None:
    checkout = make(isp, amina)
    isp.by(ACCOUNTANT)(close_checkout, checkout_id=checkout)
    with pytest.raises(Conflict):
        isp(close_checkout, checkout_id=checkout)
    with pytest.raises(Conflict):
        begin(isp, amina, checkout, kes(2_500))
    with pytest.raises(NotFound):
        isp(close_checkout, checkout_id=PayLinkId(99))


@pytest.mark.parametrize(
    ("wish", "error", "field"),
    [
        ({"amount": Money(100, "UGX")}, InvalidInput, "amount"),
        ({"amount": kes(0)}, AmountOutOfRange, "amount"),
        ({"invoice_id": InvoiceId(99)}, NotFound, None),
        ({"description": "x" * 121}, InvalidInput, "description"),
        ({"client_reference": " "}, InvalidInput, "client_reference"),
        ({"client_reference": "a\nb"}, InvalidInput, "client_reference"),
        ({"return_url": "http://shop.example"}, InvalidInput, "return_url"),
        ({"return_url": "javascript:alert(1)"}, InvalidInput, "return_url"),
        ({"return_url": "https://a:b@shop.example"}, InvalidInput, "return_url"),
        ({"endpoint_id": EndpointId(9)}, InvalidInput, "endpoint_id"),
        ({"hours": 0}, InvalidInput, "hours"),
        ({"account_number": "BFX010019"}, InvalidInput, "customer_id"),
    ],
)
def test_bad_wishes_make_nothing(
    isp: Run, amina: MadeCustomer, wish: dict[str, object], error: type[BenfexError], field: str | None
) -> None:
    with pytest.raises(error) as refused:
        make(isp, amina, **wish)
    assert getattr(refused.value, "field", None) == field
    assert isp.read(checkout_records, request=SliceRequest(), vault=VAULT).rows == ()


def test_a_name_of_theirs_is_used_once_and_found_by(isp: Run, amina: MadeCustomer) -> None:
    checkout = make(isp, amina, client_reference="order-7")
    with pytest.raises(AlreadyExists) as twice:
        make(isp, amina, client_reference="order-7")
    assert twice.value.field == "client_reference"
    found = isp.read(checkout_records, request=SliceRequest(), vault=VAULT, client_reference="order-7").rows
    assert [one.id for one in found] == [checkout]


def test_who_may_make_and_look(isp: Run, amina: MadeCustomer) -> None:
    checkout = make(isp, amina)
    with pytest.raises(NotPermitted):
        isp.by(SUPPORT)(make_checkout, wish=NewCheckout(amina.customer_id), vault=VAULT)
    with pytest.raises(NotPermitted):
        isp.by(SUPPORT)(close_checkout, checkout_id=checkout)
    assert isp.by(SUPPORT).read(checkout_record, checkout_id=checkout, vault=VAULT).id == checkout
    with pytest.raises(NotFound):
        make(isp, MadeCustomer(CustomerId(99), amina.account_number, amina.phone))


# Links


def test_a_link_takes_any_amount_up_to_all_that_is_owed(isp: Run, amina: MadeCustomer) -> None:
    token = isp(create_pay_link, customer_id=amina.customer_id)
    link = isp.by(DOOR).read(open_pay_link, token=token)
    pay(isp, amina, link.pay_link_id, kes(1_000))
    with pytest.raises(AmountOutOfRange) as more:
        begin(isp, amina, link.pay_link_id, kes(1_501))
    assert more.value.field == "amount"
    pay(isp, amina, link.pay_link_id, kes(1_500), transaction="90002")
    again = isp.by(DOOR).read(open_pay_link, token=token)
    assert (again.paid, again.status) == (kes(2_500), CheckoutStatus.OPEN)


def test_a_checkouts_link_takes_its_amount_only_and_pays_nobody_else(isp: Run, amina: MadeCustomer) -> None:
    checkout = make(isp, amina, amount=kes(700))
    with pytest.raises(InvalidInput) as other:
        begin(isp, amina, checkout, kes(699))
    assert other.value.field == "amount"
    somebody = make_customer(isp, phone="0708374150")
    with pytest.raises(NotFound):
        begin(isp, somebody, checkout, kes(700))


def test_a_checkouts_page_opens_after_its_end_too(isp: Run, clock: MovedClock, amina: MadeCustomer) -> None:
    checkout = make(isp, amina, return_url="https://shop.example/done", hours=1)
    token = look(isp, checkout).token
    assert len(token) == 32
    assert isp.by(DOOR).read(open_pay_link, token=token).return_url == "https://shop.example/done"
    clock.advance(timedelta(hours=2))
    assert isp.by(DOOR).read(open_pay_link, token=token).status is CheckoutStatus.EXPIRED
    with pytest.raises(NotFound):
        isp.by(DOOR).read(open_pay_link, token=token[:-1] + ("0" if token[-1] != "0" else "1"))


def test_links_that_were_used_and_checkouts_are_kept(
    isp: Run, clock: MovedClock, amina: MadeCustomer
) -> None:
    used, unused = (isp(create_pay_link, customer_id=amina.customer_id) for _ in range(2))
    checkout = make(isp, amina)
    pay(isp, amina, isp.by(DOOR).read(open_pay_link, token=used).pay_link_id, kes(100))
    assert unused
    clock.advance(timedelta(days=200))
    isp(purge_old_rows)
    assert look(isp, checkout).id == checkout
