"""An outage begins once, ends once, is told once, and is added up by router and site."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benfex.core.clock import MovedClock
from benfex.core.paging import PageRequest
from benfex.core.unit_of_work import UnitOfWork
from benfex.identity.staff import create_staff
from benfex.network.health import note_router_status
from benfex.network.inventory import enable_router, place_router
from benfex.network.outages import (
    downtime_of_month,
    list_outages,
    say_duration,
    seconds_covered,
    tell_outages,
)
from data.models.router import Router
from data.values.errors import InvalidInput
from data.values.identifiers import RouterId
from data.values.roles import Role
from data.values.states import RouterStatus
from tests.conftest import START, Run
from tests.factories.isp import make_router
from tests.factories.messages import queued, set_up_channels

ALL = PageRequest(page=1, size=50, sort="", descending=True, filter="all")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def router_id(isp: Run) -> RouterId:
    return make_router(isp)


def goes(isp: Run, router_id: RouterId, status: RouterStatus) -> None:
    isp(note_router_status, router_id=router_id, status=status, reason="No answer.")


def staff_messages(isp: Run) -> list[tuple[str, str]]:
    return [
        (message.template, dict(message.facts)["duration"])
        for message in queued(isp)
        if message.template.startswith("router_")
    ]


def test_an_outage_begins_when_the_router_last_answered_and_ends_when_it_does_again(
    isp: Run, clock: MovedClock, router_id: RouterId
) -> None:
    goes(isp, router_id, RouterStatus.REACHABLE)

    def seen(uow: UnitOfWork) -> None:
        router = uow.session.get(Router, router_id)
        assert router is not None
        router.last_seen_at = START

    isp(seen)
    clock.advance(2 * MINUTE)
    for _ in range(3):
        goes(isp, router_id, RouterStatus.UNREACHABLE)
    (lasting,) = isp.read(list_outages, request=ALL).rows
    assert (lasting.began_at, lasting.ended_at, lasting.seconds) == (START, None, 120)
    clock.advance(10 * MINUTE)
    for _ in range(2):
        goes(isp, router_id, RouterStatus.REACHABLE)
    (ended,) = isp.read(list_outages, request=ALL).rows
    assert (ended.ended_at, ended.seconds) == (START + 12 * MINUTE, 720)
    goes(isp, router_id, RouterStatus.UNREACHABLE)
    # Nobody had asked it for a while: what was before is not known.
    assert isp.read(list_outages, request=ALL).rows[0].began_at == START + 12 * MINUTE
    assert isp.read(list_outages, request=ALL).total == 2


@pytest.mark.parametrize("how", ["refuses", "is paused"])
def test_what_is_no_silence_is_no_outage(isp: Run, router_id: RouterId, how: str) -> None:
    goes(isp, router_id, RouterStatus.UNREACHABLE)
    if how == "refuses":
        goes(isp, router_id, RouterStatus.AUTH_FAILED)
    else:
        isp(enable_router, router_id=router_id, is_enabled=False)
    (outage,) = isp.read(list_outages, request=ALL).rows
    assert outage.ended_at is not None


def test_staff_are_told_once_of_what_lasts_and_when_it_is_over(
    isp: Run, clock: MovedClock, router_id: RouterId
) -> None:
    set_up_channels(isp)
    isp(create_staff, name="Kip", email="kip@isp.ke", role=Role.ADMIN, password_hash="no password")
    goes(isp, router_id, RouterStatus.UNREACHABLE)
    clock.advance(MINUTE)
    assert isp(tell_outages) == 0  # it may be back any moment
    clock.advance(MINUTE)
    assert (isp(tell_outages), isp(tell_outages)) == (1, 0)
    clock.advance(63 * MINUTE)
    goes(isp, router_id, RouterStatus.REACHABLE)
    told = staff_messages(isp)
    assert {template for template, _ in told} == {"router_down", "router_back"}
    assert {duration for template, duration in told if template == "router_back"} == {"1 h 5 min"}
    goes(isp, router_id, RouterStatus.UNREACHABLE)
    goes(isp, router_id, RouterStatus.REACHABLE)
    assert staff_messages(isp) == told  # who was not told that it is down is not told that it is back


def test_downtime_is_added_up_by_router_and_site_within_the_month(isp: Run, clock: MovedClock) -> None:
    routers = [make_router(isp, name=name) for name in ("north", "south", "alone")]
    for router_id in routers[:2]:
        isp(place_router, router_id=router_id, site="Hill")
    clock.move_to(datetime(2026, 11, 30, 20, tzinfo=UTC))  # 23:00 in Nairobi
    goes(isp, routers[0], RouterStatus.UNREACHABLE)
    clock.advance(timedelta(hours=2))
    goes(isp, routers[0], RouterStatus.REACHABLE)
    goes(isp, routers[1], RouterStatus.UNREACHABLE)
    clock.advance(timedelta(hours=9))
    by_router, by_site = isp.read(downtime_of_month, month=date(2026, 12, 5))
    assert {one.name: (one.outages, one.seconds) for one in by_router} == {
        "north": (1, 3_600),
        "south": (1, 9 * 3_600),
        "alone": (0, 0),
    }
    (hill,) = by_site
    assert (hill.outages, hill.seconds, hill.permille) == (2, 10 * 3_600, 0)
    before, _ = isp.read(downtime_of_month, month=date(2026, 11, 1))
    assert {one.name: one.seconds for one in before}["north"] == 3_600
    with pytest.raises(InvalidInput):
        isp(place_router, router_id=routers[0], site="x" * 61)


@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.integers(0, 20)).map(lambda pair: (pair[0], sum(pair))), max_size=8
    )
)
def test_seconds_that_several_routers_were_down_count_once(spans: list[tuple[int, int]]) -> None:
    at = [(START + timedelta(seconds=begins), START + timedelta(seconds=ends)) for begins, ends in spans]
    assert seconds_covered(at) == len({second for begins, ends in spans for second in range(begins, ends)})


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(45, "45 s"), (720, "12 min"), (3_600, "1 h"), (7_500, "2 h 5 min"), (273_600, "3 d 4 h")],
)
def test_durations_in_words(seconds: int, words: str) -> None:
    assert say_duration(seconds) == words
