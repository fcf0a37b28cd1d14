"""Money of somebody who is paid for: it goes where it can pay for their services, and stays theirs in the log."""

from datetime import timedelta

from benfex.core.clock import MovedClock
from benfex.core.paging import PageRequest, SliceRequest
from benfex.payments.api_views import payment_records
from benfex.payments.placing import match_payment
from benfex.payments.views import list_payments
from benfex.payments.vouchers import print_vouchers, redeem_voucher
from benfex.subscriptions.payers import set_payer
from data.values.identifiers import CustomerId, PaymentId, PlanPriceId
from data.values.kinds import MessageChannel
from data.values.states import AttemptStatus, SubscriptionStatus
from tests.acts.payments.test_prepaid_money import prepaid_price
from tests.conftest import Run
from tests.factories.customers import MadeCustomer, MadeService, make_customer, make_service, suspend
from tests.factories.isp import VAULT, kes
from tests.factories.looks import assert_books_sound, attempt_look, owed, payments, service_state
from tests.factories.messages import give_email, queued, set_up_channels
from tests.factories.money import c2b, make_attempt, receipt, settle, stk


def paid_for(isp: Run, price_id: PlanPriceId | None = None) -> tuple[MadeService, MadeCustomer]:
    """Return the service of a tenant, and the landlord who is billed for it."""
    landlord = make_customer(isp, name="Grace Njeri", phone="0708374140")
    tenant = make_customer(isp)
    isp(set_payer, customer_id=tenant.customer_id, payer_id=landlord.customer_id)
    return make_service(isp, customer=tenant, price_id=price_id), landlord


def cut_off(isp: Run, clock: MovedClock, service: MadeService) -> None:
    clock.advance(timedelta(days=20))
    suspend(isp, service)


def is_on(isp: Run, service: MadeService) -> bool:
    status, _ = isp.read(service_state, subscription_id=service.subscription_id)
    return status is SubscriptionStatus.ACTIVE


def test_a_tenant_who_pays_with_their_own_account_number_is_back(isp: Run, clock: MovedClock) -> None:
    tenant, landlord = paid_for(isp)
    cut_off(isp, clock, tenant)
    settle(isp, c2b(tenant.customer.account_number, receipt="RA1", amount=kes(2_500)))
    assert is_on(isp, tenant)
    assert isp.read(owed, customer_id=landlord.customer_id) == kes(0)
    assert isp.read(owed, customer_id=tenant.customer_id) == kes(0)
    assert_books_sound(isp)


def test_the_payment_is_in_the_log_of_both(isp: Run) -> None:
    tenant, landlord = paid_for(isp)
    settle(isp, c2b(tenant.customer.account_number, receipt="RA1", amount=kes(2_500)))
    for customer_id in (tenant.customer_id, landlord.customer_id):
        page = isp.read(list_payments, request=PageRequest(), customer_id=customer_id)
        assert [(row.transaction_id, row.customer_name, row.sent_by) for row in page.rows] == [
            ("RA1", "Grace Njeri", "Amina Wanjiru")
        ]
        (record,) = isp.read(payment_records, request=SliceRequest(), customer_id=customer_id).rows
        assert (record.customer_id, record.sent_by_customer_id) == (landlord.customer_id, tenant.customer_id)


def test_the_receipt_goes_to_who_paid(isp: Run) -> None:
    tenant, landlord = paid_for(isp)
    set_up_channels(isp, MessageChannel.EMAIL)
    give_email(isp, tenant.customer_id)
    give_email(isp, landlord.customer_id, "grace@example.com")
    settle(isp, c2b(tenant.customer.account_number, receipt="RA1", amount=kes(2_500)))
    (told,) = [row for row in queued(isp) if row.template == "payment_received"]
    assert dict(told.facts)["balance"] == "It is on the account of Grace Njeri, who pays for you."


def test_a_prompt_that_a_tenant_asked_for_succeeds_and_pays(isp: Run, clock: MovedClock) -> None:
    tenant, _ = paid_for(isp)
    cut_off(isp, clock, tenant)
    attempt = make_attempt(isp, tenant.customer)
    settle(isp, stk(attempt, receipt=receipt()))
    settle(isp, c2b(tenant.customer.account_number, receipt=receipt(), amount=kes(2_500)))
    assert isp.read(attempt_look, attempt_id=attempt.attempt_id).status is AttemptStatus.SUCCEEDED
    assert is_on(isp, tenant)
    assert len(isp.read(payments)) == 1


def test_a_prompt_told_of_by_the_paybill_first_is_answered(isp: Run, clock: MovedClock) -> None:
    tenant, _ = paid_for(isp)
    first = make_attempt(isp, tenant.customer)
    clock.advance(timedelta(minutes=5))
    second = make_attempt(isp, tenant.customer)
    settle(isp, c2b(tenant.customer.account_number, receipt=receipt(), amount=kes(2_500)))
    settle(isp, stk(second, receipt=receipt()))
    assert isp.read(attempt_look, attempt_id=second.attempt_id).status is AttemptStatus.SUCCEEDED
    assert isp.read(attempt_look, attempt_id=first.attempt_id).status is not AttemptStatus.SUCCEEDED


def test_a_voucher_that_a_tenant_redeems_opens_their_own_service_first(isp: Run) -> None:
    price_id = prepaid_price(isp, kes(100))
    other, landlord = paid_for(isp, price_id=price_id)
    tenant = make_customer(isp, name="Otieno", phone="0708374141")
    isp(set_payer, customer_id=tenant.customer_id, payer_id=landlord.customer_id)
    mine = make_service(isp, customer=tenant, price_id=price_id, router_id=other.router_id, username="otieno")
    batch = isp(print_vouchers, name="Kiosk", plan_price_id=price_id, quantity=2, vault=VAULT)
    isp(redeem_voucher, customer_id=tenant.customer_id, code=batch.vouchers[0].code, vault=VAULT)
    assert is_on(isp, mine)
    assert not is_on(isp, other)


def test_unmatched_money_that_staff_give_to_a_tenant_pays_for_them(isp: Run, clock: MovedClock) -> None:
    tenant, _ = paid_for(isp)
    cut_off(isp, clock, tenant)
    outcome = settle(isp, c2b("nobody", receipt="RA1", amount=kes(2_500)))
    assert outcome.payment_id is not None
    isp(match_payment, payment_id=PaymentId(outcome.payment_id), customer_id=tenant.customer_id)
    assert is_on(isp, tenant)


def test_debt_of_their_own_comes_first(isp: Run) -> None:
    tenant = make_service(isp)
    landlord = make_customer(isp, name="Grace Njeri", phone="0708374140")
    isp(set_payer, customer_id=tenant.customer_id, payer_id=landlord.customer_id)
    for number, amount in enumerate((2_000, 1_000, 700)):
        settle(isp, c2b(tenant.customer.account_number, receipt=f"RA{number}", amount=kes(amount)))
    owners = [CustomerId(row.customer_id or 0) for row in isp.read(payments)]
    assert owners == [tenant.customer_id, tenant.customer_id, landlord.customer_id]
    assert_books_sound(isp)
