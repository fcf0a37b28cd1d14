"""What a router moves is the sum of its lines at every level, and a day is shown beside that of a week ago."""

from datetime import UTC, date, datetime, timedelta
from itertools import count as count_up

import pytest
from sqlalchemy import Table, func, select

from benfex.core.actors import SubscriberActor
from benfex.core.clock import MovedClock
from benfex.core.policy import save_policy, save_profile
from benfex.core.unit_of_work import Snapshot
from benfex.usage.metering import CounterBaseline
from benfex.usage.network_views import compared_with_last_week, lines_named, top_talkers
from benfex.usage.recording import SessionRecord, record_readings
from benfex.usage.rollup import purge_five_minutes, roll_up_day, roll_up_hour
from data.models.usage import usage_1d, usage_1h, usage_5m, usage_router_1h, usage_router_5m
from data.values.errors import NotPermitted
from data.values.identifiers import ConnectionId, CustomerId, RouterId, UserId
from data.values.traffic import Traffic
from tests.acts.network.rows import connect, new_router, sell_plan
from tests.conftest import START, Run

FIVE = timedelta(minutes=5)
MIDNIGHT = datetime(2026, 11, 22, 21, tzinfo=UTC)  # in Nairobi, of Monday 23 November, the day of START
_KEYS = count_up()
FIRST, SECOND = RouterId(1), RouterId(2)


@pytest.fixture
def lines(run: Run) -> list[ConnectionId]:
    """Two lines at the first router, one at the second, of an ISP in Nairobi."""
    run(save_profile, name="Rift", currency="KES", timezone="Africa/Nairobi")
    run(save_policy)
    for name in ("nakuru", "kisumu"):
        run(new_router, name=name)
    price = run(sell_plan)
    return [
        run(connect, router_id=router_id, plan_price_id=price, username=name, number=number)
        for number, (router_id, name) in enumerate(((FIRST, "amina"), (FIRST, "brian"), (SECOND, "carol")), 1)
    ]


def count(run: Run, router_id: RouterId, *moved: tuple[ConnectionId, datetime, Traffic]) -> None:
    """Record that lines of a router moved something in the five minutes from then, each in its own session."""
    sessions = [
        SessionRecord(
            line, CounterBaseline(f"{next(_KEYS)}:{line}", 1, 1, 1, at + FIVE), None, ((at, traffic),)
        )
        for line, at, traffic in moved
    ]
    run(record_readings, router_id=router_id, read_at=START, sessions=sessions)


def total(snapshot: Snapshot, *, table: Table) -> tuple[int, int]:
    row = snapshot.session.execute(
        select(func.sum(table.c.download_bytes), func.sum(table.c.upload_bytes))
    ).one()
    return int(row[0] or 0), int(row[1] or 0)


def test_routers_hold_the_sum_of_their_lines_at_every_level(run: Run, lines: list[ConnectionId]) -> None:
    amina, brian, carol = lines
    for minutes in (0, 5, 65):
        at = MIDNIGHT + timedelta(minutes=minutes)
        count(run, FIRST, (amina, at, Traffic(1_000, 10)), (brian, at, Traffic(2_000, 20)))
        count(run, SECOND, (carol, at, Traffic(4_000, 40)))
    count(run, FIRST, (amina, MIDNIGHT, Traffic(500, 5)))
    for hours in range(2):
        for _ in range(2):  # worked out anew, not added
            run(roll_up_hour, starts_at=MIDNIGHT + timedelta(hours=hours))
    run(roll_up_day, starts_at=MIDNIGHT, ends_at=MIDNIGHT + timedelta(days=1))
    levels = (usage_5m, usage_1h, usage_1d, usage_router_5m, usage_router_1h)
    assert {run.read(total, table=table) for table in levels} == {(21_500, 215)}
    run(purge_five_minutes, before=MIDNIGHT + timedelta(hours=1))
    assert run.read(total, table=usage_router_5m) == run.read(total, table=usage_5m) == (7_000, 70)
    assert run.read(total, table=usage_router_1h) == (21_500, 215)


def test_today_is_compared_with_the_same_time_last_week(
    run: Run, lines: list[ConnectionId], clock: MovedClock
) -> None:
    amina, _, carol = lines
    week = timedelta(days=7)
    last = timedelta(hours=23, minutes=55)
    count(run, FIRST, (amina, MIDNIGHT - week, Traffic(300_000, 0)))
    count(run, FIRST, (amina, MIDNIGHT - week + last, Traffic(900_000, 0)))  # not yet, today
    count(run, FIRST, (amina, MIDNIGHT, Traffic(300_000, 30_000)))
    count(run, SECOND, (carol, MIDNIGHT, Traffic(120_000, 0)))
    both = run.read(compared_with_last_week)
    assert (both.today.day, both.week_ago.day) == (date(2026, 11, 23), date(2026, 11, 16))
    assert (both.today.download_bps[0], both.today.upload_bps[0]) == (11_200, 800)
    assert both.today.download_bps[1] is None  # nothing was counted
    assert (len(both.today.starts_at), len(both.week_ago.starts_at)) == (
        131,
        288,
    )  # until 10:55: polls may add to the last
    assert (both.week_ago.total_bytes, both.change_permille) == (1_200_000, 500)
    alone = run.read(compared_with_last_week, router_id=SECOND)
    assert (alone.today.total_bytes, alone.week_ago.is_empty, alone.change_permille) == (120_000, True, None)


def test_who_moves_most_today(run: Run, lines: list[ConnectionId]) -> None:
    amina, brian, carol = lines
    yesterday = MIDNIGHT - timedelta(days=1)
    count(run, FIRST, (amina, yesterday, Traffic(9_000_000, 0)), (brian, MIDNIGHT, Traffic(1_000, 500)))
    count(run, SECOND, (carol, MIDNIGHT, Traffic(2_000, 500)))
    for begins in (yesterday, MIDNIGHT):
        run(roll_up_hour, starts_at=begins)
        run(roll_up_day, starts_at=begins, ends_at=begins + timedelta(days=1))
    found = run.read(top_talkers, limit=5)
    assert [(one.username, one.download_bytes, one.share_permille) for one in found] == [
        ("carol", 2_000, 625),
        ("brian", 1_000, 375),
    ]
    named = run.read(lines_named, connection_ids=[amina, ConnectionId(999)])
    assert [(key, one.customer_name, one.router_name) for key, one in named.items()] == [
        (amina, "Customer 1", "nakuru")
    ]


def test_a_subscriber_is_told_nothing_of_it(run: Run, lines: list[ConnectionId]) -> None:
    someone = run.by(SubscriberActor(UserId(9), CustomerId(1), "Amina"))
    with pytest.raises(NotPermitted):
        someone.read(compared_with_last_week)
    with pytest.raises(NotPermitted):
        someone.read(top_talkers)
