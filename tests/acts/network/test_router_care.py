"""Copies of configurations, versions and changes of many routers, as rows of either database."""

from datetime import timedelta

import pytest

from benfex.core.clock import MovedClock
from benfex.core.paging import PageRequest
from benfex.network.change_runs import (
    Step,
    begin,
    begin_undo,
    end_run,
    end_step,
    list_items,
    list_runs,
    note_preview,
    plan_run,
    run_view,
    take_step,
)
from benfex.network.driver import RouterIdentity
from benfex.network.firmware import count_behind, firmware_overview
from benfex.network.health import note_identity, note_router_status
from benfex.network.inspecting import note_restart
from benfex.network.inventory import add_router
from benfex.network.outages import list_outages
from benfex.network.snapshots import (
    KEPT_ALWAYS,
    KEPT_FOR,
    Kept,
    accept_change,
    drop_old_copies,
    keep_configuration,
    list_snapshots,
    unexpected_changes,
)
from benfex.network.vetted import set_dns
from data.values.errors import Conflict, InvalidInput, NotFound
from data.values.identifiers import RouterId
from data.values.kinds import ChangeItemState, ChangeRunState
from data.values.states import RouterStatus
from tests.acts.network.rows import VAULT, new_router
from tests.conftest import Run

TEXT = "# 2026-11-27 02:30:00 by RouterOS 7.18.2\n/ip dns\nset servers=8.8.8.8\n"


def add(run: Run, name: str, version: str) -> RouterId:
    router_id: RouterId = run(
        add_router, name=name, host="10.0.0.9", username="benfex", password="pw", vault=VAULT, is_managed=True
    )
    run(
        note_identity,
        router_id=router_id,
        identity=RouterIdentity(name, version, "hEX", None, 1, 1, 1, 1, "7.18", "7.18"),
    )
    return router_id


def keep(run: Run, router_id: RouterId, text: str) -> Kept:
    kept: Kept = run(keep_configuration, router_id=router_id, text=text, version="7.18.2", vault=VAULT)
    return kept


def test_versions_are_sorted_and_compared_in_the_database(run: Run) -> None:
    for name, version in (("a", "7.18.2"), ("b", "7.9"), ("c", "6.49.17"), ("d", "")):
        add(run, name, version)

    page = run.read(firmware_overview, request=PageRequest(sort="version", descending=True, size=3))
    assert [one.version for one in page.rows] == ["7.18.2", "7.9", "6.49.17"]
    assert page.total == 4
    assert run.read(count_behind) == 1
    found = run.read(firmware_overview, request=PageRequest(search="HEX", filter="behind"))
    assert [(one.name, one.newest) for one in found.rows] == [("b", "7.18.2")]


def test_a_change_by_others_waits_until_it_was_looked_at(run: Run) -> None:
    router_id = run(new_router)
    assert not keep(run, router_id, TEXT).is_unexpected
    assert not keep(run, router_id, TEXT.replace("02:30", "02:31")).is_new
    changed = keep(run, router_id, TEXT + "/ip pool\nadd name=a ranges=10.0.0.1\n")
    assert (changed.is_unexpected, changed.added, changed.removed) == (True, 1, 0)

    (told,) = run.read(unexpected_changes)
    assert (told[0], told[1]) == (router_id, "nakuru-core")
    run(accept_change, router_id=router_id, snapshot_id=changed.snapshot_id)
    assert run.read(unexpected_changes) == ()
    with pytest.raises(NotFound):
        run(accept_change, router_id=RouterId(99), snapshot_id=changed.snapshot_id)


def test_old_copies_go_but_never_the_newest_thirty(run: Run, clock: MovedClock) -> None:
    router_id = run(new_router)
    for number in range(KEPT_ALWAYS + 3):
        keep(run, router_id, TEXT + f"add name={number}\n")
    assert run(drop_old_copies) == 0

    clock.advance(KEPT_FOR + timedelta(days=1))
    assert run(drop_old_copies) == 3
    page = run.read(list_snapshots, router_id=router_id, request=PageRequest(size=100))
    assert len(page.rows) == page.total == KEPT_ALWAYS


