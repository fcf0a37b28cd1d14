"""Take over what a router holds already: whose each entry is, what it is sold as, and then a line of ours.

Proposals are read from the router at that moment and change nothing. What is accepted becomes a service with a line
that takes the entry over, password and all, once the router is managed; nobody is cut off by it.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from benfex.core.actors import Actor, require
from benfex.core.audit import record_audit
from benfex.core.errors import RouterUnreachable
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.core.vault import Vault
from benfex.customers.registration import register_customer
from benfex.network.connections import ConnectionSpec, take_over_entry
from benfex.network.driver import ForeignEntry
from benfex.network.provisioning import Provisioner
from benfex.network.views import router
from benfex.subscriptions.lifecycle import start_subscription
from benfex.subscriptions.likely_owners import (
    LikelyOwner,
    LikelyPlan,
    Owners,
    chosen,
    likely_plan,
    said_of_new,
)
from data.queries import adoption as adoption_queries
from data.queries import routers as router_queries
from data.queries.adoption import OwnLine
from data.values.errors import BenfexError, InvalidInput
from data.values.identifiers import ConnectionId, CustomerId, PlanPriceId, RouterId, parse_phone
from data.values.kinds import AccessMethod
from data.values.roles import Permission

_MAC = re.compile(r"[0-9A-F]{2}(?::[0-9A-F]{2}){5}")


@dataclass(frozen=True, slots=True)
class Proposal:
    """One entry of a router that is not ours, and what it could become.

    `line` is a line of ours of that very name, which needs nothing else. Otherwise `owner` is the customer who is
    meant, None where nobody is or several may be (`others`); `name` and `phone` are what the entry says of somebody
    new. `missing` says in words what a person has to add or look at; empty means that it can be accepted as it is.
    """

    key: str
    method: AccessMethod
    username: str
    comment: str
    profile: str
    is_online: bool
    line: ConnectionId | None
    owner: LikelyOwner | None
    others: tuple[LikelyOwner, ...]
    name: str
    phone: str
    plan: LikelyPlan | None
    missing: str


@dataclass(frozen=True, slots=True)
class Proposals:
    """All entries of one router that are not ours, by name."""

    router_id: RouterId
    router_name: str
    is_managed: bool
    proposals: tuple[Proposal, ...]


@dataclass(frozen=True, slots=True)
class Pick:
    """One entry that a person accepts. With `customer_id` it is theirs, else `name` and `phone` make a new customer.

    `plan_price_id` None and a line of ours of that name: the line takes it over. `starts_on` None is today.
    """

    key: str
    customer_id: CustomerId | None = None
    name: str = ""
    phone: str = ""
    plan_price_id: PlanPriceId | None = None
    starts_on: date | None = None


@dataclass(frozen=True, slots=True)
class Adopted:
    """What became of what was picked: how many were taken, and why each of the others was not, by its key."""

    taken: int
    refused: tuple[tuple[str, str], ...]


class Adoption:
    """Proposes what to take over from a router, and takes it over."""

    def __init__(self, transactor: Transactor, provisioner: Provisioner, vault: Vault) -> None:
        self._transactor = transactor
        self._provisioner = provisioner
        self._vault = vault

    async def propose(self, actor: Actor, *, router_id: RouterId) -> Proposals:
        """Read a router and return what of it could become ours. Raises NotFound, RouterUnreachable."""
        entries, online = await self._read(actor, router_id)
        return await self._transactor.read(
            proposals_for, actor, router_id=router_id, entries=entries, online=online
        )

    async def adopt(self, actor: Actor, *, router_id: RouterId, picks: Sequence[Pick]) -> Adopted:
        """Take over what was picked, each by itself; one that cannot be does not hold up the others.

        Raises NotFound, RouterUnreachable.
        """
        entries, _ = await self._read(actor, router_id)
        by_key = {key_of(entry): entry for entry in entries}
        refused: list[tuple[str, str]] = []
        for pick in picks:
            entry = by_key.get(pick.key)
            if entry is None:
                refused.append(
                    (pick.key, "The router does not hold this entry any more, or it is ours by now.")
                )
                continue
            try:
                await self._transactor.transact(
                    adopt_entry, actor, router_id=router_id, entry=entry, pick=pick, vault=self._vault
                )
            except BenfexError as error:
                refused.append((pick.key, error.message))
        return Adopted(len(picks) - len(refused), tuple(refused))

    async def _read(
        self, actor: Actor, router_id: RouterId
    ) -> tuple[tuple[ForeignEntry, ...], frozenset[str]]:
        require(actor, Permission.EDIT_SUBSCRIPTIONS)
        view = await self._transactor.read(router, actor, router_id=router_id)
        seen = await self._provisioner.look_at_others(router_id)
        if isinstance(seen, str):
            raise RouterUnreachable(f"{view.name} could not be read: {seen}")
        entries, sessions = seen
        return entries, frozenset(session.username for session in sessions)


def key_of(entry: ForeignEntry) -> str:
    """Return what names an entry on its router."""
    return f"{entry.method.value}:{entry.username}"


def pick_of(one: Proposal) -> Pick:
    """Return a proposal as it is accepted without a change."""
    return Pick(
        one.key,
        customer_id=one.owner.customer_id if one.owner is not None else None,
        name=one.name,
        phone=one.phone,
        plan_price_id=one.plan.plan_price_id if one.plan is not None else None,
    )


def proposals_for(
    snapshot: Snapshot, *, router_id: RouterId, entries: Sequence[ForeignEntry], online: frozenset[str]
) -> Proposals:
    """Return what each of these entries could become."""
    require(snapshot.actor, Permission.EDIT_SUBSCRIPTIONS)
    view = router(snapshot, router_id=router_id)
    owners = Owners(adoption_queries.customers_to_match(snapshot.session))
    plans = adoption_queries.plans_to_match(snapshot.session, at=snapshot.now)
    lines = {
        (line.method, line.username): line
        for line in adoption_queries.own_lines(snapshot.session, router_id=router_id)
        if line.is_live
    }
    made = []
    for entry in entries:
        line = lines.get((entry.method, entry.username))
        made.append(
            _for_line(entry, line, online) if line is not None else _for_new(entry, owners, plans, online)
        )
    return Proposals(router_id, view.name, view.is_managed, tuple(sorted(made, key=lambda one: one.username)))


def adopt_entry(
    uow: UnitOfWork, *, router_id: RouterId, entry: ForeignEntry, pick: Pick, vault: Vault
) -> None:
    """Make one entry a line of ours; the router is told once it is managed.

    Raises InvalidInput naming the field, NotFound, Conflict, AlreadyExists.
    """
    require(uow.actor, Permission.EDIT_SUBSCRIPTIONS)
    line = router_queries.connection_by_username(uow.session, router_id=router_id, username=entry.username)
    if line is not None and line.id is not None and line.method is entry.method and line.removed_at is None:
        take_over_entry(uow, connection_id=ConnectionId(line.id))
        return
    if entry.password is None:
        raise InvalidInput(
            "password",
            "The router does not tell the password: give its API user the policy “sensitive”, and try again.",
        )
    if pick.plan_price_id is None:
        raise InvalidInput("plan_price_id", "Choose what it is sold as.")
    customer_id = pick.customer_id
    if customer_id is None:
        customer_id = register_customer(uow, name=pick.name, phone=parse_phone(pick.phone))
    start_subscription(
        uow,
        customer_id=customer_id,
        plan_price_id=pick.plan_price_id,
        connection=ConnectionSpec(
            router_id,
            entry.username,
            entry.password,
            entry.method,
            static_ip=_address(entry.remote_address),
            mac=entry.caller_id if entry.caller_id and _MAC.fullmatch(entry.caller_id) else None,
            takes_over=True,
        ),
        vault=vault,
        starts_on=pick.starts_on,
    )
    record_audit(
        uow,
        action="adopt",
        entity="router",
        entity_id=router_id,
        changes={"username": entry.username, "customer_id": customer_id},
    )


def _for_line(entry: ForeignEntry, line: OwnLine, online: frozenset[str]) -> Proposal:
    owner = LikelyOwner(
        CustomerId(line.customer_id), line.customer_name, line.account_number, 100, "their line has this name"
    )
    return Proposal(
        key=key_of(entry),
        method=entry.method,
        username=entry.username,
        comment=entry.comment,
        profile=entry.profile,
        is_online=entry.username in online,
        line=ConnectionId(line.connection_id),
        owner=owner,
        others=(),
        name="",
        phone="",
        plan=None,
        missing="",
    )


def _for_new(
    entry: ForeignEntry,
    owners: Owners,
    plans: Sequence[adoption_queries.SoldPlan],
    online: frozenset[str],
) -> Proposal:
    likely = owners.of(entry)
    owner = chosen(likely)
    name, phone = said_of_new(entry)
    plan = likely_plan(entry, plans)
    return Proposal(
        key=key_of(entry),
        method=entry.method,
        username=entry.username,
        comment=entry.comment,
        profile=entry.profile,
        is_online=entry.username in online,
        line=None,
        owner=owner,
        others=tuple(one for one in likely if one is not owner),
        name=name,
        phone=phone,
        plan=plan,
        missing=_missing(entry, owner, likely, name, phone, plan),
    )


def _missing(
    entry: ForeignEntry,
    owner: LikelyOwner | None,
    likely: Sequence[LikelyOwner],
    name: str,
    phone: str,
    plan: LikelyPlan | None,
) -> str:
    if entry.password is None:
        return "The router does not tell its password."
    if not entry.enabled:
        return "It is disabled: look whether it shall be open again."
    if owner is None and likely:
        return "It may be several customers'."
    if owner is None and not name:
        return "It does not say whose it is."
    if owner is None and not phone:
        return "A new customer needs a phone."
    return "" if plan is not None else "No one plan has its speed or its name."


def _address(text: str | None) -> str | None:
    """Return the address; None for the name of a pool."""
    try:
        return str(ipaddress.ip_address(text or ""))
    except ValueError:
        return None
