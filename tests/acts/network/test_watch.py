"""Routers that are lost: somebody knocks at their doors until they open, whatever else goes wrong."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from benfex.core.clock import SystemClock
from benfex.core.events import EventBus
from benfex.core.transactor import Transactor
from benfex.network.health import RouterWatch
from data.engine import Database
from data.values.identifiers import RouterId
from tests.acts.network.bench import until
from tests.acts.network.rows import SYSTEM, new_router


class Stumbling(Transactor):
    """A gate whose database cannot be read for a while."""

    reads_to_fail = 0

    async def read(self, look: Any, actor: Any, /, *args: Any, **kwargs: Any) -> Any:
        if self.reads_to_fail > 0:
            self.reads_to_fail -= 1
            raise ConnectionError("server closed the connection unexpectedly")
        return await super().read(look, actor, *args, **kwargs)


@pytest.fixture
async def stumbling(database: Database) -> AsyncIterator[Stumbling]:
    gate = Stumbling(database, SystemClock(), EventBus())
    await gate.start()
    yield gate
    await gate.stop()


async def test_a_router_is_found_again_also_when_the_database_was_away_meanwhile(
    stumbling: Stumbling,
) -> None:
    door = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = door.sockets[0].getsockname()[1]
    router_id = await stumbling.transact(new_router, SYSTEM, name="tower", port=port)
    found: list[RouterId] = []
    watch = RouterWatch(transactor=stumbling, bus=EventBus(), probe_seconds=0.01)
    watch.on_return(found.append)
    stumbling.reads_to_fail = 3
    await watch.note_lost(router_id, "It did not answer.")
    await until(lambda: found)
    assert (found, watch.is_lost(router_id), stumbling.reads_to_fail) == ([router_id], False, 0)
    await watch.stop()
    door.close()


async def test_who_gave_way_to_the_knocking_hears_when_somebody_else_reached_the_router(
    stumbling: Stumbling,
) -> None:
    router_id = await stumbling.transact(new_router, SYSTEM, name="tower", port=1)
    found: list[RouterId] = []
    watch = RouterWatch(transactor=stumbling, bus=EventBus(), probe_seconds=60.0)
    watch.on_return(found.append)
    await watch.note_lost(router_id, "It did not answer.")
    await watch.note_reached(router_id)
    assert (found, watch.is_lost(router_id)) == ([router_id], False)
    await watch.note_reached(router_id)
    assert found == [router_id], "only once"
    await watch.stop()
