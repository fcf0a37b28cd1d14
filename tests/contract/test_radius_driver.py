"""What the RADIUS driver has to do, seen from a NAS that asks Debian's FreeRADIUS."""

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from benfex.core.errors import RouterProtocolError, RouterRejected, RouterUnreachable
from benfex.network.desired_state import SUSPENDED_ADDRESS_LIST, SUSPENDED_PROFILE, desired_profiles
from benfex.network.driver import (
    AccessEntry,
    AddAccess,
    EnsureProfile,
    ProfileSpec,
    RemoveAccess,
    RouterAddress,
    RouterLink,
    SetAccess,
)
from benfex.network.drivers.radius.driver import RadiusDriver
from data.values.identifiers import ConnectionId
from data.values.kinds import AccessMethod
from data.values.traffic import Burst, Rate
from tests.contract.radius_far_ends import Nas, RadiusServer, number_of, radius_of, why_not
from tests.contract.router_drivers import PLAN
from tests.databases import Databases
from tests.postgresql import PostgresqlMissingError

pytestmark = pytest.mark.skipif(why_not() is not None, reason=why_not() or "")

ALICE = AccessEntry(ConnectionId(7), "alice", "pa55", "benfex-home")
STAFF = "INSERT INTO radcheck (username, attribute, op, value) VALUES ('staff', 'Cleartext-Password', ':=', 'theirs')"


@pytest.fixture(scope="module")
def radius(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RadiusServer]:
    try:
        with radius_of(databases, tmp_path_factory.mktemp("radius")) as server:
            yield server
    except PostgresqlMissingError as error:
        pytest.skip(str(error))


@pytest.fixture
def nas(radius: RadiusServer) -> Iterator[Nas]:
    radius.empty()
    opened = Nas(radius)
    opened.open()
    yield opened
    opened.close()


def address_of(radius: RadiusServer) -> RouterAddress:
    return RouterAddress(
        radius.host, 5432, f"postgres@{radius.database}", "any", timeout_seconds=5, deadline_seconds=10
    )


@pytest.fixture
async def link(radius: RadiusServer, nas: Nas, pool: ThreadPoolExecutor) -> AsyncIterator[RouterLink]:
    async with RadiusDriver(pool=pool).open(address_of(radius)) as opened:
        yield opened


async def give(link: RouterLink, entry: AccessEntry = ALICE) -> None:
    for profile in desired_profiles(PLAN):
        await link.apply(EnsureProfile(profile))
    await link.apply(AddAccess(entry))


async def test_reading_writes_nothing(link: RouterLink, radius: RadiusServer) -> None:
    reading = await link.read_access()
    assert (reading.entries, reading.profiles) == ((), ())
    await link.read_poll()
    assert radius.execute("SELECT to_regclass('benfex_access')") == [(None,)]


@pytest.mark.parametrize("chap", [False, True])
async def test_who_is_paid_for_signs_in_at_the_speed_of_the_plan(
    link: RouterLink, nas: Nas, chap: bool
) -> None:
    assert nas.sign_in("alice", "pa55", chap=chap) is None
    await give(link)
    reply = nas.sign_in("alice", "pa55", chap=chap)
    assert reply is not None
    assert reply["Mikrotik-Rate-Limit"] == ["5M/20M"]  # from the NAS: what it receives is the upload
    assert number_of(reply, "WISPr-Bandwidth-Max-Down") == 20_000_000
    assert number_of(reply, "Acct-Interim-Interval") == 60
    assert "Mikrotik-Address-List" not in reply
    assert nas.sign_in("alice", "wrong", chap=chap) is None


async def test_who_has_not_paid_signs_in_to_the_pay_page_only(link: RouterLink, nas: Nas) -> None:
    await give(link)
    await link.apply(SetAccess((ALICE.connection_id,), profile=SUSPENDED_PROFILE))
    reply = nas.sign_in("alice", "pa55")
    assert reply is not None
    assert reply["Mikrotik-Address-List"] == [SUSPENDED_ADDRESS_LIST]
    await link.apply(SetAccess((ALICE.connection_id,), enabled=False))
    assert nas.sign_in("alice", "pa55") is None
    await link.apply(SetAccess((ALICE.connection_id,), enabled=True, profile="benfex-home"))
    assert nas.sign_in("alice", "pa55") is not None
    await link.apply(RemoveAccess(ALICE.connection_id))
    assert nas.sign_in("alice", "pa55") is None


