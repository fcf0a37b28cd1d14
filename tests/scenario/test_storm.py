"""A storm of webhooks while the served product is killed: no payment lost, none doubled, everybody who paid is back.

On PostgreSQL the server outlives the kills, and sees connections break in the middle of transactions.
"""

import asyncio
from pathlib import Path

import pytest

from benchmarks.crash import Aftermath, prepare, storm
from benchmarks.processes import simulation


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


async def _storm(
    folder: Path, database_url: str, *, webhooks: int, subscribers: int, kills: int, seed: int = 2026
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
        return await storm(ground, outside, kills=kills, seed=seed)


def _check(left: Aftermath) -> None:
    assert (left.lost, left.doubled) == (0, 0)
    assert left.acknowledged == left.sent
    assert left.kept == left.messages
    assert left.is_proved
    assert (left.suspended, left.restored) == (0, left.subscribers)
