"""A storm of webhooks while the served product is killed: no payment lost, none doubled, everybody who paid is back.

On PostgreSQL the server outlives the kills, and sees connections break in the middle of transactions.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine, NullPool, create_engine

from benchmarks.crash import Aftermath, prepare, storm
from benchmarks.processes import simulation
from benchmarks.storm_sender import Storm

TEAR_SECONDS = 0.7
AT_REST_SECONDS = 150.0
CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


async def test_a_small_storm_with_two_kills_loses_nothing_and_books_nothing_twice(
    tmp_path: Path, blank_database_url: str
) -> None:
    left = await _storm(tmp_path, blank_database_url, webhooks=100, subscribers=6, kills=2)
    _check(left)


@pytest.mark.deep
@pytest.mark.parametrize("seed", [1, 2])
async def test_two_thousand_webhooks_and_five_kills_lose_nothing_and_book_nothing_twice(
    tmp_path: Path, blank_database_url: str, seed: int
) -> None:
    left = await _storm(tmp_path, blank_database_url, webhooks=2_000, subscribers=100, kills=5, seed=seed)
    _check(left)


@pytest.mark.deep
async def test_a_storm_whose_database_is_torn_away_again_and_again_loses_nothing_and_books_nothing_twice(
    tmp_path: Path, blank_database_url: str
) -> None:
    tear = partial(_tear, create_engine(blank_database_url, isolation_level="AUTOCOMMIT", poolclass=NullPool))
    left = await _storm(tmp_path, blank_database_url, webhooks=400, subscribers=20, kills=1, beside=tear)
    _check(left)
    assert left.seconds < AT_REST_SECONDS  # a claim that nobody holds is not waited for


async def _tear(engine: Engine, sending: Storm) -> None:
    """Cut every connection of a server, or keep a file to oneself for a moment, as long as anybody sends."""
    while sending.acknowledged < sending.sent:
        await asyncio.sleep(TEAR_SECONDS)
        await asyncio.to_thread(_keep_to_oneself if engine.dialect.name == "sqlite" else _cut, engine)


def _cut(engine: Engine) -> None:
    with engine.connect() as link:
        link.exec_driver_sql(CUT)


def _keep_to_oneself(engine: Engine) -> None:
    with engine.connect() as link:
        link.exec_driver_sql("BEGIN IMMEDIATE")
        time.sleep(TEAR_SECONDS)  # noqa: TID251 - somebody else is slow
        link.exec_driver_sql("ROLLBACK")


async def _storm(
    folder: Path,
    database_url: str,
    *,
    webhooks: int,
    subscribers: int,
    kills: int,
    seed: int = 2026,
    beside: Callable[[Storm], Coroutine[None, None, None]] | None = None,
) -> Aftermath:
    async with simulation(folder / "outside", routers=1) as outside:
        ground = await asyncio.to_thread(
            prepare,
            folder / "benfex",
            outside,
            subscribers=subscribers,
            webhooks=webhooks,
            database_url=database_url,
        )
        return await storm(ground, outside, kills=kills, seed=seed, beside=beside)


def _check(left: Aftermath) -> None:
    assert (left.lost, left.doubled) == (0, 0)
    assert left.acknowledged == left.sent
    assert left.kept == left.messages
    assert left.is_proved
    assert (left.suspended, left.restored) == (0, left.subscribers)
