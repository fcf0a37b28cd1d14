"""/routers: the routers we speak to. Passwords go in and never come out."""

from datetime import date, datetime

from fastapi import APIRouter
from pydantic import Field, SecretStr, StrictBool, StrictInt
from starlette.responses import Response

from benfex.core.unit_of_work import UnitOfWork
from benfex.identity.idempotency import Answer
from benfex.network.api_views import router_record, router_records
from benfex.network.driver import ROUTEROS
from benfex.network.inventory import (
    API_PORT,
    add_router,
    edit_router,
    enable_router,
    locate_router,
    manage_router,
    place_router,
)
from benfex.subscriptions.adoption import Pick
from data.values.identifiers import CustomerId, PlanPriceId, RouterId
from data.values.kinds import PlannedKind
from data.values.states import RouterStatus
from pages.api.auth import ActorDep
from pages.api.idempotency import UnsafeCallDep, told
from pages.api.places import AskedPlace, Place
from pages.api.problems import READING, WRITING
from pages.api.schemas import Id, Incoming, Listing, Outgoing, PathId, SliceDep, Text
from pages.dependencies import BenfexDep

router = APIRouter(prefix="/routers", tags=["routers"])

_REACHED_BY = (
    "name",
    "host",
    "port",
    "username",
    "password",
    "use_tls",
    "tls_fingerprint",
    "poll_seconds",
)


class NewRouter(Incoming):
    """A router to take into use. RouterOS answers on 8728, with TLS on 8729.

    With `driver` "radius" it is FreeRADIUS's PostgreSQL database, on 5432; the user name is "role" or "role@database".
    """

    name: Text
    host: Text
    port: StrictInt = API_PORT
    username: Text
    password: SecretStr = Field(max_length=200)
    use_tls: StrictBool = False
    tls_fingerprint: Text | None = None
    poll_seconds: StrictInt = 60
    driver: Text = ROUTEROS
    place: AskedPlace | None = Field(default=None, description="where it stands")


class RouterChanges(Incoming):
    """What to change about a router; fields that are left out stay, a null place takes it off the map."""

    name: Text = Field(default_factory=str)
    host: Text = Field(default_factory=str)
    port: StrictInt = Field(default_factory=int)
    username: Text = Field(default_factory=str)
    password: SecretStr = Field(default_factory=lambda: SecretStr(""), min_length=1, max_length=200)
    use_tls: StrictBool = Field(default_factory=bool)
    tls_fingerprint: Text | None = Field(default_factory=lambda: None)
    poll_seconds: StrictInt = Field(default_factory=int)
    is_enabled: StrictBool = Field(default_factory=bool)
    site: Text = Field(default_factory=str)
    place: AskedPlace | None = Field(default_factory=lambda: None)


class Router(Outgoing):
    """A router, and what was last known of it; one that is not managed is read and never written."""

    id: int
    name: str
    driver: str
    host: str
    port: int
    use_tls: bool
    tls_fingerprint: str | None
    username: str
    status: RouterStatus
    status_reason: str
    last_seen_at: datetime | None
    poll_seconds: int
    board: str
    version: str
    serial: str
    is_enabled: bool
    is_managed: bool
    site: str
    place: Place | None
    created_at: datetime


@router.get("", responses=READING)
async def list_routers(benfex: BenfexDep, actor: ActorDep, request: SliceDep) -> Listing[Router]:
    """Return routers, newest first, retired ones too."""
    return Listing[Router].of(await benfex.read(router_records, actor, request=request))


@router.post("", status_code=201, response_model=Router, responses=WRITING)
async def create_router(asked: NewRouter, call: UnsafeCallDep) -> Response:
    """Take a router into use; it is polled from now on."""

    def work(uow: UnitOfWork) -> Answer:
        router_id = add_router(
            uow,
            name=asked.name,
            host=asked.host,
            port=asked.port,
            username=asked.username,
            password=asked.password.get_secret_value(),
            vault=call.benfex.vault,
            use_tls=asked.use_tls,
            tls_fingerprint=asked.tls_fingerprint,
            poll_seconds=asked.poll_seconds,
            driver=asked.driver,
        )
        if asked.place is not None:
            locate_router(uow, router_id=router_id, place=asked.place.place())
        return _told(uow, 201, router_id)

    return await call.once(work)


@router.get("/{router_id}", responses=READING)
async def get_router(router_id: PathId, benfex: BenfexDep, actor: ActorDep) -> Router:
    """Return one router."""
    return Router.model_validate(await benfex.read(router_record, actor, router_id=RouterId(router_id)))


@router.patch("/{router_id}", response_model=Router, responses=WRITING)
async def change_router(router_id: PathId, asked: RouterChanges, call: UnsafeCallDep) -> Response:
    """Change how a router is reached, or leave it alone for a while with `is_enabled`."""
    changes = asked.model_fields_set

    def work(uow: UnitOfWork) -> Answer:
        before = router_record(uow, router_id=RouterId(router_id))
        if changes.intersection(_REACHED_BY):
            edit_router(
                uow,
                router_id=before.id,
                vault=call.benfex.vault,
                name=asked.name if "name" in changes else before.name,
                host=asked.host if "host" in changes else before.host,
                port=asked.port if "port" in changes else before.port,
                username=asked.username if "username" in changes else before.username,
                password=asked.password.get_secret_value() or None,
                use_tls=asked.use_tls if "use_tls" in changes else before.use_tls,
                tls_fingerprint=(
                    asked.tls_fingerprint if "tls_fingerprint" in changes else before.tls_fingerprint
                ),
                poll_seconds=asked.poll_seconds if "poll_seconds" in changes else before.poll_seconds,
            )
        if "site" in changes:
            place_router(uow, router_id=before.id, site=asked.site)
        if "place" in changes:
            place = asked.place.place() if asked.place is not None else None
            locate_router(uow, router_id=before.id, place=place)
        if "is_enabled" in changes:
            enable_router(uow, router_id=before.id, is_enabled=asked.is_enabled)
        return _told(uow, 200, before.id)

    return await call.once(work)


