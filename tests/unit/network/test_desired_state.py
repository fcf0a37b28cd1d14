"""What a router is told about a connection follows from the subscription alone."""

from dataclasses import replace

import pytest

from benfex.network.desired_state import (
    SUSPENDED_RATE,
    ConnectionFacts,
    PlanLimits,
    SubscriptionFacts,
    access_level,
    desired_access,
    desired_profiles,
)
from benfex.network.difference import is_open
from benfex.network.driver import ProfileSpec
from data.values.errors import InvalidInput
from data.values.identifiers import ConnectionId
from data.values.kinds import AccessLevel, AccessMethod
from data.values.states import SubscriptionStatus
from data.values.traffic import Rate

FAST, SLOW = Rate(20_000_000, 5_000_000), Rate(1_000_000, 512_000)
PLAN = PlanLimits("HOME-20", FAST, SLOW)
ALICE = ConnectionFacts(ConnectionId(7), AccessMethod.PPPOE, "alice", "pw", "10.0.0.7", "aa:bb:cc:00:11:22")
GUEST = ConnectionFacts(ConnectionId(8), AccessMethod.HOTSPOT, "guest", "pw")
STATIC = ConnectionFacts(ConnectionId(9), AccessMethod.STATIC, "shop", "", "10.0.0.9", "aa:bb:cc:00:11:22")
LEASED = replace(STATIC, method=AccessMethod.DHCP)


@pytest.mark.parametrize("status", [SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE])
def test_who_is_served_has_the_speed_of_the_plan(status: SubscriptionStatus) -> None:
    entry = desired_access(SubscriptionFacts(status), PLAN, ALICE)

    assert entry is not None
    assert (entry.profile, entry.enabled) == ("benfex-home-20", True)
    assert (entry.username, entry.password, entry.remote_address) == ("alice", "pw", "10.0.0.7")
    assert entry.caller_id == "AA:BB:CC:00:11:22"


@pytest.mark.parametrize(("is_throttled", "over"), [(True, False), (False, True), (True, True)])
def test_who_is_over_the_cap_or_late_is_slower(is_throttled: bool, over: bool) -> None:
    facts = SubscriptionFacts(SubscriptionStatus.ACTIVE, is_throttled=is_throttled)

    entry = desired_access(facts, PLAN, ALICE, over_allowance=over)

    assert entry is not None
    assert entry.profile == "benfex-home-20-throttled"


def test_a_plan_without_a_slow_speed_stays_at_its_full_one() -> None:
    facts = SubscriptionFacts(SubscriptionStatus.ACTIVE)

    entry = desired_access(facts, PlanLimits("PRO", FAST), ALICE, over_allowance=True)

    assert entry is not None
    assert entry.profile == "benfex-pro"


def test_who_is_suspended_can_still_reach_the_pay_page() -> None:
    entry = desired_access(SubscriptionFacts(SubscriptionStatus.SUSPENDED), PLAN, ALICE)

    assert entry is not None
    assert (entry.profile, entry.enabled) == ("benfex-suspended", True)


def test_a_suspended_hotspot_user_stays_at_the_login_page() -> None:
    entry = desired_access(SubscriptionFacts(SubscriptionStatus.SUSPENDED), PLAN, GUEST)

    assert entry is not None
    assert (entry.profile, entry.enabled) == ("benfex-home-20", False)


@pytest.mark.parametrize(
    "status", [SubscriptionStatus.PENDING, SubscriptionStatus.PAUSED, SubscriptionStatus.ENDED]
)
def test_who_is_not_served_has_no_entry(status: SubscriptionStatus) -> None:
    assert desired_access(SubscriptionFacts(status), PLAN, ALICE) is None


def test_every_status_has_a_level() -> None:
    levels = {status: access_level(SubscriptionFacts(status)) for status in SubscriptionStatus}

    assert levels[SubscriptionStatus.SUSPENDED] is AccessLevel.WALLED_GARDEN
    assert levels[SubscriptionStatus.ENDED] is AccessLevel.NONE


def test_every_profile_that_an_entry_may_name_is_made() -> None:
    names = {profile.name for profile in desired_profiles(PLAN)}

    for status in SubscriptionStatus:
        for over in (False, True):
            entry = desired_access(SubscriptionFacts(status), PLAN, ALICE, over_allowance=over)
            assert entry is None or entry.profile in names


def test_the_walled_garden_is_an_address_list_and_a_low_speed() -> None:
    garden = ProfileSpec("benfex-suspended", Rate(256_000, 256_000), "benfex-suspended")

    assert garden in desired_profiles(PLAN)
    assert garden.name not in {p.name for p in desired_profiles(PLAN, method=AccessMethod.HOTSPOT)}


@pytest.mark.parametrize(
    ("status", "is_throttled", "rate", "listed"),
    [
        (SubscriptionStatus.ACTIVE, False, FAST, "benfex-active"),
        (SubscriptionStatus.PAST_DUE, True, SLOW, "benfex-active"),
        (SubscriptionStatus.SUSPENDED, False, SUSPENDED_RATE, "benfex-suspended"),
        (SubscriptionStatus.PENDING, False, SUSPENDED_RATE, "benfex-suspended"),
        (SubscriptionStatus.PAUSED, False, SUSPENDED_RATE, "benfex-suspended"),
    ],
)
def test_a_line_known_by_its_address_is_always_on_a_list(
    status: SubscriptionStatus, is_throttled: bool, rate: Rate, listed: str
) -> None:
    entry = desired_access(SubscriptionFacts(status, is_throttled=is_throttled), PLAN, STATIC)

    assert entry is not None
    assert (entry.rate, entry.address_list, entry.remote_address) == (rate, listed, "10.0.0.9")
    assert (entry.password, entry.profile, entry.caller_id) == (None, "", None)
    assert is_open(entry) is (listed == "benfex-active")
    assert desired_profiles(PLAN, method=AccessMethod.STATIC) == ()


def test_a_line_known_by_its_address_leaves_nothing_when_it_ends() -> None:
    assert desired_access(SubscriptionFacts(SubscriptionStatus.ENDED), PLAN, LEASED) is None


def test_a_leased_line_holds_its_device() -> None:
    entry = desired_access(SubscriptionFacts(SubscriptionStatus.ACTIVE), PLAN, LEASED)

    assert entry is not None
    assert (entry.method, entry.caller_id) == (AccessMethod.DHCP, "AA:BB:CC:00:11:22")


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (replace(STATIC, remote_address=None), "static_ip"),
        (replace(LEASED, remote_address=None), "static_ip"),
        (replace(LEASED, caller_id=None), "mac"),
    ],
)
def test_what_such_a_line_lacks_is_named(line: ConnectionFacts, field: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        desired_access(SubscriptionFacts(SubscriptionStatus.ACTIVE), PLAN, line)

    assert raised.value.field == field
