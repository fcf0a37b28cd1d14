"""The journal of what was written to routers: in words, without secrets, paged, gone by age."""

from datetime import timedelta

import pytest

from benfex.core.clock import MovedClock
from benfex.core.paging import PageRequest
from benfex.network.driver import (
    AccessEntry,
    AccessReading,
    AddAccess,
    EnsureProfile,
    ProfileSpec,
    RemoveAccess,
    SetAccess,
)
from benfex.network.write_journal import Write, note_writes, tell_changes, writes_of_router, writes_of_service
from benfex.reporting.purge import purge_old_rows
from data.values.errors import NotFound
from data.values.identifiers import ConnectionId, RouterId, SubscriptionId
from data.values.kinds import WriteCause
from data.values.traffic import Rate
from tests.acts.network.rows import connect, new_router, sell_plan
from tests.conftest import Run

ONE, TWO, THREE = ConnectionId(1), ConnectionId(2), ConnectionId(3)


def test_changes_are_told_in_words_and_passwords_never() -> None:
    before = AccessReading(
        (
            AccessEntry(ONE, "amina", "s3cret", "benfex-suspended"),
            AccessEntry(TWO, "brian", "x", "benfex-home"),
        ),
        frozenset(),
        (),
    )
    changes = (
        EnsureProfile(ProfileSpec("benfex-home", Rate(10_000_000, 2_000_000))),
        SetAccess((ONE,), profile="benfex-home", password="n3w-s3cret", enabled=True),
        AddAccess(AccessEntry(THREE, "chebet", "s3cret", "benfex-home")),
        RemoveAccess(TWO),
    )
    told = tell_changes(changes, before, {THREE: "full"})
    assert [(item.connection_id, item.what, item.reason) for item in told] == [
        (None, "profile benfex-home: 10 Mbps down, 2 Mbps up", ""),
        (ONE, "profile benfex-suspended → benfex-home, enabled, password changed", ""),
        (THREE, "added with profile benfex-home", "full"),
        (TWO, "removed", ""),
    ]
    assert "s3cret" not in repr(told)


def test_writes_are_listed_newest_first_for_a_router_and_for_a_service(run: Run) -> None:
    router_id = run(new_router)
    connection_id = run(connect, router_id=router_id, plan_price_id=run(sell_plan))
    writes = (
        Write(None, "profile benfex-home: no limit"),
        Write(connection_id, "removed", "It is there still."),
    )
    run(note_writes, router_id=router_id, cause=WriteCause.DRIFT, writes=writes)
    run(note_writes, router_id=router_id, cause=WriteCause.WISH, writes=())
    page = run.read(writes_of_router, router_id=router_id, request=PageRequest(size=1))
    assert page.total == 2
    assert [(one.what, one.username, one.is_confirmed, one.reason) for one in page.rows] == [
        ("removed", "amina", False, "It is there still.")
    ]
    kept = run.read(writes_of_router, router_id=router_id, request=PageRequest(filter="kept"))
    assert [(one.username, one.cause) for one in kept.rows] == [(None, WriteCause.DRIFT)]
    of_service = run.read(writes_of_service, subscription_id=SubscriptionId(1), request=PageRequest())
    assert [one.what for one in of_service.rows] == ["removed"]
    with pytest.raises(NotFound):
        run.read(writes_of_router, router_id=RouterId(9), request=PageRequest())
    with pytest.raises(NotFound):
        run.read(writes_of_service, subscription_id=SubscriptionId(9), request=PageRequest())


def test_writes_go_after_half_a_year(run: Run, clock: MovedClock) -> None:
    router_id = run(new_router)
    run(note_writes, router_id=router_id, cause=WriteCause.WISH, writes=(Write(None, "old"),))
    clock.advance(timedelta(days=179))
    run(purge_old_rows)
    assert run.read(writes_of_router, router_id=router_id, request=PageRequest()).total == 1
    clock.advance(timedelta(days=2))
    run(purge_old_rows)
    assert run.read(writes_of_router, router_id=router_id, request=PageRequest()).total == 0
