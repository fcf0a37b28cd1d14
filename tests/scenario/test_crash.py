"""The served product, killed while money and restorations are under way: nothing is lost, nothing happens twice."""

import asyncio
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

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
from benchmarks.processes import ROOT, Product, Surroundings, product, run, simulation
from benfex.core.settings import Settings
from benfex.dunning.runs import run_dunning

# Names that a careless hand turns into numbers, other letters or other words.
USERNAMES = ("00123", "número-ñ", "12345678901234567890", "no", "Ωmega-7", "a=b", "home-7", "home-8")
PATIENCE_SECONDS = 60.0
KILLS = 40
STORED = "SELECT count(*) FROM inbound_webhook WHERE kind = 'stk'"
WRITING = "SELECT count(*) FROM router_task WHERE status = 'running'"
SETTLED = "SELECT count(*) FROM restoration_clock"
READ_BACK = "SELECT count(*) FROM restoration_clock WHERE read_back_at IS NOT NULL"
ASKED = "SELECT count(*) FROM payment_attempt"
NOT_APPLIED = "SELECT count(*) FROM connection WHERE applied_generation < desired_generation"
UNREGISTERED = "SELECT count(*) FROM gateway_account WHERE registered_at IS NULL"


async def test_a_server_killed_again_and_again_books_all_money_once_and_restores_everybody(
    tmp_path: Path,
) -> None:
    everybody = len(USERNAMES)
    async with simulation(tmp_path / "outside", routers=1) as outside:
        settings = make_settings(tmp_path / "benfex")
        subscribers = suspended(settings, outside)
        async with product(settings) as served:  # killed as soon as a callback is safe
            await until(lambda: count(settings, NOT_APPLIED) == 0 and count(settings, UNREGISTERED) == 0)
            await tell(outside, "/phones/habit", {"answer": "pay", "delay_seconds": 0.3})
            await pay_all(served, settings, subscribers)
            await until(lambda: count(settings, STORED) > 0)
            os.kill(served.pid, signal.SIGKILL)
        async with product(settings) as served:  # killed while a router is being written
            await until(lambda: count(settings, WRITING) > 0 or count(settings, SETTLED) > 0)
            os.kill(served.pid, signal.SIGKILL)
        async with product(settings):
            await until(lambda: count(settings, READ_BACK) == everybody)
            await until(lambda: count(settings, NOT_APPLIED) == 0)
        given = {row["receipt"] for row in await ask(outside, "/daraja/transactions")}
        (router,) = outside.routers
        secrets = await ask(outside, f"/routers/{router['name']}/tables/ppp.secret")
    booked = [row[0] for row in rows(settings, "SELECT gateway_transaction_id FROM payment")]
    assert (len(given), sorted(booked)) == (everybody, sorted(given))
    assert count(settings, SETTLED) == everybody
    assert {row["name"]: row["profile"] for row in secrets} == dict.fromkeys(USERNAMES, "benfex-home-20")
    assert rows(settings, "SELECT DISTINCT status FROM subscription") == [("active",)]
    words = (str(ROOT / "app.py"), "ledger", "verify")
    assert (await run(words, environment={"BENFEX_HOME": str(settings.home)}))[0] == 0


@pytest.mark.deep
async def test_forty_kills_at_odd_moments_lose_nothing_and_book_nothing_twice(tmp_path: Path) -> None:
    odd = Random(40)
    usernames = [f"line-{number:02d}" for number in range(KILLS)]
    async with simulation(tmp_path / "outside", routers=1) as outside:
        settings = make_settings(tmp_path / "benfex")
        subscribers = suspended(settings, outside, usernames=usernames)
        await tell(outside, "/phones/habit", {"answer": "pay", "delay_seconds": 0.2})
        for subscriber in subscribers:  # each life hears of one more payment, and ends when something moves
            async with product(settings) as served:
                watched = odd.choice((STORED, SETTLED, READ_BACK, ASKED))
                before = count(settings, watched)
                await pay_all(served, settings, (subscriber,))
                await until(lambda watched=watched, before=before: count(settings, watched) > before)  # type: ignore[misc]
                os.kill(served.pid, signal.SIGKILL)
        async with product(settings):
            await until(lambda: count(settings, READ_BACK) == KILLS, patience_seconds=300)
            await until(lambda: count(settings, NOT_APPLIED) == 0)
        given = sorted(row["receipt"] for row in await ask(outside, "/daraja/transactions"))
    booked = sorted(row[0] for row in rows(settings, "SELECT gateway_transaction_id FROM payment"))
    assert (len(given), booked) == (KILLS, given)
    assert count(settings, SETTLED) == KILLS
    assert rows(settings, "SELECT DISTINCT status FROM subscription") == [("active",)]
    words = (str(ROOT / "app.py"), "ledger", "verify")
    assert (await run(words, environment={"BENFEX_HOME": str(settings.home)}))[0] == 0


def suspended(
    settings: Settings, outside: Surroundings, *, usernames: Sequence[str] = USERNAMES
) -> tuple[Subscriber, ...]:
    clock = long_ago(days=12)
    isp = found(settings, outside, clock=clock)
    with opened(settings, clock=clock) as benfex:
        subscribers = subscribe(benfex, isp, usernames=usernames)
    with opened(settings) as benfex:
        for subscriber in subscribers:
            benfex.transactor.run_sync(run_dunning, BENCHMARK, customer_id=subscriber.customer_id)
    return subscribers


async def pay_all(served: Product, settings: Settings, subscribers: tuple[Subscriber, ...]) -> None:
    owed = dict(rows(settings, "SELECT customer_id, sum(total_minor - paid_minor) FROM invoice GROUP BY 1"))
    async with httpx.AsyncClient(base_url=f"{served.url}/api/v1", trust_env=False, timeout=30) as api:
        form = {"username": OWNER_EMAIL, "password": OWNER_PASSWORD}
        token = (await api.post("/auth/token", data=form)).raise_for_status().json()["access_token"]
        api.headers["Authorization"] = f"Bearer {token}"
        for subscriber in subscribers:
            asked = {
                "customer_id": subscriber.customer_id,
                "amount": {"amount_minor": owed[subscriber.customer_id], "currency": "KES"},
                "gateway": "mpesa",
                "phone": subscriber.phone.e164,
            }
            answer = await api.post("/payment-attempts", json=asked)
            assert answer.is_success, answer.text


async def tell(outside: Surroundings, path: str, words: dict[str, Any]) -> None:
    async with httpx.AsyncClient(trust_env=False) as control:
        (await control.post(f"{outside.control}{path}", json=words)).raise_for_status()


async def ask(outside: Surroundings, path: str) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(trust_env=False) as control:
        content: list[dict[str, Any]] = (
            (await control.get(f"{outside.control}{path}")).raise_for_status().json()
        )
    return content


async def until(condition: Callable[[], bool], *, patience_seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + patience_seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


def rows(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    uri = f"{(settings.place / 'benfex.db').absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=5)) as database:
        return database.execute(query).fetchall()


def count(settings: Settings, query: str) -> int:
    return int(rows(settings, query)[0][0])
