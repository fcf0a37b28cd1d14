"""Many rows in one go are the rows that they would be one by one."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import bindparam, select, update

from benfex.core.unit_of_work import Snapshot, UnitOfWork
from data.engine import INTEGRITY_ERROR
from data.models.policy import Holiday
from data.queries.bulk import Bulk, BulkInsert, BulkSelect, alike_together, among_named
from tests.conftest import Run

FIRST = date(2027, 1, 1)
HOLIDAYS = BulkInsert(Holiday, ("id", "day", "name"))
_HOLIDAY: list[Any] = [Holiday.id, Holiday.day, Holiday.name, Holiday.created_at]
BY_ID = BulkSelect(select(*_HOLIDAY).order_by(_HOLIDAY[0]))
NAMED = BulkSelect(select(_HOLIDAY[0]).where(among_named(Holiday.name, "names")).order_by(_HOLIDAY[0]))


def rows(count: int, *, alike: bool = False) -> list[tuple[int, date, str]]:
    return [
        (number, FIRST + timedelta(days=number), "Rest" if alike else f"Day {number}")
        for number in range(1, count + 1)
    ]


def add(uow: UnitOfWork, *, found: list[tuple[int, date, str]]) -> None:
    HOLIDAYS.run(uow.session, found)


def all_of(snapshot: Snapshot) -> list[tuple[int, date, str]]:
    stamped = BY_ID.rows(snapshot.session)
    assert all(row[3].tzinfo is not None for row in stamped)
    return [row[:3] for row in stamped]


@pytest.mark.parametrize("alike", [False, True], ids=["different", "alike"])
@pytest.mark.parametrize("count", [1, 49, 50, 100, 137])
def test_rows_in_blocks_are_those_asked_for(run: Run, count: int, alike: bool) -> None:
    run(add, found=rows(count, alike=alike))
    assert run.read(all_of) == rows(count, alike=alike)


def test_a_row_that_breaks_a_rule_leaves_none_of_its_block(run: Run) -> None:
    twice = rows(80)
    twice[60] = (61, twice[0][1], "The same day again")

    def try_and_go_on(uow: UnitOfWork) -> None:
        with pytest.raises(INTEGRITY_ERROR), uow.session.begin_nested():
            add(uow, found=twice)

    run(try_and_go_on)
    assert run.read(all_of) == []


def test_what_is_asked_among_many_is_found(run: Run) -> None:
    run(add, found=rows(60))
    names = ["Day 7", "Day 59", "Nobody's day"]
    assert run.read(lambda snapshot: NAMED.rows(snapshot.session, names=names)) == [(7,), (59,)]


def test_rows_that_become_the_same_are_changed_together(run: Run) -> None:
    run(add, found=rows(60))
    renamed = Bulk(
        update(Holiday).where(among_named(Holiday.id, "ids")).values(name=bindparam("new_name")),
        ("ids", "new_name"),
    )
    changes = [(number, "Odd" if number % 2 else "Even") for number in range(1, 61)]
    assert len(alike_together(changes)) == 2
    run(lambda uow: renamed.run(uow.session, alike_together(changes)))
    assert [(row[0], row[2]) for row in run.read(all_of)] == changes
