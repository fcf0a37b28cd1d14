"""SELECTs about inbound deliveries, and the bound of the quarantine."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, func, or_, select

from data.models.webhook import InboundWebhook, QuarantinedWebhook
from data.session import Session
from data.values.states import WebhookStatus


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


def has_delivery(session: Session, *, gateway: str, external_id: str) -> bool:
    """Return whether this delivery is stored already."""
    return (
        session.execute(
            select(InboundWebhook.id).where(
                InboundWebhook.gateway == gateway, InboundWebhook.external_id == external_id
            )
        ).first()
        is not None
    )


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
