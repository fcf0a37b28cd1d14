"""What a router is told about a connection follows from the subscription alone."""

import pytest

from benfex.network.desired_state import (
    ConnectionFacts,
    PlanLimits,
    SubscriptionFacts,
    access_level,
    desired_access,
    desired_profiles,
)
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
STATIC = ConnectionFacts(ConnectionId(9), AccessMethod.STATIC, "shop", "pw")


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


def test_static_addresses_are_refused_in_words() -> None:
    with pytest.raises(InvalidInput) as raised:
        desired_access(SubscriptionFacts(SubscriptionStatus.ACTIVE), PLAN, STATIC)

    assert raised.value.field == "method"
