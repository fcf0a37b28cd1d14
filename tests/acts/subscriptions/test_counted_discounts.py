"""A discount on so many periods counts billing periods, however many bills a period has."""

from datetime import date

import pytest

from benfex.core.clock import MovedClock
from benfex.subscriptions.corrections import cancel_invoice
from benfex.subscriptions.extras import give_discount
from benfex.subscriptions.pausing import pause_subscription, resume_subscription
from benfex.subscriptions.plan_changes import change_plan
from benfex.subscriptions.story import service_story
from data.values.identifiers import InvoiceId
from data.values.kinds import ChargeTiming, Interval
from tests.conftest import Run
from tests.factories.changes import bill_on, change, go_to, make_discount
from tests.factories.customers import MadeService, make_service
from tests.factories.isp import kes, make_price
from tests.factories.services import lines_of, set_price

HALF_WAY = date(2026, 12, 8)
NEXT = date(2026, 12, 23)
JANUARY = date(2027, 1, 23)


def halved(isp: Run, *, periods: int, timing: ChargeTiming) -> MadeService:
    """Return a service from 23 November at half price for so many periods that it has not been billed for yet."""
    price_id = make_price(isp, amount=kes(3_000))
    set_price(isp, price_id, timing=timing)
    service = make_service(isp, price_id=price_id)
    discount_id = make_discount(isp, periods=periods)
    isp(give_discount, subscription_id=service.subscription_id, discount_id=discount_id)
    return service


def half_offs(isp: Run, service: MadeService) -> list[tuple[str, int]]:
    lines = isp.read(lines_of, subscription_id=service.subscription_id)
    return [line for line in lines if line[0].startswith("Half")]


def periods_left(isp: Run, service: MadeService) -> int | None:
    return isp.read(service_story, subscription_id=service.subscription_id).discounts[0].periods_left


def test_a_change_in_arrears_uses_one_period(isp: Run, clock: MovedClock) -> None:
    service = halved(isp, periods=1, timing=ChargeTiming.ARREARS)
    dearer = make_price(isp, code="FAST", amount=kes(6_000))
    set_price(isp, dearer, timing=ChargeTiming.ARREARS)
    go_to(isp, clock, HALF_WAY)
    change(isp, change_plan, subscription_id=service.subscription_id, plan_price_id=dearer)
    for day in (NEXT, JANUARY):
        bill_on(isp, day)
    assert half_offs(isp, service) == [("Half, 15/30 days", -75_000), ("Half, 15/30 days", -150_000)]


@pytest.mark.parametrize(
    ("timing", "taken_off"),
    [(ChargeTiming.ADVANCE, [150_000, 96_774, 150_000]), (ChargeTiming.ARREARS, [150_000, 24_194, 96_774])],
)
def test_a_pause_within_a_period_uses_one_period(
    isp: Run, clock: MovedClock, timing: ChargeTiming, taken_off: list[int]
) -> None:
    service = halved(isp, periods=2, timing=timing)
    bill_on(isp, NEXT)
    go_to(isp, clock, date(2026, 12, 28))
    change(isp, pause_subscription, subscription_id=service.subscription_id)
    go_to(isp, clock, date(2027, 1, 3))
    change(isp, resume_subscription, subscription_id=service.subscription_id)
    for day in (JANUARY, date(2027, 2, 23), date(2027, 3, 23)):
        bill_on(isp, day)
    assert [-amount for _, amount in half_offs(isp, service)] == taken_off
    assert periods_left(isp, service) == 0


def test_a_period_that_is_billed_again_is_counted_once(isp: Run) -> None:
    service = halved(isp, periods=1, timing=ChargeTiming.ADVANCE)
    bill_on(isp, NEXT)
    isp(cancel_invoice, invoice_id=InvoiceId(2), reason="wrong name on it", bill_again=True)
    bill_on(isp, NEXT)
    bill_on(isp, JANUARY)
    assert half_offs(isp, service) == [("Half", -150_000), ("Half", -150_000)]
    assert periods_left(isp, service) == 0


def test_a_new_rhythm_counts_its_own_periods(isp: Run, clock: MovedClock) -> None:
    service = halved(isp, periods=3, timing=ChargeTiming.ADVANCE)
    bill_on(isp, NEXT)
    weekly = make_price(isp, code="WEEK", amount=kes(700), interval=Interval.WEEK)
    go_to(isp, clock, date(2026, 12, 28))
    change(isp, change_plan, subscription_id=service.subscription_id, plan_price_id=weekly)
    for day in (date(2027, 1, 4), date(2027, 1, 11)):
        bill_on(isp, day)
    assert half_offs(isp, service) == [("Half", -150_000), ("Half", -35_000), ("Half", -35_000)]
    assert periods_left(isp, service) == 0
