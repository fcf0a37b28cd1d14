"""A customer whose services somebody else pays for by now still pays the invoices they had."""

from datetime import timedelta

import pytest

from benfex.core.clock import MovedClock
from benfex.subscriptions.payers import set_payer
from data.values.kinds import SuspensionReason
from data.values.states import SubscriptionStatus
from tests.conftest import Run
from tests.factories.customers import (
    MadeCustomer,
    MadeService,
    make_customer,
    make_invoice,
    make_service,
    suspend,
)
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


def landlord_with_tenant(isp: Run) -> tuple[MadeCustomer, MadeService]:
    landlord = make_customer(isp, name="Grace Njeri", phone="0708374140")
    tenant = make_customer(isp)
    isp(set_payer, customer_id=tenant.customer_id, payer_id=landlord.customer_id)
    return landlord, make_service(isp, customer=tenant)


@pytest.mark.parametrize("has_new_payer", [False, True])
def test_the_payer_of_old_gives_back_what_their_debt_took(
    isp: Run, clock: MovedClock, has_new_payer: bool
) -> None:
    landlord, service = landlord_with_tenant(isp)
    heir = make_customer(isp, name="Otieno", phone="0708374141")
    clock.advance(timedelta(days=20))
    suspend(isp, service)
    isp(set_payer, customer_id=service.customer_id, payer_id=heir.customer_id if has_new_payer else None)
    settle(isp, c2b(landlord.account_number, receipt="RA1", amount=kes(2_500)))
    status, _ = isp.read(service_state, subscription_id=service.subscription_id)
    assert status is SubscriptionStatus.ACTIVE


def test_other_money_does_not_give_back_what_an_old_debt_took(isp: Run, clock: MovedClock) -> None:
    landlord, service = landlord_with_tenant(isp)
    clock.advance(timedelta(days=20))
    suspend(isp, service)
    isp(set_payer, customer_id=service.customer_id, payer_id=None)
    settle(isp, c2b(service.customer.account_number, receipt="RA1", amount=kes(100)))
    assert isp.read(service_state, subscription_id=service.subscription_id) == (
        SubscriptionStatus.SUSPENDED,
        SuspensionReason.NON_PAYMENT,
    )
    settle(isp, c2b(landlord.account_number, receipt="RA2", amount=kes(2_500)))
    status, _ = isp.read(service_state, subscription_id=service.subscription_id)
    assert status is SubscriptionStatus.ACTIVE


def test_a_debt_of_the_new_payer_keeps_a_service_off(isp: Run, clock: MovedClock) -> None:
    landlord, service = landlord_with_tenant(isp)
    heir = make_customer(isp, name="Otieno", phone="0708374141")
    make_invoice(isp, heir)
    clock.advance(timedelta(days=20))
    suspend(isp, service)
    isp(set_payer, customer_id=service.customer_id, payer_id=heir.customer_id)
    settle(isp, c2b(landlord.account_number, receipt="RA1", amount=kes(2_500)))
    status, _ = isp.read(service_state, subscription_id=service.subscription_id)
    assert status is SubscriptionStatus.SUSPENDED
