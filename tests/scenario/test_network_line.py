"""A line from its sale to its end, on a simulated router."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from sqlalchemy import select
from sqlmodel import col

from benfex.core.events import ConnectionApplied, RouterSampled, SessionReturned, UsageSampled
from data.engine import Database
from data.models.router import Connection, RouterTask
from data.session import Session
from data.values.identifiers import ConnectionId
from data.values.states import SubscriptionStatus, TaskStatus
from tests.acts.network.bench import Bench, bench_of, until, usage_of

pytestmark = pytest.mark.sqlite_only


@pytest.fixture
async def bench(database: Database) -> AsyncIterator[Bench]:
    async with bench_of(database) as running:
        yield running


async def test_a_sold_line_comes_up_is_suspended_and_restored(bench: Bench) -> None:
    connection_id = await bench.connect("amina")
    await until(lambda: bench.is_applied(connection_id))
    secret = bench.secret("amina")
    assert secret is not None
    assert secret["profile"] == "benfex-home"
    assert secret["comment"].startswith(f"benfex:{connection_id}")
    await until(lambda: bench.session("amina"))

    await bench.move(connection_id, SubscriptionStatus.SUSPENDED)
    await until(lambda: (bench.session("amina") or {}).get("portal_only"))
    assert (bench.secret("amina") or {})["profile"] == "benfex-suspended"

    await bench.move(connection_id, SubscriptionStatus.ACTIVE)
    await until(lambda: (bench.session("amina") or {}).get("portal_only") is False)
    await until(lambda: bench.is_applied(connection_id))
    assert [event.generation for event in bench.of_kind(ConnectionApplied)] == [1, 2, 3]

    await bench.move(connection_id, SubscriptionStatus.ENDED)
    await until(lambda: bench.secret("amina") is None)
    await until(lambda: bench.session("amina") is None)
    await until(lambda: bench.is_applied(connection_id))
    assert (await bench.line(connection_id)).is_removed
    await until(lambda: _is_told(bench, ("amina", "removed", True)))
    assert [item for item in await bench.written() if item[0] == "amina"] == [
        ("amina", "added with profile benfex-home", True),
        ("amina", "profile benfex-home → benfex-suspended", True),
        ("amina", "profile benfex-suspended → benfex-home", True),
        ("amina", "removed", True),
    ]


async def test_usage_is_what_the_router_counted(bench: Bench) -> None:
    connection_id = await bench.connect("amina")
    await until(lambda: bench.session("amina"))
    await bench.poller.poll(bench.router_id)
    for _ in range(3):
        await _moves(bench, 10_000)
        outcome = await bench.poller.poll(bench.router_id)
        assert (outcome.is_read, outcome.online, outcome.is_recorded) == (True, 1, True)
    counted = await usage_of(bench, connection_id)
    now = _download(bench, "amina")
    assert 0 < counted[0] <= now
    assert now - counted[0] < 20_000_000  # what the line moved since the last poll
    assert bench.live.online(connection_id) is True
    assert (await bench.line(connection_id)).was_online
    rates = bench.live.recent_connection(connection_id)
    assert rates[0].download_bps is None or rates[0].download_bps >= 0
    assert rates[-1].download_bps is not None


async def test_a_redial_and_a_reset_are_counted_once_and_never_below_zero(bench: Bench) -> None:
    connection_id = await bench.connect("amina")
    await until(lambda: bench.session("amina"))
    await bench.poller.poll(bench.router_id)
    await until(lambda: _download(bench, "amina") > 10_000)
    await bench.poller.poll(bench.router_id)
    first = await usage_of(bench, connection_id)
    bench.router.set_fault("counters_reset")
    await bench.poller.poll(bench.router_id)
    second = await usage_of(bench, connection_id)
    assert first[0] <= second[0] < first[0] + 20_000_000
    bench.router.drop("amina")
    await until(lambda: bench.session("amina"))
    await bench.poller.poll(bench.router_id)
    third = await usage_of(bench, connection_id)
    assert second[0] <= third[0] < second[0] + 20_000_000


async def test_a_restart_of_ours_continues_the_counters(database: Database) -> None:
    async with bench_of(database) as bench:
        connection_id = await bench.connect("amina")
        await until(lambda: bench.session("amina"))
        await bench.poller.poll(bench.router_id)
        await until(lambda: _download(bench, "amina") > 10_000)
        await bench.poller.poll(bench.router_id)
        before = await usage_of(bench, connection_id)
        successor = bench.another_poller()
        moved = _download(bench, "amina")
        await until(lambda: _download(bench, "amina") > moved + 50_000)
        await successor.poll(bench.router_id)
        after = await usage_of(bench, connection_id)
        assert before[0] + 50_000 <= after[0] <= _download(bench, "amina")
        await successor.stop()


async def test_a_write_that_was_only_acknowledged_is_tried_again_until_it_is_there(bench: Bench) -> None:
    connection_id = await bench.connect("amina")
    await until(lambda: bench.is_applied(connection_id))
    bench.router.set_fault("drop_write", 1)
    await bench.move(connection_id, SubscriptionStatus.SUSPENDED)
    await until(lambda: bench.is_applied(connection_id))
    assert (bench.secret("amina") or {})["profile"] == "benfex-suspended"
    assert (await bench.tasks(connection_id))[-1].attempts == 1


async def test_a_link_that_breaks_after_a_write_does_not_lose_the_change(bench: Bench) -> None:
    connection_id = await bench.connect("amina")
    await until(lambda: bench.session("amina"))
    await until(lambda: bench.is_applied(connection_id))
    bench.router.set_fault("close_after_write", 1)
    await bench.move(connection_id, SubscriptionStatus.SUSPENDED)
    await until(lambda: bench.is_applied(connection_id))
    await until(lambda: (bench.session("amina") or {}).get("portal_only"))
    assert (await bench.tasks(connection_id))[-1].attempts == 0


@pytest.mark.parametrize("moment", ["claimed", "written"])
async def test_a_database_that_goes_away_while_a_router_is_written_delays_it_by_a_moment(
    bench: Bench, moment: str
) -> None:
    connection_id = await bench.connect("amina")
    await until(lambda: bench.is_applied(connection_id))
    breaking = Breaking(after_commit_of=moment)
    bench.transactor.set_before_commit(breaking)
    await bench.move(connection_id, SubscriptionStatus.SUSPENDED)
    await until(lambda: breaking.has_broken)

    async def comes_about() -> bool:
        await bench.provisioner.apply_due_tasks()  # as the timetable does
        return await bench.is_applied(connection_id)

    await until(comes_about)
    assert (bench.secret("amina") or {})["profile"] == "benfex-suspended"


async def test_a_customer_who_paid_while_the_tower_was_down_is_on_when_it_returns(bench: Bench) -> None:
    connection_id = await bench.connect("amina")
    await until(lambda: bench.is_applied(connection_id))
    await bench.move(connection_id, SubscriptionStatus.SUSPENDED)
    await until(lambda: bench.is_applied(connection_id))
    bench.router.set_fault("unreachable")
    await bench.move(connection_id, SubscriptionStatus.ACTIVE)
    await until(lambda: bench.watch.is_lost(bench.router_id))
    await until(lambda: _has_status(bench, "unreachable"))
    task = (await bench.tasks(connection_id))[-1]
    assert (task.status.value, task.attempts) == ("pending", 0)
    bench.router.set_fault("none")
    await until(lambda: bench.is_applied(connection_id))
    await until(lambda: _has_status(bench, "reachable"))
    assert (bench.secret("amina") or {})["profile"] == "benfex-home"


async def test_a_wrong_password_stops_everything_until_the_router_is_edited(bench: Bench) -> None:
    bench.router.set_fault("wrong_password")
    connection_id = await bench.connect("amina")
    await until(lambda: _has_status(bench, "auth_failed"))
    asked = bench.router.requests()["connections"]
    assert await bench.poller.poll_due() == 0
    await bench.provisioner.apply_due_tasks()
    assert bench.router.requests()["connections"] == asked
    bench.router.set_fault("none")
    await bench.edit_router()
    await until(lambda: bench.is_applied(connection_id))
    assert await _has_status(bench, "reachable")


async def test_a_stalled_router_delays_no_other(database: Database) -> None:
    async with bench_of(database, routers=2, timeout_seconds=5.0) as bench:
        bench.routers[0].set_fault("stalled")
        stuck = await bench.connect("amina", number=1, at=0)
        free = await bench.connect("juma", number=2, at=1)
        assert await bench.poller.poll_due() >= 1
        await until(lambda: bench.is_applied(free), within_seconds=3)
        async with bench.live.watch_connection(free):
            await until(lambda: bench.polled_until(lambda: bench.live.online(free)), within_seconds=3)
        assert not await bench.is_applied(stuck)


async def test_nothing_is_known_of_a_router_that_does_not_answer(bench: Bench) -> None:
    connection_id = await bench.connect("amina")
    await until(lambda: bench.session("amina"))
    await bench.poller.poll(bench.router_id)
    await bench.poller.poll(bench.router_id)
    assert bench.live.online(connection_id) is True
    bench.router.set_fault("unreachable")
    await bench.poller.poll(bench.router_id)
    assert bench.live.online(connection_id) is None
    assert bench.live.recent_router(bench.router_id)[-1].download_bps is None
    assert bench.live.recent_connection(connection_id)[-1].download_bps is None
    last = bench.of_kind(UsageSampled)[-1]
    assert [(item.connection_id, item.download_bps) for item in last.samples] == [(connection_id, None)]
    assert bench.of_kind(RouterSampled)[-1].online is None


async def test_a_router_that_answers_garbage_changes_nothing_and_is_served_when_it_speaks_again(
    bench: Bench,
) -> None:
    connection_id = await bench.connect("00123")
    await until(lambda: bench.is_applied(connection_id))
    await until(lambda: bench.session("00123"))
    await bench.poller.poll(bench.router_id)
    counted = await usage_of(bench, connection_id)
    bench.router.set_fault("garbage")
    outcome = await bench.poller.poll(bench.router_id)
    assert (outcome.is_read, await usage_of(bench, connection_id)) == (False, counted)
    assert bench.live.online(connection_id) is None
    await bench.move(connection_id, SubscriptionStatus.SUSPENDED)
    await until(lambda: _has_status(bench, "unreachable"))
    assert not await bench.is_applied(connection_id)
    assert (bench.secret("00123") or {})["profile"] == "benfex-home"
    bench.router.set_fault("none")
    await until(lambda: bench.is_applied(connection_id))
    assert (bench.secret("00123") or {})["profile"] == "benfex-suspended"
    assert (await bench.tasks(connection_id))[-1].attempts == 0


async def test_a_watched_router_is_read_often_and_written_seldom(database: Database) -> None:
    async with bench_of(database, record_seconds=60.0, watch_interval_seconds=0.02) as bench:
        connection_id = await bench.connect("amina")
        await until(lambda: bench.session("amina"))
        async with bench.live.watch_connection(connection_id), bench.live.watch_router(bench.router_id):
            await until(
                lambda: bench.polled_until(lambda: len(bench.live.recent_router(bench.router_id)) > 8)
            )
            recorded = await usage_of(bench, connection_id)
            assert recorded == (0, 0)
            moved = _download(bench, "amina")
            bench.router.drop("amina")
            await until(lambda: bench.session("amina"))
            await until(lambda: bench.polled_until(lambda: bench.live.online(connection_id)))
            await bench.poller.poll(bench.router_id)
        assert 0 < (await usage_of(bench, connection_id))[0] <= moved + 20_000_000


async def test_the_first_session_after_a_payment_stops_the_clock(bench: Bench) -> None:
    connection_id = await bench.connect("amina")
    await until(lambda: bench.is_applied(connection_id))
    await bench.move(connection_id, SubscriptionStatus.SUSPENDED)
    await until(lambda: bench.is_applied(connection_id))
    # Uptimes are whole seconds: a session younger than one cannot be told from the one after the payment.
    await until(lambda: (bench.session("amina") or {}).get("uptime", "0s") not in ("0s", 0))
    await bench.pay(connection_id)
    await until(lambda: bench.polled_until(lambda: bench.of_kind(SessionReturned)))
    steps = await bench.restoration()
    assert len(steps) == 4
    assert steps == sorted(steps)
    assert (steps[-1] - steps[0]).total_seconds() < 5


async def test_what_others_changed_on_the_router_is_found_and_repaired(bench: Bench) -> None:
    connection_id = await bench.connect("amina")
    await until(lambda: bench.is_applied(connection_id))
    await bench.set_on_router("amina", {"profile": "default"})
    report = await bench.provisioner.reconcile_router(bench.router_id, dry_run=True)
    assert [drift.what for drift in report.drifts] == ["profile is default, not benfex-home"]
    assert (await bench.line(connection_id)).drift == "profile is default, not benfex-home"
    report = await bench.provisioner.reconcile_router(bench.router_id, dry_run=False)
    assert (report.drifted, report.repaired) == (1, 1)
    assert (bench.secret("amina") or {})["profile"] == "benfex-home"
    assert (await bench.line(connection_id)).drift is None


async def test_a_reconcile_that_would_change_most_of_a_router_stops_and_asks(bench: Bench) -> None:
    names = [f"home{number:02d}" for number in range(1, 14)]
    lines = [await bench.connect(name, number=number) for number, name in enumerate(names, start=1)]
    await bench.all_applied(lines)
    for name in names[:11]:
        await bench.set_on_router(name, {"profile": "default"})
    report = await bench.provisioner.reconcile_router(bench.router_id, dry_run=False)
    assert (report.stopped, report.drifted, report.repaired) == (True, 11, 0)
    assert (bench.secret("home01") or {})["profile"] == "default"


async def test_an_entry_that_is_not_ours_is_never_touched(bench: Bench) -> None:
    await bench.add_on_router({"name": "amina", "password": "by hand", "service": "pppoe"})
    connection_id = await bench.connect("amina")
    await until(lambda: _has_failed(bench, connection_id))
    assert (bench.secret("amina") or {})["password"] == "by hand"
    assert "did not make" in str((await bench.tasks(connection_id))[-1].last_error)


async def test_many_restorations_on_three_routers_take_seconds(database: Database) -> None:
    async with bench_of(database, routers=3) as bench:
        lines = [await bench.connect(f"home{n:03d}", number=n, at=n % 3) for n in range(1, 61)]
        await bench.all_applied(lines)
        for line in lines:
            await bench.move(line, SubscriptionStatus.SUSPENDED)
        await bench.all_applied(lines)
        began = bench.clock.monotonic()
        for line in lines:
            await bench.move(line, SubscriptionStatus.ACTIVE)
        await bench.all_applied(lines)
        assert bench.clock.monotonic() - began < 10


@dataclass
class Breaking:
    """A database whose connection breaks once, at the commit after a task is seen claimed, or written."""

    after_commit_of: str
    is_seen: bool = False
    has_broken: bool = False

    def __call__(self, session: Session) -> None:
        task = session.scalars(select(RouterTask).where(col(RouterTask.status) == TaskStatus.RUNNING)).first()
        if self.is_seen and not self.has_broken:
            self.has_broken = True
            raise ConnectionError("server closed the connection unexpectedly")
        line = None if task is None else session.get(Connection, task.connection_id)
        is_written = line is not None and line.applied_generation == line.desired_generation
        self.is_seen = is_written if self.after_commit_of == "written" else line is not None


async def _has_failed(bench: Bench, connection_id: ConnectionId) -> bool:
    return (await bench.tasks(connection_id))[-1].attempts > 0


async def _has_status(bench: Bench, status: str) -> bool:
    return (await bench.router_status())[0] == status


async def _moves(bench: Bench, download_bytes: int) -> None:
    """Wait until the line moved so many bytes more."""
    moved = _download(bench, "amina")
    await until(lambda: _download(bench, "amina") > moved + download_bytes)


def _download(bench: Bench, username: str) -> int:
    return int(str((bench.session(username) or {}).get("download_bytes", 0)))


async def _is_told(bench: Bench, write: tuple[str, str, bool]) -> bool:
    return write in await bench.written()
