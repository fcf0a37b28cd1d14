"""A storm of webhooks while the process is killed again and again: what was paid is booked once, and who paid is back.

Three gateways' kinds of message, each sent one to five times over 64 connections by senders that repeat what nobody
acknowledged, as gateways do. The product is killed by SIGKILL and started again; the simulated routers outlive it, and
so does a database server, where the installation has one.
"""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.installation import (
    BENCHMARK,
    PAYSTACK_KEY,
    Isp,
    Subscriber,
    found,
    long_ago,
    make_settings,
    opened,
    subscribe,
)
from benchmarks.outcome import Figure, Outcome, Target, percentile
from benchmarks.processes import (
    ROOT,
    BenchmarkError,
    Product,
    Surroundings,
    environment_of,
    product,
    run,
    simulation,
)
from benchmarks.storm_messages import Message, make_messages
from benchmarks.storm_sender import Storm
from benchmarks.storm_traces import Traces
from benfex.core.settings import Settings
from benfex.dunning.runs import run_dunning
from benfex.payments.accounts import save_gateway_account

NAME = "crash"
_WEBHOOKS, _KILLS, _SUBSCRIBERS = 2_000, 5, 100
_RESTART_SECONDS = 3.0
_PATIENCE_SECONDS = 600.0
_SENDERS = 64


@dataclass(frozen=True, slots=True)
class Ground:
    """An installation whose subscribers are all cut off for what they owe, and what the storm is to say."""

    settings: Settings
    subscribers: tuple[Subscriber, ...]
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What a storm left: what came and what is in the books, and how long each start took until the first 200."""

    sent: int
    acknowledged: int
    expected: frozenset[str]
    booked: tuple[str, ...]
    kept: int
    messages: int
    suspended: int
    restored: int
    subscribers: int
    is_proved: bool
    starts: tuple[float, ...]
    seconds: float

    @property
    def lost(self) -> int:
        """Return how many payments are in no book."""
        return len(self.expected - set(self.booked))

    @property
    def doubled(self) -> int:
        """Return how many entries are one too many."""
        return len(self.booked) - len(set(self.booked) & self.expected)


async def measure(folder: Path) -> Outcome:
    """Let the whole storm loose and count what is left."""
    async with simulation(folder / "outside", routers=2) as outside:
        ground = await asyncio.to_thread(
            prepare,
            folder / "benfex",
            outside,
            subscribers=_SUBSCRIBERS,
            webhooks=_WEBHOOKS,
            database_url=os.environ.get("BENFEX_BENCH_DATABASE"),
        )
        left = await storm(ground, outside, kills=_KILLS)
    return _outcome(left)


def prepare(
    home: Path, outside: Surroundings, *, subscribers: int, webhooks: int, database_url: str | None = None
) -> Ground:
    """Found an ISP whose subscribers are suspended, and make the messages that pay for them.

    Its database is a file in `home`, or the empty one at `database_url`.
    """
    settings = make_settings(home, database_url=database_url)
    clock = long_ago(days=12)
    isp: Isp = found(settings, outside, clock=clock)
    with opened(settings, clock=clock) as benfex:
        benfex.transactor.run_sync(
            save_gateway_account,
            BENCHMARK,
            gateway="paystack",
            settings={"secret_key": PAYSTACK_KEY, "base_url": outside.paystack},
            vault=benfex.vault,
        )
        people = subscribe(benfex, isp, usernames=[f"line-{number:04d}" for number in range(subscribers)])
    with opened(settings) as benfex:
        for subscriber in people:
            benfex.transactor.run_sync(run_dunning, BENCHMARK, customer_id=subscriber.customer_id)
        messages = make_messages(benfex, people, webhooks=webhooks)
    return Ground(settings, people, messages)


async def storm(
    ground: Ground,
    outside: Surroundings,
    *,
    kills: int,
    seed: int = 2026,
    beside: Callable[[Storm], Coroutine[None, None, None]] | None = None,
) -> Aftermath:
    """Send everything while the product is killed so many times, and return what is left when it has come to rest.

    What runs `beside` it ends by itself when all is sent.
    """
    began = time.perf_counter()
    traces = Traces(ground.settings)
    sending = Storm(ground.settings.port, ground.messages, seed=seed)
    starts: list[float] = []
    async with asyncio.TaskGroup() as group:
        senders = [group.create_task(sending.send()) for _ in range(_SENDERS)]
        if beside is not None:
            senders.append(group.create_task(beside(sending)))
        for life in range(kills):
            at = time.perf_counter()
            async with product(ground.settings, is_ready=lambda: sending.last_acknowledged_at > at) as served:  # noqa: B023
                starts.append(sending.last_acknowledged_at - at)
                await _until_acknowledged(sending, share=(life + 1) / (kills + 1), served=served)
                os.kill(served.pid, signal.SIGKILL)
        at = time.perf_counter()
        async with product(ground.settings, is_ready=lambda: sending.last_acknowledged_at > at):
            starts.append(sending.last_acknowledged_at - at)
            await asyncio.gather(*senders)
            await _until(lambda: traces.is_at_rest(restorations=len(ground.subscribers)))
    restored = await _restored(outside, ground.subscribers)
    words = (str(ROOT / "app.py"), "ledger", "verify")
    code, _ = await run(words, environment=environment_of(ground.settings))
    booked, kept, suspended = traces.booked(), traces.kept(), traces.suspended()
    traces.close()
    return Aftermath(
        sent=sending.sent,
        acknowledged=sending.acknowledged,
        expected=frozenset(message.transaction for message in ground.messages),
        booked=booked,
        kept=kept,
        messages=len(ground.messages),
        suspended=suspended,
        restored=restored,
        subscribers=len(ground.subscribers),
        is_proved=code == 0,
        starts=tuple(starts),
        seconds=time.perf_counter() - began,
    )


async def _until_acknowledged(sending: Storm, *, share: float, served: Product) -> None:
    """Wait until that share of what is to be sent was acknowledged."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while sending.acknowledged < share * sending.sent:
        if time.monotonic() > deadline:
            raise BenchmarkError(f"Nobody answers: {served.said()[-500:]}")
        await asyncio.sleep(0.002)


