"""Leaks: who is on the network and not paying, or known to nobody, in money a month.

Each router is asked what it holds and who is online now. Nothing is changed: what Benfex wrote and somebody opened is
repaired by the comparison of routers, what is not ours is a person's to look at.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median_low

from benfex.core.actors import Actor, require
from benfex.core.policy import current_terms
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot
from benfex.network.asking import ask_all
from benfex.network.desired_state import SUSPENDED_PROFILE
from benfex.network.driver import AccessEntry, Seen
from benfex.network.provisioning import Provisioner
from data.queries import lines as line_queries
from data.queries import routers_listing as listing
from data.queries.lines import LineRow
from data.values.identifiers import ConnectionId, CustomerId, RouterId
from data.values.kinds import Interval, LeakKind
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import SubscriptionStatus

_PAYING = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE)
# So many periods are a month, for a comparison of prices and for nothing that is billed.
_A_MONTH: Mapping[Interval, float] = {
    Interval.HOUR: 730.0,
    Interval.DAY: 30.4,
    Interval.WEEK: 4.345,
    Interval.MONTH: 1.0,
}


@dataclass(frozen=True, slots=True)
class Leak:
    """Somebody who gets what nobody pays for. `monthly` is what their plan costs, or a usual plan where nobody knows.

    `customer_id` is None for what is not ours; `what` says what was seen.
    """

    kind: LeakKind
    router_id: RouterId
    router_name: str
    username: str
    customer_id: CustomerId | None
    customer_name: str
    is_online: bool
    what: str
    monthly: Money


@dataclass(frozen=True, slots=True)
class LeakReport:
    """All leaks, the dearest first; how many routers answered, and those that did not, with why."""

    leaks: tuple[Leak, ...]
    asked: int
    not_asked: tuple[tuple[str, str], ...]
    monthly: Money


class Leaks:
    """Asks the routers what leaks."""

    def __init__(self, transactor: Transactor, provisioner: Provisioner) -> None:
        self._transactor = transactor
        self._provisioner = provisioner

    async def report(self, actor: Actor) -> LeakReport:
        """Ask every router that is in use, and say what leaks. A router that does not answer is named."""
        answers = await ask_all(self._transactor, self._provisioner, actor)
        found = await self._transactor.read(leaks_of, actor, seen=answers.seen)
        return replace(found, not_asked=answers.not_asked)


def leaks_of(snapshot: Snapshot, *, seen: Mapping[RouterId, Seen]) -> LeakReport:
    """Return what leaks at the routers that were seen."""
    require(snapshot.actor, Permission.VIEW_NETWORK)
    currency = current_terms(snapshot).currency
    names = {row.id: row.name for row in listing.routers_in_list(snapshot.session)}
    lines = line_queries.lines_of(snapshot.session, router_ids=list(seen))
    usual = usual_price(lines, currency=currency)
    leaks: list[Leak] = []
    for router_id, one in seen.items():
        own = [row for row in lines if row.router_id == router_id]
        leaks += find_leaks(router_id, names[router_id], own, one, usual=usual)
    leaks.sort(key=lambda leak: (-leak.monthly.minor, leak.router_name, leak.username))
    total = sum(leak.monthly.minor for leak in leaks if leak.monthly.currency == currency)
    return LeakReport(tuple(leaks), len(seen), (), Money(total, currency))


def usual_price(lines: Iterable[LineRow], *, currency: str) -> Money:
    """Return what a usual line costs a month: the middle one of those that pay, nothing where none does."""
    paid = [monthly_price(row).minor for row in lines if row.status in _PAYING and row.currency == currency]
    return Money(median_low(paid) if paid else 0, currency)


def monthly_price(row: LineRow) -> Money:
    """Return what a line's plan costs a month, for a comparison: a month has 4.345 weeks."""
    return Money(round(row.price_minor * _A_MONTH[row.interval] / row.interval_count), row.currency)


def find_leaks(
    router_id: RouterId, router_name: str, lines: Sequence[LineRow], seen: Seen, *, usual: Money
) -> list[Leak]:
    """Return what leaks at one router, by what its rows say and what was seen there."""
    by_connection = {ConnectionId(row.connection_id): row for row in lines}
    known = {entry.username for entry in seen.reading.entries}
    foreign = {name for _, name in seen.reading.foreign_usernames}
    leaks: list[Leak] = []

    def leak(kind: LeakKind, username: str, what: str, row: LineRow | None = None) -> None:
        leaks.append(
            Leak(
                kind=kind,
                router_id=router_id,
                router_name=router_name,
                username=username,
                customer_id=CustomerId(row.customer_id) if row is not None else None,
                customer_name=row.customer_name if row is not None else "",
                is_online=username in seen.online,
                what=what,
                monthly=monthly_price(row) if row is not None else usual,
            )
        )

    for entry in seen.reading.entries:
        row = by_connection.get(entry.connection_id)
        if _is_open(entry) and (row is None or (row.is_settled and row.status not in _PAYING)):
            status = row.status if row is not None else "not known here"
            leak(
                LeakKind.NOT_PAYING, entry.username, f"Open on the router, and the service is {status}.", row
            )
    for username in sorted(foreign):
        leak(LeakKind.NOT_OURS, username, "On the router without our mark.")
    for username in sorted(seen.online - known - foreign):
        leak(LeakKind.UNKNOWN, username, "Online, and the router's lists do not hold the name.")
    return leaks


def _is_open(entry: AccessEntry) -> bool:
    return entry.enabled and entry.profile != SUSPENDED_PROFILE
