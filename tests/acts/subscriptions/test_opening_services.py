"""The first invoice of a new service under each alignment, and what follows it."""

from datetime import date

import pytest

from benfex.core.events import EventBus
from benfex.subscriptions.bill_run import BillRunner
from benfex.subscriptions.story import service_story
from data.values.kinds import CycleAlignment
from tests.conftest import Run
from tests.factories.customers import make_service
from tests.factories.isp import SYSTEM, kes, make_price
from tests.factories.services import lines_of, set_terms

pytestmark = pytest.mark.sqlite_only
FIRST = date(2026, 12, 1)


def bill(isp: Run, on: date) -> int:
    return BillRunner(isp.transactor, EventBus()).run_sync(SYSTEM, on=on).invoices


@pytest.mark.parametrize(
    ("alignment", "first_lines", "then"),
    [
        (CycleAlignment.PRORATE, [("Home, 8/30 days", 80_000)], FIRST),
        (
            CycleAlignment.PART_PLUS_FULL,
            [("Home, 8/30 days", 80_000), ("Home", 300_000)],
            date(2027, 1, 1),
        ),
        (CycleAlignment.FREE_UNTIL, [], FIRST),
    ],
)
def test_a_new_service_comes_to_the_billing_day(
    isp: Run, alignment: CycleAlignment, first_lines: list[tuple[str, int]], then: date
) -> None:
    set_terms(isp, billing_day=1, alignment=alignment)
    service = make_service(isp, price_id=make_price(isp, amount=kes(3_000)))
    assert isp.read(lines_of, subscription_id=service.subscription_id) == first_lines
    assert isp.read(service_story, subscription_id=service.subscription_id).bills_on == then
    assert bill(isp, then) == 1
    assert isp.read(lines_of, subscription_id=service.subscription_id)[len(first_lines) :] == [
        ("Home", 300_000)
    ]
