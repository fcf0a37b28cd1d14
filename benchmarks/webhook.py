"""Our door for webhooks as it is served: proved, kept raw on the disk, answered; at 64 connections and at one.

Floor, peers and product take turns in short rounds on the same machine, from the same sender, so that what else runs
here burdens them alike. After its rounds each is counted: what was answered has to be in its database.
"""

import asyncio
import json
import sqlite3
import statistics
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from benchmarks.installation import BENCHMARK, PAYSTACK_KEY, found, long_ago, make_settings, opened
from benchmarks.outcome import Figure, Outcome, Target
from benchmarks.processes import BenchmarkError, free_port, product, serving, simulation, started
from benchmarks.webhook_peers import INSERT, PATH, TABLE, row_of
from benchmarks.webhook_peers import opened as opened_plainly
from benchmarks.webhook_sender import BODY, signature_of
from benfex.core.settings import Settings
from benfex.payments.accounts import save_gateway_account

NAME = "webhook"
_ROUNDS = 5
_SECONDS = 2.0
_SERIAL = 3_000
_MANY, _ALONE = 64, 1
_numbers = count(1, 10_000_000)


@dataclass(frozen=True, slots=True)
class _Round:
    """What one round of sending came to."""

    answered: int
    per_second: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class _Server:
    """Something that is measured: its port, and how many messages it has kept (None keeps none)."""

    port: int
    kept: Callable[[], int] | None


async def measure(folder: Path) -> Outcome:
    """Measure the door against its floor and its peers."""
    async with _everything(folder) as servers:
        many: dict[str, list[_Round]] = {name: [] for name in servers}
        alone: dict[str, list[_Round]] = {name: [] for name in servers}
        for server in servers.values():  # what is done once is not measured
            await _send(server, connections=_MANY, seconds=0.5)
        before = {name: server.kept() for name, server in servers.items() if server.kept is not None}
        for _ in range(_ROUNDS):
            for name, server in servers.items():
                many[name].append(await _send(server, connections=_MANY, seconds=_SECONDS))
            for name in ("ours", "inline"):
                alone[name].append(await _send(servers[name], connections=_ALONE, seconds=_SECONDS / 2))
        lost = 0
        for name, already in before.items():
            kept = servers[name].kept
            assert kept is not None
            lost += max(sum(one.answered for one in many[name] + alone[name]) - (kept() - already), 0)
    serial = await asyncio.to_thread(_serial, folder / "serial.db")
    return _outcome(many, alone, serial, lost)


@asynccontextmanager
async def _everything(folder: Path) -> AsyncIterator[dict[str, _Server]]:
    async with simulation(folder / "outside", routers=0) as outside:
        settings = make_settings(folder / "benfex")
        found(settings, outside, clock=long_ago(days=1))
        with opened(settings) as benfex:
            benfex.transactor.run_sync(
                save_gateway_account,
                BENCHMARK,
                gateway="paystack",
                settings={"secret_key": PAYSTACK_KEY, "base_url": outside.paystack},
                vault=benfex.vault,
            )
        async with (
            product(settings),
            _peer("noop", folder) as noop,
            _peer("inline", folder) as inline,
            _peer("usual", folder) as usual,
        ):
            ours = _Server(settings.port, _counter(_database(settings), "inbound_webhook"))
            yield {"ours": ours, "noop": noop, "inline": inline, "usual": usual}


@asynccontextmanager
async def _peer(which: str, folder: Path) -> AsyncIterator[_Server]:
    port, database = free_port(), folder / f"{which}.db"
    words = ("-m", "benchmarks.webhook_peers", which, str(port), str(database))
    async with serving(words, port=port, log=folder / f"{which}.log"):
        yield _Server(port, _counter(database, "kept") if which != "noop" else None)


