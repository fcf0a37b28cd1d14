"""Money to packet: 200 suspended subscribers pay by phone within 20 s, and each is wanted back online.

A clock runs from the first message that carries a receipt to the router written and read back. Messages are
doubled and lost on the way, as a gateway does; money of which no message came is found by asking.
"""

import asyncio
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from benchmarks.installation import (
    BENCHMARK,
    OWNER_EMAIL,
    OWNER_PASSWORD,
    Subscriber,
    found,
    long_ago,
    make_settings,
    opened,
    subscribe,
)
from benchmarks.outcome import Outcome, Target, percentile
from benchmarks.processes import (
    ROOT,
    BenchmarkError,
    Product,
    Surroundings,
    cpu_seconds,
    product,
    run,
    simulation,
)
from benfex.core.settings import Settings
from benfex.dunning.runs import run_dunning

NAME = "money_to_packet"
SUBSCRIBERS = 200
ROUTERS = 3
SPREAD_SECONDS = 20.0
WAIT_SECONDS = 60.0
P95_MS = 5_000
PHONE_SECONDS = 1.0
DELIVERY = {"duplicate": 0.2, "lose_callback": 0.1, "lose_confirmation": 0.5}
# An invoice is due after 7 days, and 3 days later its service is suspended.
_DAYS_AGO = 12
_PREPARE_SECONDS = 30.0
_PATHS = {"webhook:stk": "callback", "webhook:c2b/confirmation": "C2B", "statement": "pull", "query": "query"}


@dataclass(frozen=True, slots=True)
class Restored:
    """One restoration; instants are epoch seconds, None what has not happened."""

    path: str
    paid_at: float
    evidence_at: float
    settled_at: float
    written_at: float | None
    read_back_at: float | None
    session_at: float | None


@dataclass(frozen=True, slots=True)
class Books:
    """What both sides booked: receipts that M-Pesa gave, and receipts of our payments."""

    given: tuple[str, ...]
    booked: tuple[str, ...]

    @property
    def lost(self) -> int:
        """Return how many receipts we never booked."""
        return len(set(self.given) - set(self.booked))

    @property
    def twice(self) -> int:
        """Return how many payments are more than there was money."""
        return len(self.booked) - len(set(self.given) & set(self.booked))


async def measure(home: Path) -> Outcome:
    """Suspend, let everybody pay, and read the clocks. Raises BenchmarkError when it cannot be carried out."""
    async with simulation(home / "outside", routers=ROUTERS) as outside:
        settings = make_settings(home / "benfex")
        subscribers = _sell_and_suspend(settings, outside)
        await _provision(settings, outside)
        async with product(settings) as served:
            await _until(lambda: _count(settings, _UNREGISTERED) == 0, "the callbacks are registered")
            await _set_up_phones(outside)
            used = cpu_seconds(served.pid)
            await _pay_all(served, settings, subscribers)
            used = cpu_seconds(served.pid) - used
            waited = await _wait_for_all(settings)
            await asyncio.sleep(2.0)  # for the sessions of the last, which no target speaks of
            transactions = await _ask(outside, "/daraja/transactions")
        restored = _restored(settings, transactions)
        books = Books(
            given=tuple(row["receipt"] for row in transactions),
            booked=tuple(row[0] for row in _rows(settings, "SELECT gateway_transaction_id FROM payment")),
        )
        words = (str(ROOT / "app.py"), "ledger", "verify", "--json")
        code, said = await run(words, environment={"BENFEX_HOME": str(settings.home)})
    entries = json.loads(said)["entries"] if code == 0 else 0
    share = used / SPREAD_SECONDS
    return _outcome(restored, books, entries=entries, is_sound=code == 0, waited=waited, cpu_share=share)


# Before


def _sell_and_suspend(settings: Settings, outside: Surroundings) -> tuple[Subscriber, ...]:
    clock = long_ago(days=_DAYS_AGO)
    isp = found(settings, outside, clock=clock)
    with opened(settings, clock=clock) as benfex:
        names = [f"home-{number:04d}" for number in range(SUBSCRIBERS)]
        subscribers = subscribe(benfex, isp, usernames=names)
    with opened(settings) as benfex:
        for subscriber in subscribers:
            benfex.transactor.run_sync(run_dunning, BENCHMARK, customer_id=subscriber.customer_id)
    suspended = _count(settings, "SELECT count(*) FROM subscription WHERE status = 'suspended'")
    if suspended != SUBSCRIBERS:
        raise BenchmarkError(f"Dunning suspended {suspended} of {SUBSCRIBERS}.")
    return subscribers