class PlannedChange(Outgoing):
    """One line that would change, in words."""

    kind: PlannedKind
    connection_id: int
    username: str
    what: str


class WritePlan(Outgoing):
    """What managing the router would write now; `cut` subscribers online would dial in once more.

    `left_alone` entries are not ours and stay untouched; `blocked` are names of lines that one of those holds.
    """

    router_id: int
    router_name: str
    is_managed: bool
    changes: list[PlannedChange]
    profiles: list[str]
    agree: int
    left_alone: int
    blocked: list[str]
    cut: int
    fingerprint: str


class LikelyOwner(Outgoing):
    """A customer an entry may belong to: points to 100, and why."""

    customer_id: int
    name: str
    account_number: str
    score: int
    why: str


class LikelyPlan(Outgoing):
    """What an entry may be sold as, and why."""

    plan_price_id: int
    name: str
    why: str


class Proposal(Outgoing):
    """An entry of the router that is not ours; `missing` says what a person has to add, empty for nothing.

    `line` is a connection of ours of that very name. `name` and `phone` are what it says of somebody new.
    """

    key: str
    username: str
    comment: str
    profile: str
    is_online: bool
    line: int | None
    owner: LikelyOwner | None
    others: list[LikelyOwner]
    name: str
    phone: str
    plan: LikelyPlan | None
    missing: str


class Proposals(Outgoing):
    """All entries of the router that are not ours."""

    router_id: int
    router_name: str
    is_managed: bool
    proposals: list[Proposal]


class Picked(Incoming):
    """An entry to take over: for a customer, or with `name` and `phone` for somebody new."""

    key: Text
    customer_id: Id | None = None
    name: Text = ""
    phone: Text = ""
    plan_price_id: Id | None = None
    starts_on: date | None = None


class Picks(Incoming):
    """At most 500 entries at a time."""

    picks: list[Picked] = Field(min_length=1, max_length=500)


class Adopted(Outgoing):
    """How many were taken over, and why each of the others was not, by its key."""

    taken: int
    refused: list[tuple[str, str]]


@router.get("/{router_id}/adoption", responses=READING)
async def get_adoption(router_id: PathId, benfex: BenfexDep, actor: ActorDep) -> Proposals:
    """Read the router now, and return what of it could become ours; nothing is changed."""
    found = await benfex.adoption.propose(actor, router_id=RouterId(router_id))
    return Proposals.model_validate(found)


@router.post("/{router_id}/adoption", responses=WRITING)
async def adopt(router_id: PathId, asked: Picks, benfex: BenfexDep, actor: ActorDep) -> Adopted:
    """Make entries ours: each a service that begins on its day, its entry marked once the router is managed."""
    picks = [
        Pick(
            one.key,
            CustomerId(one.customer_id) if one.customer_id is not None else None,
            one.name,
            one.phone,
            PlanPriceId(one.plan_price_id) if one.plan_price_id is not None else None,
            one.starts_on,
        )
        for one in asked.picks
    ]
    done = await benfex.adoption.adopt(actor, router_id=RouterId(router_id), picks=picks)
    return Adopted.model_validate(done)


class Start(Incoming):
    """The fingerprint of the plan that somebody has seen."""

    fingerprint: Text


@router.get("/{router_id}/plan", responses=READING)
async def get_write_plan(router_id: PathId, benfex: BenfexDep, actor: ActorDep) -> WritePlan:
    """Read the router now, and return what would be written to it; nothing is."""
    return WritePlan.model_validate(await benfex.managing.plan(actor, router_id=RouterId(router_id)))


@router.post("/{router_id}/manage", responses=WRITING)
async def manage(router_id: PathId, asked: Start, benfex: BenfexDep, actor: ActorDep) -> WritePlan:
    """Let the router be written as its plan says; a plan that has changed meanwhile is refused with 409."""
    plan = await benfex.managing.start(actor, router_id=RouterId(router_id), fingerprint=asked.fingerprint)
    return WritePlan.model_validate(plan)


@router.post("/{router_id}/observe", response_model=Router, responses=WRITING)
async def observe(router_id: PathId, call: UnsafeCallDep) -> Response:
    """Only watch the router from now on: nothing is written, and its tasks wait."""

    def work(uow: UnitOfWork) -> Answer:
        manage_router(uow, router_id=RouterId(router_id), is_managed=False)
        return _told(uow, 200, RouterId(router_id))

    return await call.once(work)


def _told(uow: UnitOfWork, status: int, router_id: RouterId) -> Answer:
    return told(status, Router.model_validate(router_record(uow, router_id=router_id)))
