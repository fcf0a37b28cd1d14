"""Messages of gateways in front of a person: what could not be placed and why, tried again or set aside."""

from dataclasses import dataclass
from datetime import datetime

from benfex.core.actors import require
from benfex.core.audit import record_audit
from benfex.core.events import WebhookStored
from benfex.core.paging import Page, PageRequest, Slice, SliceRequest, sliced
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from data.locks import lock_row
from data.models.webhook import InboundWebhook, QuarantinedWebhook
from data.queries import webhooks as webhook_queries
from data.queries.webhooks import ListedDelivery
from data.values.errors import Conflict, InvalidInput, NotFound
from data.values.identifiers import WebhookId
from data.values.roles import Permission
from data.values.states import WebhookStatus, advance

_BODY_LETTERS = 20_000


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """A message that proved itself. A failed one is tried by itself until `next_try_at` is None; then by a person."""

    id: WebhookId
    gateway: str
    kind: str
    status: WebhookStatus
    tries: int
    reason: str
    received_at: datetime
    next_try_at: datetime | None


@dataclass(frozen=True, slots=True)
class WholeDelivery:
    """A message and what it says, as text; what is no text shows as such."""

    delivery: DeliveryRecord
    body: str


@dataclass(frozen=True, slots=True)
class RefusedDelivery:
    """The beginning of something that proved nothing, and why."""

    id: int
    gateway: str
    reason: str
    path: str
    received_at: datetime
    body: str


def list_deliveries(snapshot: Snapshot, *, request: PageRequest) -> Page[DeliveryRecord]:
    """Return one page of messages, newest first; the filter is a state, empty for all. Raises InvalidInput."""
    require(snapshot.actor, Permission.MATCH_PAYMENTS)
    status = _status(request.filter)
    rows = webhook_queries.listed_deliveries(
        snapshot.session, status=status, limit=request.limit, offset=request.offset
    )
    total = webhook_queries.count_deliveries(snapshot.session, status=status)
    return Page(tuple(_record(row) for row in rows), total)


def delivery_records(
    snapshot: Snapshot, *, request: SliceRequest, status: WebhookStatus | None = None
) -> Slice[DeliveryRecord]:
    """Return messages, newest first."""
    require(snapshot.actor, Permission.MATCH_PAYMENTS)
    rows = webhook_queries.listed_deliveries(
        snapshot.session, status=status, limit=request.limit + 1, after_id=request.after_id
    )
    return sliced([_record(row) for row in rows], limit=request.limit, place=lambda record: record.id)


def whole_delivery(snapshot: Snapshot, *, webhook_id: WebhookId) -> WholeDelivery:
    """Return one message. Raises NotFound."""
    require(snapshot.actor, Permission.MATCH_PAYMENTS)
    row = webhook_queries.find_delivery(snapshot.session, webhook_id)
    if row is None:
        raise NotFound("message")
    return WholeDelivery(_record(_listed(row)), _text(row.body))


def list_refused(snapshot: Snapshot, *, request: PageRequest) -> Page[RefusedDelivery]:
    """Return one page of what proved nothing, newest first; only the last thousand are kept."""
    require(snapshot.actor, Permission.MATCH_PAYMENTS)
    rows = webhook_queries.quarantined_page(snapshot.session, limit=request.limit, offset=request.offset)
    return Page(tuple(_refused(row) for row in rows), webhook_queries.count_quarantined(snapshot.session))


def refused_records(snapshot: Snapshot, *, request: SliceRequest) -> Slice[RefusedDelivery]:
    """Return what proved nothing, newest first."""
    require(snapshot.actor, Permission.MATCH_PAYMENTS)
    rows = webhook_queries.quarantined_page(
        snapshot.session, limit=request.limit + 1, before_id=request.after_id
    )
    return sliced([_refused(row) for row in rows], limit=request.limit, place=lambda record: record.id)


def refused_delivery(snapshot: Snapshot, *, refused_id: int) -> RefusedDelivery:
    """Return one of what proved nothing. Raises NotFound, also when newer ones took its place."""
    require(snapshot.actor, Permission.MATCH_PAYMENTS)
    row = webhook_queries.find_quarantined(snapshot.session, refused_id)
    if row is None:
        raise NotFound("message")
    return _refused(row)


def count_failed(snapshot: Snapshot) -> int:
    """Return how many messages could not be worked off yet."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    return webhook_queries.count_deliveries(snapshot.session, status=WebhookStatus.FAILED)


def try_again(uow: UnitOfWork, *, webhook_id: WebhookId) -> None:
    """Have a failed message worked off once more, now. Raises NotFound, Conflict when it did not fail."""
    row = _failed(uow, webhook_id)
    row.processed_at = row.next_try_at = None
    uow.session.flush()
    record_audit(uow, action="try again", entity="webhook", entity_id=webhook_id, changes={})
    uow.emit(WebhookStored())


def set_aside(uow: UnitOfWork, *, webhook_id: WebhookId, reason: str) -> None:
    """Leave a failed message be, since it asks nothing of us. Raises NotFound, InvalidInput, Conflict."""
    reason = reason.strip()
    if not reason or len(reason) > 200:
        raise InvalidInput("reason", "Say why in at most 200 letters.")
    row = _failed(uow, webhook_id)
    row.status = advance(advance(row.status, WebhookStatus.RECEIVED), WebhookStatus.IGNORED)
    row.error, row.next_try_at, row.processed_at = f"set aside: {reason}", None, uow.now
    uow.session.flush()
    record_audit(uow, action="set aside", entity="webhook", entity_id=webhook_id, changes={"reason": reason})


def _failed(uow: UnitOfWork, webhook_id: WebhookId) -> InboundWebhook:
    require(uow.actor, Permission.MATCH_PAYMENTS)
    row = webhook_queries.find_delivery(uow.session, webhook_id)
    if row is None:
        raise NotFound("message")
    lock_row(uow.session, InboundWebhook, webhook_id)
    uow.session.refresh(row)
    if row.status is not WebhookStatus.FAILED:
        raise Conflict("Only a message that could not be placed can be tried again or set aside.")
    return row


def _status(name: str) -> WebhookStatus | None:
    if not name:
        return None
    try:
        return WebhookStatus(name)
    except ValueError as cause:
        raise InvalidInput("filter", f"Choose one of {', '.join(WebhookStatus)}.") from cause


def _listed(row: InboundWebhook) -> ListedDelivery:
    return ListedDelivery(*(getattr(row, name) for name in ListedDelivery._fields))


def _record(row: ListedDelivery) -> DeliveryRecord:
    waits = row.status is WebhookStatus.FAILED and row.processed_at is None
    return DeliveryRecord(
        WebhookId(row.id),
        row.gateway,
        row.kind,
        row.status,
        row.attempts,
        row.error or "",
        row.received_at,
        row.next_try_at if waits else None,
    )


def _refused(row: QuarantinedWebhook) -> RefusedDelivery:
    return RefusedDelivery(row.id or 0, row.gateway, row.reason, row.path, row.received_at, _text(row.body))


def _text(body: bytes) -> str:
    return body[:_BODY_LETTERS].decode(errors="replace")
