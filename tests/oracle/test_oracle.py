"""The engine and an independent calculator agree to the minor unit on random histories of customers."""

from collections.abc import Callable, Iterator, Sequence

import pytest

from tests.databases import Databases
from tests.oracle.agreement import difference, explain
from tests.oracle.histories import History, make_history
from tests.oracle.stage import Stage, postgresql_stage, sqlite_stage
from tests.postgresql import PostgresqlMissingError

AGREED = "oracle_histories"  # counted by tests/reporting.py
QUICK = range(20)
DEEP_CHUNKS = [range(first, first + 125) for first in range(1_000, 3_000, 125)]
ON_POSTGRESQL = range(1_000, 1_050)  # of the deep ones; the other tests run on both databases anyway

FOUND = [1261, 1290]  # a discount was given a period too many, and one too few, after a pause


@pytest.fixture(scope="module")
def stage(databases: Databases) -> Iterator[Stage]:
    with sqlite_stage(databases) as stage:
        yield stage


@pytest.mark.parametrize("seeds", [QUICK[:10], QUICK[10:]], ids=["first", "second"])
def test_the_engine_bills_what_the_oracle_says(
    stage: Stage, seeds: range, record_property: Callable[[str, object], None]
) -> None:
    _assert_agreement(stage, [make_history(seed, days_max=160) for seed in seeds])
    record_property(AGREED, len(seeds))


def test_discounts_count_right_when_the_plan_changes_after_a_pause(stage: Stage) -> None:
    _assert_agreement(stage, [make_history(seed, days_max=300) for seed in FOUND])


@pytest.mark.deep
@pytest.mark.parametrize("seeds", DEEP_CHUNKS, ids=lambda seeds: f"from-{seeds.start}")
def test_the_engine_bills_what_the_oracle_says_two_thousand_times(
    stage: Stage, seeds: range, record_property: Callable[[str, object], None]
) -> None:
    _assert_agreement(stage, [make_history(seed, days_max=300) for seed in seeds])
    record_property(AGREED, len(seeds))


@pytest.mark.deep
@pytest.mark.postgres
def test_the_engine_bills_the_same_on_postgresql(databases: Databases) -> None:
    with postgresql_stage(databases) as stage:
        try:
            _assert_agreement(stage, [make_history(seed, days_max=300) for seed in ON_POSTGRESQL])
        except PostgresqlMissingError as missing:
            pytest.skip(f"no PostgreSQL: {missing}")


def _assert_agreement(stage: Stage, histories: Sequence[History]) -> None:
    for history in histories:
        if difference(stage, history):
            pytest.fail(explain(stage, history))
