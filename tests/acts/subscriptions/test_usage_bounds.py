"""Traffic beyond the cap is billed when its period is over, each gigabyte begun, and once."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text

from benfex.core.events import EventBus
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.subscriptions.bill_run import BillRunner
from tests.conftest import Run
from tests.factories.customers import make_service
from tests.factories.isp import SYSTEM, kes
from tests.factories.usage import move_in_hour

ON = date(2026, 12, 23)  # the period from 23 November is over; it began at 21:00 UTC the evening before


def charge_for_traffic(uow: UnitOfWork) -> None:
    for statement in (
        "UPDATE plan SET data_cap_bytes = 10000000000, cap_action = 'charge'",
        "UPDATE plan_price SET overage_minor = 5000",
    ):
        uow.session.execute(text(statement))


def usage_lines(snapshot: Snapshot) -> list[tuple[int, int, int]]:
    rows = snapshot.session.execute(
        text("SELECT quantity, unit_minor, amount_minor FROM invoice_line WHERE kind = 'usage'")
    )
    return [(row[0], row[1], row[2]) for row in rows]


@pytest.mark.parametrize(("used", "lines"), [(4_000_000_000, []), (4_000_000_001, [(1, 5_000, 5_000)])])
def test_a_gigabyte_begun_beyond_the_cap_is_billed_with_the_next_period(
    isp: Run, used: int, lines: list[tuple[int, int, int]]
) -> None:
    make_service(isp)
    isp(charge_for_traffic)
    isp(
        move_in_hour, at=datetime(2026, 11, 22, 20, tzinfo=UTC), count=90_000_000_000
    )  # the hour before the period
    isp(move_in_hour, at=datetime(2026, 11, 22, 21, tzinfo=UTC), count=6_000_000_000)  # its first hour
    isp(move_in_hour, at=datetime(2026, 12, 22, 20, tzinfo=UTC), count=used)  # its last hour
    isp(move_in_hour, at=datetime(2026, 12, 22, 21, tzinfo=UTC), count=90_000_000_000)  # the next period's
    runner = BillRunner(isp.transactor, EventBus())
    result = runner.run_sync(SYSTEM, on=ON)
    assert isp.read(usage_lines) == lines
    assert result.totals == (kes(2_550 if lines else 2_500),)
    assert runner.run_sync(SYSTEM, on=ON).invoices == 0
