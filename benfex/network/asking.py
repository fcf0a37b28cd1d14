"""Ask all routers at once what they hold and who is online, each within a deadline of its own."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from benfex.core.actors import Actor, require
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot
from benfex.network.driver import Seen
from benfex.network.provisioning import Provisioner
from data.queries import routers_listing as listing
from data.values.identifiers import RouterId
from data.values.roles import Permission

_DEADLINE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Answers:
    """What routers that answered were seen to hold; those that did not, by name and why."""

    seen: Mapping[RouterId, Seen]
    not_asked: tuple[tuple[str, str], ...]


async def ask_all(transactor: Transactor, provisioner: Provisioner, actor: Actor) -> Answers:
    """Ask every router that is in use. Raises NotPermitted; a router that does not answer is named."""
    routers = await transactor.read(routers_to_ask, actor)
    answers = await asyncio.gather(*(_ask(provisioner, router_id) for router_id, _ in routers))
    seen: dict[RouterId, Seen] = {}
    not_asked: list[tuple[str, str]] = []
    for (router_id, name), answer in zip(routers, answers, strict=True):
        if isinstance(answer, Seen):
            seen[router_id] = answer
        else:
            not_asked.append((name, answer))
    return Answers(seen, tuple(not_asked))


async def _ask(provisioner: Provisioner, router_id: RouterId) -> Seen | str:
    try:
        async with asyncio.timeout(_DEADLINE_SECONDS):
            return await provisioner.look(router_id)
    except TimeoutError:
        return "It did not answer in time."


def routers_to_ask(snapshot: Snapshot) -> tuple[tuple[RouterId, str], ...]:
    """Return the routers that are in use, with their names."""
    require(snapshot.actor, Permission.VIEW_NETWORK)
    return tuple(
        (RouterId(row.id), row.name) for row in listing.routers_in_list(snapshot.session) if row.is_enabled
    )
