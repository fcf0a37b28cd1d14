"""SELECTs about inbound deliveries, and the bound of the quarantine."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, cast

from sqlalchemy import Table, delete, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from data.models.webhook import InboundWebhook, QuarantinedWebhook
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
