"""Every registered router driver, and a simulated router for it."""

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from benfex.network.desired_state import desired_profiles
from benfex.network.driver import EnsureProfile, RouterDriver, RouterLink
from benfex.network.registry import make_drivers, make_pool
from benfex.simulation.routeros.server import SimulatedRouter
from tests.contract.router_clients import running
from tests.contract.router_drivers import PLAN, address_of


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    threads = make_pool(4)
    yield threads
    threads.shutdown()


@pytest.fixture(params=["routeros"])
def driver(request: pytest.FixtureRequest, pool: ThreadPoolExecutor) -> RouterDriver:
    return make_drivers(pool)[request.param]


@pytest.fixture
async def router() -> AsyncIterator[SimulatedRouter]:
    async with running() as simulated:
        yield simulated


@pytest.fixture
async def link(driver: RouterDriver, router: SimulatedRouter) -> AsyncIterator[RouterLink]:
    async with driver.open(address_of(router)) as opened:
        for profile in desired_profiles(PLAN):
            await opened.apply(EnsureProfile(profile))
        yield opened
