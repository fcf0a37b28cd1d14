"""/routers: the routers we speak to. Passwords go in and never come out."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field, SecretStr, StrictBool, StrictInt
from starlette.responses import Response

from benfex.core.unit_of_work import UnitOfWork
from benfex.identity.idempotency import Answer
from benfex.network.api_views import router_record, router_records
from benfex.network.inventory import API_PORT, add_router, edit_router, enable_router
from data.values.identifiers import RouterId
from data.values.states import RouterStatus
from pages.api.auth import ActorDep
from pages.api.idempotency import UnsafeCallDep, told
from pages.api.problems import READING, WRITING
from pages.api.schemas import Incoming, Listing, Outgoing, PathId, SliceDep, Text
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
    """A router to take into use. RouterOS answers on 8728, with TLS on 8729."""

    name: Text
    host: Text
    port: StrictInt = API_PORT
    username: Text
    password: SecretStr = Field(max_length=200)
    use_tls: StrictBool = False
    tls_fingerprint: Text | None = None
    poll_seconds: StrictInt = 60


class RouterChanges(Incoming):
    """What to change about a router; fields that are left out stay."""

    name: Text = Field(default_factory=str)
    host: Text = Field(default_factory=str)
    port: StrictInt = Field(default_factory=int)
    username: Text = Field(default_factory=str)
    password: SecretStr = Field(default_factory=lambda: SecretStr(""), min_length=1, max_length=200)
    use_tls: StrictBool = Field(default_factory=bool)
    tls_fingerprint: Text | None = Field(default_factory=lambda: None)
    poll_seconds: StrictInt = Field(default_factory=int)
    is_enabled: StrictBool = Field(default_factory=bool)


class Router(Outgoing):
    """A router, and what was last known of it."""

    id: int
    name: str
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
        )
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
        if "is_enabled" in changes:
            enable_router(uow, router_id=before.id, is_enabled=asked.is_enabled)
        return _told(uow, 200, before.id)

    return await call.once(work)


def _told(uow: UnitOfWork, status: int, router_id: RouterId) -> Answer:
    return told(status, Router.model_validate(router_record(uow, router_id=router_id)))
