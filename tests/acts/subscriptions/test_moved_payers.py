"""A customer whose services somebody else pays for by now still pays the invoices they had."""

from datetime import timedelta

from benfex.core.clock import MovedClock
from benfex.subscriptions.payers import set_payer
from data.values.states import SubscriptionStatus
from tests.conftest import Run
from tests.factories.customers import make_customer, make_service, suspend
from tests.factories.isp import kes
from tests.factories.looks import service_state
from tests.factories.money import c2b, settle


def test_paying_the_old_debt_gives_back_what_it_took(isp: Run, clock: MovedClock) -> None:
    service = make_service(isp)
    payer = make_customer(isp, phone="0708374140")
    clock.advance(timedelta(days=20))
    suspend(isp, service)
    isp(set_payer, customer_id=service.customer_id, payer_id=payer.customer_id)
    settle(isp, c2b(service.customer.account_number, receipt="RA1", amount=kes(2_500)))
    status, _ = isp.read(service_state, subscription_id=service.subscription_id)
    assert status is SubscriptionStatus.ACTIVE
