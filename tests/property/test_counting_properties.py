"""Counted is sent, less only what a router forgot between two polls: whatever happens to line, router and us.

Over the real act that records, with what the poller keeps in memory: a crash of ours loses the memory, before or after
a commit. Then the levels are worked out, and each is the sum of its parts.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Table, func, select

from benfex.core.clock import MovedClock
from benfex.core.policy import save_profile
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.network.driver import ActiveSession, CounterReading, PollReading, RouterHealth
from benfex.usage.allowance import period_begins_at
from benfex.usage.reading import RouterReadings
from benfex.usage.recording import Recorded, record_readings, recorded
from benfex.usage.rollup import HOUR, roll_up_day, roll_up_hour
from data.models.router import Connection
from data.models.usage import usage_1d, usage_1h, usage_5m, usage_router_1h, usage_router_5m
from data.values.identifiers import ConnectionId, RouterId
from tests.acts.network.rows import connect, new_router, sell_plan
from tests.conftest import Run
from tests.sizes import over_a_database

ZONE = "Africa/Nairobi"
LINES = 2
LONG_UP = 90 * 86_400
_numbers = count(1)

_lines = st.integers(0, LINES - 1)
_bytes = st.integers(0, 5_000_000)
_seconds = st.integers(1, 700)
_moves = st.tuples(st.just("move"), _lines, st.tuples(_bytes, _bytes))
_polls = st.tuples(st.just("poll"), _seconds, st.sampled_from(("kept", "shown only", "fails", "dies")))
_turns = st.tuples(st.sampled_from(("redial", "second", "hang up", "reset", "rename")), _lines, st.none())
_breaks = st.tuples(st.sampled_from(("reboot", "restart")), _seconds, st.none())
# Mostly something moves and is read, so that there is something to lose.
STEPS = st.lists(
    st.tuples(_moves, _polls, st.one_of(_turns, _breaks, _moves), st.one_of(_moves, _polls)),
    min_size=4,
    max_size=20,
).map(lambda rounds: [step for steps in rounds for step in steps])


@dataclass(slots=True, eq=False)
class Sess:
    """A session as its router counts it; `known` is what we have read of it and not lost since."""

    username: str
    line: int
    key: str
    began: int
    moved: list[int] = field(default_factory=lambda: [0, 0])
    known: list[int] = field(default_factory=lambda: [0, 0])
    recorded: list[int] = field(default_factory=lambda: [0, 0])
    before: "Sess | None" = None  # what it was before its counters were reset, until the next reading


@dataclass(slots=True)
class World:
    """A router with its subscribers, and us who read it."""

    run: Run
    clock: MovedClock
    router_id: RouterId
    connection_ids: list[ConnectionId]
    usernames: list[str]
    uptime: int = LONG_UP
    keys: int = 0
    sessions: list[Sess] = field(default_factory=list)
    gone: list[Sess] = field(default_factory=list)
    sent: list[list[int]] = field(default_factory=lambda: [[0, 0] for _ in range(LINES)])
    forgotten: list[list[int]] = field(default_factory=lambda: [[0, 0] for _ in range(LINES)])
    readings: RouterReadings = field(default_factory=RouterReadings)
    kept: Recorded | None = None

    # The router

    def begin(self, line: int) -> None:
        self.keys += 1
        self.sessions.append(Sess(self.usernames[line], line, f"*{self.keys:X}", self.uptime))

    def end(self, session: Sess) -> None:
        """What was not read of a session is gone with it; what was read waits in our memory to be recorded."""
        self.sessions.remove(session)
        self.forget(session)
        self.gone.append(session)

    def forget(self, session: Sess) -> None:
        for way in (0, 1):
            self.forgotten[session.line][way] += session.moved[way] - session.known[way]

    def of(self, line: int) -> list[Sess]:
        return [session for session in self.sessions if session.line == line]

    def move(self, line: int, moved: tuple[int, int]) -> None:
        sessions = self.of(line)
        if sessions:
            for way, amount in enumerate(moved):
                sessions[-1].moved[way] += amount
                self.sent[line][way] += amount

    def step(self, what: str, line: int) -> None:
        sessions = self.of(line)
        match what:
            case "second":
                self.begin(line)
            case "redial" | "hang up" if sessions:
                self.end(sessions[0])
                if what == "redial":
                    self.begin(line)
            case "redial":
                self.begin(line)
            case "reset":
                for session in sessions:
                    self.reset(session)
            case "rename":
                self.rename(line)

    def reset(self, session: Sess) -> None:
        """Counters begin anew in the midst of a session, as when its queue is made anew."""
        self.forget(session)
        if session.before is None:
            read = [*session.known]
            session.before = Sess(session.username, session.line, "", 0, read, read, session.recorded)
            self.gone.append(session.before)
        session.moved, session.known, session.recorded = [0, 0], [0, 0], [0, 0]

    def notice(self, session: Sess) -> None:
        """A reset shows by counters that are lower than we know. Those that grew as high again hide what was before."""
        before, session.before = session.before, None
        if before is None or any(now < then for now, then in zip(session.moved, before.known, strict=True)):
            return
        for way in (0, 1):
            self.forgotten[session.line][way] += before.known[way]
        session.recorded = before.recorded
        if before in self.gone:
            self.gone.remove(before)

    def rename(self, line: int) -> None:
        for session in self.of(line):
            self.end(session)
        name = f"renamed-{next(_numbers)}"
        self.run(rename, connection_id=self.connection_ids[line], username=name)
        self.usernames[line] = name
        if self.kept is not None:  # the poller looks up its lines when one was applied
            self.readings.lines = self.kept.lines = self.look_up().lines
        self.begin(line)

    def reboot(self, seconds: int) -> None:
        lines = [session.line for session in self.sessions]
        for session in tuple(self.sessions):
            self.end(session)
        self.uptime, self.keys = 0, 0  # keys come again
        self.pass_time(seconds)
        for line in lines:
            self.begin(line)

    def pass_time(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))
        self.uptime += seconds

    # We

    def poll(self, seconds: int, how: str) -> None:
        self.pass_time(seconds)
        at = self.clock.now()
        if self.kept is None:
            self.kept = self.look_up()
            self.readings.resume(self.kept)
        self.readings.take(self.answer(), read_at=at, interval_seconds=60)
        for session in self.sessions:
            self.notice(session)
            session.known = [*session.moved]
        if how == "fails":
            self.kept.lines = self.look_up().lines
        elif how == "dies":
            self.record(at)
            self.restart()  # committed, and nobody was told
        elif how == "kept" or self.readings.has_unrecorded_end:
            self.keep(at)

    def answer(self) -> PollReading:
        age = {session.key: self.uptime - session.began for session in self.sessions}
        return PollReading(
            RouterHealth("7.18", "CHR", self.uptime, 1, 1, 2),
            (),
            tuple(
                ActiveSession(one.username, f"<pppoe-{one.username}>", one.key, age[one.key])
                for one in self.sessions
            ),
            tuple(
                CounterReading(one.username, one.key, one.moved[0], one.moved[1], age[one.key])
                for one in self.sessions
            ),
        )

    def record(self, at: datetime) -> tuple[list[object], tuple[str, ...]]:
        assert self.kept is not None
        found, over = self.readings.records(self.kept)
        self.run(
            record_readings,
            router_id=self.router_id,
            read_at=at,
            sessions=found,
            ended=over,
            online=self.readings.last_seen(),
        )
        for session in self.sessions:
            session.recorded = [*session.known]
        self.gone.clear()
        return list(found), over

    def keep(self, at: datetime) -> None:
        assert self.kept is not None
        found, over = self.readings.records(self.kept)
        self.record(at)
        self.kept.advance(found, over, at=at)
        self.readings.mark_recorded(self.kept)

    def restart(self) -> None:
        """Lose all memory: what was read and not recorded is read again, if its session is still there."""
        for session in self.gone:
            for way in (0, 1):
                self.forgotten[session.line][way] += session.known[way] - session.recorded[way]
        self.gone.clear()
        for session in self.sessions:
            session.known = [*session.recorded]
            if session.before is not None:
                session.before.known = session.before.recorded
        self.readings, self.kept = RouterReadings(), None

    def look_up(self) -> Recorded:
        return self.run.read(recorded, router_id=self.router_id)


def rename(uow: UnitOfWork, *, connection_id: ConnectionId, username: str) -> None:
    connection = uow.session.get_one(Connection, connection_id)
    connection.username = username
    uow.session.flush()


def counted(snapshot: Snapshot, *, table: Table, key: str, ids: list[int]) -> tuple[int, int]:
    """Return what a level holds of some lines or routers."""
    row = snapshot.session.execute(
        select(func.sum(table.c.download_bytes), func.sum(table.c.upload_bytes)).where(table.c[key].in_(ids))
    ).one()
    return int(row[0] or 0), int(row[1] or 0)


def make_world(run: Run, clock: MovedClock) -> World:
    run(save_profile, name="Rift", currency="KES", timezone=ZONE)
    number = next(_numbers)
    router_id = run(new_router, name=f"router-{number}")
    price = run(sell_plan, code=f"P{number}")
    names = [f"line-{number}-{place}" for place in range(LINES)]
    lines = [
        run(connect, router_id=router_id, plan_price_id=price, username=name, number=number * LINES + place)
        for place, name in enumerate(names)
    ]
    return World(run, clock, router_id, lines, names)


def live(world: World, steps: list[tuple[str, int, object]]) -> None:
    acts: dict[str, Callable[[int], None]] = {"reboot": world.reboot, "restart": lambda _: world.restart()}
    world.poll(60, "kept")
    for line in range(LINES):
        world.begin(line)
    for what, number, more in steps:
        if what == "move":
            assert isinstance(more, tuple)
            world.move(number, more)
        elif what == "poll":
            world.poll(number, str(more))
        elif what in acts:
            acts[what](number)
        else:
            world.step(what, number)
    world.poll(60, "kept")


@over_a_database(usual=25, deep=300)
@given(STEPS)
def test_counted_is_sent_less_what_the_router_forgot_and_every_level_is_the_sum_of_its_parts(
    run: Run, clock: MovedClock, steps: list[tuple[str, int, object]]
) -> None:
    world = make_world(run, clock)
    began = clock.now()
    live(world, steps)
    for line, connection_id in enumerate(world.connection_ids):
        expected = tuple(
            sent - forgotten for sent, forgotten in zip(world.sent[line], world.forgotten[line], strict=True)
        )
        found = run.read(counted, table=usage_5m, key="connection_id", ids=[connection_id])
        assert found == expected, (world.sent[line], world.forgotten[line])
    _assert_levels_agree(world, began)


def _assert_levels_agree(world: World, began: datetime) -> None:
    hour = began.replace(minute=0, second=0, microsecond=0) - HOUR
    while hour <= world.clock.now():
        world.run(roll_up_hour, starts_at=hour)
        hour += HOUR
    day = began.date() - timedelta(days=1)
    while period_begins_at(day, ZONE) <= world.clock.now():
        following = day + timedelta(days=1)
        world.run(
            roll_up_day, starts_at=period_begins_at(day, ZONE), ends_at=period_begins_at(following, ZONE)
        )
        day = following
    lines = [int(key) for key in world.connection_ids]
    levels = [(table, "connection_id", lines) for table in (usage_5m, usage_1h, usage_1d)]
    levels += [(table, "router_id", [int(world.router_id)]) for table in (usage_router_5m, usage_router_1h)]
    whole = {world.run.read(counted, table=table, key=key, ids=ids) for table, key, ids in levels}
    assert len(whole) == 1, whole
