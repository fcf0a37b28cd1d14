"""A line behind RADIUS, from its sale to its end: signed in, held, let back, and counted to its last byte."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from benfex.network.driver import RADIUS
from benfex.network.inventory import add_router
from data.engine import Database
from data.values.errors import InvalidInput
from data.values.identifiers import ConnectionId, RouterId
from data.values.kinds import AccessMethod
from data.values.states import SubscriptionStatus
from tests.acts.network.bench import Bench, bench_of, until, usage_of
from tests.acts.network.rows import SYSTEM, VAULT, connect
from tests.contract.radius_far_ends import Nas, radius_of, why_not
from tests.databases import Databases
from tests.postgresql import PostgresqlMissingError

pytestmark = [
    pytest.mark.sqlite_only,
    pytest.mark.skipif(why_not() is not None, reason=why_not() or ""),
]
GIGABYTES = 1024**3


@pytest.fixture
def nas(databases: Databases, tmp_path: Path) -> Iterator[Nas]:
    try:
        with radius_of(databases, tmp_path) as server:
            opened = Nas(server)
            opened.open()
            yield opened
            opened.close()
    except PostgresqlMissingError as error:
        pytest.skip(str(error))


@pytest.fixture
async def bench(database: Database) -> AsyncIterator[Bench]:
    async with bench_of(database, timeout_seconds=5.0) as running:
        yield running


@pytest.fixture
async def router_id(bench: Bench, nas: Nas) -> RouterId:
    """The RADIUS server as it is taken into use."""
    return await bench.transactor.transact(
        add_router,
        SYSTEM,
        name="radius",
        host=nas.radius.host,
        port=5432,
        username=f"postgres@{nas.radius.database}",
        password="any",
        vault=VAULT,
        driver=RADIUS,
        is_managed=True,
    )


async def sell(
    bench: Bench,
    router_id: RouterId,
    *,
    method: AccessMethod = AccessMethod.PPPOE,
    static_ip: str | None = None,
) -> ConnectionId:
    return ConnectionId(
        await bench.transactor.transact(
            connect,
            SYSTEM,
            router_id=router_id,
            plan_price_id=bench.plan_price_id,
            username="amina",
            number=1,
            method=method,
            static_ip=static_ip,
        )
    )


async def test_a_line_is_let_in_held_and_let_back_at_its_nas(
    bench: Bench, nas: Nas, router_id: RouterId
) -> None:
    connection_id = await sell(bench, router_id)
    await until(lambda: bench.is_applied(connection_id))
    secret = nas.radius.execute("SELECT value FROM radcheck WHERE username = 'amina'")[0][0]
    assert nas.sign_in("amina", secret) is not None
    nas.dial("amina", "81000001")

    await bench.move(connection_id, SubscriptionStatus.SUSPENDED)
    await until(lambda: not nas.sessions)  # asked to hang up, and did
    reply = nas.sign_in("amina", secret)
    assert reply is not None
    assert reply["Mikrotik-Address-List"] == ["benfex-suspended"]
    nas.dial("amina", "81000002")

    await bench.pay(connection_id)
    await until(lambda: not nas.sessions)
    reply = nas.sign_in("amina", secret)
    assert reply is not None
    assert reply["Mikrotik-Rate-Limit"] == ["5M/20M"]

    await bench.move(connection_id, SubscriptionStatus.ENDED)
    await until(lambda: bench.is_applied(connection_id))
    assert nas.sign_in("amina", secret) is None


async def test_a_session_is_counted_to_the_byte_its_last_ones_too(
    bench: Bench, nas: Nas, router_id: RouterId
) -> None:
    connection_id = await sell(bench, router_id)
    await until(lambda: bench.is_applied(connection_id))
    await bench.poller.poll(router_id)
    session = nas.dial("amina", "81000001")
    await bench.poller.poll(router_id)
    assert bench.live.online(connection_id) is True
    for download, upload in ((1_000_000, 70_000), (2_500_000, 90_000)):
        session.download_bytes, session.upload_bytes = download, upload
        nas.update(session)
        await bench.poller.poll(router_id)
    session.download_bytes += 4_321
    nas.hang_up(session)
    await bench.poller.poll(router_id)
    assert await usage_of(bench, connection_id) == (2_504_321, 90_000)
    assert bench.live.online(connection_id) is False
    await bench.another_poller().poll(router_id)  # a restart of ours counts nothing again
    assert await usage_of(bench, connection_id) == (2_504_321, 90_000)


async def test_what_ended_while_we_were_away_is_counted_once(
    bench: Bench, nas: Nas, router_id: RouterId
) -> None:
    connection_id = await sell(bench, router_id)
    await until(lambda: bench.is_applied(connection_id))
    session = nas.dial("amina", "81000001")
    await bench.poller.poll(router_id)
    session.download_bytes = 600_000
    nas.hang_up(session)
    later = bench.another_poller()
    await later.poll(router_id)
    await later.poll(router_id)
    assert await usage_of(bench, connection_id) == (600_000, 0)


async def test_what_somebody_changed_in_its_tables_is_put_right(
    bench: Bench, nas: Nas, router_id: RouterId
) -> None:
    connection_id = await sell(bench, router_id)
    await until(lambda: bench.is_applied(connection_id))
    nas.radius.execute("UPDATE radusergroup SET groupname = 'vip'")
    report = await bench.provisioner.reconcile_router(router_id, dry_run=False)
    assert report.repaired == 1
    assert nas.radius.execute("SELECT groupname FROM radusergroup") == [("benfex-home",)]


async def test_a_line_known_by_its_address_needs_a_router(bench: Bench, router_id: RouterId) -> None:
    with pytest.raises(InvalidInput) as refused:
        await sell(bench, router_id, method=AccessMethod.STATIC, static_ip="10.0.0.9")
    assert refused.value.field == "router_id"
