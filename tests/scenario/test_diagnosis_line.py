"""Why somebody is offline, asked while a simulated router loses, stops and forgets them."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select
from sqlmodel import col

from benfex.core.actors import SystemActor
from benfex.core.unit_of_work import Snapshot
from benfex.network.looks import NameLooks
from benfex.subscriptions.diagnosis import Diagnosis, diagnose
from data.engine import Database
from data.models.router import Connection
from data.models.subscription import Subscription
from data.values.identifiers import ConnectionId, CustomerId
from data.values.kinds import OfflineCause
from data.values.states import SubscriptionStatus
from tests.acts.network.bench import Bench, bench_of, until
from tests.conftest import Run
from tests.factories.isp import set_up_isp

TESTS = SystemActor("tests")
pytestmark = pytest.mark.sqlite_only


@pytest.fixture
async def bench(database: Database) -> AsyncIterator[Bench]:
    async with bench_of(database) as running:
        await asyncio.to_thread(set_up_isp, Run(running.transactor, TESTS))
        yield running


async def why(bench: Bench, connection_id: ConnectionId, *, asks: bool = False) -> Diagnosis:
    """Return the diagnosis of a line named amina; `asks` lets its router be asked about the name."""
    line = {connection_id: (bench.router_id, "amina")}
    asked = await NameLooks(bench.provisioner).ask(line) if asks else {}

    def look(snapshot: Snapshot) -> Diagnosis:
        customer_id = snapshot.session.scalars(
            select(col(Subscription.customer_id))
            .join(Connection, col(Connection.subscription_id) == col(Subscription.id))
            .where(col(Connection.id) == connection_id)
        ).one()
        online = {connection_id: bench.live.online(connection_id)}
        (found,) = diagnose(
            snapshot, customer_id=CustomerId(customer_id), online=online, asked=asked
        ).values()
        return found

    return await bench.transactor.read(look, TESTS)


async def test_the_cause_follows_what_happens(bench: Bench) -> None:
    connection_id = await bench.connect("amina")
    assert (await why(bench, connection_id)).cause is OfflineCause.NOT_WRITTEN
    await until(lambda: bench.is_applied(connection_id))
    await until(lambda: bench.session("amina"))
    await bench.poller.poll(bench.router_id)
    assert (await why(bench, connection_id)).is_online

    await bench.move(connection_id, SubscriptionStatus.SUSPENDED)
    await until(lambda: bench.is_applied(connection_id))
    found = await why(bench, connection_id)
    assert found.cause is OfflineCause.STOPPED
    await bench.move(connection_id, SubscriptionStatus.ACTIVE)
    await until(lambda: bench.is_applied(connection_id))

    bench.router.set_fault("unreachable")
    await bench.poller.poll(bench.router_id)
    await until(lambda: bench.watch.is_lost(bench.router_id))
    found = await why(bench, connection_id)
    assert found.cause is OfflineCause.ROUTER_DOWN
    assert "It was last online" in found.sentence


async def test_a_wrong_password_is_told_with_what_the_router_wrote(bench: Bench) -> None:
    connection_id = await bench.connect("amina")
    await until(lambda: bench.session("amina"))
    await bench.all_applied([connection_id])
    bench.router.type_password("amina", "secret-of-amima")
    await until(lambda: bench.session("amina") is None)
    await until(lambda: "amina authentication failed" in str(bench.router.table("log")))
    await bench.poller.poll(bench.router_id)
    assert (await why(bench, connection_id)).cause is OfflineCause.LINE_DOWN  # without asking nobody knows
    found = await why(bench, connection_id, asks=True)
    assert found.cause is OfflineCause.WRONG_PASSWORD
    assert "dials in with a wrong password" in found.sentence
    assert "user amina authentication failed" in found.evidence[-1]
    assert "amima" not in str(found)

    bench.router.type_password("amina", "secret-of-amina")
    await until(lambda: bench.session("amina"))
    assert (await why(bench, connection_id, asks=True)).is_online


async def test_another_device_under_the_same_name_is_told(bench: Bench) -> None:
    connection_id = await bench.connect("amina")
    await until(lambda: bench.session("amina"))
    await bench.all_applied([connection_id])
    assert (await why(bench, connection_id, asks=True)).is_online
    assert bench.router.dial_again("amina", caller_id="02:00:00:00:00:99")
    found = await why(bench, connection_id, asks=True)
    assert found.cause is OfflineCause.ELSEWHERE
    assert "02:00:00:00:00:99" in found.sentence


async def test_a_router_that_stalls_holds_nobody_up(bench: Bench) -> None:
    connection_id = await bench.connect("amina")
    await bench.all_applied([connection_id])
    bench.router.set_fault("stalled")
    async with asyncio.timeout(8):
        assert await NameLooks(bench.provisioner).ask({connection_id: (bench.router_id, "amina")}) == {}
