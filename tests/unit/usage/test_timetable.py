"""When a router owes its next point."""

import pytest

from benfex.usage.timetable import RouterToPoll, Turn
from data.values.identifiers import RouterId
from data.values.states import RouterStatus


@pytest.fixture
def turn() -> Turn:
    """A router that was read at second 100 and is read each minute."""
    router = RouterToPoll(RouterId(1), "nakuru-core", RouterStatus.REACHABLE, True, 60, None)
    turn = Turn(router, due=160.0, point=100.0)
    turn.keep_pace(100.0, interval_seconds=60)
    return turn


def test_who_begins_to_look_is_owed_a_point_from_then_on(turn: Turn) -> None:
    turn.keep_pace(150.0, interval_seconds=2)
    assert turn.point == 148.0


def test_a_point_that_is_overdue_at_the_same_pace_stays_overdue(turn: Turn) -> None:
    turn.keep_pace(150.0, interval_seconds=2)
    turn.keep_pace(160.0, interval_seconds=2)
    assert turn.point == 148.0


def test_a_slower_pace_forgives_nothing(turn: Turn) -> None:
    turn.keep_pace(150.0, interval_seconds=2)
    turn.keep_pace(151.0, interval_seconds=60)
    assert turn.point == 148.0