@pytest.mark.parametrize(
    "entry",
    [
        ALICE,
        replace(ALICE, remote_address="10.1.2.3", caller_id="AA:BB:CC:00:11:22"),
        replace(ALICE, remote_address="pool-a", enabled=False),
        replace(ALICE, method=AccessMethod.HOTSPOT),
    ],
)
async def test_an_entry_comes_back_as_it_was_given(link: RouterLink, entry: AccessEntry) -> None:
    await give(link, entry)
    assert await link.read_entry("alice", method=entry.method) == entry
    await link.apply(AddAccess(entry))
    assert (await link.read_access()).entries == (entry,)


async def test_a_device_and_an_address_of_their_own_are_kept_to(link: RouterLink, nas: Nas) -> None:
    await give(link, replace(ALICE, remote_address="10.1.2.3", caller_id="AA:BB:CC:00:11:22"))
    reply = nas.sign_in("alice", "pa55", caller_id="AA:BB:CC:00:11:22")
    assert reply is not None
    assert reply["Framed-IP-Address"] == ["10.1.2.3"]
    assert nas.sign_in("alice", "pa55", caller_id="AA:BB:CC:00:11:23") is None


@pytest.mark.parametrize(
    "username", ["12345", "0123", "true", "josé", "名前", "a=b", "?x", "a b", "o'neil", "%{x}"]
)
async def test_any_name_and_password_is_known_to_the_nas(link: RouterLink, nas: Nas, username: str) -> None:
    await give(link, replace(ALICE, username=username, password=username))
    assert nas.sign_in(username, username) is not None
    assert (await link.read_access()).entries[0].username == username


async def test_profiles_come_back_as_they_were_given(link: RouterLink) -> None:
    burst = Burst(Rate(30_000_000, 8_000_000), Rate(15_000_000, 4_000_000), 10)
    profile = ProfileSpec("benfex-fast", Rate(20_000_000, 5_000_000), None, burst=burst)
    await link.apply(EnsureProfile(profile))
    await link.apply(EnsureProfile(replace(profile, method=AccessMethod.HOTSPOT)))
    found = (await link.read_access()).profiles
    assert [item for item in found if item.method is AccessMethod.PPPOE] == [profile]
    with pytest.raises(RouterRejected):
        await link.apply(EnsureProfile(replace(profile, name="theirs")))


async def test_an_entry_of_somebody_else_is_never_touched(
    link: RouterLink, nas: Nas, radius: RadiusServer
) -> None:
    radius.execute(STAFF)
    await give(link)
    entry = replace(ALICE, connection_id=ConnectionId(8), username="staff")
    with pytest.raises(RouterRejected) as refused:
        await link.apply(AddAccess(entry))
    assert refused.value.code == "foreign_entry"
    with pytest.raises(RouterRejected):
        await link.apply(SetAccess((ALICE.connection_id,), username="staff"))
    await link.apply(RemoveAccess(ConnectionId(8)))
    assert nas.sign_in("staff", "theirs") is not None
    assert nas.sign_in("alice", "pa55") is not None  # the whole change was taken back
    assert (AccessMethod.PPPOE, "staff") in (await link.read_access()).foreign_usernames
    assert [foreign.username for foreign in await link.read_foreign()] == ["staff"]
    await link.apply(AddAccess(replace(entry, takes_over=True)))
    assert (await link.read_entry("staff")) == entry


async def test_bytes_beyond_four_gigabytes_and_after_the_last_poll_are_counted(
    link: RouterLink, nas: Nas
) -> None:
    await give(link)
    session = nas.dial("alice", "81e00001")
    session.download_bytes, session.upload_bytes, session.seconds = 9 * 2**32 + 5, 2**32 + 7, 60
    nas.update(session)
    poll = await link.read_poll()
    assert [(item.username, item.address) for item in poll.sessions] == [("alice", "10.0.0.7")]
    assert [(item.download_bytes, item.upload_bytes) for item in poll.counters] == [
        (9 * 2**32 + 5, 2**32 + 7)
    ]
    session.download_bytes += 11
    nas.hang_up(session)
    poll = await link.read_poll()
    assert poll.sessions == ()
    assert [item.download_bytes for item in poll.counters] == [9 * 2**32 + 16]


