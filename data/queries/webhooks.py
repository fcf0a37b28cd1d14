"""SELECTs about inbound deliveries, and the bound of the quarantine."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, cast

from sqlalchemy import Table, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from data.models.webhook import InboundWebhook, QuarantinedWebhook
from data.queries.bulk import among
from data.session import Session
from data.values.kinds import EvidenceGrade
from data.values.states import WebhookStatus

_INBOX = cast(Table, vars(InboundWebhook)["__table__"])
# The twin of a delivery may come in the same moment: then the first is enough.
_ADD = {
    "sqlite": sqlite.insert(_INBOX).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(_INBOX).on_conflict_do_nothing(),
}


class StoredDelivery(NamedTuple):
    """A delivery as it is worked on."""

    id: int
    gateway: str
    kind: str
    attempt_token_hash: str | None
    headers: str
    body: bytes
    received_at: datetime


def find_delivery(session: Session, webhook_id: int) -> InboundWebhook | None:
    """Return the delivery, or None."""
    return session.get(InboundWebhook, webhook_id)


def find_deliveries(session: Session, webhook_ids: Sequence[int]) -> list[InboundWebhook]:
    """Return these deliveries, oldest first."""
    return list(
        session.scalars(
            select(InboundWebhook).where(among(InboundWebhook.id, webhook_ids)).order_by(InboundWebhook.id)
        )
    )


def last_heard_at(session: Session, *, gateway: str) -> datetime | None:
    """Return when a gateway told us something last, None before the first time."""
    newest = select(func.max(InboundWebhook.id)).where(InboundWebhook.gateway == gateway).scalar_subquery()
    return session.scalars(
        select(InboundWebhook.received_at).where(InboundWebhook.id == newest)
    ).one_or_none()


class NewDelivery(NamedTuple):
    """A delivery as it is kept; `external_id` tells it from others of its gateway."""

    gateway: str
    kind: str
    external_id: str
    attempt_token_hash: str | None
    headers: str
    body: bytes
    evidence: EvidenceGrade
    status: WebhookStatus
    error: str | None
    received_at: datetime


def add_deliveries(session: Session, deliveries: Sequence[NewDelivery], *, now: datetime) -> None:
    """Keep deliveries, those that are kept already as they are: one statement, whatever their number."""
    if not deliveries:
        return
    ready = {"attempts": 0, "created_at": now, "updated_at": now}
    rows = [
        row._asdict() | ready | {"processed_at": None if row.status is WebhookStatus.RECEIVED else now}
        for row in deliveries
    ]
    connection = session.connection()
    connection.execute(_ADD[connection.dialect.name], rows)


def add_quarantined(
    session: Session, *, gateway: str, reason: str, path: str, body: bytes, received_at: datetime
) -> None:
    """Keep what proved nothing."""
    session.add(
        QuarantinedWebhook(gateway=gateway, reason=reason, path=path, body=body, received_at=received_at)
    )
    session.flush()


def due_deliveries(session: Session, *, now: datetime, limit: int) -> list[StoredDelivery]:
    """Return deliveries to work on, oldest first."""
    rows = session.execute(
        select(
            InboundWebhook.id,
            InboundWebhook.gateway,
            InboundWebhook.kind,
            InboundWebhook.attempt_token_hash,
            InboundWebhook.headers,
            InboundWebhook.body,
            InboundWebhook.received_at,
        )
        .where(
            InboundWebhook.status.in_((WebhookStatus.RECEIVED, WebhookStatus.FAILED)),
            or_(InboundWebhook.next_try_at.is_(None), InboundWebhook.next_try_at <= now),
            InboundWebhook.processed_at.is_(None),
        )
        .order_by(InboundWebhook.id)
        .limit(limit)
    )
    return [StoredDelivery(*row) for row in rows]


def trim_quarantine(session: Session, *, keep: int) -> None:
    """Delete all but the newest quarantined deliveries."""
    oldest_kept = session.execute(
        select(QuarantinedWebhook.id).order_by(QuarantinedWebhook.id.desc()).offset(keep - 1).limit(1)
    ).scalar_one_or_none()
    if oldest_kept is not None:
        session.execute(delete(QuarantinedWebhook).where(QuarantinedWebhook.id < oldest_kept))


class ListedDelivery(NamedTuple):
    """A delivery as it is listed; `processed_at` is None while it is still tried by itself."""

    id: int
    gateway: str
    kind: str
    status: WebhookStatus
    attempts: int
    error: str | None
    received_at: datetime
    next_try_at: datetime | None
    processed_at: datetime | None


def listed_deliveries(
    session: Session,
    *,
    status: WebhookStatus | None,
    limit: int,
    offset: int = 0,
    after_id: int | None = None,
) -> list[ListedDelivery]:
    """Return deliveries in one state, or in any, newest first."""
    query = select(*(getattr(InboundWebhook, name) for name in ListedDelivery._fields))
    if status is not None:
        query = query.where(InboundWebhook.status == status)
    if after_id is not None:
        query = query.where(InboundWebhook.id < after_id)
    rows = session.execute(query.order_by(InboundWebhook.id.desc()).limit(limit).offset(offset))
    return [ListedDelivery(*row) for row in rows]


def count_deliveries(session: Session, *, status: WebhookStatus | None) -> int:
    """Return how many deliveries there are in one state, or in any."""
    query = select(func.count()).select_from(InboundWebhook)
    if status is not None:
        query = query.where(InboundWebhook.status == status)
    return int(session.execute(query).scalar_one())


def find_quarantined(session: Session, quarantined_id: int) -> QuarantinedWebhook | None:
    """Return one of what proved nothing, or None."""
    return session.get(QuarantinedWebhook, quarantined_id)


def quarantined_page(
    session: Session, *, limit: int, offset: int = 0, before_id: int | None = None
) -> list[QuarantinedWebhook]:
    """Return what proved nothing, newest first."""
    query = select(QuarantinedWebhook).order_by(QuarantinedWebhook.id.desc())
    if before_id is not None:
        query = query.where(QuarantinedWebhook.id < before_id)
    return list(session.scalars(query.limit(limit).offset(offset)))


def count_quarantined(session: Session) -> int:
    """Return how much is kept of what proved nothing."""
    return int(session.execute(select(func.count()).select_from(QuarantinedWebhook)).scalar_one())
