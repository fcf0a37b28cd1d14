"""Poll: one cycle reads 50 routers of 200 subscribers each, through the driver, the meter and the record.

The floor asks the routers the same sentences over bare sockets and throws the same bytes away. The peer is plain
librouteros, which prints the same menus whole (`poll_peer`). While we read, a task measures how late the event loop
is; and 45 routers are read alone and beside five that accept and never answer. Rounds alternate; figures are medians.
"""

import asyncio
import socket
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlmodel import col, insert, select

from benchmarks.installation import BENCHMARK, Isp, found, long_ago, make_settings, opened, subscribe
from benchmarks.outcome import Outcome, Target, percentile
from benchmarks.poll_peer import cpu_a_row
from benchmarks.processes import BenchmarkError, Surroundings, simulation
from benfex.application import Benfex
from benfex.core.unit_of_work import UnitOfWork
from benfex.demo.history import RouterPlace
from benfex.network.driver import RouterAddress
from benfex.network.drivers.routeros import reads
from benfex.network.drivers.routeros.conversation import converse
from benfex.network.drivers.routeros.replies import Row
from benfex.network.registry import make_drivers, make_pool
from benfex.usage.polling import UsagePoller
from data.models.router import Connection
from data.models.subscription import Subscription
from data.values.identifiers import RouterId

NAME = "poll"
ROUTERS = 50
SUBSCRIBERS = 10_000
ROUNDS = 5
PEER_ROUTERS = 15
PEER_RATIO = 15
STALL_MS = 20
HUNG = 5
DELAY_MAX = 1.1  # what one round differs from another
AT_ONCE = 16
# A second apart: readings of the same second have no time between them for bytes to pass in.
_PAUSE_SECONDS = 1.0
_LOOK_SECONDS = 0.001
_HEAD_START_SECONDS = 0.1
_READ_BYTES = 256 * 1024
_DONE = b"\x05!done\x00"
_ANSWER_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Cycle:
    """What one cycle took: wall and processor seconds of this process."""

    wall_seconds: float
    cpu_seconds: float


async def measure(home: Path) -> Outcome:
    """Read every router `ROUNDS` times both ways. Raises BenchmarkError when a router was not read."""
    async with simulation(home / "outside", routers=ROUTERS, subscribers=SUBSCRIBERS) as outside:
        settings = make_settings(home / "benfex")
        clock = long_ago(days=1)
        isp = found(settings, outside, clock=clock)
        with opened(settings, clock=clock) as benfex:
            _subscribe_homes(benfex, isp)
        with opened(settings) as benfex, ThreadPoolExecutor(AT_ONCE) as pool:
            floor = await _Floor.open(outside, pool)
            async with _polling(benfex) as poller:
                ours, bare, stalls = await _alternate(poller, floor)
                await benfex.rollup.run()
                row = await asyncio.to_thread(cpu_a_row, outside.routers[:PEER_ROUTERS])
                hung = await _beside_hung(poller, outside, isp.router_ids)
            floor.close()
    return _outcome(ours, bare, stalls, row, hung, bytes_a_cycle=floor.bytes_read)


async def _alternate(poller: UsagePoller, floor: "_Floor") -> tuple[list[Cycle], list[Cycle], list[float]]:
    """Return the cycles of both, and by how many seconds the event loop was late during ours."""
    ours: list[Cycle] = []
    bare: list[Cycle] = []
    late: list[float] = []
    await _cycle(poller)  # the first reading opens the links and is the baseline of the next
    await floor.cycle()
    for _ in range(ROUNDS):
        await asyncio.sleep(_PAUSE_SECONDS)
        bare.append(await floor.cycle())
        async with _watched(late):
            ours.append(await _cycle(poller))
    return ours, bare, late


@asynccontextmanager
async def _watched(late: list[float]) -> AsyncIterator[None]:
    """Note again and again by how many seconds a task wakes too late."""

    async def watch() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(_LOOK_SECONDS)
            late.append(time.perf_counter() - began - _LOOK_SECONDS)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(watch())
        try:
            yield
        finally:
            task.cancel()


async def _beside_hung(
    poller: UsagePoller, outside: Surroundings, router_ids: Sequence[RouterId]
) -> tuple[float, float]:
    """Return the seconds in which the others are read, alone and beside those that never answer."""
    hung, others = router_ids[:HUNG], router_ids[HUNG:]
    alone: list[float] = []
    beside: list[float] = []
    async with httpx.AsyncClient(trust_env=False) as http:
        for _ in range(ROUNDS):
            await asyncio.sleep(_PAUSE_SECONDS)
            alone.append(await _seconds_of(poller, others))
            for place in outside.routers[:HUNG]:
                fault = await http.post(
                    f"{outside.control}/routers/{place['name']}/fault", json={"kind": "stalled"}
                )
                fault.raise_for_status()
            await asyncio.sleep(_PAUSE_SECONDS)
            async with asyncio.TaskGroup() as group:
                waiting = [group.create_task(poller.poll(router_id)) for router_id in hung]
                await asyncio.sleep(_HEAD_START_SECONDS)
                beside.append(await _seconds_of(poller, others))
                if any(task.done() for task in waiting):
                    raise BenchmarkError(
                        "A router that never answers was given up before the others were read."
                    )
                for place in outside.routers[:HUNG]:
                    await http.post(f"{outside.control}/routers/{place['name']}/fault", json={"kind": "none"})
    return statistics.median(alone), statistics.median(beside)


