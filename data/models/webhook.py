"""What gateways told us, kept raw; a bounded place for what proved nothing; and what we tell other programs."""

from datetime import datetime

from sqlalchemy import Column, Index, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field

from data.base import Row
from data.columns import UtcDateTime, enum_column
from data.values.kinds import EvidenceGrade
from data.values.states import MessageStatus, WebhookStatus


class InboundWebhook(Row, table=True):
    """A delivery that passed its signature or secret path: raw bytes, JSON or not."""

    __tablename__ = "inbound_webhook"
    __table_args__ = (
        UniqueConstraint("gateway", "external_id"),
        Index("ix_inbound_webhook_due", "status", "next_try_at"),
    )

    gateway: str = Field(max_length=24)
    kind: str = Field(max_length=32)
    external_id: str = Field(max_length=80)
    attempt_token_hash: str | None = Field(default=None, max_length=64)
    headers: str = Field(sa_column=Column(Text, nullable=False))
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    evidence: EvidenceGrade = Field(sa_column=enum_column(EvidenceGrade))
    status: WebhookStatus = Field(sa_column=enum_column(WebhookStatus))
    attempts: int = 0
    error: str | None = Field(default=None, max_length=250)
    received_at: datetime = Field(sa_type=UtcDateTime)
    next_try_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    processed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class QuarantinedWebhook(Row, table=True):
    """A delivery that failed its signature or path: the last 1,000, cut at 8 KiB."""

    __tablename__ = "quarantined_webhook"

    gateway: str = Field(max_length=24)
    reason: str = Field(max_length=160)
    path: str = Field(max_length=120)
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    received_at: datetime = Field(sa_type=UtcDateTime)


class WebhookEndpoint(Row, table=True):
    """Where another program wants to hear from us; `events` holds names with commas between.

    The former secret signs beside the new one for a day after `rotated_at`. `problem` says why we switched it off.
    """

    __tablename__ = "webhook_endpoint"

    url: str = Field(max_length=500)
    secret_sealed: str = Field(sa_column=Column(Text, nullable=False))
    former_secret_sealed: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    rotated_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    problem: str = Field(default="", max_length=250)
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    events: str = Field(max_length=250)
    is_enabled: bool = True
    made_by: str = Field(max_length=120)


class OutboundWebhook(Row, table=True):
    """A fact to be told to one endpoint, written in the transaction of the fact. `payload` is the body as sent."""

    __tablename__ = "outbound_webhook"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "dedupe_key"),
        Index("ix_outbound_webhook_due", "status", "next_try_at"),
    )

    endpoint_id: int = Field(foreign_key="webhook_endpoint.id")
    event: str = Field(max_length=40)
    dedupe_key: str = Field(max_length=120)
    payload: str = Field(sa_column=Column(Text, nullable=False))
    status: MessageStatus = Field(sa_column=enum_column(MessageStatus))
    attempts: int = 0
    next_try_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    answered: int | None = None
    last_error: str | None = Field(default=None, max_length=250)
    delivered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
