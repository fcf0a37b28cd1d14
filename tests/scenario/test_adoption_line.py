"""A router that is in use already is taken over: nobody is cut off, and nothing is typed twice."""

import asyncio

import pytest

from benfex.core.actors import StaffActor, SystemActor
from benfex.customers.registration import register_customer
from benfex.network.inventory import manage_router
from benfex.network.managing import Managing
from benfex.subscriptions.adoption import Adoption, Pick
from data.engine import Database
from data.values.errors import NotPermitted
from data.values.identifiers import UserId, parse_phone
from data.values.kinds import PlannedKind
from data.values.roles import Role
from tests.acts.network.bench import Bench, bench_of, until
from tests.acts.network.rows import VAULT
from tests.conftest import Run
from tests.contract.router_clients import ask, signed_in
from tests.factories.isp import set_up_isp

pytestmark = pytest.mark.sqlite_only
TESTS = SystemActor("tests")


async def network_of_before(bench: Bench) -> None:
    """Give the router what somebody else made, let it be watched only, and register one of the customers."""
    await asyncio.to_thread(set_up_isp, Run(bench.transactor, TESTS))
    await bench.transactor.transact(manage_router, TESTS, router_id=bench.router_id, is_managed=False)
    await bench.transactor.transact(
        register_customer, TESTS, name="Amina Wanjiru", phone=parse_phone("0712345678")
    )
    async with signed_in(bench.router) as admin:
        await ask(admin, "/ppp/profile/add", "=name=20M", "=rate-limit=5M/20M")
    for name, comment in (
        ("amina", "Amina Wanjiru"),
        ("juma7", "Juma Otieno 0722000111"),
        ("tower-link", ""),
    ):
        secret = {"name": name, "password": f"pw-{name}", "service": "pppoe", "profile": "20M"}
        await bench.add_on_router(secret | ({"comment": comment} if comment else {}))
    await until(lambda: all(bench.session(name) for name in ("amina", "juma7", "tower-link")))


async def test_entries_become_lines_and_sessions_live_on(database: Database) -> None:
    async with bench_of(database) as bench:
        await network_of_before(bench)
        adoption = Adoption(bench.transactor, bench.provisioner, VAULT)
        before = bench.router.sessions()
        found = await adoption.propose(TESTS, router_id=bench.router_id)
        said = {
            one.username: (one.owner and one.owner.why, one.name, one.phone, one.missing)
            for one in found.proposals
        }
        assert said == {
            "amina": ("their name in the comment", "Amina Wanjiru", "", ""),
            "juma7": (None, "Juma Otieno", "+254722000111", ""),
            "tower-link": (None, "", "", "It does not say whose it is."),
        }
        amina, juma, tower = found.proposals
        assert amina.owner is not None
        assert amina.plan is not None
        assert juma.plan is not None
        done = await adoption.adopt(
            TESTS,
            router_id=bench.router_id,
            picks=[
                Pick(amina.key, customer_id=amina.owner.customer_id, plan_price_id=amina.plan.plan_price_id),
                Pick(juma.key, name=juma.name, phone=juma.phone, plan_price_id=juma.plan.plan_price_id),
                Pick(tower.key, name="T", phone="none", plan_price_id=juma.plan.plan_price_id),
                Pick("pppoe:nobody"),
            ],
        )
        assert (done.taken, [key for key, _ in done.refused]) == (2, ["pppoe:tower-link", "pppoe:nobody"])
        held = bench.secret("amina")
        assert held is not None
        assert held["comment"] == "Amina Wanjiru"  # the router is only watched yet

        again = await adoption.propose(TESTS, router_id=bench.router_id)
        assert [one.username for one in again.proposals if one.line is not None] == ["amina", "juma7"]

        managing = Managing(bench.transactor, bench.provisioner, VAULT)
        plan = await managing.plan(TESTS, router_id=bench.router_id)
        assert [one.kind for one in plan.changes] == [PlannedKind.TAKE_OVER] * 2
        assert (plan.blocked, plan.left_alone, plan.cut) == ((), 1, 0)
        await managing.start(TESTS, router_id=bench.router_id, fingerprint=plan.fingerprint)
        await until(lambda: (bench.secret("juma7") or {}).get("comment", "").startswith("benfex:"))
        for name in ("amina", "juma7"):
            secret = bench.secret(name)
            assert secret is not None
            assert (secret["password"], secret["profile"]) == (f"pw-{name}", "benfex-home")
        tower_secret = bench.secret("tower-link")
        assert tower_secret is not None
        assert tower_secret["profile"] == "20M"
        assert [row["user"] for row in bench.router.sessions()] == [row["user"] for row in before]
        assert (await managing.plan(TESTS, router_id=bench.router_id)).changes == ()


async def test_accounts_may_not_take_over(database: Database) -> None:
    async with bench_of(database) as bench:
        await network_of_before(bench)
        adoption = Adoption(bench.transactor, bench.provisioner, VAULT)
        accountant = StaffActor(UserId(1), Role.ACCOUNTANT, "Accounts")
        with pytest.raises(NotPermitted):
            await adoption.propose(accountant, router_id=bench.router_id)
        with pytest.raises(NotPermitted):
            await adoption.adopt(accountant, router_id=bench.router_id, picks=[Pick("pppoe:amina")])