async def _send(server: _Server, *, connections: int, seconds: float) -> _Round:
    words = (
        "-m",
        "benchmarks.webhook_sender",
        server.port,
        PATH,
        connections,
        seconds,
        PAYSTACK_KEY,
        next(_numbers),
    )
    code, said = await started(tuple(str(word) for word in words))
    if code != 0:
        raise BenchmarkError("The sender ended with an error.")
    told = json.loads(said)
    if told["other"] or not told["answered"]:
        raise BenchmarkError(f"{told['other']} messages were not answered by 200, {told['answered']} were.")
    return _Round(told["answered"], told["per_second"], told["p99_ms"])


def _serial(path: Path) -> float:
    """Return how many of the same rows are committed in a second one after another, with nothing around them."""
    bodies = [BODY % number for number in range(_SERIAL)]
    signed = [(body, signature_of(body, PAYSTACK_KEY.encode()).decode()) for body in bodies]
    with closing(opened_plainly(path)) as link:
        link.execute(TABLE)
        began = time.perf_counter()
        for body, signature in signed:
            link.execute("BEGIN IMMEDIATE")
            link.execute(INSERT, row_of(body, signature))
            link.execute("COMMIT")
        return _SERIAL / (time.perf_counter() - began)


def _database(settings: Settings) -> Path:
    return settings.place / "benfex.db"


def _counter(database: Path, table: str) -> Callable[[], int]:
    def kept() -> int:
        with closing(
            sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=10)
        ) as link:
            return int(link.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - a name of ours

    return kept


def _outcome(
    many: dict[str, list[_Round]], alone: dict[str, list[_Round]], serial: float, lost: int
) -> Outcome:
    rate = {name: statistics.median(one.per_second for one in rounds) for name, rounds in many.items()}
    p99 = {name: statistics.median(one.p99_ms for one in rounds) for name, rounds in many.items()}
    single = {
        name: statistics.median(one.per_second for one in rounds) for name, rounds in alone.items() if rounds
    }
    of_noop, of_usual = rate["ours"] / rate["noop"], rate["ours"] / rate["usual"]
    of_serial, of_inline = rate["ours"] / serial, single["ours"] / single["inline"]
    of_p99 = p99["ours"] / p99["usual"]
    table = [
        ("ours, 64 connections", f"{rate['ours']:,.0f}/s, p99 {p99['ours']:.0f} ms"),
        ("ours, 1 connection", f"{single['ours']:,.0f}/s"),
        (
            "Starlette that does nothing",
            f"{rate['noop']:,.0f}/s, p99 {p99['noop']:.0f} ms: ours {of_noop:.3f} of it",
        ),
        (
            "FastAPI with a session a request",
            f"{rate['usual']:,.0f}/s, p99 {p99['usual']:.0f} ms: ours {of_usual:.1f} times",
        ),
        ("commits one by one, nothing around", f"{serial:,.0f}/s: ours {of_serial:.2f} of it"),
        ("committed in the loop, 1 connection", f"{single['inline']:,.0f}/s: ours {of_inline:.2f} of it"),
        ("answered and not kept", f"{lost:,}"),
    ]
    targets = [
        Target("at least 0.12 of a route that does nothing", of_noop >= 0.12),
        Target("at least 8 times the usual door", of_usual >= 8),
        Target("p99 at most 0.1 of the usual door's", of_p99 <= 0.1),
        Target("at least what commits one by one reach", of_serial >= 1),
        Target("alone at least 0.8 of a commit in the loop", of_inline >= 0.8),
        Target("nothing answered that was not kept", lost == 0),
    ]
    figures: dict[str, Figure] = {
        "per_second": round(rate["ours"]),
        "p99_ms": round(p99["ours"], 1),
        "of_noop": round(of_noop, 3),
        "of_usual": round(of_usual, 1),
        "p99_of_usual": round(of_p99, 3),
        "of_serial": round(of_serial, 2),
        "alone_of_inline": round(of_inline, 2),
        "lost": lost,
    }
    return Outcome(NAME, table, figures, targets)
