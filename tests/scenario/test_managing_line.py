"""A new router is only watched: nothing is written before somebody has seen what would be."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from benfex.core.actors import StaffActor, SystemActor
from benfex.core.errors import RouterUnreachable
from benfex.network.finding import Finder
from benfex.network.inventory import manage_router
from benfex.network.managing import Managing
from data.engine import Database
from data.values.errors import Conflict, NotPermitted
from data.values.identifiers import UserId
from data.values.kinds import PlannedKind
from data.values.roles import Role
from data.values.states import SubscriptionStatus
from tests.acts.network.bench import Bench, bench_of, until
from tests.acts.network.rows import VAULT

pytestmark = pytest.mark.sqlite_only
TESTS = SystemActor("tests")
FOREIGN = {"name": "neighbour", "password": "x", "service": "pppoe", "comment": "Mama Njeri"}


@pytest.fixture
async def watched(database: Database) -> AsyncIterator[Bench]:
    """A network whose only router is not managed."""
    async with bench_of(database) as bench:
        await let(bench, is_managed=False)
        yield bench


async def let(bench: Bench, *, is_managed: bool) -> None:
    await bench.transactor.transact(manage_router, TESTS, router_id=bench.router_id, is_managed=is_managed)


def managing(bench: Bench) -> Managing:
    return Managing(bench.transactor, bench.provisioner, VAULT)


async def test_nothing_is_written_until_the_plan_was_seen_and_then_just_that(watched: Bench) -> None:
    await watched.add_on_router(FOREIGN)
    amina = await watched.connect("amina", number=1)
    await watched.connect("neighbour", number=2)
    before = watched.router.table("ppp.secret")
    await watched.provisioner.apply_due_tasks()
    await watched.provisioner.reconcile_router(watched.router_id, dry_run=False)
    assert watched.router.table("ppp.secret") == before

    plan = await managing(watched).plan(TESTS, router_id=watched.router_id)
    assert [(one.kind, one.username) for one in plan.changes] == [
        (PlannedKind.ADD, "amina"),
        (PlannedKind.ADD, "neighbour"),
    ]
    assert (plan.blocked, plan.left_alone, plan.profiles) == (("neighbour",), 1, ("benfex-home",))
    assert watched.router.table("ppp.secret") == before

    await managing(watched).start(TESTS, router_id=watched.router_id, fingerprint=plan.fingerprint)
    await until(lambda: watched.secret("amina"))
    await watched.all_applied([amina])
    held = watched.secret("neighbour")
    assert held is not None
    assert (held["comment"], held["password"]) == ("Mama Njeri", "x")  # not ours: as it was


async def test_a_plan_that_moved_has_to_be_seen_again(watched: Bench) -> None:
    await watched.connect("amina", number=1)
    plan = await managing(watched).plan(TESTS, router_id=watched.router_id)
    await watched.connect("juma", number=2)
    with pytest.raises(Conflict, match="has changed since you looked"):
        await managing(watched).start(TESTS, router_id=watched.router_id, fingerprint=plan.fingerprint)
    await watched.provisioner.apply_due_tasks()
    assert watched.secret("amina") is None


async def test_a_router_that_is_watched_again_keeps_what_it_holds(watched: Bench) -> None:
    await let(watched, is_managed=True)
    amina = await watched.connect("amina")
    await watched.all_applied([amina])
    await let(watched, is_managed=False)
    await until(lambda: watched.session("amina"))
    await watched.move(amina, SubscriptionStatus.SUSPENDED)
    await watched.set_on_router("amina", {"profile": "default"})
    await watched.provisioner.apply_due_tasks()
    report = await watched.provisioner.reconcile_router(watched.router_id, dry_run=False)
    assert report.repaired == 0
    with pytest.raises(Conflict, match="only watched"):
        await Finder(watched.transactor, watched.provisioner).disconnect(
            TESTS, router_id=watched.router_id, username="amina"
        )
    await asyncio.sleep(0.3)  # an alarm for a task that may not be carried out would have come by now
    secret = watched.secret("amina")
    assert secret is not None
    assert (secret["profile"], watched.session("amina") is not None) == ("default", True)
    assert all(task.attempts == 0 for task in await watched.tasks(amina))

    plan = await managing(watched).plan(TESTS, router_id=watched.router_id)
    assert [(one.kind, one.what) for one in plan.changes] == [
        (PlannedKind.CHANGE, "profile is default, not benfex-suspended")
    ]
    assert plan.cut == 1
    await managing(watched).start(TESTS, router_id=watched.router_id, fingerprint=plan.fingerprint)
    await until(lambda: (watched.secret("amina") or {}).get("profile") == "benfex-suspended")


async def test_who_may_not_change_the_network_may_look_and_not_begin(watched: Bench) -> None:
    await watched.connect("amina")
    support = StaffActor(UserId(1), Role.SUPPORT, "Support")
    plan = await managing(watched).plan(support, router_id=watched.router_id)
    with pytest.raises(NotPermitted):
        await managing(watched).start(support, router_id=watched.router_id, fingerprint=plan.fingerprint)
    assert watched.secret("amina") is None


async def test_a_router_that_does_not_answer_has_no_plan(watched: Bench) -> None:
    watched.router.set_fault("unreachable")
    with pytest.raises(RouterUnreachable):
        await managing(watched).plan(TESTS, router_id=watched.router_id)
