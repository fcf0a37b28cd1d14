"""Deferred revenue is earned with the days it is for, whatever is credited or void meanwhile."""

from datetime import date, timedelta

import pytest

from benfex.billing.crediting import credit_unused
from benfex.billing.earning import earn_revenue
from benfex.billing.invoicing import void_invoice
from benfex.core.clock import MovedClock
from benfex.core.unit_of_work import UnitOfWork
from benfex.ledger.chart import AccountCode
from data.queries import policy as policy_queries
from data.values.identifiers import InvoiceId
from data.values.money import Money
from tests.conftest import Run
from tests.factories.customers import make_service
from tests.factories.isp import kes
from tests.factories.looks import balance

# The service starts on 23 November: 30 days of KES 3,000.


@pytest.fixture
def deferring(isp: Run) -> Run:
    isp(_defer)
    return isp


def test_without_the_setting_revenue_is_taken_at_issue(isp: Run) -> None:
    make_service(isp)
    assert _books(isp) == (kes(0), kes(2_500))
    assert isp(earn_revenue) == ()


def test_each_day_earns_its_share_once_and_a_missed_day_is_caught_up(
    deferring: Run, clock: MovedClock
) -> None:
    make_service(deferring)
    assert _books(deferring) == (kes(2_500), kes(0))
    clock.advance(timedelta(days=1))
    assert deferring(earn_revenue) == (Money(8_333, "KES"),)
    assert deferring(earn_revenue) == ()
    clock.advance(timedelta(days=2))
    deferring(earn_revenue)
    assert _books(deferring)[1] == kes(250)
    clock.advance(timedelta(days=40))
    deferring(earn_revenue)
    assert _books(deferring) == (kes(0), kes(2_500))


def test_unused_days_are_taken_from_what_is_not_earned_and_the_rest_is_earned_by_the_last_day(
    deferring: Run, clock: MovedClock
) -> None:
    service = make_service(deferring)
    clock.advance(timedelta(days=5))
    deferring(earn_revenue)
    deferring(
        credit_unused,
        subscription_id=service.subscription_id,
        from_on=date(2026, 12, 3),
        reason="moved out",
    )
    assert deferring.read(balance, code=AccountCode.CREDITS_GIVEN) == kes(0)
    clock.advance(timedelta(days=5))
    deferring(earn_revenue)
    assert _books(deferring) == (kes(0), Money(83_333, "KES"))


def test_a_void_invoice_leaves_neither_deferred_nor_earned_revenue(deferring: Run, clock: MovedClock) -> None:
    make_service(deferring)
    clock.advance(timedelta(days=5))
    deferring(earn_revenue)
    deferring(void_invoice, invoice_id=InvoiceId(1), reason="billed in error")
    assert _books(deferring) == (kes(0), kes(0))
    clock.advance(timedelta(days=5))
    assert deferring(earn_revenue) == ()


def _books(run: Run) -> tuple[Money, Money]:
    """Return what is deferred and what was earned."""
    deferred = run.read(balance, code=AccountCode.DEFERRED_REVENUE)
    return -deferred, -run.read(balance, code=AccountCode.REVENUE)


def _defer(uow: UnitOfWork) -> None:
    policy = policy_queries.newest_policy(uow.session)
    assert policy is not None
    policy.defers_revenue = True
