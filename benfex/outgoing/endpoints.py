"""Endpoints of other programs: what each hears, its secret, and whether it is on. Acts and views."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from benfex.core.actors import name_of, require
from benfex.core.audit import record_audit
from benfex.core.events import ProgramsToTell
from benfex.core.paging import Page, PageRequest, Slice, SliceRequest, sliced
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.core.vault import Vault
from benfex.outgoing.facts import Fact, outbound_row
from benfex.outgoing.signing import new_secret
from data.locks import lock_row
from data.models.webhook import OutboundWebhook, WebhookEndpoint
from data.queries import outgoing as queries
from data.values.errors import Conflict, InvalidInput, NotFound
from data.values.identifiers import EndpointId, OutboundId, new_token
from data.values.kinds import PublicEvent
from data.values.roles import Permission
from data.values.states import MessageStatus, advance

SECRET = "webhook.secret"  # noqa: S105 (what the vault binds it to)
FORMER_SIGNS_FOR = timedelta(hours=24)
_ENDPOINTS_MAX = 20
CHOICES = tuple(event for event in PublicEvent if event is not PublicEvent.TEST)


@dataclass(frozen=True, slots=True)
class EndpointRecord:
    """An endpoint. `problem` says why we switched it off; its secret is told once, when it is made or changed."""

    id: EndpointId
    url: str
    events: tuple[PublicEvent, ...]
    is_enabled: bool
    problem: str
    made_by: str
    created_at: datetime
    last_delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class OutboundRecord:
    """A fact that is told to an endpoint: what was answered, and when it is tried again."""

    id: OutboundId
    endpoint_id: EndpointId
    event: str
    status: MessageStatus
    tries: int
    answered: int | None
    problem: str
    created_at: datetime
    delivered_at: datetime | None
    next_try_at: datetime | None
    body: str


def add_endpoint(
    uow: UnitOfWork, *, url: str, events: Collection[PublicEvent], vault: Vault
) -> tuple[EndpointId, str]:
    """Keep a checked address; return its id and its secret, told only now. Raises InvalidInput, Conflict."""
    require(uow.actor, Permission.EDIT_PROFILE)
    known = queries.endpoints(uow.session)
    if len(known) >= _ENDPOINTS_MAX:
        raise Conflict(f"There are {_ENDPOINTS_MAX} endpoints already. Remove one first.")
    if any(row.url == url for row in known):
        raise InvalidInput("url", "This address hears from us already.")
    secret = new_secret()
    row = WebhookEndpoint(
        url=url,
        secret_sealed=vault.seal(secret, context=SECRET),
        events=_written(events),
        made_by=name_of(uow.actor),
    )
    uow.session.add(row)
    uow.session.flush()
    assert row.id is not None
    _record(uow, row, "add", {"url": url, "events": row.events})
    return EndpointId(row.id), secret


def edit_endpoint(
    uow: UnitOfWork,
    *,
    endpoint_id: EndpointId,
    url: str | None = None,
    events: Collection[PublicEvent] | None = None,
    is_enabled: bool | None = None,
) -> None:
    """Change what is named; the address must be a checked one. What waits is tried at once when it is switched on."""
    row = _found(uow, endpoint_id)
    if url is not None:
        if any(other.url == url and other.id != row.id for other in queries.endpoints(uow.session)):
            raise InvalidInput("url", "This address hears from us already.")
        row.url = url
    if events is not None:
        row.events = _written(events)
    if is_enabled is not None:
        row.is_enabled = is_enabled
        if is_enabled:
            row.problem = ""
            queries.release_endpoint(uow.session, endpoint_id=endpoint_id, now=uow.now)
            uow.emit(ProgramsToTell())
    uow.session.flush()
    _record(uow, row, "edit", {"url": row.url, "events": row.events, "is_enabled": row.is_enabled})


def rotate_secret(uow: UnitOfWork, *, endpoint_id: EndpointId, vault: Vault) -> str:
    """Return a new secret, told only now; the former one signs beside it for a day."""
    row = _found(uow, endpoint_id)
    secret = new_secret()
    row.former_secret_sealed, row.rotated_at = row.secret_sealed, uow.now
    row.secret_sealed = vault.seal(secret, context=SECRET)
    uow.session.flush()
    _record(uow, row, "rotate the secret", {})
    return secret


def remove_endpoint(uow: UnitOfWork, *, endpoint_id: EndpointId) -> None:
    """Tell an endpoint nothing any more; what it was told stays on record, its secrets do not."""
    row = _found(uow, endpoint_id)
    row.removed_at, row.is_enabled = uow.now, False
    row.secret_sealed, row.former_secret_sealed = "", None
    uow.session.flush()
    _record(uow, row, "remove", {"url": row.url})


def send_test(uow: UnitOfWork, *, endpoint_id: EndpointId, tried_from: datetime | None = None) -> OutboundId:
    """Write down a fact that says nothing, to see whether it arrives; `tried_from` is when."""
    row = _found(uow, endpoint_id)
    fact = Fact(PublicEvent.TEST, f"test:{new_token(8)}", {"sent_by": name_of(uow.actor)})
    told = dict(outbound_row(fact, endpoint_id=endpoint_id, now=uow.now))
    queries.insert_outbound(uow.session, [told | {"next_try_at": tried_from or uow.now}])
    uow.session.flush()
    (made,) = queries.outbound_after(uow.session, endpoint_id=row.id, status=None, after_id=None, limit=1)
    assert made.id is not None
    if tried_from is None:
        uow.emit(ProgramsToTell())
    return OutboundId(made.id)


def resend(uow: UnitOfWork, *, outbound_id: OutboundId) -> None:
    """Have what failed told once more, under the same id. Raises NotFound, Conflict when it did not fail."""
    require(uow.actor, Permission.EDIT_PROFILE)
    row = queries.find_outbound(uow.session, outbound_id)
    if row is None or queries.find_endpoint(uow.session, row.endpoint_id) is None:
        raise NotFound("delivery")
    lock_row(uow.session, OutboundWebhook, outbound_id)
    uow.session.refresh(row)
    if row.status is not MessageStatus.FAILED:
        raise Conflict("Only what failed is told again.")
    row.status = advance(row.status, MessageStatus.PENDING)
    row.attempts, row.next_try_at = 0, uow.now
    uow.session.flush()
    record_audit(uow, action="tell again", entity="outbound_webhook", entity_id=outbound_id, changes={})
    uow.emit(ProgramsToTell())


def list_endpoints(snapshot: Snapshot) -> tuple[EndpointRecord, ...]:
    """Return all endpoints, oldest first; there are at most twenty."""
    require(snapshot.actor, Permission.EDIT_PROFILE)
    last = queries.last_deliveries(snapshot.session)
    return tuple(_endpoint(row, last.get(row.id or 0)) for row in queries.endpoints(snapshot.session))


def endpoint_record(snapshot: Snapshot, *, endpoint_id: EndpointId) -> EndpointRecord:
    """Return one endpoint. Raises NotFound."""
    row = _found(snapshot, endpoint_id)
    return _endpoint(row, queries.last_delivered_at(snapshot.session, endpoint_id=endpoint_id))


def list_outbound(snapshot: Snapshot, *, request: PageRequest) -> Page[OutboundRecord]:
    """Return one page of what was told, newest first; the filter is a state, empty for all. Raises InvalidInput."""
    require(snapshot.actor, Permission.EDIT_PROFILE)
    if request.filter and request.filter not in set(MessageStatus):
        raise InvalidInput("filter", f"Choose one of {', '.join(MessageStatus)}.")
    status = MessageStatus(request.filter) if request.filter else None
    rows = queries.outbound_page(
        snapshot.session, endpoint_id=None, status=status, limit=request.limit, offset=request.offset
    )
    total = queries.count_outbound(snapshot.session, endpoint_id=None, status=status)
    return Page(tuple(_outbound(row) for row in rows), total)


def outbound_records(
    snapshot: Snapshot,
    *,
    request: SliceRequest,
    endpoint_id: EndpointId | None = None,
    status: MessageStatus | None = None,
) -> Slice[OutboundRecord]:
    """Return what was told, newest first."""
    require(snapshot.actor, Permission.EDIT_PROFILE)
    rows = queries.outbound_after(
        snapshot.session,
        endpoint_id=endpoint_id,
        status=status,
        after_id=request.after_id,
        limit=request.limit + 1,
    )
    return sliced([_outbound(row) for row in rows], limit=request.limit, place=lambda record: record.id)


def outbound_record(snapshot: Snapshot, *, outbound_id: OutboundId) -> OutboundRecord:
    """Return one thing that was told. Raises NotFound."""
    require(snapshot.actor, Permission.EDIT_PROFILE)
    row = queries.find_outbound(snapshot.session, outbound_id)
    if row is None:
        raise NotFound("delivery")
    return _outbound(row)


def _found(snapshot: Snapshot, endpoint_id: EndpointId) -> WebhookEndpoint:
    require(snapshot.actor, Permission.EDIT_PROFILE)
    row = queries.find_endpoint(snapshot.session, endpoint_id)
    if row is None:
        raise NotFound("endpoint")
    return row


def _written(events: Collection[PublicEvent]) -> str:
    chosen = [event.value for event in CHOICES if event in events]
    if not chosen:
        raise InvalidInput("events", "Choose at least one.")
    return ",".join(chosen)


def _record(uow: UnitOfWork, row: WebhookEndpoint, action: str, changes: dict[str, object]) -> None:
    assert row.id is not None
    record_audit(uow, action=action, entity="webhook_endpoint", entity_id=row.id, changes=changes)


def _endpoint(row: WebhookEndpoint, last_delivered_at: datetime | None) -> EndpointRecord:
    assert row.id is not None
    assert row.created_at is not None
    return EndpointRecord(
        EndpointId(row.id),
        row.url,
        tuple(PublicEvent(name) for name in row.events.split(",")),
        row.is_enabled,
        row.problem,
        row.made_by,
        row.created_at,
        last_delivered_at,
    )


def _outbound(row: OutboundWebhook) -> OutboundRecord:
    assert row.id is not None
    assert row.created_at is not None
    return OutboundRecord(
        id=OutboundId(row.id),
        endpoint_id=EndpointId(row.endpoint_id),
        event=row.event,
        status=row.status,
        tries=row.attempts,
        answered=row.answered,
        problem=row.last_error or "",
        created_at=row.created_at,
        delivered_at=row.delivered_at,
        next_try_at=row.next_try_at if row.status is MessageStatus.PENDING else None,
        body=row.payload,
    )
