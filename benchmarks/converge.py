"""Converge: 1,000 subscribers on 10 routers change at once, half of them come back; all is written and read back.

It counts from the commit of the change until every line is marked as read back as it should be and its session is
ended. The floor is a bare loop of librouteros, router after router: a command a subscriber over ids that are known, one
print that is compared, and a command a session that goes on as before. Beside it stands the same loop in a thread a
router, which nothing that also keeps books can reach. Rounds of all three alternate.
"""

import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

import librouteros
from sqlmodel import col, func, select, update

from benchmarks.installation import BENCHMARK, found, long_ago, make_settings, opened, subscribe
from benchmarks.outcome import Outcome, Target
from benchmarks.processes import BenchmarkError, simulation
from benfex.application import Benfex
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.demo.history import RouterPlace
from benfex.network.connections import request_sync
from benfex.network.desired_state import SUSPENDED_PROFILE
from data.models.router import Connection, RouterTask
from data.models.subscription import Subscription
from data.queries.routers import OPEN_TASKS
from data.values.identifiers import ConnectionId, RouterId
from data.values.states import SubscriptionStatus

P = ParamSpec("P")
T = TypeVar("T")

NAME = "converge"
_ROUTERS, _SUBSCRIBERS = 10, 1_000
_ROUNDS = 6
_RATIO = 0.5
_DIALS_SECONDS = 0.5  # who was cut off is back by then
_PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.02


async def measure(home: Path) -> Outcome:
    """Change all at once both ways. Raises BenchmarkError when a router does not hold what it should."""
    async with simulation(home / "outside", routers=_ROUTERS) as outside:
        settings = make_settings(home / "benfex")
        clock = long_ago(days=1)
        isp = found(settings, outside, clock=clock)
        with opened(settings, clock=clock) as benfex:
            subscribe(benfex, isp, usernames=[f"home-{number:04d}" for number in range(_SUBSCRIBERS)])
        with opened(settings) as benfex:
            await benfex.transactor.start()
            await benfex.provisioner.start()
            try:
                await _until_applied(benfex, began=time.perf_counter())
                rounds = [await _round(benfex, outside.routers, odd=number % 2) for number in range(_ROUNDS)]
            finally:
                await benfex.provisioner.stop()
    # The first warms up what is made once.
    return _outcome(*(statistics.median(part) for part in zip(*rounds[1:], strict=True)))


async def _round(
    benfex: Benfex, routers: Sequence[RouterPlace], *, odd: int
) -> tuple[float, float, float, float]:
    """Return the seconds until who comes back is let in, until all is written, and of both bare loops."""
    await asyncio.sleep(_DIALS_SECONDS)
    back, whole = await _change(benfex, odd)
    loops = []
    for at_once in (1, len(routers)):
        await asyncio.sleep(_DIALS_SECONDS)
        loops.append(await _bare_loop(routers, at_once=at_once))
    return back, whole, loops[0], loops[1]


async def _bare_loop(routers: Sequence[RouterPlace], *, at_once: int) -> float:
    """Turn every entry of all routers around, and return the seconds without those of getting ready."""
    with ThreadPoolExecutor(at_once) as pool:
        apis = await asyncio.gather(*(_in(pool, _prepared, place) for place in routers))
        began = time.perf_counter()
        counts = await asyncio.gather(*(_in(pool, _turn_around, *ready) for ready in apis))
        spent = time.perf_counter() - began
    if sum(counts) != _SUBSCRIBERS:
        raise BenchmarkError(f"The floor set {sum(counts)} entries, not {_SUBSCRIBERS}.")
    return spent


async def _change(benfex: Benfex, odd: int) -> tuple[float, float]:
    """Suspend every second line and have the others come back; return the seconds until these are, and all."""
    woken = await benfex.transactor.transact(_switch, BENCHMARK, odd=odd)
    began = time.perf_counter()
    for router_id in woken:
        benfex.provisioner.wake(RouterId(router_id))
    return await _until_applied(benfex, began=began)


async def _until_applied(benfex: Benfex, *, began: float) -> tuple[float, float]:
    """Return the seconds until who comes back is let in, and until all is written."""
    back = 0.0
    while True:
        waiting, returning = await benfex.transactor.read(_left, BENCHMARK)
        now = time.perf_counter() - began
        if not returning and not back:
            back = now
        if not waiting:
            return back, now
        if now > _PATIENCE_SECONDS:
            raise BenchmarkError(f"{waiting} lines were not written in time.")
        await asyncio.sleep(_LOOK_SECONDS)