def test_a_run_goes_from_planned_to_undone(run: Run) -> None:
    routers = [add(run, name, "7.18.2") for name in ("a", "b")]
    run_id = run(plan_run, change=set_dns("1.1.1.1"), router_ids=[*routers, routers[0]])
    run(note_preview, run_id=run_id, seen={routers[0]: {"servers": "8.8.8.8"}, routers[1]: "no answer"})
    page = run.read(list_items, run_id=run_id, request=PageRequest())
    assert [(item.before, item.state, item.reason) for item in page.rows] == [
        ("8.8.8.8", ChangeItemState.WAITING, ""),
        ("not read", ChangeItemState.UNREAD, "no answer"),
    ]

    run(begin, run_id=run_id, seen=ChangeRunState.PLANNED)
    step = run(take_step, run_id=run_id, is_undo=False)
    assert step == Step(routers[0], {"servers": "8.8.8.8"})
    assert run(take_step, run_id=run_id, is_undo=False) == step  # after a kill it is the same one again
    run(end_step, run_id=run_id, router_id=routers[0], state=ChangeItemState.DONE, reason="")
    assert run(take_step, run_id=run_id, is_undo=False) is None
    run(end_run, run_id=run_id, state=ChangeRunState.DONE)
    with pytest.raises(Conflict):
        run(begin, run_id=run_id, seen=ChangeRunState.DONE)

    run(begin_undo, run_id=run_id)
    assert run(take_step, run_id=run_id, is_undo=True) == step
    run(end_step, run_id=run_id, router_id=routers[0], state=ChangeItemState.UNDONE, reason="")
    with pytest.raises(Conflict, match="being undone"):
        run(begin, run_id=run_id, seen=ChangeRunState.RUNNING)
    run(end_run, run_id=run_id, state=ChangeRunState.UNDONE)
    (view,) = run.read(list_runs, request=PageRequest()).rows
    assert (view.what, view.state, view.total) == ("DNS servers: 1.1.1.1", ChangeRunState.UNDONE, 2)
    assert run.read(run_view, run_id=run_id) == view


def test_a_failure_stops_a_run_and_is_tried_again_when_it_goes_on(run: Run) -> None:
    router_id = add(run, "a", "7.18.2")
    run_id = run(plan_run, change=set_dns("1.1.1.1"), router_ids=[router_id])
    run(note_preview, run_id=run_id, seen={router_id: {"servers": ""}})
    run(begin, run_id=run_id, seen=ChangeRunState.PLANNED)
    run(take_step, run_id=run_id, is_undo=False)
    run(end_step, run_id=run_id, router_id=router_id, state=ChangeItemState.FAILED, reason="no answer")
    assert run.read(run_view, run_id=run_id).state is ChangeRunState.STOPPED

    run(begin, run_id=run_id, seen=ChangeRunState.STOPPED)
    assert run(take_step, run_id=run_id, is_undo=False) == Step(router_id, {"servers": ""})


def test_a_watched_router_is_not_planned(run: Run) -> None:
    watched = run(add_router, name="w", host="10.0.0.9", username="benfex", password="pw", vault=VAULT)
    with pytest.raises(InvalidInput, match="managed"):
        run(plan_run, change=set_dns("1.1.1.1"), router_ids=[watched])


def test_an_outage_after_a_restart_says_who_restarted_the_router(run: Run, clock: MovedClock) -> None:
    router_id = run(new_router)
    run(note_restart, router_id=router_id)
    clock.advance(timedelta(minutes=1))
    run(note_router_status, router_id=router_id, status=RouterStatus.UNREACHABLE, reason="No answer.")
    run(note_router_status, router_id=router_id, status=RouterStatus.REACHABLE)
    clock.advance(timedelta(days=1))
    run(note_router_status, router_id=router_id, status=RouterStatus.UNREACHABLE, reason="No answer.")

    found = run.read(list_outages, request=PageRequest())
    assert [outage.reason for outage in found.rows] == ["No answer.", "Restarted by tests. No answer."]
