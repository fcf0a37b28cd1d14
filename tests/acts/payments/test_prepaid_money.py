"""What is asked for prepaid services, and what money short of a period buys."""

from datetime import timedelta

from benfex.catalog.plans import create_plan, publish_price
from benfex.catalog.taxes import create_tax_group, set_tax_rate
from benfex.core.clock import MovedClock
from benfex.core.policy import save_policy
from benfex.payments.quotes import quote
from benfex.subscriptions.prepaid import renewal_quotes
from data.values.identifiers import PlanPriceId
from data.values.kinds import BillingMode, Interval, SuspensionReason, TaxBehavior
from data.values.money import Money
from data.values.states import SubscriptionStatus
from tests.conftest import Run
from tests.factories.customers import make_service, suspend
from tests.factories.isp import kes
from tests.factories.looks import owed, service_state
from tests.factories.money import c2b, settle


def prepaid_price(
    run: Run, amount: Money, *, tax_code: str | None = None, interval: Interval = Interval.MONTH
) -> PlanPriceId:
    plan_id = run(create_plan, code="PASS", name="Pass", download_bps=10_000_000, upload_bps=5_000_000)
    return run(
        publish_price,
        plan_id=plan_id,
        amount=amount,
        interval=interval,
        tax_code=tax_code,
        tax_behavior=TaxBehavior.EXCLUSIVE,
        billing_mode=BillingMode.PREPAID,
    )


def test_two_services_that_are_off_need_what_one_credit_does_not_cover(isp: Run) -> None:
    first = make_service(isp, price_id=prepaid_price(isp, kes(1_000)))
    second = make_service(
        isp, customer=first.customer, price_id=first.price_id, router_id=first.router_id, username="shop"
    )
    settle(isp, c2b(first.customer.account_number, receipt="RA1", amount=kes(500)))
    asked = isp.read(quote, customer_id=first.customer_id).to_pay
    assert asked == kes(1_500)
    settle(isp, c2b(first.customer.account_number, receipt="RA2", amount=asked))
    for service in (first, second):
        status, _ = isp.read(service_state, subscription_id=service.subscription_id)
        assert status is SubscriptionStatus.ACTIVE
    assert isp.read(owed, customer_id=first.customer_id) == kes(0)


def test_nothing_is_asked_for_a_service_that_money_does_not_bring_back(isp: Run) -> None:
    service = make_service(isp, price_id=prepaid_price(isp, kes(1_000)))
    settle(isp, c2b(service.customer.account_number, receipt="RA1", amount=kes(1_000)))
    suspend(isp, service, reason=SuspensionReason.ABUSE)
    assert isp.read(renewal_quotes, customer_id=service.customer_id) == ()
    assert not isp.read(quote, customer_id=service.customer_id).suggested.is_positive


def test_money_opens_a_new_period_when_the_data_of_the_old_one_is_used_up(
    isp: Run, clock: MovedClock
) -> None:
    service = make_service(isp, price_id=prepaid_price(isp, kes(1_000)))
    settle(isp, c2b(service.customer.account_number, receipt="RA1", amount=kes(1_000)))
    clock.advance(timedelta(days=3))
    suspend(isp, service, reason=SuspensionReason.DATA_CAP)
    assert isp.read(quote, customer_id=service.customer_id).to_pay == kes(1_000)
    settle(isp, c2b(service.customer.account_number, receipt="RA2", amount=kes(1_000)))
    status, _ = isp.read(service_state, subscription_id=service.subscription_id)
    assert status is SubscriptionStatus.ACTIVE
    assert isp.read(owed, customer_id=service.customer_id) == kes(0)


def test_a_short_payment_buys_an_hour_less_where_two_taxes_round_up(isp: Run, clock: MovedClock) -> None:
    isp(save_policy, pays_part_periods=True, part_hours_min=1)
    for code in ("VAT", "LEVY"):
        isp(set_tax_rate, code=code, name=code, basis_points=1_600)
    isp(create_tax_group, code="BOTH", name="Both", parts=[("VAT", ()), ("LEVY", ())])
    price_id = prepaid_price(isp, Money(490, "KES"), tax_code="BOTH")
    service = make_service(isp, price_id=price_id)
    settle(isp, c2b(service.customer.account_number, receipt="RA1", amount=Money(484, "KES")))
    status, _ = isp.read(service_state, subscription_id=service.subscription_id)
    assert status is SubscriptionStatus.ACTIVE
    (found,) = isp.read(renewal_quotes, customer_id=service.customer_id)
    assert found.access_until_at is not None
    assert clock.now() + timedelta(hours=530) < found.access_until_at < clock.now() + timedelta(hours=539)
    assert isp.read(owed, customer_id=service.customer_id) <= kes(0)
