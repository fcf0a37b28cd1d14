"""Five minutes become hours and days, old ones go, and who is over the cap is throttled."""

from datetime import date, datetime, timedelta

from sqlalchemy import Table, func, select

from benfex.core.clock import MovedClock
from benfex.core.policy import save_policy, save_profile
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.network.wanted import wanted_access
from benfex.usage.rollup import UsageRollup
from data.models.router import Connection
from data.models.subscription import Subscription
from data.models.usage import usage_1d, usage_1h, usage_5m
from data.queries.usage_writing import UsageRow, add_usage
from data.values.identifiers import ConnectionId, RouterId
from tests.acts.network.rows import SYSTEM, VAULT, connect, line_state, new_router, sell_plan
from tests.conftest import START

HOUR = timedelta(hours=1)


async def test_hours_and_days_are_the_sum_of_their_five_minutes(
    transactor: Transactor, clock: MovedClock
) -> None:
    connection_id = await _line(transactor)
    for back in range(30):
        await _use(transactor, connection_id, at=START - back * HOUR, download_bytes=3_000_000)
    rollup = UsageRollup(transactor=transactor, clock=clock)
    await rollup.run()
    await rollup.run()
    assert await _sum(transactor, usage_1h) == 90_000_000
    assert await _sum(transactor, usage_1d) == 90_000_000
    days = await transactor.read(_days, SYSTEM)
    assert [at.hour for at, _, _ in days] == [21, 21]  # midnight in Nairobi
    assert days[0][2] == 80_000  # 3 MB in five minutes, in bits per second


async def test_what_is_added_to_a_past_hour_reaches_its_day(
    transactor: Transactor, clock: MovedClock
) -> None:
    connection_id = await _line(transactor)
    await _use(transactor, connection_id, at=START, download_bytes=1_000)
    rollup = UsageRollup(transactor=transactor, clock=clock)
    await rollup.run()
    long_ago = START - timedelta(days=6)
    await _use(transactor, connection_id, at=long_ago, download_bytes=500)
    rollup.note_touched(long_ago)
    await rollup.run()
    assert await _sum(transactor, usage_1d) == 1_500


async def test_days_follow_the_zone_of_the_isp(transactor: Transactor, clock: MovedClock) -> None:
    connection_id = await _line(transactor)
    for back in range(60):
        await _use(transactor, connection_id, at=START - back * HOUR, download_bytes=1_000)
    rollup = UsageRollup(transactor=transactor, clock=clock)
    await rollup.run()
    await transactor.transact(
        save_profile, SYSTEM, name="Rift", currency="KES", timezone="Africa/Johannesburg"
    )
    await rollup.run()
    assert await _sum(transactor, usage_1d) == 60_000  # none twice, under either midnight
    assert {at.hour for at, _, _ in await transactor.read(_days, SYSTEM)} == {22}


async def test_five_minutes_are_kept_for_35_days(transactor: Transactor, clock: MovedClock) -> None:
    connection_id = await _line(transactor)
    await _use(transactor, connection_id, at=START, download_bytes=1_000)
    rollup = UsageRollup(transactor=transactor, clock=clock)
    await rollup.run()
    clock.advance(timedelta(days=36))
    await _use(transactor, connection_id, at=clock.now(), download_bytes=7)
    await rollup.run()
    assert await _sum(transactor, usage_5m) == 7
    assert await _sum(transactor, usage_1d) == 1_007


async def test_who_is_over_the_cap_is_throttled_until_the_next_period(
    transactor: Transactor, clock: MovedClock
) -> None:
    connection_id = await _line(transactor, cap_bytes=10_000)
    rollup = UsageRollup(transactor=transactor, clock=clock)
    await _use(transactor, connection_id, at=START, download_bytes=10_000)
    await rollup.run()
    assert await _profile(transactor) == "benfex-home"
    await _use(transactor, connection_id, at=START, download_bytes=1)
    await rollup.run()
    assert await _profile(transactor) == "benfex-home-throttled"
    assert (await transactor.read(line_state, SYSTEM, connection_id=connection_id)).desired == 2
    await rollup.run()
    assert (await transactor.read(line_state, SYSTEM, connection_id=connection_id)).desired == 2
    await transactor.transact(_begin_period, SYSTEM, connection_id=connection_id, on=date(2026, 12, 1))
    clock.move_to(START + timedelta(days=9))
    await rollup.run()
    assert await _profile(transactor) == "benfex-home"


async def _line(transactor: Transactor, *, cap_bytes: int | None = None) -> ConnectionId:
    await transactor.transact(save_profile, SYSTEM, name="Benfex", currency="KES", timezone="Africa/Nairobi")
    await transactor.transact(save_policy, SYSTEM)
    router_id = await transactor.transact(new_router, SYSTEM)
    price = await transactor.transact(sell_plan, SYSTEM, cap_bytes=cap_bytes)
    return await transactor.transact(connect, SYSTEM, router_id=router_id, plan_price_id=price)


async def _use(
    transactor: Transactor, connection_id: ConnectionId, *, at: datetime, download_bytes: int
) -> None:
    def use(uow: UnitOfWork) -> None:
        add_usage(uow.session, [UsageRow(at, connection_id, download_bytes, 0)])

    await transactor.transact(use, SYSTEM)


async def _sum(transactor: Transactor, table: Table) -> int:
    def total(snapshot: Snapshot) -> int:
        return int(snapshot.session.execute(select(func.sum(table.c.download_bytes))).scalar_one())

    return await transactor.read(total, SYSTEM)


def _days(snapshot: Snapshot) -> list[tuple[datetime, int, int]]:
    columns = usage_1d.c
    rows = snapshot.session.execute(
        select(columns.starts_at, columns.download_bytes, columns.peak_download_bps).order_by(
            columns.starts_at
        )
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def _profile(transactor: Transactor) -> str:
    (wanted,) = await transactor.read(wanted_access, SYSTEM, router_id=RouterId(1), vault=VAULT)
    assert wanted.entry is not None
    return wanted.entry.profile


def _begin_period(uow: UnitOfWork, *, connection_id: ConnectionId, on: date) -> None:
    connection = uow.session.get(Connection, connection_id)
    assert connection is not None
    subscription = uow.session.get(Subscription, connection.subscription_id)
    assert subscription is not None
    subscription.period_starts_on = on