async def _provision(settings: Settings, outside: Surroundings) -> None:
    """Have the product's provisioner put everybody into the walled garden, and every home dial in."""
    with opened(settings) as benfex:
        await benfex.transactor.start()
        await benfex.provisioner.start()
        try:
            await _until(lambda: _count(settings, _NOT_APPLIED) == 0, "every router is written")
        finally:
            await benfex.provisioner.stop()
    deadline = time.monotonic() + _PREPARE_SECONDS
    while time.monotonic() < deadline:
        sessions = [await _ask(outside, f"/routers/{place['name']}/sessions") for place in outside.routers]
        walled = sum(row["portal_only"] for rows in sessions for row in rows)
        if walled == SUBSCRIBERS:
            return
        await asyncio.sleep(0.2)
    raise BenchmarkError(f"Only {walled} of {SUBSCRIBERS} homes are in the walled garden.")


async def _set_up_phones(outside: Surroundings) -> None:
    await _tell(outside, "/phones/habit", {"answer": "pay", "delay_seconds": PHONE_SECONDS})
    await _tell(outside, "/daraja/delivery", DELIVERY)


# The payments


async def _pay_all(served: Product, settings: Settings, subscribers: Sequence[Subscriber]) -> None:
    """Start a payment for each over REST, evenly spread: none waits for another's answer."""
    owed = dict(_rows(settings, "SELECT customer_id, sum(total_minor - paid_minor) FROM invoice GROUP BY 1"))
    limits = httpx.Limits(max_connections=100)
    async with httpx.AsyncClient(
        base_url=f"{served.url}/api/v1", trust_env=False, timeout=30, limits=limits
    ) as api:
        form = {"username": OWNER_EMAIL, "password": OWNER_PASSWORD}
        token = (await api.post("/auth/token", data=form)).raise_for_status().json()["access_token"]
        api.headers["Authorization"] = f"Bearer {token}"
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number, subscriber in enumerate(subscribers):
                due = began + number * SPREAD_SECONDS / len(subscribers)
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                group.create_task(_pay(api, subscriber, owed_minor=owed[subscriber.customer_id]))


async def _pay(api: httpx.AsyncClient, subscriber: Subscriber, *, owed_minor: int) -> None:
    answer = await api.post(
        "/payment-attempts",
        json={
            "customer_id": subscriber.customer_id,
            "amount": {"amount_minor": owed_minor, "currency": "KES"},
            "gateway": "mpesa",
            "phone": subscriber.phone.e164,
        },
    )
    if answer.status_code != 201 or answer.json()["status"] == "failed":
        raise BenchmarkError(f"A payment was not started: {answer.status_code} {answer.text[:300]}")


async def _wait_for_all(settings: Settings) -> float:
    """Wait until every router was read back, a minute at most; return the seconds it took."""
    began = time.monotonic()
    waited = 0.0
    while waited < WAIT_SECONDS:
        if _count(settings, _READ_BACK) >= SUBSCRIBERS:
            break
        await asyncio.sleep(0.2)
        waited = time.monotonic() - began
    return waited


# After

_UNREGISTERED = "SELECT count(*) FROM gateway_account WHERE registered_at IS NULL"
_NOT_APPLIED = "SELECT count(*) FROM connection WHERE applied_generation < desired_generation"
_READ_BACK = "SELECT count(*) FROM restoration_clock WHERE read_back_at IS NOT NULL"
_CLOCKS = """
SELECT payment.source, payment.gateway_transaction_id,
    evidence_at, settled_at, written_at, read_back_at, session_at
FROM restoration_clock JOIN payment ON payment.id = restoration_clock.payment_id
"""


