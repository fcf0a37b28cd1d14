"""What every router link has to do when the wire or the router misbehaves."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from benfex.core.errors import RouterAuthFailed, RouterError, RouterProtocolError, RouterUnreachable
from benfex.network.desired_state import desired_profiles
from benfex.network.driver import RouterAddress, RouterDriver, RouterLink
from benfex.simulation.routeros.server import SimulatedRouter
from tests.contract.router_clients import until
from tests.contract.router_drivers import PLAN, address_of, commands
from tests.contract.scripted_routers import challenge, hang_up, say_too_much, scripted_router, trickle

HASTE_SECONDS = 0.3


@pytest.fixture(params=[(HASTE_SECONDS, 10.0), (10.0, HASTE_SECONDS)], ids=["silence", "deadline"])
async def hasty_link(
    driver: RouterDriver, router: SimulatedRouter, request: pytest.FixtureRequest
) -> AsyncIterator[RouterLink]:
    """Yield a link that loses patience soon, by its silence or by the whole."""
    timeout_seconds, deadline_seconds = request.param
    address = replace(address_of(router), timeout_seconds=timeout_seconds, deadline_seconds=deadline_seconds)
    async with driver.open(address) as opened:
        yield opened


async def test_a_wrong_password_needs_a_person(driver: RouterDriver, router: SimulatedRouter) -> None:
    with pytest.raises(RouterAuthFailed):
        await driver.connect(replace(address_of(router), password="wrong"))


async def test_a_router_that_is_down_is_unreachable(driver: RouterDriver, router: SimulatedRouter) -> None:
    router.set_fault("unreachable")

    with pytest.raises(RouterUnreachable) as raised:
        await driver.connect(address_of(router))

    assert raised.value.retryable


async def test_a_router_that_accepts_and_says_nothing_is_unreachable(
    driver: RouterDriver, router: SimulatedRouter
) -> None:
    router.set_fault("stalled")

    with pytest.raises(RouterUnreachable):
        await driver.connect(replace(address_of(router, timeout_seconds=30), deadline_seconds=0.2))


@pytest.mark.parametrize("host", ["router.invalid", "", "a" * 70])
async def test_a_host_that_cannot_be_is_unreachable(driver: RouterDriver, host: str) -> None:
    with pytest.raises(RouterUnreachable):
        await driver.connect(RouterAddress(host, 1, "benfex", "x", timeout_seconds=1, deadline_seconds=3))


async def test_a_link_whose_router_went_away_ends(link: RouterLink, router: SimulatedRouter) -> None:
    router.set_fault("unreachable")

    with pytest.raises(RouterUnreachable):
        await link.identify()

    assert link.is_closed


async def test_silence_ends_the_link(hasty_link: RouterLink, router: SimulatedRouter) -> None:
    router.set_fault("stalled")

    async with asyncio.timeout(HASTE_SECONDS + 3):
        with pytest.raises(RouterUnreachable):
            await hasty_link.read_poll()

    assert hasty_link.is_closed


async def test_an_ended_link_never_hands_out_old_answers(
    hasty_link: RouterLink, router: SimulatedRouter
) -> None:
    router.set_fault("stalled", 1)
    with pytest.raises(RouterUnreachable):
        await hasty_link.read_poll()

    with pytest.raises(RouterUnreachable):
        await hasty_link.identify()


async def test_an_answer_that_trickles_for_ever_is_cut_off(driver: RouterDriver) -> None:
    async with (
        scripted_router(trickle, deadline_seconds=HASTE_SECONDS) as address,
        driver.open(address) as link,
    ):
        with pytest.raises(RouterUnreachable):
            await link.identify()


async def test_an_old_router_is_answered_its_challenge(driver: RouterDriver) -> None:
    async with scripted_router(challenge) as address, driver.open(address) as link:
        assert not link.is_closed


async def test_a_farewell_says_why(driver: RouterDriver) -> None:
    async with scripted_router(hang_up) as address, driver.open(address) as link:
        with pytest.raises(RouterUnreachable, match="shutting down"):
            await link.identify()


async def test_more_than_was_asked_for_ends_the_link(driver: RouterDriver) -> None:
    async with scripted_router(say_too_much) as address, driver.open(address) as link:
        with pytest.raises(RouterProtocolError):
            await link.identify()


async def test_nonsense_ends_the_link(hasty_link: RouterLink, router: SimulatedRouter) -> None:
    router.set_fault("garbage")

    with pytest.raises(RouterError):
        await hasty_link.identify()

    assert hasty_link.is_closed


async def test_nonsense_at_login_is_told_from_a_wrong_password(
    driver: RouterDriver, router: SimulatedRouter
) -> None:
    router.set_fault("garbage")

    with pytest.raises((RouterProtocolError, RouterUnreachable)):
        await driver.connect(address_of(router, timeout_seconds=HASTE_SECONDS))


async def test_questions_asked_at_once_get_their_own_answers(link: RouterLink) -> None:
    first, access, second, poll = await asyncio.gather(
        link.identify(), link.read_access(), link.identify(), link.read_poll()
    )

    assert first.name == second.name == "nakuru-core"
    assert len(access.profiles) == len(desired_profiles(PLAN))
    assert poll.health.board == first.board


async def test_giving_up_ends_the_link_at_once(link: RouterLink, router: SimulatedRouter) -> None:
    router.set_fault("stalled")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await link.identify()

    assert link.is_closed


async def test_closing_wakes_who_waits(driver: RouterDriver, router: SimulatedRouter) -> None:
    link = await driver.connect(replace(address_of(router), timeout_seconds=30))
    router.set_fault("stalled")
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(fails_with_unreachable(link))
        await until(lambda: commands(router, "/system/identity/print"))
        await link.close()

    assert waiting.result()


async def fails_with_unreachable(link: RouterLink) -> bool:
    with pytest.raises(RouterUnreachable):
        await link.identify()
    return True