async def test_an_update_that_comes_late_takes_nothing_back(link: RouterLink, nas: Nas) -> None:
    await give(link)
    session = nas.dial("alice", "81e00001")
    session.download_bytes, session.seconds = 5_000, 120
    nas.update(session)
    session.download_bytes, session.seconds = 3_000, 60
    nas.update(session)
    assert [item.download_bytes for item in (await link.read_poll()).counters] == [5_000]


async def test_a_session_is_ended_at_its_nas(link: RouterLink, nas: Nas) -> None:
    await give(link)
    nas.dial("alice", "81e00001")
    assert len(await link.read_sessions("alice")) == 1
    assert await link.disconnect("alice") == 1
    assert nas.sessions == {}
    assert await link.read_sessions("alice") == ()
    assert await link.disconnect("alice") == 0


async def test_another_speed_reaches_a_session_that_goes_on(link: RouterLink, nas: Nas) -> None:
    await give(link)
    session = nas.dial("alice", "81e00001")
    await link.apply(SetAccess((ALICE.connection_id,), profile="benfex-home-throttled"))
    assert await link.disconnect("alice") == 1
    assert session.rate_limit == "512k/1M"
    assert nas.sessions == {"81e00001": session}
    assert await link.disconnect("alice") == 1  # asked again it means what it says
    assert nas.sessions == {}


async def test_who_is_suspended_dials_anew(link: RouterLink, nas: Nas) -> None:
    await give(link)
    nas.dial("alice", "81e00001")
    await link.apply(SetAccess((ALICE.connection_id,), profile=SUSPENDED_PROFILE))
    assert await link.disconnect("alice") == 1
    assert nas.sessions == {}


async def test_a_session_that_its_nas_does_not_know_has_ended(link: RouterLink, nas: Nas) -> None:
    await give(link)
    nas.dial("alice", "81e00001")
    nas.sessions.clear()
    assert await link.disconnect("alice") == 1


@pytest.mark.parametrize(("behaves", "code"), [("refuses", "nas_refused"), ("is silent", "nas_silent")])
async def test_a_nas_that_does_not_follow_is_told_of(
    link: RouterLink, nas: Nas, behaves: str, code: str
) -> None:
    await give(link)
    nas.dial("alice", "81e00001")
    nas.behaves = behaves
    with pytest.raises(RouterRejected) as refused:
        await link.disconnect("alice")
    assert refused.value.code == code
    assert not link.is_closed


async def test_refused_logins_are_told(link: RouterLink, nas: Nas) -> None:
    await give(link)
    nas.sign_in("alice", "wrong")
    assert [found.message for found in await link.read_refusals("alice")] == ["alice: Access-Reject"]
    assert (await link.read_log())[0].message == "alice: Access-Reject"


async def test_what_only_a_router_does_is_refused(link: RouterLink) -> None:
    by_address = replace(ALICE, method=AccessMethod.STATIC, remote_address="10.0.0.9")
    with pytest.raises(RouterRejected) as refused:
        await link.apply(AddAccess(by_address))
    assert refused.value.code == "not_offered"
    with pytest.raises(RouterRejected):
        await link.reboot()
    assert await link.read_interfaces() == ()


async def test_a_database_that_is_not_freeradius_is_told(
    databases: Databases, radius: RadiusServer, pool: ThreadPoolExecutor
) -> None:
    with databases.blank("postgresql") as url:
        address = replace(address_of(radius), username=f"postgres@{urlsplit(url).path.lstrip('/')}")
        async with RadiusDriver(pool=pool).open(address) as link:
            assert (await link.identify()).board == "FreeRADIUS"
            with pytest.raises(RouterProtocolError, match="not FreeRADIUS"):
                await link.read_access()


async def test_a_database_that_is_away_is_a_router_that_is_down(pool: ThreadPoolExecutor) -> None:
    address = RouterAddress("127.0.0.1", 1, "radius", "any", timeout_seconds=2, deadline_seconds=5)
    with pytest.raises(RouterUnreachable):
        await RadiusDriver(pool=pool).connect(address)