def _rows(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    uri = f"{(settings.place / 'benfex.db').absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=5)) as database:
        return database.execute(query).fetchall()


def _count(settings: Settings, query: str) -> int:
    return int(_rows(settings, query)[0][0])


def _restored(settings: Settings, transactions: list[dict[str, Any]]) -> tuple[Restored, ...]:
    paid_at = {row["receipt"]: float(row["paid_at"]) for row in transactions}
    return tuple(
        Restored(
            _PATHS.get(source, source),
            paid_at[receipt],
            _epoch(evidence_at),
            _epoch(settled_at),
            _epoch(written_at) if written_at else None,
            _epoch(read_back_at) if read_back_at else None,
            _epoch(session_at) if session_at else None,
        )
        for source, receipt, evidence_at, settled_at, written_at, read_back_at, session_at in _rows(
            settings, _CLOCKS
        )
        if receipt in paid_at  # a payment that M-Pesa knows nothing of is counted as booked twice
    )


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def _outcome(
    restored: Sequence[Restored],
    books: Books,
    *,
    entries: int,
    is_sound: bool,
    waited: float,
    cpu_share: float,
) -> Outcome:
    done = [(item, item.read_back_at) for item in restored if item.read_back_at is not None]
    if not done:
        raise BenchmarkError("No service came back.")
    clocks = [(at - item.evidence_at) * 1000 for item, at in done]
    settled = [(item.settled_at - item.evidence_at) * 1000 for item in restored]
    written = [(item.written_at - item.settled_at) * 1000 for item in restored if item.written_at]
    whole = [(at - item.paid_at) * 1000 for item, at in done]
    sessions = [(item.session_at - item.evidence_at) * 1000 for item in restored if item.session_at]
    told = [(at - item.paid_at) * 1000 for item, at in done if item.path in {"callback", "C2B"}]
    asked = [(at - item.paid_at) * 1000 for item, at in done if item.path not in {"callback", "C2B"}]
    paths = Counter(item.path for item in restored)
    p50, p95, slowest = percentile(clocks, 50), percentile(clocks, 95), max(clocks)
    left = SUBSCRIBERS - len(done)
    session_p50 = percentile(sessions, 50) if sessions else None
    return Outcome(
        NAME,
        table=(
            ("paid in 20 s", f"{len(books.given)} of {SUBSCRIBERS}, {ROUTERS} routers"),
            ("evidence to read back", f"p50 {p50:.0f} ms, p95 {p95:.0f} ms, slowest {slowest:.0f} ms"),
            ("  evidence to settled", _spread(settled)),
            ("  settled to written", _spread(written)),
            ("phone to read back, told", _spread(told)),
            ("phone to read back, asked", _spread(asked)),
            ("first new session", f"p50 {session_p50:.0f} ms, {len(sessions)} seen" if session_p50 else "-"),
            ("paths", ", ".join(f"{name} {count}" for name, count in sorted(paths.items()))),
            ("lost, twice, still waiting", f"{books.lost}, {books.twice}, {left}; last {waited:.0f} s after"),
            ("processor", f"{cpu_share:.0%} of one core while they pay"),
            ("ledger verify", f"{entries} entries proved" if is_sound else "WRONG"),
        ),
        figures={
            "payments": len(books.given),
            "p50_ms": round(p50),
            "p95_ms": round(p95),
            "max_ms": round(slowest),
            "settled_p50_ms": round(percentile(settled, 50)),
            "written_p50_ms": round(percentile(written, 50)) if written else None,
            "session_p50_ms": round(session_p50) if session_p50 else None,
            "phone_to_read_back_p95_ms": round(percentile(whole, 95)),
            "phone_to_read_back_max_ms": round(max(whole)),
            **{f"path_{name.lower()}": paths[name] for name in sorted(set(_PATHS.values()) | paths.keys())},
            "cpu_share": round(cpu_share, 3),
            "lost": books.lost,
            "twice": books.twice,
            "waiting": left,
            "ledger_entries": entries,
            "ledger_is_sound": is_sound,
        },
        targets=_targets(books, p95=p95, left=left, is_sound=is_sound),
    )


def _targets(books: Books, *, p95: float, left: int, is_sound: bool) -> tuple[Target, ...]:
    is_all = books.lost == 0 and len(books.given) == SUBSCRIBERS
    return (
        Target(f"19 of 20 are read back within {P95_MS:,} ms of the evidence", p95 <= P95_MS),
        Target("no money is lost", is_all),
        Target("no money is booked twice", books.twice == 0),
        Target("nobody still waits", left == 0),
        Target("the books are proved", is_sound),
    )


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "-"
    return f"p50 {percentile(values, 50):.0f} ms, slowest {max(values):.0f} ms, {len(values)}"


# The surroundings


async def _ask(outside: Surroundings, path: str) -> Any:
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        return (await http.get(f"{outside.control}{path}")).raise_for_status().json()


async def _tell(outside: Surroundings, path: str, body: dict[str, Any]) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        (await http.post(f"{outside.control}{path}", json=body)).raise_for_status()


async def _until(is_so: Callable[[], bool], words: str) -> None:
    deadline = time.monotonic() + _PREPARE_SECONDS
    while time.monotonic() < deadline:
        if is_so():
            return
        await asyncio.sleep(0.1)
    raise BenchmarkError(f"It never came about that {words}.")