async def _seconds_of(poller: UsagePoller, router_ids: Sequence[RouterId]) -> float:
    began = time.perf_counter()
    outcomes = await asyncio.gather(*(poller.poll(router_id) for router_id in router_ids))
    spent = time.perf_counter() - began
    if missed := [outcome.reason for outcome in outcomes if not outcome.is_read]:
        raise BenchmarkError(f"{len(missed)} of {len(outcomes)} routers were not read: {missed[:1]}")
    return spent


async def _cycle(poller: UsagePoller) -> Cycle:
    began, used = time.perf_counter(), time.process_time()
    outcomes = await poller.poll_all()
    cycle = Cycle(time.perf_counter() - began, time.process_time() - used)
    missed = [outcome.reason or "not recorded" for outcome in outcomes if not outcome.is_recorded]
    online = sum(outcome.online for outcome in outcomes)
    if missed or len(outcomes) != ROUTERS:
        raise BenchmarkError(f"{len(missed)} of {len(outcomes)} routers were not read: {missed[:1]}")
    if online < 0.98 * SUBSCRIBERS:  # a home hangs up now and then
        raise BenchmarkError(f"Only {online} subscribers were seen online.")
    return cycle


def _outcome(
    ours: list[Cycle],
    bare: list[Cycle],
    late: list[float],
    row: tuple[float, float],
    hung: tuple[float, float],
    *,
    bytes_a_cycle: int,
) -> Outcome:
    wall, floor_wall = (statistics.median(cycle.wall_seconds for cycle in cycles) for cycles in (ours, bare))
    cpu, floor_cpu = (statistics.median(cycle.cpu_seconds for cycle in cycles) for cycles in (ours, bare))
    us_a_row, floor_us = (seconds / SUBSCRIBERS * 1e6 for seconds in (cpu, floor_cpu))
    rate, floor_rate = SUBSCRIBERS / wall, SUBSCRIBERS / floor_wall
    share = cpu / 60
    stall_ms = percentile(late, 99) * 1000
    of_peer, delay = row[1] / row[0], hung[1] / hung[0]
    return Outcome(
        NAME,
        table=(
            ("one cycle", f"{ROUTERS} routers, {SUBSCRIBERS:,} subscribers, {bytes_a_cycle / 1e6:.1f} MB"),
            ("rows a second", f"{rate:,.0f} ours, {floor_rate:,.0f} floor: {rate / floor_rate:.2f} of it"),
            ("processor a row", f"{us_a_row:.1f} us ours, {floor_us:.2f} us floor: {cpu / floor_cpu:.0f} x"),
            ("a poll a minute", f"{share:.1%} of one core"),
            (
                "reading a row",
                f"{row[0] * 1e6:.1f} us of processor, plain librouteros {row[1] * 1e6:.0f} us: 1/{of_peer:.0f}",
            ),
            (
                "the event loop is late",
                f"p99 {stall_ms:.1f} ms, at most {max(late) * 1000:.1f} ms, {len(late):,} looks",
            ),
            (
                f"{ROUTERS - HUNG} beside {HUNG} that hang",
                f"{hung[1] * 1000:,.0f} ms, alone {hung[0] * 1000:,.0f} ms: {delay:.2f}",
            ),
        ),
        figures={
            "rows": SUBSCRIBERS,
            "rows_per_second": round(rate),
            "floor_rows_per_second": round(floor_rate),
            "rate_to_floor": round(rate / floor_rate, 3),
            "cpu_us_per_row": round(us_a_row, 2),
            "floor_cpu_us_per_row": round(floor_us, 3),
            "cpu_to_floor": round(cpu / floor_cpu, 1),
            "bytes_per_cycle": bytes_a_cycle,
            "core_share_at_60_s": round(share, 4),
            "row_us": round(row[0] * 1e6, 2),
            "peer_row_us": round(row[1] * 1e6, 1),
            "peer_to_row": round(of_peer, 1),
            "stall_p99_ms": round(stall_ms, 1),
            "stall_max_ms": round(max(late) * 1000, 1),
            "alone_seconds": round(hung[0], 3),
            "beside_hung_seconds": round(hung[1], 3),
        },
        targets=_targets(share=share, of_peer=of_peer, stall_ms=stall_ms, delay=delay),
    )


def _targets(*, share: float, of_peer: float, stall_ms: float, delay: float) -> tuple[Target, ...]:
    return (
        Target("10,000 subscribers a minute on 5 % of one core", share <= 0.05),
        Target(f"1/{PEER_RATIO} of plain librouteros a row", of_peer >= PEER_RATIO),
        Target(f"the event loop late by {STALL_MS} ms at p99", stall_ms <= STALL_MS),
        Target(f"{HUNG} that hang delay nobody (within {DELAY_MAX - 1:.0%})", delay <= DELAY_MAX),
    )


