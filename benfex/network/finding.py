"""Find who is online across all routers, by name, address or MAC; and end a session."""

from collections.abc import Mapping
from dataclasses import dataclass

from benfex.core.actors import Actor, require
from benfex.core.audit import record_audit
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.network.asking import ask_all
from benfex.network.driver import ActiveSession, Seen
from benfex.network.provisioning import Provisioner
from data.queries import lines as line_queries
from data.queries import routers as router_queries
from data.queries import routers_listing as listing
from data.values.errors import InvalidInput, NotFound
from data.values.identifiers import ConnectionId, CustomerId, RouterId
from data.values.roles import Permission

_SHOWN_MAX = 200
_SEPARATORS = str.maketrans("", "", ":-. ")


@dataclass(frozen=True, slots=True)
class FoundSession:
    """Somebody who is online; `customer_id` is None for a name that is not ours."""

    router_id: RouterId
    router_name: str
    username: str
    address: str | None
    caller_id: str | None
    uptime_seconds: int
    customer_id: CustomerId | None
    customer_name: str
    connection_id: ConnectionId | None


@dataclass(frozen=True, slots=True)
class FoundSessions:
    """Who was found, by router and name, the first 200 of `total`; and the routers that did not answer."""

    sessions: tuple[FoundSession, ...]
    total: int
    not_asked: tuple[tuple[str, str], ...]


class Finder:
    """Asks all routers who is online now."""

    def __init__(self, transactor: Transactor, provisioner: Provisioner) -> None:
        self._transactor = transactor
        self._provisioner = provisioner

    async def find(self, actor: Actor, *, search: str) -> FoundSessions:
        """Return who is online whose name, address or MAC holds the text; all for an empty one."""
        search = search.strip().lower()
        if len(search) > 100:
            raise InvalidInput("search", "Give at most 100 letters.")
        answers = await ask_all(self._transactor, self._provisioner, actor)
        found = await self._transactor.read(sessions_that_fit, actor, seen=answers.seen, search=search)
        return FoundSessions(found[:_SHOWN_MAX], len(found), answers.not_asked)

    async def disconnect(self, actor: Actor, *, router_id: RouterId, username: str) -> int:
        """End the sessions of a name at a router and return how many those were; its line may dial in again.

        Raises NotFound, NotPermitted, RouterError.
        """
        await self._transactor.transact(note_disconnect, actor, router_id=router_id, username=username)
        return await self._provisioner.end_sessions_of(router_id, username)


def sessions_that_fit(
    snapshot: Snapshot, *, seen: Mapping[RouterId, Seen], search: str
) -> tuple[FoundSession, ...]:
    """Return the sessions that were seen and hold the text, with whose they are."""
    require(snapshot.actor, Permission.VIEW_NETWORK)
    names = {row.id: row.name for row in listing.routers_in_list(snapshot.session)}
    owners = {
        (row.router_id, row.username): row
        for row in line_queries.lines_of(snapshot.session, router_ids=list(seen))
        if row.is_live
    }
    found = []
    for router_id, one in seen.items():
        for session in one.sessions:
            owner = owners.get((router_id, session.username))
            customer = owner.customer_name if owner is not None else ""
            if not is_fit(session, search, customer=customer):
                continue
            found.append(
                FoundSession(
                    router_id=router_id,
                    router_name=names[router_id],
                    username=session.username,
                    address=session.address,
                    caller_id=session.caller_id,
                    uptime_seconds=session.uptime_seconds,
                    customer_id=CustomerId(owner.customer_id) if owner is not None else None,
                    customer_name=customer,
                    connection_id=ConnectionId(owner.connection_id) if owner is not None else None,
                )
            )
    return tuple(sorted(found, key=lambda one: (one.router_name, one.username)))


def is_fit(session: ActiveSession, search: str, *, customer: str) -> bool:
    """Return whether a session's name, customer or address holds the text, or its MAC in any way of writing it."""
    mac = (session.caller_id or "").lower().translate(_SEPARATORS)
    written = search.translate(_SEPARATORS)
    return (
        search in session.username.lower()
        or search in customer.lower()
        or search in (session.address or "")
        or (len(written) >= 4 and written in mac)
    )


def note_disconnect(uow: UnitOfWork, *, router_id: RouterId, username: str) -> None:
    """Note who ended a session. Raises NotFound."""
    require(uow.actor, Permission.OPERATE_NETWORK)
    if router_queries.find_router(uow.session, router_id) is None:
        raise NotFound("router")
    record_audit(
        uow, action="disconnect", entity="router", entity_id=router_id, changes={"username": username[:120]}
    )
