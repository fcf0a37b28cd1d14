"""What we say to customers and they to us: templates, the outbox, and the log of all that was said."""

from datetime import datetime

from sqlalchemy import Column, Index, Text, UniqueConstraint
from sqlmodel import Field

from data.base import Row
from data.columns import UtcDateTime, enum_column
from data.values.kinds import MessageChannel, MessageDirection
from data.values.states import MessageStatus


class MessageTemplate(Row, table=True):
    """The text of one kind of message in one channel and language. The newest version counts."""

    __tablename__ = "message_template"
    __table_args__ = (UniqueConstraint("code", "channel", "language", "version"),)

    code: str = Field(max_length=40)
    channel: MessageChannel = Field(sa_column=enum_column(MessageChannel))
    language: str = Field(default="en", max_length=8)
    version: int
    subject: str = Field(default="", max_length=200)
    body: str = Field(sa_column=Column(Text, nullable=False))
    saved_by: str = Field(max_length=120)


class OutboundMessage(Row, table=True):
    """A message that must leave, written in the transaction of the fact it tells.

    `dedupe_key` names the fact, so that it is told once however often it is seen. `facts` is JSON: what the
    template needs, and nothing secret.
    """

    __tablename__ = "outbound_message"
    __table_args__ = (Index("ix_outbound_message_due", "status", "send_after_at"),)

    customer_id: int | None = Field(default=None, foreign_key="customer.id", index=True)
    channel: MessageChannel = Field(sa_column=enum_column(MessageChannel))
    recipient: str = Field(max_length=254)
    template: str = Field(max_length=40)
    language: str = Field(default="en", max_length=8)
    facts: str = Field(sa_column=Column(Text, nullable=False))
    dedupe_key: str = Field(max_length=120, unique=True)
    status: MessageStatus = Field(sa_column=enum_column(MessageStatus))
    attempts: int = 0
    send_after_at: datetime = Field(sa_type=UtcDateTime)
    claimed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    provider_reference: str | None = Field(default=None, max_length=120)
    last_error: str | None = Field(default=None, max_length=250)


class Communication(Row, table=True):
    """What was said to a customer or by them, word for word. Append-only."""

    __table_args__ = (Index("ix_communication_customer", "customer_id", "at"),)

    customer_id: int = Field(foreign_key="customer.id")
    direction: MessageDirection = Field(sa_column=enum_column(MessageDirection))
    channel: MessageChannel = Field(sa_column=enum_column(MessageChannel))
    subject: str = Field(default="", max_length=200)
    body: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = Field(sa_type=UtcDateTime)
    actor: str = Field(max_length=120)
    message_id: int | None = Field(default=None, foreign_key="outbound_message.id", unique=True)
