"""What every router driver has to do to a router, and what a router then does to subscribers."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from benfex.core.errors import (
    RouterRejected,
    RouterUnreachable,
)
from benfex.network.desired_state import (
    SUSPENDED_PROFILE,
    ConnectionFacts,
    SubscriptionFacts,
    desired_access,
    desired_profiles,
)
from benfex.network.difference import difference, is_applied
from benfex.network.driver import (
    AccessEntry,
    AddAccess,
    EnsureProfile,
    ProfileSpec,
    RemoveAccess,
    RouterDriver,
    RouterLink,
    SetAccess,
)
from benfex.network.registry import make_drivers
from benfex.simulation.routeros.server import SimulatedRouter
from data.values.identifiers import ConnectionId
from data.values.kinds import AccessMethod
from data.values.states import SubscriptionStatus
from data.values.traffic import Burst, Rate
from tests.contract.router_clients import online, until
from tests.contract.router_drivers import PLAN, address_of, commands, moved_bytes, secret_of

ALICE = AccessEntry(ConnectionId(7), "alice", "secret", "benfex-home")
HOTSPOT_PLAN = ProfileSpec("benfex-day", Rate(2_000_000, 1_000_000), method=AccessMethod.HOTSPOT)


def test_every_registered_driver_is_covered(pool: ThreadPoolExecutor) -> None:
    assert set(make_drivers(pool)) == {"radius", "routeros"}  # radius: test_radius_driver


async def test_a_router_says_who_it_is(link: RouterLink) -> None:
    identity = await link.identify()

    assert identity.name == "nakuru-core"
    assert identity.version.startswith("7.18")
    assert identity.serial is not None
    assert identity.total_memory_bytes > identity.free_memory_bytes > 0


async def test_access_is_given_with_our_mark(link: RouterLink, router: SimulatedRouter) -> None:
    await link.apply(AddAccess(ALICE))

    secret = secret_of(router, "alice")
    assert secret["comment"] == "benfex:7"
    assert (secret["profile"], secret["service"]) == ("benfex-home", "pppoe")
    assert await link.read_entry("alice") == ALICE


async def test_adding_twice_is_adding_once(link: RouterLink, router: SimulatedRouter) -> None:
    await link.apply(AddAccess(ALICE))
    await link.apply(AddAccess(replace(ALICE, password="newer")))

    assert [row["password"] for row in router.table("ppp.secret")] == ["newer"]


@pytest.mark.parametrize(
    "username", ["12345", "0123", "true", "no", "josé", "名前", "a=b", "?x", "a b", "!re"]
)
async def test_any_name_comes_back_as_it_was_given(link: RouterLink, username: str) -> None:
    entry = replace(ALICE, username=username, password=username)
    await link.apply(AddAccess(entry))

    assert await link.read_entry(username) == entry
    assert (await link.read_access()).entries == (entry,)


async def test_an_entry_of_somebody_else_is_never_touched(
    driver: RouterDriver, link: RouterLink, router: SimulatedRouter
) -> None:
    router.populate("staff", 1, "default")
    before = secret_of(router, "staff0001")
    entry = replace(ALICE, username="staff0001")

    for change in (AddAccess(entry), SetAccess((ConnectionId(7),), profile="benfex-home")):
        with pytest.raises(RouterRejected):
            await link.apply(change)
    await link.apply(RemoveAccess(ConnectionId(7)))

    assert secret_of(router, "staff0001") == before
    with pytest.raises(RouterRejected) as raised:
        await link.read_entry("staff0001")
    assert raised.value.code == "foreign_entry"
    assert (await link.read_access()).foreign_usernames == {(AccessMethod.PPPOE, "staff0001")}


async def test_a_name_of_somebody_else_cannot_be_taken_by_renaming(
    link: RouterLink, router: SimulatedRouter
) -> None:
    router.populate("staff", 1, "default")
    await link.apply(AddAccess(ALICE))

    with pytest.raises(RouterRejected) as raised:
        await link.apply(SetAccess((ConnectionId(7),), username="staff0001"))

    assert raised.value.code == "foreign_entry"


async def test_a_name_of_another_connection_is_not_taken_over(link: RouterLink) -> None:
    await link.apply(AddAccess(ALICE))

    with pytest.raises(RouterRejected):
        await link.apply(AddAccess(replace(ALICE, connection_id=ConnectionId(8))))

    assert await link.read_entry("alice") == ALICE


async def test_a_refusal_leaves_the_link_usable(link: RouterLink) -> None:
    with pytest.raises(RouterRejected) as raised:
        await link.apply(AddAccess(replace(ALICE, profile="benfex-not-there")))

    assert raised.value.code == "missing_reference"
    assert (await link.identify()).name == "nakuru-core"


async def test_setting_what_is_not_there_is_refused(link: RouterLink) -> None:
    with pytest.raises(RouterRejected) as raised:
        await link.apply(SetAccess((ConnectionId(99),), enabled=False))

    assert raised.value.code == "missing_entry"


async def test_a_write_the_router_forgot_shows_on_reading_back(
    link: RouterLink, router: SimulatedRouter
) -> None:
    router.set_fault("drop_write", 1)
    await link.apply(AddAccess(ALICE))

    assert not is_applied(ALICE, await link.read_entry("alice"))
    await link.apply(AddAccess(ALICE))
    assert is_applied(ALICE, await link.read_entry("alice"))


async def test_after_a_lost_answer_reading_again_tells_what_happened(
    driver: RouterDriver, link: RouterLink, router: SimulatedRouter
) -> None:
    router.set_fault("close_after_write", 1)
    with pytest.raises(RouterUnreachable):
        await link.apply(AddAccess(ALICE))
    assert link.is_closed

    async with driver.open(address_of(router)) as again:
        assert await again.read_entry("alice") == ALICE
        await again.apply(AddAccess(ALICE))

    assert len(router.table("ppp.secret")) == 1


async def test_a_mark_with_a_remark_behind_it_is_still_ours(
    driver: RouterDriver, link: RouterLink, router: SimulatedRouter
) -> None:
    await link.apply(AddAccess(ALICE))
    row = router.device.tables["/ppp/secret"]
    row.set([secret_of(router, "alice")[".id"]], {"comment": "benfex:7 moved the dish, Otieno"})

    await link.apply(SetAccess((ConnectionId(7),), enabled=False))

    entry = await link.read_entry("alice")
    assert entry is not None
    assert not entry.enabled


async def test_an_address_and_a_caller_are_bound_and_released(link: RouterLink) -> None:
    bound = replace(ALICE, remote_address="10.9.8.7", caller_id="d0:d0:4b:36:7c:c1")
    await link.apply(AddAccess(bound))
    assert is_applied(bound, await link.read_entry("alice"))

    await link.apply(SetAccess((ConnectionId(7),), remote_address="", caller_id=""))

    assert await link.read_entry("alice") == ALICE


async def test_many_connections_are_suspended_in_one_command(
    link: RouterLink, router: SimulatedRouter
) -> None:
    entries = [replace(ALICE, connection_id=ConnectionId(n), username=f"home{n}") for n in range(1, 31)]
    for entry in entries:
        await link.apply(AddAccess(entry))
    suspended = [replace(entry, profile=SUSPENDED_PROFILE) for entry in entries]

    changes = difference(suspended, await link.read_access())
    for change in changes:
        await link.apply(change)

    assert len(changes) == 1
    assert commands(router, "/ppp/secret/set") == 1
    assert difference(suspended, await link.read_access()) == ()


async def test_a_profile_is_made_once_and_brought_up_to_date(
    link: RouterLink, router: SimulatedRouter
) -> None:
    written = commands(router, "/ppp/profile/set")
    for profile in desired_profiles(PLAN):
        await link.apply(EnsureProfile(profile))
    assert commands(router, "/ppp/profile/set") == written

    faster = replace(PLAN, rate=Rate(40_000_000, 10_000_000))
    await link.apply(EnsureProfile(desired_profiles(faster)[0]))

    rates = {row["name"]: row.get("rate-limit") for row in router.table("ppp.profile")}
    assert rates["benfex-home"] == "10M/40M"
    assert difference([], await link.read_access(), profiles=desired_profiles(faster)) == ()


async def test_a_burst_is_written_and_read_back_and_one_set_by_hand_is_kept(
    link: RouterLink, router: SimulatedRouter
) -> None:
    burst = Burst(Rate(80_000_000, 20_000_000), Rate(30_000_000, 8_000_000), 10)
    bursting = desired_profiles(replace(PLAN, rate=Rate(40_000_000, 10_000_000), burst=burst))
    plain = desired_profiles(replace(PLAN, rate=Rate(40_000_000, 10_000_000)))
    await link.apply(EnsureProfile(bursting[0]))

    rates = {row["name"]: row.get("rate-limit") for row in router.table("ppp.profile")}
    assert rates["benfex-home"] == "10M/40M 20M/80M 8M/30M 10/10"
    assert difference([], await link.read_access(), profiles=bursting) == ()
    assert difference([], await link.read_access(), profiles=plain) == ()


async def test_a_limit_is_lifted_from_a_profile(link: RouterLink) -> None:
    free = ProfileSpec("benfex-home", None)
    await link.apply(EnsureProfile(free))

    assert free in (await link.read_access()).profiles


async def test_a_suspended_subscriber_sees_only_the_portal_until_restored(
    link: RouterLink, router: SimulatedRouter
) -> None:
    await link.apply(AddAccess(ALICE))
    assert not (await online(router, "alice"))["portal_only"]

    await become(link, SubscriptionStatus.SUSPENDED)
    assert (await online(router, "alice"))["portal_only"]
    assert await link.disconnect("alice") == 1

    await become(link, SubscriptionStatus.ACTIVE)
    assert not (await online(router, "alice"))["portal_only"]


async def test_disconnecting_nobody_is_no_error(link: RouterLink) -> None:
    assert await link.disconnect("nobody") == 0
    assert await link.disconnect() == 0


@pytest.mark.parametrize("count", [2, 12])
async def test_sessions_of_several_end_at_once_and_nobody_elses(
    link: RouterLink, router: SimulatedRouter, count: int
) -> None:
    router.populate("home", 15, "default")
    names = sorted(str(session["user"]) for session in router.sessions())
    assert len(names) == 15

    assert await link.disconnect(*names[:count]) == count

    assert sorted(str(session["user"]) for session in router.sessions()) == names[count:]


async def test_access_is_read_of_the_methods_that_are_asked_for(link: RouterLink) -> None:
    await link.apply(AddAccess(ALICE))
    assert (await link.read_access(frozenset({AccessMethod.PPPOE}))).entries == (ALICE,)
    assert (await link.read_access(frozenset({AccessMethod.HOTSPOT}))).entries == ()


async def test_removed_access_stays_away(link: RouterLink, router: SimulatedRouter) -> None:
    await link.apply(AddAccess(ALICE))
    for _ in range(2):
        await link.apply(RemoveAccess(ConnectionId(7)))

    assert await link.read_entry("alice") is None
    assert router.table("ppp.secret") == []


async def test_a_poll_has_the_subscribers_side_of_every_session(
    link: RouterLink, router: SimulatedRouter
) -> None:
    await link.apply(AddAccess(ALICE))
    await online(router, "alice")
    await until(lambda: moved_bytes(router, "<pppoe-alice>")[1] > 1000)

    asked_at = time.monotonic()
    poll = await link.read_poll()

    (session,) = poll.sessions
    (counters,) = poll.counters
    upload_bytes, download_bytes = moved_bytes(router, "<pppoe-alice>")
    assert poll.is_complete
    assert counters.session_key == session.session_key
    assert counters.steady_at is not None
    assert asked_at < counters.steady_at < time.monotonic()
    assert 0 < counters.download_bytes <= download_bytes
    assert counters.upload_bytes <= upload_bytes
    assert "pppoe-in" not in {interface.kind for interface in poll.interfaces}
    assert any(interface.name == "ether1" and interface.is_running for interface in poll.interfaces)


async def test_a_poll_asks_five_questions_however_many_are_online(
    link: RouterLink, router: SimulatedRouter
) -> None:
    router.populate("home", 300, "default")
    before = commands(router)

    poll = await link.read_poll()

    assert len(poll.sessions) == len(poll.counters) == 300
    assert commands(router) - before == 5


async def test_two_sessions_of_one_user_are_two(link: RouterLink, router: SimulatedRouter) -> None:
    await link.apply(AddAccess(ALICE))
    await online(router, "alice")
    router.dial_again("alice")

    poll = await link.read_poll()
    sessions = await link.read_sessions("alice")

    assert [session.username for session in poll.sessions] == ["alice", "alice"]
    assert len({reading.session_key for reading in poll.counters}) == 2
    assert {session.session_key for session in sessions} == {row.session_key for row in poll.counters}
    assert all(session.address and session.caller_id for session in sessions)


async def test_only_the_sessions_of_one_name_are_read(link: RouterLink, router: SimulatedRouter) -> None:
    router.populate("home", 3, "default")

    sessions = await link.read_sessions("home0002")

    assert [session.username for session in sessions] == ["home0002"]


async def test_a_hotspot_user_is_locked_out_and_let_in_again(
    link: RouterLink, router: SimulatedRouter
) -> None:
    guest = AccessEntry(ConnectionId(9), "guest", "pw", "benfex-day", method=AccessMethod.HOTSPOT)
    await link.apply(EnsureProfile(HOTSPOT_PLAN))
    await link.apply(AddAccess(guest))
    await online(router, "guest")
    assert [reading.username for reading in (await link.read_poll()).counters] == ["guest"]

    await link.apply(SetAccess((ConnectionId(9),), AccessMethod.HOTSPOT, enabled=False))
    assert await link.disconnect("guest", method=AccessMethod.HOTSPOT) == 1
    assert (await link.read_poll()).sessions == ()

    await link.apply(SetAccess((ConnectionId(9),), AccessMethod.HOTSPOT, enabled=True))
    await online(router, "guest")
    assert (await link.read_access()).entries == (guest,)


async def become(link: RouterLink, status: SubscriptionStatus) -> None:
    """Bring alice's access to what her subscription says, as provisioning does, and redial."""
    connection = ConnectionFacts(ALICE.connection_id, AccessMethod.PPPOE, "alice", "secret")
    desired = desired_access(SubscriptionFacts(status), PLAN, connection)
    assert desired is not None
    for change in difference([desired], await link.read_access()):
        await link.apply(change)
    assert is_applied(desired, await link.read_entry("alice"))
    await link.disconnect("alice")