async def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not await asyncio.to_thread(is_so):
        if time.monotonic() > deadline:
            raise BenchmarkError("The storm did not come to rest.")
        await asyncio.sleep(0.25)


async def _restored(outside: Surroundings, subscribers: Sequence[Subscriber]) -> int:
    """Return how many subscribers their router lets in at their speed again."""
    profiles: dict[str, str] = {}
    async with httpx.AsyncClient(trust_env=False, timeout=30) as control:
        for router in outside.routers:
            answer = await control.get(f"{outside.control}/routers/{router['name']}/tables/ppp.secret")
            profiles |= {row["name"]: row["profile"] for row in answer.raise_for_status().json()}
    return sum(profiles.get(one.username) == "benfex-home-20" for one in subscribers)


def _outcome(left: Aftermath) -> Outcome:
    slowest = max(left.starts[1:])
    table = [
        ("webhooks, times sent", f"{left.messages:,}, {left.sent:,} over {_SENDERS} connections"),
        ("payments told of, booked", f"{len(left.expected):,}, {len(left.booked):,}"),
        ("lost, booked twice", f"{left.lost}, {left.doubled}"),
        ("acknowledged and not kept", f"{left.messages - left.kept}"),
        ("subscribers, back at their speed", f"{left.subscribers}, {left.restored}"),
        ("restart to the first 200", f"p50 {percentile(left.starts, 50):.2f} s, slowest {slowest:.2f} s"),
        ("storm to rest", f"{left.seconds:.0f} s"),
    ]
    targets = [
        Target("no payment lost", left.lost == 0),
        Target("none booked twice", left.doubled == 0),
        Target("every acknowledged message kept", left.kept == left.messages),
        Target("the ledger is proved", left.is_proved),
        Target("every payer is back", left.restored == left.subscribers and left.suspended == 0),
        Target(f"restart to the first 200 in at most {_RESTART_SECONDS:g} s", slowest <= _RESTART_SECONDS),
    ]
    figures: dict[str, Figure] = {
        "webhooks": left.messages,
        "sent": left.sent,
        "kills": len(left.starts) - 1,
        "lost": left.lost,
        "doubled": left.doubled,
        "restored": left.restored,
        "restart_seconds_max": round(slowest, 2),
        "storm_seconds": round(left.seconds, 1),
    }
    return Outcome(NAME, table, figures, targets)
