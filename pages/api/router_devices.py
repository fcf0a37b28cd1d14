"""/routers/{id}/…: what a router says of itself when asked now, and what is found out from there."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import StrictInt

from benfex.core.paging import PageRequest
from benfex.network import device
from benfex.network.firmware import firmware_overview
from benfex.network.views import router as router_view
from data.values.identifiers import RouterId
from data.values.states import RouterStatus
from pages.api.auth import ActorDep
from pages.api.problems import READING, WRITING
from pages.api.schemas import Incoming, Outgoing, PathId, Text
from pages.dependencies import BenfexDep

router = APIRouter(tags=["routers"])


class Sensor(Outgoing):
    """One figure of the hardware, as the router tells it."""

    name: str
    value: str
    unit: str


class Resources(Outgoing):
    """How a router is; memory and disk in bytes."""

    name: str
    version: str
    board: str
    serial: str
    architecture: str
    firmware: str
    firmware_offered: str
    uptime_seconds: int
    cpu_percent: int
    cpu_count: int
    free_memory_bytes: int
    total_memory_bytes: int
    free_disk_bytes: int
    total_disk_bytes: int
    sensors: list[Sensor]


class Interface(Outgoing):
    """An interface that is no session; bytes are the router's own, rates are null where it does not run."""

    name: str
    kind: str
    mac: str
    comment: str
    is_running: bool
    is_enabled: bool
    link_downs: int
    received_bytes: int
    sent_bytes: int
    received_bps: int | None
    sent_bps: int | None


class Neighbour(Outgoing):
    """A device that announces itself."""

    interface: str
    identity: str
    address: str
    mac: str
    platform: str
    board: str
    version: str


class Lease(Outgoing):
    """An address of the router's DHCP server; `expires_seconds` is null for one without an end."""

    address: str
    mac: str
    host_name: str
    server: str
    status: str
    is_dynamic: bool
    expires_seconds: int | None
    comment: str


class LogLine(Outgoing):
    """A line of the log; `time` is as the router wrote it."""

    time: str
    topics: str
    message: str


class Told(Outgoing):
    """What a list of a router holds."""


class Interfaces(Told):
    """Interfaces in the router's order."""

    data: list[Interface]


class Neighbours(Told):
    """Neighbours in the router's order."""

    data: list[Neighbour]


class Leases(Told):
    """Leases in the router's order."""

    data: list[Lease]


class Log(Told):
    """The newest 200 lines, the newest first."""

    data: list[LogLine]


class Target(Incoming):
    """Where to look from the router."""

    address: Text


class Pinging(Target):
    """Whom to ping, and how often: 1 to 20 times."""

    count: StrictInt = 5


class PingReply(Outgoing):
    """The answer to one ping; `milliseconds` is null where none came."""

    sequence: int
    host: str
    milliseconds: float | None
    problem: str


class Pings(Outgoing):
    """All answers."""

    data: list[PingReply]


class Hop(Outgoing):
    """One router on the way; `host` is empty where it does not answer."""

    number: int
    host: str
    loss_percent: float
    milliseconds: float | None


class Way(Outgoing):
    """The way, as far as it was found."""

    data: list[Hop]


class Restarting(Incoming):
    """The router's name, typed, so that no other one restarts."""

    confirm: Text


class Restarted(Outgoing):
    """Who restarted a router last, and when."""

    restarted_at: datetime | None
    restarted_by: str


class Firmware(Outgoing):
    """One router's version; `newest` is the newest seen of its major release."""

    router_id: int
    name: str
    status: RouterStatus
    board: str
    serial: str
    version: str
    newest: str
    firmware: str
    firmware_offered: str
    is_behind: bool
    waits_for_restart: bool


class FirmwareOverview(Outgoing):
    """One page of routers, the oldest version first, and how many there are in all."""

    data: list[Firmware]
    total: int


