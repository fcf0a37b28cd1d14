"""A run parks whom it cannot bill, is alone at work, and asks when it is unlike the last cycle."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from benfex.core.actors import StaffActor
from benfex.core.clock import MovedClock
from benfex.core.events import EventBus
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.subscriptions.bill_run import BillRunner, BillRunResult
from benfex.subscriptions.bill_runs import answer_bill_run, like_days, summary_of
from benfex.subscriptions.rehearsal import day_to_rehearse, rehearse
from data.locks import hold_bill_run
from data.queries import bill_runs as run_queries
from data.values.errors import Conflict, NotPermitted
from data.values.identifiers import BillRunId, UserId
from data.values.roles import Role
from tests.conftest import Run
from tests.factories.customers import MadeService, make_customer, make_service
from tests.factories.isp import SYSTEM, kes, make_price, make_router
from tests.factories.looks import invoices_of

FIRST = date(2026, 12, 23)
SECOND = date(2027, 1, 23)
OWNER = StaffActor(UserId(1), Role.OWNER, "Owner")
ADMIN = StaffActor(UserId(2), Role.ADMIN, "Admin")


def bill(isp: Run, on: date, *, is_checked: bool = False) -> BillRunResult:
    return BillRunner(isp.transactor, EventBus(), chunk=4).run_sync(SYSTEM, on=on, is_checked=is_checked)


def make_services(isp: Run, count: int) -> list[MadeService]:
    price_id, router_id = make_price(isp), make_router(isp)
    return [
        make_service(
            isp,
            customer=make_customer(isp, phone=f"07120000{number:02d}"),
            price_id=price_id,
            router_id=router_id,
            username=f"home-{number}",
        )
        for number in range(count)
    ]


def break_records(uow: UnitOfWork, *, statement: str) -> None:
    uow.session.execute(text(statement))


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE subscription SET anchor_day = 99 WHERE id = 2",  # no plan can be made
        "INSERT INTO billed_charge (billing_key, line_id, created_at, updated_at)"  # the act itself fails
        " SELECT '2:price.0:2026-12-23', min(line_id), min(created_at), min(updated_at) FROM billed_charge",
    ],
)
def test_one_customer_who_cannot_be_billed_is_parked_and_stops_nobody(isp: Run, harm: str) -> None:
    services = make_services(isp, 3)
    isp(break_records, statement=harm)
    result = bill(isp, FIRST)
    assert result.invoices == 2
    assert [row.customer_id for row in result.parked] == [services[1].customer_id]
    assert result.run_id is not None
    parked = run_queries_parked(isp, result.run_id)
    assert [(row.customer_id, bool(row.reason)) for row in parked] == [(services[1].customer_id, True)]
    assert len(isp.read(invoices_of, customer_id=services[1].customer_id)) == 1
    isp(break_records, statement="UPDATE subscription SET anchor_day = 23 WHERE id = 2")
    isp(break_records, statement="DELETE FROM billed_charge WHERE billing_key = '2:price.0:2026-12-23'")
    assert bill(isp, FIRST).invoices == 1


def run_queries_parked(isp: Run, run_id: BillRunId) -> list[run_queries.ParkedRow]:
    return isp.read(lambda snapshot: run_queries.parked_in(snapshot.session, [run_id], limit=10))


def test_a_second_run_at_once_is_refused(isp: Run) -> None:
    make_service(isp)
    with hold_bill_run(isp.transactor.database) as is_held:
        assert is_held
        with pytest.raises(Conflict):
            bill(isp, FIRST)
    assert bill(isp, FIRST).invoices == 1


def test_a_run_unlike_the_last_cycle_asks_and_goes_on_by_the_owners_word(isp: Run) -> None:
    services = make_services(isp, 12)
    assert bill(isp, FIRST).invoices == 12
    isp(break_records, statement="UPDATE subscription SET agreed_price_minor = 400000 WHERE id <= 12")
    result = bill(isp, SECOND)
    assert (result.invoices, "Go on?" in result.question) == (0, True)
    assert bill(isp, SECOND).question == result.question
    assert result.run_id is not None
    with pytest.raises(NotPermitted):
        isp.by(ADMIN)(answer_bill_run, run_id=result.run_id, go_on=True)
    isp.by(OWNER)(answer_bill_run, run_id=result.run_id, go_on=True)
    done = bill(isp, SECOND)
    assert (done.invoices, done.totals, done.run_id) == (12, (kes(48_000),), result.run_id)
    assert isp.read(invoices_of, customer_id=services[0].customer_id)[-1][2] == 400_000


def test_a_run_that_was_said_no_to_issues_nothing(isp: Run) -> None:
    make_services(isp, 12)
    bill(isp, FIRST)
    isp(break_records, statement="UPDATE subscription SET agreed_price_minor = 400000 WHERE id <= 12")
    run_id = bill(isp, SECOND).run_id
    assert run_id is not None
    isp.by(ADMIN)(answer_bill_run, run_id=run_id, go_on=False)
    with pytest.raises(Conflict):
        isp(answer_bill_run, run_id=run_id, go_on=True)
    assert bill(isp, SECOND, is_checked=True).invoices == 12


@pytest.mark.parametrize(
    ("on", "days"),
    [
        (date(2026, 12, 23), (date(2026, 11, 23), date(2026, 11, 24))),
        (date(2026, 4, 30), (date(2026, 3, 30), date(2026, 4, 1))),
        (date(2026, 2, 28), (date(2026, 1, 28), date(2026, 2, 1))),
        (date(2026, 3, 31), None),
    ],
)
def test_days_that_come_together_in_a_short_month_count_together(
    on: date, days: tuple[date, date] | None
) -> None:
    assert like_days(on) == days


@pytest.mark.sqlite_only
async def test_the_evening_before_says_what_tomorrow_bills(isp: Run, clock: MovedClock) -> None:
    make_services(isp, 3)
    clock.advance(datetime(2026, 12, 22, 12, 0, tzinfo=UTC) - clock.now())
    assert isp.read(day_to_rehearse) is None
    clock.advance(timedelta(hours=4))
    assert isp.read(day_to_rehearse) == FIRST
    runner = BillRunner(isp.transactor, EventBus())
    await rehearse(runner, isp.transactor, SYSTEM, on=FIRST, suspensions=2)
    assert isp.read(day_to_rehearse) is None
    kept = isp.read(_newest_rehearsal)
    assert kept == (FIRST, 3, 2)
    assert bill(isp, FIRST).invoices == 3


def _newest_rehearsal(snapshot: Snapshot) -> tuple[date, int, int]:
    run = run_queries.newest_rehearsal(snapshot.session)
    assert run is not None
    return run.billed_on, run.invoices, summary_of(run)["suspended"]
