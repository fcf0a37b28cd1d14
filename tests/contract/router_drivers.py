"""What the tests of router drivers share: addresses and looks at the simulated router."""

from benfex.network.desired_state import PlanLimits
from benfex.network.driver import RouterAddress
from benfex.simulation.routeros.server import SimulatedRouter
from data.values.traffic import Rate

PLAN = PlanLimits("HOME", Rate(20_000_000, 5_000_000), Rate(1_000_000, 512_000))


def address_of(router: SimulatedRouter, *, timeout_seconds: float = 5.0) -> RouterAddress:
    return RouterAddress(
        router.host,
        router.port,
        "benfex",
        "demo-router-1",
        timeout_seconds=timeout_seconds,
        deadline_seconds=10.0,
    )


def commands(router: SimulatedRouter, path: str | None = None) -> int:
    """Return how often `path` was asked, or anything at all."""
    counts = router.requests()["commands"]
    assert isinstance(counts, dict)
    return sum(counts.values()) if path is None else int(counts.get(path, 0))


def secret_of(router: SimulatedRouter, username: str) -> dict[str, str]:
    return next(row for row in router.table("ppp.secret") if row["name"] == username)


def moved_bytes(router: SimulatedRouter, interface: str) -> tuple[int, int]:
    """Return what the router received and sent on an interface."""
    row = next(row for row in router.table("interface") if row["name"] == interface)
    return int(row["rx-byte"]), int(row["tx-byte"])