@router.get("/network/firmware", responses=READING)
async def get_firmware(
    benfex: BenfexDep, actor: ActorDep, page: int = 1, only_behind: bool = False
) -> FirmwareOverview:
    """Return 100 routers a page with the version each had when it was last connected to."""
    request = PageRequest(page=page, size=100, sort="version", filter="behind" if only_behind else "all")
    found = await benfex.read(firmware_overview, actor, request=request)
    return FirmwareOverview(data=[Firmware.model_validate(one) for one in found.rows], total=found.total)


@router.get("/routers/{router_id}/resources", responses=READING)
async def get_resources(router_id: PathId, benfex: BenfexDep, actor: ActorDep) -> Resources:
    """Ask a router how it is."""
    return Resources.model_validate(await benfex.inspector.resources(actor, router_id=RouterId(router_id)))


@router.get("/routers/{router_id}/interfaces", responses=READING)
async def get_interfaces(router_id: PathId, benfex: BenfexDep, actor: ActorDep) -> Interfaces:
    """Ask a router for its interfaces and what they move now."""
    found = await benfex.inspector.interfaces(actor, router_id=RouterId(router_id))
    return Interfaces(
        data=[
            Interface(
                **{name: getattr(one.interface, name) for name in device.Interface.__slots__},
                received_bps=one.rate.received_bps if one.rate else None,
                sent_bps=one.rate.sent_bps if one.rate else None,
            )
            for one in found
        ]
    )


@router.get("/routers/{router_id}/neighbours", responses=READING)
async def get_neighbours(router_id: PathId, benfex: BenfexDep, actor: ActorDep) -> Neighbours:
    """Ask a router who announces themselves around it."""
    found = await benfex.inspector.neighbours(actor, router_id=RouterId(router_id))
    return Neighbours(data=[Neighbour.model_validate(one) for one in found])


@router.get("/routers/{router_id}/leases", responses=READING)
async def get_leases(router_id: PathId, benfex: BenfexDep, actor: ActorDep) -> Leases:
    """Ask a router for the leases of its DHCP servers."""
    found = await benfex.inspector.leases(actor, router_id=RouterId(router_id))
    return Leases(data=[Lease.model_validate(one) for one in found])


@router.get("/routers/{router_id}/log", responses=READING)
async def get_log(router_id: PathId, benfex: BenfexDep, actor: ActorDep) -> Log:
    """Ask a router for the end of its log."""
    found = await benfex.inspector.log(actor, router_id=RouterId(router_id))
    return Log(data=[LogLine.model_validate(one) for one in found])


@router.post("/routers/{router_id}/ping", responses=WRITING)
async def ping(router_id: PathId, asked: Pinging, benfex: BenfexDep, actor: ActorDep) -> Pings:
    """Ping from a router; the answer comes when all are done."""
    heard: list[device.PingReply] = []
    await benfex.inspector.ping(
        actor,
        router_id=RouterId(router_id),
        address=asked.address,
        count=asked.count,
        heard=heard.append,
    )
    return Pings(data=[PingReply.model_validate(one) for one in heard])


@router.post("/routers/{router_id}/trace", responses=WRITING)
async def trace(router_id: PathId, asked: Target, benfex: BenfexDep, actor: ActorDep) -> Way:
    """Trace the way from a router; the answer comes when it is found."""
    heard: list[tuple[device.Hop, ...]] = []
    await benfex.inspector.trace(
        actor, router_id=RouterId(router_id), address=asked.address, heard=heard.append
    )
    return Way(data=[Hop.model_validate(one) for one in (heard[-1] if heard else ())])


@router.post("/routers/{router_id}/restart", responses=WRITING)
async def restart(router_id: PathId, asked: Restarting, benfex: BenfexDep, actor: ActorDep) -> Restarted:
    """Restart a router."""
    key = RouterId(router_id)
    await benfex.inspector.restart(actor, router_id=key, confirm=asked.confirm)
    return Restarted.model_validate(await benfex.read(router_view, actor, router_id=key))
