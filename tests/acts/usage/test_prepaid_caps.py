"""The cap of bought time counts from the instant that it begins, not from the day before or after."""

from datetime import datetime, timedelta

import pytest

from benfex.catalog.plans import create_plan, publish_price
from benfex.core.clock import MovedClock
from benfex.core.unit_of_work import UnitOfWork
from benfex.usage.caps import cap_changes, note_cap
from benfex.usage.views import usage_of_customer
from data.values.kinds import BillingMode, CapAction, Interval
from tests.conftest import START, Run
from tests.factories.customers import MadeService, make_service
from tests.factories.isp import kes
from tests.factories.money import c2b, settle
from tests.factories.usage import move_in_hour

HOUR = timedelta(hours=1)
GIGABYTES = 1_000_000_000


@pytest.fixture
def service(isp: Run, clock: MovedClock) -> MadeService:
    """A day of 10 GB, bought at half past eleven in Nairobi; 20 GB went over the line that morning."""
    plan_id = isp(
        create_plan,
        code="DAY",
        name="Day",
        download_bps=10_000_000,
        upload_bps=5_000_000,
        data_cap_bytes=10 * GIGABYTES,
        cap_action=CapAction.NOTIFY,
    )
    made = make_service(
        isp,
        price_id=isp(
            publish_price,
            plan_id=plan_id,
            amount=kes(100),
            interval=Interval.DAY,
            billing_mode=BillingMode.PREPAID,
        ),
    )
    isp(use, at=START - HOUR, gigabytes=10)
    isp(use, at=START, gigabytes=10)
    clock.advance(HOUR / 2)
    pay(isp, made, "RA1")
    return made


def use(uow: UnitOfWork, *, at: datetime, gigabytes: int) -> None:
    move_in_hour(uow, at=at, count=gigabytes * GIGABYTES)


def pay(isp: Run, service: MadeService, receipt: str) -> None:
    settle(isp, c2b(service.customer.account_number, receipt=receipt, amount=kes(100)))


def is_over(isp: Run) -> bool:
    """Note what changed, and return whether the line is over its cap."""
    for change in isp.read(cap_changes):
        isp(note_cap, change=change)
        assert isp.read(cap_changes) == ()
        return change.is_over
    return False


def test_what_was_used_before_the_time_was_bought_is_not_counted(isp: Run, service: MadeService) -> None:
    assert not is_over(isp)


def test_what_is_used_from_the_next_full_hour_on_is_counted(
    isp: Run, clock: MovedClock, service: MadeService
) -> None:
    isp(use, at=START + HOUR, gigabytes=11)
    clock.advance(4 * HOUR)
    assert is_over(isp)
    usage = isp.read(usage_of_customer, customer_id=service.customer_id)[service.subscription_id]
    assert usage.total_bytes == 11 * GIGABYTES


def test_time_bought_ahead_has_its_data_when_it_begins(
    isp: Run, clock: MovedClock, service: MadeService
) -> None:
    isp(use, at=START + HOUR, gigabytes=11)
    clock.advance(4 * HOUR)
    assert is_over(isp)
    pay(isp, service, "RA2")
    assert isp.read(cap_changes) == ()
    clock.advance(20 * HOUR)
    isp(use, at=START + 24 * HOUR, gigabytes=9)
    isp(use, at=START + 25 * HOUR, gigabytes=9)
    (change,) = isp.read(cap_changes)
    assert not change.is_over
