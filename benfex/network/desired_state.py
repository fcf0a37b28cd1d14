"""Rule: what a router should be told about a connection. How far it is from that is in `difference.py`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, assert_never

from benfex.network.driver import AccessEntry, ProfileSpec
from data.values.errors import InvalidInput
from data.values.identifiers import ConnectionId
from data.values.kinds import BY_ADDRESS, AccessLevel, AccessMethod
from data.values.states import SubscriptionStatus
from data.values.traffic import Burst, Rate

# Routers of an ISP hold on to these names: firewall rules refer to the list.
SUSPENDED_PROFILE: Final = "benfex-suspended"
SUSPENDED_ADDRESS_LIST: Final = "benfex-suspended"
SUSPENDED_RATE: Final = Rate(download_bps=256_000, upload_bps=256_000)
ACTIVE_ADDRESS_LIST: Final = "benfex-active"
NO_LIMIT: Final = Rate(0, 0)


@dataclass(frozen=True, slots=True)
class SubscriptionFacts:
    """What of a subscription decides about access; throttled by a dunning step or by staff."""

    status: SubscriptionStatus
    is_throttled: bool = False


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """What of a plan reaches the router; `throttled` None means that the plan is never throttled.

    A burst belongs to the full speed only.
    """

    code: str
    rate: Rate | None
    throttled: Rate | None = None
    burst: Burst | None = None


@dataclass(frozen=True, slots=True)
class ConnectionFacts:
    """What of a connection reaches the router; the password is in the clear here and goes no further."""

    connection_id: ConnectionId
    method: AccessMethod
    username: str
    password: str = field(repr=False)
    remote_address: str | None = None
    caller_id: str | None = None


def access_level(subscription: SubscriptionFacts, *, over_allowance: bool = False) -> AccessLevel:
    """Return what the subscriber is entitled to now."""
    match subscription.status:
        case SubscriptionStatus.ACTIVE | SubscriptionStatus.PAST_DUE:
            is_slow = subscription.is_throttled or over_allowance
            return AccessLevel.THROTTLED if is_slow else AccessLevel.FULL
        case SubscriptionStatus.SUSPENDED:
            return AccessLevel.WALLED_GARDEN
        case SubscriptionStatus.PENDING | SubscriptionStatus.PAUSED | SubscriptionStatus.ENDED:
            return AccessLevel.NONE
        case _:
            assert_never(subscription.status)


def desired_access(
    subscription: SubscriptionFacts,
    plan: PlanLimits,
    connection: ConnectionFacts,
    *,
    over_allowance: bool = False,
) -> AccessEntry | None:
    """Return the entry the router should have; None when it should have none.

    Suspended is not absent: a PPPoE subscriber is moved to the walled garden, from where the pay page can be
    reached. A hotspot user is disabled instead, since the login page of the hotspot is that garden. A line that is
    known by its address stays on a list until it ends: without its entries nothing would hold it.
    Raises InvalidInput naming static_ip or mac that such a line lacks.
    """
    level = access_level(subscription, over_allowance=over_allowance)
    if connection.method in BY_ADDRESS:
        is_over = subscription.status is SubscriptionStatus.ENDED
        return None if is_over else _desired_by_address(plan, connection, level)
    if level is AccessLevel.NONE:
        return None
    is_locked_out = level is AccessLevel.WALLED_GARDEN and connection.method is AccessMethod.HOTSPOT
    return AccessEntry(
        connection_id=connection.connection_id,
        username=connection.username,
        password=connection.password,
        profile=profile_name(plan, AccessLevel.FULL if is_locked_out else level),
        remote_address=connection.remote_address,
        caller_id=connection.caller_id.upper() if connection.caller_id else None,
        enabled=not is_locked_out,
        method=connection.method,
    )


def desired_profiles(
    plan: PlanLimits, *, method: AccessMethod = AccessMethod.PPPOE
) -> tuple[ProfileSpec, ...]:
    """Return the profiles that entries of the plan may name: full, throttled if there is one, suspended.

    None for lines that are known by their address.
    """
    if method in BY_ADDRESS:
        return ()
    profiles = [ProfileSpec(profile_name(plan, AccessLevel.FULL), plan.rate, method=method, burst=plan.burst)]
    if plan.throttled is not None:
        name = profile_name(plan, AccessLevel.THROTTLED)
        profiles.append(ProfileSpec(name, plan.throttled, method=method))
    if method is AccessMethod.PPPOE:
        profiles.append(ProfileSpec(SUSPENDED_PROFILE, SUSPENDED_RATE, SUSPENDED_ADDRESS_LIST, method))
    return tuple(profiles)


def profile_name(plan: PlanLimits, level: AccessLevel) -> str:
    """Return the profile of the plan for a level; a plan without a throttled speed stays at its full one."""
    match level:
        case AccessLevel.FULL:
            return f"benfex-{plan.code.lower()}"
        case AccessLevel.THROTTLED:
            suffix = "" if plan.throttled is None else "-throttled"
            return f"benfex-{plan.code.lower()}{suffix}"
        case AccessLevel.WALLED_GARDEN:
            return SUSPENDED_PROFILE
        case AccessLevel.NONE:
            raise ValueError("Without access there is no profile.")
        case _:
            assert_never(level)


def _desired_by_address(plan: PlanLimits, connection: ConnectionFacts, level: AccessLevel) -> AccessEntry:
    if connection.remote_address is None:
        raise InvalidInput("static_ip", "This line needs a fixed address.")
    if connection.method is AccessMethod.DHCP and not connection.caller_id:
        raise InvalidInput("mac", "This line needs the MAC address of its device.")
    is_open = level in (AccessLevel.FULL, AccessLevel.THROTTLED)
    rate, burst = SUSPENDED_RATE, None
    if level is AccessLevel.THROTTLED:
        rate = plan.throttled or plan.rate or NO_LIMIT
    elif level is AccessLevel.FULL:
        rate, burst = plan.rate or NO_LIMIT, plan.burst
    is_leased = connection.method is AccessMethod.DHCP
    return AccessEntry(
        connection_id=connection.connection_id,
        username=connection.username,
        password=None,
        profile="",
        remote_address=connection.remote_address,
        caller_id=(connection.caller_id or "").upper() if is_leased else None,
        method=connection.method,
        rate=rate,
        burst=burst,
        address_list=ACTIVE_ADDRESS_LIST if is_open else SUSPENDED_ADDRESS_LIST,
    )
