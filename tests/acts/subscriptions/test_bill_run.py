"""The bill run bills all that is due and nothing twice, on whichever day it runs."""

from datetime import date, timedelta

import pytest

from benfex.core.clock import MovedClock
from benfex.core.events import BillRunProgressed, EventBus
from benfex.subscriptions.bill_run import BillRunner, BillRunResult
from benfex.subscriptions.lifecycle import end_subscription
from benfex.subscriptions.renewal import bill_customer
from data.values.errors import InvalidInput
from data.values.identifiers import CustomerId
from data.values.kinds import Interval
from data.values.states import InvoiceStatus
from tests.conftest import Run
from tests.factories.customers import make_customer, make_service, suspend
from tests.factories.isp import SYSTEM, kes, make_price, make_router
from tests.factories.looks import invoices_of, owed

TODAY = date(2026, 11, 23)


def bill(isp: Run, on: date, *, dry_run: bool = False) -> BillRunResult:
    return BillRunner(isp.transactor, EventBus()).run_sync(SYSTEM, on=on, dry_run=dry_run)


def test_the_first_period_is_billed_at_the_sale_and_the_next_when_it_begins(isp: Run) -> None:
    service = make_service(isp)
    assert bill(isp, TODAY).invoices == 0
    assert bill(isp, date(2026, 12, 22)).invoices == 0
    result = bill(isp, date(2026, 12, 23))
    assert (result.invoices, result.totals) == (1, (kes(2_500),))
    assert isp.read(owed, customer_id=service.customer_id) == kes(5_000)


def test_running_twice_bills_once(isp: Run) -> None:
    service = make_service(isp)
    assert [bill(isp, date(2026, 12, 23)).invoices for _ in range(3)] == [1, 0, 0]
    assert len(isp.read(invoices_of, customer_id=service.customer_id)) == 2


def test_a_rehearsal_says_what_a_run_would_do_and_does_nothing(isp: Run) -> None:
    service = make_service(isp)
    rehearsed = bill(isp, date(2026, 12, 23), dry_run=True)
    assert isp.read(owed, customer_id=service.customer_id) == kes(2_500)
    done = bill(isp, date(2026, 12, 23))
    assert (done.invoices, done.totals, done.parked) == (
        rehearsed.invoices,
        rehearsed.totals,
        rehearsed.parked,
    )
    numbers = [row[0] for row in isp.read(invoices_of, customer_id=service.customer_id)]
    assert numbers == ["INV-2026-00001", "INV-2026-00002"]


def test_two_months_that_were_missed_are_caught_up_in_one_invoice(isp: Run) -> None:
    service = make_service(isp)
    assert bill(isp, date(2027, 1, 25)).totals == (kes(5_000),)
    rows = isp.read(invoices_of, customer_id=service.customer_id)
    assert [row[2] for row in rows] == [250_000, 500_000]


def test_a_run_that_was_killed_is_finished_by_the_next(isp: Run) -> None:
    router_id, price_id = make_router(isp), make_price(isp)
    for number in range(5):
        customer = make_customer(isp, phone=f"071200000{number}")
        make_service(
            isp, customer=customer, price_id=price_id, router_id=router_id, username=f"home-{number}"
        )
    for number in (1, 2):  # what a run had done when it was killed
        isp(bill_customer, customer_id=CustomerId(number), on=date(2026, 12, 23))
    assert bill(isp, date(2026, 12, 23)).invoices == 3


@pytest.mark.sqlite_only
def test_a_service_sold_on_the_31st_is_billed_on_the_last_day_of_short_months(
    isp: Run, clock: MovedClock
) -> None:
    clock.advance(timedelta(days=69))  # 31 January
    service = make_service(isp)
    billed = []
    for day in (date(2027, 2, 1) + timedelta(days=offset) for offset in range(95)):
        billed += [day] * bill(isp, day).invoices
    assert billed == [date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30)]
    assert isp.read(owed, customer_id=service.customer_id) == kes(10_000)


def test_a_weekly_plan_with_a_setup_fee(isp: Run) -> None:
    price_id = make_price(isp, interval=Interval.WEEK, amount=kes(700), setup_fee=kes(3_000))
    service = make_service(isp, price_id=price_id)
    assert isp.read(owed, customer_id=service.customer_id) == kes(3_700)
    bill(isp, TODAY + timedelta(days=7))
    assert isp.read(owed, customer_id=service.customer_id) == kes(4_400)


def test_a_suspended_service_is_still_billed_and_an_ended_one_is_not(isp: Run) -> None:
    first = make_service(isp)
    second = make_service(
        isp,
        customer=make_customer(isp, phone="0712345678"),
        price_id=first.price_id,
        router_id=first.router_id,
        username="brian",
    )
    suspend(isp, first)
    isp(end_subscription, subscription_id=second.subscription_id, reason="moved away")
    assert bill(isp, date(2026, 12, 23)).invoices == 1
    assert len(isp.read(invoices_of, customer_id=second.customer_id)) == 1


def test_services_of_one_customer_share_an_invoice(isp: Run) -> None:
    first = make_service(isp)
    make_service(
        isp,
        customer=first.customer,
        price_id=first.price_id,
        router_id=first.router_id,
        username="amina-shop",
    )
    assert bill(isp, date(2026, 12, 23)).invoices == 1
    assert isp.read(invoices_of, customer_id=first.customer_id)[-1][1:] == (InvoiceStatus.OPEN, 500_000, 0)


@pytest.mark.sqlite_only
async def test_a_run_on_the_loop_tells_how_far_it_is(isp: Run) -> None:
    make_service(isp)
    bus, seen = EventBus(), list[BillRunProgressed]()
    bus.subscribe(BillRunProgressed, seen.append)
    result = await BillRunner(isp.transactor, bus).run(SYSTEM, on=date(2026, 12, 23))
    assert (result.invoices, [(event.done, event.finished) for event in seen]) == (
        1,
        [(0, False), (1, False), (1, True)],
    )


@pytest.mark.parametrize("starts_on", [TODAY + timedelta(days=1), TODAY - timedelta(days=367), date(1, 1, 1)])
def test_a_service_starts_today_or_within_the_last_year(isp: Run, starts_on: date) -> None:
    with pytest.raises(InvalidInput) as refused:
        make_service(isp, starts_on=starts_on)
    assert refused.value.field == "starts_on"
