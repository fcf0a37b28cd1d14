"""The 95th percentile: of all routers, one, or a line, in means of five minutes."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from benfex.core.actors import SubscriberActor
from benfex.core.clock import MovedClock
from benfex.core.policy import save_policy, save_profile
from benfex.core.unit_of_work import UnitOfWork
from benfex.usage.percentile import busy_months_of_line, busy_months_of_network, percentile_95
from data.models.usage import usage_5m, usage_router_5m
from data.values.errors import NotFound
from data.values.identifiers import ConnectionId, CustomerId, RouterId, UserId
from tests.acts.network.rows import connect, new_router, sell_plan
from tests.conftest import START, Run
from tests.factories.customers import make_service

FIVE = timedelta(minutes=5)
MEGABIT = 1_000_000 * 300 // 8  # bytes that a megabit a second moves in five minutes


@given(st.lists(st.integers(0, 50), max_size=300), st.integers(0, 100))
def test_at_most_a_twentieth_lies_above_it(values: list[int], idle: int) -> None:
    steps = len(values) + idle
    found = percentile_95(values, steps=steps)
    padded = sorted([*values, *[0] * idle])
    assert sum(value > found for value in padded) <= steps // 20
    if padded:
        assert found == padded[len(padded) - 1 - steps // 20]


def move(run: Run, *megabits: tuple[datetime, int]) -> None:
    """Move so much over the first line of the first router in five minutes each."""

    def write(uow: UnitOfWork) -> None:
        for at, speed in megabits:
            moved = {"starts_at": at, "download_bytes": speed * MEGABIT, "upload_bytes": MEGABIT}
            uow.session.execute(insert(usage_5m).values(connection_id=1, **moved))
            uow.session.execute(insert(usage_router_5m).values(router_id=1, **moved))

    run(write)


@pytest.fixture
def line(run: Run) -> ConnectionId:
    """A line of an ISP in Nairobi since START."""
    run(save_profile, name="Rift", currency="KES", timezone="Africa/Nairobi")
    run(save_policy)
    run(new_router, name="nakuru")
    return ConnectionId(
        run(connect, router_id=RouterId(1), plan_price_id=run(sell_plan), username="amina", number=1)
    )


def test_it_is_what_is_left_without_the_busiest_twentieth(
    run: Run, clock: MovedClock, line: ConnectionId
) -> None:
    move(run, *[(START + place * FIVE, 100 - place) for place in range(20)])
    clock.move_to(START + timedelta(minutes=5 * 40 + 2))
    months = run.read(busy_months_of_line, connection_id=line)
    # of 40 steps 2 are set aside: 100 and 99
    assert [(month.month, month.steps, month.download_bps) for month in months] == [
        (date(2026, 11, 1), 40, 98_000_000)
    ]
    assert months[0].upload_bps == 1_000_000
    assert (
        run.read(busy_months_of_network) == run.read(busy_months_of_network, router_id=RouterId(1)) == months
    )


def test_an_idle_line_uses_none(run: Run, clock: MovedClock, line: ConnectionId) -> None:
    move(run, (START, 100), (START + FIVE, 100))
    clock.move_to(START + timedelta(days=1))
    assert [month.download_bps for month in run.read(busy_months_of_line, connection_id=line)] == [0]


def test_last_month_is_told_for_as_long_as_it_is_kept_whole(
    run: Run, clock: MovedClock, line: ConnectionId
) -> None:
    clock.move_to(datetime(2027, 1, 4, tzinfo=UTC))
    steps = 31 * 288
    begins = datetime(2026, 11, 30, 21, tzinfo=UTC)  # the first of December in Nairobi
    move(run, *[(begins + place * FIVE, 40) for place in range(steps // 20 + 1)])
    this, last = run.read(busy_months_of_line, connection_id=line)
    assert (this.month, this.download_bps) == (date(2027, 1, 1), 0)
    assert (last.month, last.steps, last.download_bps) == (date(2026, 12, 1), steps, 40_000_000)
    clock.move_to(datetime(2027, 1, 6, tzinfo=UTC))
    assert len(run.read(busy_months_of_line, connection_id=line)) == 1


def test_only_whose_line_it_is_and_staff_are_told(isp: Run) -> None:
    service = make_service(isp)
    mine = isp.by(SubscriberActor(UserId(7), service.customer_id, "Amina"))
    assert mine.read(busy_months_of_line, connection_id=ConnectionId(1)) == ()
    other = isp.by(SubscriberActor(UserId(8), CustomerId(99), "Brian"))
    for who, key in ((other, 1), (isp, 99)):
        with pytest.raises(NotFound):
            who.read(busy_months_of_line, connection_id=ConnectionId(key))
    with pytest.raises(NotFound):
        isp.read(busy_months_of_network, router_id=RouterId(99))