def _switch(uow: UnitOfWork, *, odd: int) -> tuple[int, ...]:
    # Routers take turns, so each has some of either kind.
    suspended = (col(Subscription.id) % (2 * _ROUTERS) < _ROUTERS) == bool(odd)
    for status, those in ((SubscriptionStatus.SUSPENDED, suspended), (SubscriptionStatus.ACTIVE, ~suspended)):
        uow.session.execute(update(Subscription).where(those).values(status=status))
    rows = uow.session.exec(select(Connection.id, Connection.subscription_id, Connection.router_id)).all()
    for connection_id, subscription_id, _ in rows:
        comes_back = (subscription_id % (2 * _ROUTERS) < _ROUTERS) != bool(odd)
        request_sync(uow, connection_id=ConnectionId(connection_id or 0), urgent=comes_back)
    return tuple({router_id for _, _, router_id in rows})


def _left(snapshot: Snapshot) -> tuple[int, int]:
    """Return how many lines are not done with, and how many of those that come back are not written and read back."""
    open_tasks = snapshot.session.exec(
        select(func.count()).select_from(RouterTask).where(col(RouterTask.status).in_(OPEN_TASKS))
    ).one()
    rows = snapshot.session.exec(
        select(Subscription.status, func.count())
        .join(Connection, col(Connection.subscription_id) == col(Subscription.id))
        .where(col(Connection.applied_generation) != col(Connection.desired_generation))
        .group_by(col(Subscription.status))
    ).all()
    found = dict(rows)
    return open_tasks + sum(found.values()), found.get(SubscriptionStatus.ACTIVE, 0)


async def _in(pool: ThreadPoolExecutor, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    return await asyncio.get_running_loop().run_in_executor(pool, partial(work, *args, **kwargs))


def _prepared(place: RouterPlace) -> tuple[librouteros.api.Api, list[dict[str, str]], dict[str, str]]:
    """Sign in to a router; return the connection, its entries of ours, and the other profile of each profile."""
    api = librouteros.connect(
        place["host"], place["username"], place["password"], port=place["port"], encoding="utf-8"
    )
    entries = _ours(api)
    profiles = {row["profile"] for row in entries}
    if len(profiles) != 2 or SUSPENDED_PROFILE not in profiles:
        raise BenchmarkError(f"A router holds the profiles {sorted(profiles)}.")
    return api, entries, {name: next(iter(profiles - {name})) for name in profiles}


def _turn_around(api: librouteros.api.Api, entries: Sequence[dict[str, str]], other: dict[str, str]) -> int:
    """Give every entry the other profile, make sure, and end their sessions; return how many there were."""
    for row in entries:
        tuple(api.rawCmd("/ppp/secret/set", f"=.id={row['.id']}", f"=profile={other[row['profile']]}"))
    after = {row[".id"]: row["profile"] for row in _ours(api)}
    names = {row["name"] for row in entries}
    for row in tuple(api.rawCmd("/ppp/active/print", "=.proplist=.id,name")):
        if row["name"] in names:
            tuple(api.rawCmd("/ppp/active/remove", f"=.id={row['.id']}"))
    api.close()
    if any(after[row[".id"]] != other[row["profile"]] for row in entries):
        raise BenchmarkError("A router did not keep what the floor wrote.")
    return len(entries)


def _ours(api: librouteros.api.Api) -> list[dict[str, str]]:
    rows = api.rawCmd("/ppp/secret/print", "=.proplist=.id,name,profile,comment")
    return [row for row in rows if str(row.get("comment", "")).startswith("benfex:")]


def _outcome(back: float, whole: float, floor: float, threads: float) -> Outcome:
    ratio = floor / whole
    return Outcome(
        NAME,
        table=(
            ("at once", f"{_SUBSCRIBERS:,} subscribers on {_ROUTERS} routers, half come back"),
            ("ours", f"{whole:.2f} s, {_SUBSCRIBERS / whole:,.0f} a second, read back"),
            ("who comes back", f"after {back:.2f} s"),
            ("floor", f"{floor:.2f} s, {_SUBSCRIBERS / floor:,.0f} a second: {ratio:.2f} of it"),
            ("a thread a router", f"{threads:.2f} s: {threads / whole:.2f} of it"),
        ),
        figures={
            "seconds": round(whole, 3),
            "back_seconds": round(back, 3),
            "floor_seconds": round(floor, 3),
            "threads_seconds": round(threads, 3),
            "rate_to_floor": round(ratio, 3),
            "rate_to_threads": round(threads / whole, 3),
        },
        targets=(
            Target(f"{_RATIO} of the floor", ratio >= _RATIO),
            Target("who comes back is first", back < whole),
        ),
    )
