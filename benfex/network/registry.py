"""Which kinds of router there are, by the name kept with each router; one line a kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Final

from benfex.network.driver import RADIUS, ROUTEROS, RouterDriver
from benfex.network.drivers.radius.driver import RadiusDriver
from benfex.network.drivers.routeros.driver import RouterOsDriver

ROUTER_WORKERS: Final = 16

_DRIVERS: Final[Mapping[str, Callable[[ThreadPoolExecutor], RouterDriver]]] = {
    ROUTEROS: lambda pool: RouterOsDriver(pool=pool),
    RADIUS: lambda pool: RadiusDriver(pool=pool),
}


def make_pool(workers: int = ROUTER_WORKERS) -> ThreadPoolExecutor:
    """Return the threads in which routers are waited for; the caller shuts them down."""
    return ThreadPoolExecutor(max_workers=workers, thread_name_prefix="router")


def make_drivers(pool: ThreadPoolExecutor) -> Mapping[str, RouterDriver]:
    """Return one driver per kind of router, by name; all share `pool`."""
    return MappingProxyType({name: make(pool) for name, make in _DRIVERS.items()})
