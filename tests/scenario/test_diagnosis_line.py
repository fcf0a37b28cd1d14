"""Why somebody is offline, asked while a simulated router loses, stops and forgets them."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select
from sqlmodel import col

from benfex.core.actors import SystemActor
from benfex.core.unit_of_work import Snapshot
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


async def why(bench: Bench, connection_id: ConnectionId) -> Diagnosis:
    def look(snapshot: Snapshot) -> Diagnosis:
        customer_id = snapshot.session.scalars(
            select(col(Subscription.customer_id))
            .join(Connection, col(Connection.subscription_id) == col(Subscription.id))
            .where(col(Connection.id) == connection_id)
        ).one()
        online = {connection_id: bench.live.online(connection_id)}
        (found,) = diagnose(snapshot, customer_id=CustomerId(customer_id), online=online).values()
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
