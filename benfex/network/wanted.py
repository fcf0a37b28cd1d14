"""What the rows say a router should have now, gathered for the rules of `desired_state`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benfex.core.actors import require
from benfex.core.unit_of_work import Snapshot
from benfex.core.vault import Vault
from benfex.network.connections import SECRET_CONTEXT
from benfex.network.desired_state import (
    ConnectionFacts,
    PlanLimits,
    SubscriptionFacts,
    desired_access,
    desired_profiles,
)
from benfex.network.driver import AccessEntry, ProfileSpec
from data.queries import routers as router_queries
from data.queries.routers import AccessFacts
from data.values.errors import InvalidInput
from data.values.identifiers import ConnectionId, RouterId
from data.values.kinds import CapAction
from data.values.roles import Permission
from data.values.traffic import Rate

# Enough to read mail and to pay, for plans that have no throttled speed.
DUNNING_BPS = 512_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """The access of one connection; `entry` None is none, `problem` says why the router cannot be told."""

    connection_id: ConnectionId
    username: str
    generation: int
    applied_generation: int
    entry: AccessEntry | None
    profiles: tuple[ProfileSpec, ...]
    problem: str = ""


def wanted_access(
    snapshot: Snapshot,
    *,
    router_id: RouterId,
    vault: Vault,
    connection_ids: Sequence[ConnectionId] | None = None,
) -> tuple[Wanted, ...]:
    """Return what a router should have, for some connections or all that are not removed, by connection.

    `profiles` are only those that the entry names. Raises ConfigurationError when a secret cannot be opened.
    """
    require(snapshot.actor, Permission.OPERATE_NETWORK)
    rows = router_queries.access_facts(snapshot.session, router_id=router_id, connection_ids=connection_ids)
    return tuple(_wanted(row, vault) for row in rows)


def known_connections(snapshot: Snapshot, *, router_id: RouterId) -> frozenset[ConnectionId]:
    """Return all connections a router ever had, removed ones too: only their entries may be taken off it."""
    require(snapshot.actor, Permission.OPERATE_NETWORK)
    live = (row[0] for row in router_queries.connections_of(snapshot.session, router_id=router_id))
    removed = router_queries.removed_connections(snapshot.session, router_id=router_id)
    return frozenset(ConnectionId(row) for row in (*live, *removed))


def _wanted(row: AccessFacts, vault: Vault) -> Wanted:
    throttled = None
    # Dunning slows every plan down, also one that has no speed of its own for that.
    slow_bps = row.throttled_bps or (DUNNING_BPS if row.is_throttled else None)
    if slow_bps is not None:
        throttled = Rate(min(slow_bps, row.download_bps), min(slow_bps, row.upload_bps))
    plan = PlanLimits(row.plan_code, Rate(row.download_bps, row.upload_bps), throttled, row.burst)
    connection = ConnectionFacts(
        connection_id=ConnectionId(row.connection_id),
        method=row.method,
        username=row.username,
        password=vault.open(row.secret_sealed, context=SECRET_CONTEXT),
        remote_address=row.static_ip,
        caller_id=row.mac,
    )
    is_over = row.is_over_cap and row.cap_action is CapAction.THROTTLE
    facts = SubscriptionFacts(row.status, is_throttled=row.is_throttled)
    entry: AccessEntry | None = None
    profiles: tuple[ProfileSpec, ...] = ()
    problem = ""
    try:
        entry = desired_access(facts, plan, connection, over_allowance=is_over)
        if entry is not None:
            entry = replace(entry, takes_over=row.takes_over)
            named = desired_profiles(plan, method=row.method)
            profiles = tuple(profile for profile in named if profile.name == entry.profile)
    except InvalidInput as error:
        problem = error.message
    return Wanted(
        connection_id=ConnectionId(row.connection_id),
        username=row.username,
        generation=row.desired_generation,
        applied_generation=row.applied_generation,
        entry=entry,
        profiles=profiles,
        problem=problem,
    )
