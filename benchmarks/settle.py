"""Payments settled from stored webhooks, with all that hangs on them: ours, bare commits of the same rows, objects.

M-Pesa's callbacks and confirmations, some of one payment, and Paystack's events wait in the inbox, as after a
restart. Each pays an invoice, is posted and receipted, and one in ten brings a service back.
"""

import asyncio
import os
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from benchmarks.bill_run_ground import copy_database
from benchmarks.installation import BENCHMARK, PRICE, opened
from benchmarks.outcome import Outcome, Target
from benchmarks.processes import BenchmarkError
from benchmarks.settle_ground import Deliveries, make_deliveries, serial_commits
from benchmarks.settle_peer import settle_with_objects
from benfex.core.clock import MovedClock
from benfex.ledger.verification import verify_ledger

NAME = "settle"
_ON = date(2026, 11, 3)
_CLOCK = datetime(2026, 11, 3, 6, 0, tzinfo=UTC)
_USUAL, _DEEP = 1_000, 10_000
_PEER_SAMPLE = 300
_FLOOR_RATIO, _PEER_RATIO = 0.15, 3.0
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Settlement:
    """What was settled, in how many seconds, of the processor too, and what the floor and the peer took."""

    deliveries: int
    payments: int
    restored: int
    seconds: float
    processor_seconds: float
    floor_seconds: float
    peer_rate: float

    @property
    def rate(self) -> float:
        """Return payments a second."""
        return self.payments / self.seconds

    @property
    def of_floor(self) -> float:
        """Return the share of the rate that bare commits of the same rows reach."""
        return self.floor_seconds / self.seconds

    @property
    def times_peer(self) -> float:
        """Return how many times as fast as the peer it is."""
        return self.rate / self.peer_rate


async def measure(folder: Path) -> Outcome:
    """Settle all and compare, in one run."""
    count = _DEEP if os.environ.get("BENFEX_BENCH_DEEP") else _USUAL
    return _outcome(await asyncio.to_thread(settle, folder, count=count, peer_sample=_PEER_SAMPLE))


def settle(folder: Path, *, count: int, peer_sample: int) -> Settlement:
    """Settle `count` deliveries in each of some rounds, the floor in turns with ours; the best of each counts.

    Raises BenchmarkError when a payment, what it pays or the books are not as they must be.
    """
    clock = MovedClock(_CLOCK)
    ground = make_deliveries(folder / "isp", count=count, on=_ON, clock=clock)
    path = ground.settings.place / "benfex.db"
    before, after = folder / "before.db", folder / "after.db"
    copy_database(path, before)
    ours: list[tuple[float, float]] = []
    floor: list[float] = []
    for number in range(_ROUNDS):
        copy_database(before, path)
        ours.append(_work_off(ground, clock))
        copy_database(path, after)
        floor.append(serial_commits(before, after, folder / f"floor{number}.db"))
    copy_database(before, path)
    peer_seconds = _peer(ground, clock, sample=peer_sample)
    seconds, spent = min(ours)
    return Settlement(
        deliveries=len(ground.messages),
        payments=len(ground.transactions),
        restored=ground.cut_off,
        seconds=seconds,
        processor_seconds=spent,
        floor_seconds=min(floor),
        peer_rate=peer_sample / peer_seconds,
    )


def _work_off(ground: Deliveries, clock: MovedClock) -> tuple[float, float]:
    """Return the seconds, and those of the processor, in which the inbox works off what waits; all of it is checked."""
    with opened(ground.settings, clock=clock) as benfex:
        asyncio.run(benfex.gateways.load())
        began, processor = time.perf_counter(), time.process_time()
        done = asyncio.run(benfex.inbox.process_pending())
        seconds, spent = time.perf_counter() - began, time.process_time() - processor
        asyncio.run(benfex.gateways.close())
        if done != len(ground.messages):
            raise BenchmarkError(f"{done} deliveries worked off, not {len(ground.messages)}")
        if not benfex.transactor.read_sync(verify_ledger, BENCHMARK).is_sound:
            raise BenchmarkError("the books are not sound")
    _check(ground)
    return seconds, spent


def _check(ground: Deliveries) -> None:
    """Look at every payment, invoice, delivery and service. Raises BenchmarkError for what is not as it must be."""
    with closing(sqlite3.connect(ground.settings.place / "benfex.db")) as database:
        run = database.execute
        booked = [
            row[0] for row in run("SELECT gateway_transaction_id FROM payment WHERE source LIKE 'webhook%'")
        ]
        late = run("SELECT count(*) FROM inbound_webhook WHERE status <> 'processed'").fetchone()[0]
        restored = run("SELECT count(*) FROM restoration_clock").fetchone()[0]
        off = run("SELECT count(*) FROM subscription WHERE status <> 'active'").fetchone()[0]
        lost = run("SELECT count(*) FROM payment WHERE customer_id IS NULL").fetchone()[0]
        total, paid, spread = (
            run(query).fetchone()[0]
            for query in (
                "SELECT sum(amount_minor) FROM payment",
                "SELECT sum(paid_minor) FROM invoice",
                "SELECT sum(amount_minor) FROM payment_allocation",
            )
        )
    if len(booked) != len(set(booked)) or set(booked) != ground.transactions:
        raise BenchmarkError(f"{len(booked)} payments are booked for {len(ground.transactions)} receipts")
    if late or lost or off or restored != ground.cut_off:
        raise BenchmarkError(f"{late} deliveries wait, {lost} payments are nobody's, {off} services are off")
    if paid != spread or total < len(booked) * PRICE.minor:
        raise BenchmarkError(f"{spread} of {total} was allocated, and invoices say {paid}")


def _peer(ground: Deliveries, clock: MovedClock, *, sample: int) -> float:
    with opened(ground.settings, clock=clock) as benfex:
        began = time.perf_counter()
        settle_with_objects(benfex.transactor, count=sample)
        return time.perf_counter() - began


def _outcome(found: Settlement) -> Outcome:
    processor_us = round(found.processor_seconds / found.payments * 1e6)
    table = [
        (
            "deliveries, payments, services back",
            f"{found.deliveries:,}, {found.payments:,}, {found.restored:,}",
        ),
        ("settled", f"{found.seconds:.2f} s, {found.rate:,.0f}/s; processor {processor_us} us each"),
        ("bare commits of the same rows", f"{found.floor_seconds:.2f} s, {found.of_floor:.2f} of that"),
        ("objects, a commit a payment", f"{found.peer_rate:,.0f}/s, {found.times_peer:.1f} times that"),
    ]
    return Outcome(
        NAME,
        table,
        {
            "payments": found.payments,
            "rate": round(found.rate),
            "of_floor": round(found.of_floor, 3),
            "times_peer": round(found.times_peer, 1),
            "processor_us": processor_us,
        },
        [
            Target(f"at least {_FLOOR_RATIO} of bare commits", found.of_floor >= _FLOOR_RATIO),
            Target(
                f"at least {_PEER_RATIO:g} times objects with a commit each", found.times_peer >= _PEER_RATIO
            ),
        ],
    )
