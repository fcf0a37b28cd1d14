"""/routers/{id}/garden: our rules for who has not paid, as a router holds them, and the switch."""

from fastapi import APIRouter
from pydantic import StrictBool

from benfex.network.gardening import GardenView
from data.values.identifiers import RouterId
from pages.api.auth import ActorDep
from pages.api.problems import READING, WRITING
from pages.api.schemas import Incoming, Outgoing, PathId
from pages.dependencies import BenfexDep

router = APIRouter(prefix="/routers/{router_id}/garden", tags=["routers"])


class Garden(Outgoing):
    """What who has not paid may reach. `agrees` is null where the router could not be read; `reason` says why."""

    router_id: int
    is_on: bool
    hosts: list[str]
    addresses: list[str]
    door: str | None
    agrees: bool | None
    reason: str


class Switch(Incoming):
    """Whether the router shall hold the rules."""

    is_on: StrictBool


@router.get("", responses=READING)
async def get_garden(router_id: PathId, benfex: BenfexDep, actor: ActorDep) -> Garden:
    """Read the router, and say how it stands."""
    return _told(await benfex.gardens.look(actor, router_id=RouterId(router_id)))


@router.put("", responses=WRITING)
async def put_garden(router_id: PathId, asked: Switch, benfex: BenfexDep, actor: ActorDep) -> Garden:
    """Write the rules and read them back, or take them away; a router that is silent gets them when it is back."""
    return _told(await benfex.gardens.switch(actor, router_id=RouterId(router_id), is_on=asked.is_on))


def _told(view: GardenView) -> Garden:
    door = view.wanted.door
    return Garden(
        router_id=view.router_id,
        is_on=view.is_on,
        hosts=list(view.wanted.hosts),
        addresses=list(view.wanted.addresses),
        door=f"{door[0]}:{door[1]}" if door else None,
        agrees=view.agrees,
        reason=view.reason,
    )