@asynccontextmanager
async def _polling(benfex: Benfex) -> AsyncIterator[UsagePoller]:
    """Run a poller as the product has it, except that it records each reading instead of one a minute."""
    await benfex.transactor.start()
    pool = make_pool(AT_ONCE)
    poller = UsagePoller(
        transactor=benfex.transactor,
        clock=benfex.clock,
        bus=benfex.bus,
        vault=benfex.vault,
        drivers=make_drivers(pool),
        watch=benfex.watch,
        live=benfex.live,
        rollup=benfex.rollup,
        record_seconds=0.5,
        concurrent_routers=AT_ONCE,
    )
    try:
        yield poller
    finally:
        await poller.stop()
        await benfex.watch.stop()
        pool.shutdown()


# The floor


class _Floor:
    """The same questions over bare sockets, one a router; answers are counted and thrown away."""

    def __init__(self, doors: list[socket.socket], questions: list[bytes], pool: ThreadPoolExecutor) -> None:
        self._doors = doors
        self._questions = questions
        self._pool = pool
        self.bytes_read = 0

    @classmethod
    async def open(cls, outside: Surroundings, pool: ThreadPoolExecutor) -> "_Floor":
        """Log in to every router."""
        loop = asyncio.get_running_loop()
        opening = [loop.run_in_executor(pool, _log_in, place) for place in outside.routers]
        return cls(list(await asyncio.gather(*opening)), _questions(outside.routers[0]), pool)

    async def cycle(self) -> Cycle:
        """Read every router once."""
        loop = asyncio.get_running_loop()
        began, used = time.perf_counter(), time.process_time()
        reading = [loop.run_in_executor(self._pool, _read, door, self._questions) for door in self._doors]
        self.bytes_read = sum(await asyncio.gather(*reading))
        return Cycle(time.perf_counter() - began, time.process_time() - used)

    def close(self) -> None:
        """End all connections."""
        for door in self._doors:
            door.close()


def _questions(place: RouterPlace) -> list[bytes]:
    """Return the sentences of one poll, heard from the product itself."""
    address = RouterAddress(
        host=place["host"], port=place["port"], username=place["username"], password=place["password"]
    )
    conversation = converse(address)
    heard: list[bytes] = []

    def ask(command: str, *words: str) -> list[Row]:
        heard.append(_sentence(command, *words))
        return conversation.ask(command, *words)

    try:
        reads.read_poll(ask)
    finally:
        conversation.close()
    return heard


def _log_in(place: RouterPlace) -> socket.socket:
    door = socket.create_connection((place["host"], place["port"]), timeout=_ANSWER_SECONDS)
    door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    login = _sentence("/login", f"=name={place['username']}", f"=password={place['password']}")
    _read(door, [login])
    return door


def _read(door: socket.socket, questions: list[bytes]) -> int:
    """Ask one question after the other and return how many bytes answered."""
    count = 0
    for question in questions:
        door.sendall(question)
        tail = b""
        while not tail.endswith(_DONE):
            received = door.recv(_READ_BYTES)
            if not received:
                raise BenchmarkError("A router ended the connection of the floor.")
            count += len(received)
            tail = (tail + received)[-len(_DONE) :]
    return count


def _sentence(*words: str) -> bytes:
    """Encode words shorter than 16 kB, as RouterOS reads them (API, Protocol)."""
    parts = []
    for word in words:
        size = len(word.encode())
        length = bytes([size]) if size < 0x80 else (size | 0x8000).to_bytes(2, "big")
        parts.append(length + word.encode())
    return b"".join([*parts, b"\x00"])


# The database


def _subscribe_homes(benfex: Benfex, isp: Isp) -> None:
    """Give every simulated home a service: one a router by the acts, the others as copies of its rows.

    Ten thousand sales would take minutes, and nothing of a sale is measured here.
    """
    names = [f"home{number + 1}-{{:04d}}" for number in range(ROUTERS)]
    subscribe(benfex, isp, usernames=[name.format(1) for name in names])
    benfex.transactor.run_sync(copy_lines, BENCHMARK, copies=SUBSCRIBERS // ROUTERS - 1)


def copy_lines(uow: UnitOfWork, *, copies: int) -> None:
    """Copy every line so many times, under names that follow its own."""
    rows = uow.session.exec(
        select(Subscription, Connection).join(
            Connection, col(Connection.subscription_id) == col(Subscription.id)
        )
    ).all()
    next_id = len(rows) + 1
    subscriptions, connections = [], []
    for subscription, connection in rows:
        prefix = connection.username.rpartition("-")[0]
        for number in range(2, copies + 2):
            sold = subscription.model_dump(exclude={"id"})
            line = connection.model_dump(exclude={"id"})
            subscriptions.append({**sold, "id": next_id})
            connections.append({**line, "subscription_id": next_id, "username": f"{prefix}-{number:04d}"})
            next_id += 1
    uow.session.execute(insert(Subscription), subscriptions)
    uow.session.execute(insert(Connection), connections)
