"""The engine and an independent calculator agree to the minor unit on random histories of customers."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from benfex.core.clock import MovedClock
from benfex.core.events import EventBus
from benfex.core.transactor import Transactor
from benfex.ledger.journal import seal_chain
from data.engine import open_database
from tests.conftest import START, Run
from tests.databases import Databases
from tests.factories.isp import SYSTEM
from tests.factories.looks import assert_books_sound
from tests.oracle.engine import EnginePlayer
from tests.oracle.histories import History, Step, make_history
from tests.oracle.pictures import Picture, oracle_picture
from tests.oracle.players import OraclePlayer

AGREED = "oracle_histories"  # counted by tests/reporting.py
QUICK = range(20)
DEEP_CHUNKS = [range(first, first + 250) for first in range(1_000, 3_000, 250)]


FOUND = [1261, 1290]  # a discount was given a period too many, and one too few, after a pause


@pytest.mark.parametrize("seeds", [QUICK[:10], QUICK[10:]], ids=["first", "second"])
def test_the_engine_bills_what_the_oracle_says(
    databases: Databases, seeds: range, record_property: Callable[[str, object], None]
) -> None:
    _assert_agreement(databases, [make_history(seed, days_max=160) for seed in seeds])
    record_property(AGREED, len(seeds))


def test_discounts_count_right_when_the_plan_changes_after_a_pause(databases: Databases) -> None:
    _assert_agreement(databases, [make_history(seed, days_max=300) for seed in FOUND])


@pytest.mark.deep
@pytest.mark.parametrize("seeds", DEEP_CHUNKS, ids=lambda seeds: f"from-{seeds.start}")
def test_the_engine_bills_what_the_oracle_says_two_thousand_times(
    databases: Databases, seeds: range, record_property: Callable[[str, object], None]
) -> None:
    _assert_agreement(databases, [make_history(seed, days_max=300) for seed in seeds])
    record_property(AGREED, len(seeds))


def _assert_agreement(databases: Databases, histories: Sequence[History]) -> None:
    for history in histories:
        if _difference(databases, history):
            pytest.fail(_explain(databases, history))


def _explain(databases: Databases, history: History) -> str:
    """Leave out every step that is not needed to disagree, halves first, and tell the rest."""
    size = max(1, len(history.steps) // 2)
    while size:
        place = 0
        while place < len(history.steps):
            shorter = history.without(place, size)
            if shorter.steps and _difference(databases, shorter):
                history = shorter
            else:
                place += size
        size //= 2
    return f"{history.told()}\n{_difference(databases, history)}"


def _difference(databases: Databases, history: History) -> str:
    """Return where the two part, empty where they agree."""
    with _engine(databases, history) as engine:
        oracle = OraclePlayer(history)
        for step in _with_runs(history):
            if oracle.can_play(step) and engine.play(step, oracle.books.balance):
                oracle.play(step)
        assert_books_sound(engine.run)
        return _compare(oracle_picture(oracle.books), engine.picture())


def _with_runs(history: History) -> Iterator[Step]:
    """Yield the steps; a night with its bill run comes before what staff do, unless the server was off."""
    last = None
    for step in history.steps:
        if step.day != last and step.kind != "bill" and history.runs_before_staff:
            yield Step("bill", step.day)
        last = step.day
        yield step


def _compare(expected: Picture, got: Picture) -> str:
    told = []
    for name in ("invoices", "credit_notes", "next_dates"):
        wanted, found = getattr(expected, name), getattr(got, name)
        for place in range(max(len(wanted), len(found))):
            one = wanted[place] if place < len(wanted) else "nothing"
            other = found[place] if place < len(found) else "nothing"
            if one != other:
                told.append(f"{name} {place + 1}\n  oracle: {one}\n  engine: {other}")
                break
    if expected.balance != got.balance:
        told.append(f"balance: oracle {expected.balance}, engine {got.balance}")
    return "\n".join(told)


@contextmanager
def _engine(databases: Databases, history: History) -> Iterator[EnginePlayer]:
    with databases.ready("sqlite") as url:
        database, clock = open_database(url, pool_size=2), MovedClock(START)
        gate = Transactor(database, clock, EventBus(), before_commit=seal_chain)
        try:
            player = EnginePlayer(Run(gate, SYSTEM), clock, history)
            player.set_up()
            yield player
        finally:
            gate.close()
            database.dispose()
