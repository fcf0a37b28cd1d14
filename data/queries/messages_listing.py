"""SELECTs of message lists for screens and the API. What acts read is in `messages`."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, or_, select

from data.models.customer import Customer
from data.models.message import Communication, OutboundMessage
from data.session import Session
from data.values.kinds import MessageChannel, MessageDirection
from data.values.states import MessageStatus


class MessageRow(NamedTuple):
    """One line of the outbox; no customer means that it goes to an owner."""

    id: int
    customer_id: int | None
    customer_name: str | None
    channel: MessageChannel
    recipient: str
    template: str
    status: MessageStatus
    attempts: int
    send_after_at: datetime
    sent_at: datetime | None
    last_error: str | None
    created_at: datetime


class CommunicationRow(NamedTuple):
    """What was said once."""

    id: int
    customer_id: int
    direction: MessageDirection
    channel: MessageChannel
    subject: str
    body: str
    at: datetime
    actor: str


_MESSAGE = (
    OutboundMessage.id,
    OutboundMessage.customer_id,
    Customer.name,
    OutboundMessage.channel,
    OutboundMessage.recipient,
    OutboundMessage.template,
    OutboundMessage.status,
    OutboundMessage.attempts,
    OutboundMessage.send_after_at,
    OutboundMessage.sent_at,
    OutboundMessage.last_error,
    OutboundMessage.created_at,
)
_COMMUNICATION = (
    Communication.id,
    Communication.customer_id,
    Communication.direction,
    Communication.channel,
    Communication.subject,
    Communication.body,
    Communication.at,
    Communication.actor,
)


def messages_page(
    session: Session, *, status: MessageStatus | None, search: str, limit: int, offset: int
) -> list[MessageRow]:
    """Return one page of the outbox, newest first."""
    query = (
        select(*_MESSAGE)
        .outerjoin(Customer, Customer.id == OutboundMessage.customer_id)
        .where(*_fits(status), *_found(search))
        .order_by(OutboundMessage.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [MessageRow(*row) for row in session.execute(query)]


def count_messages(session: Session, *, status: MessageStatus | None, search: str = "") -> int:
    """Return how many messages fit."""
    query = select(func.count()).select_from(OutboundMessage).where(*_fits(status))
    if search:
        query = query.outerjoin(Customer, Customer.id == OutboundMessage.customer_id).where(*_found(search))
    return session.execute(query).scalar_one()


def messages_below(
    session: Session, *, customer_id: int | None, after_id: int | None, limit: int
) -> list[MessageRow]:
    """Return messages, newest first, from below an id on, of one customer or of everybody."""
    query = (
        select(*_MESSAGE)
        .outerjoin(Customer, Customer.id == OutboundMessage.customer_id)
        .order_by(OutboundMessage.id.desc())
        .limit(limit)
    )
    if customer_id is not None:
        query = query.where(OutboundMessage.customer_id == customer_id)
    if after_id is not None:
        query = query.where(OutboundMessage.id < after_id)
    return [MessageRow(*row) for row in session.execute(query)]


def communications_below(
    session: Session, *, customer_id: int, after_id: int | None, limit: int
) -> list[CommunicationRow]:
    """Return what was said with a customer, newest first, from below an id on."""
    query = (
        select(*_COMMUNICATION)
        .where(Communication.customer_id == customer_id)
        .order_by(Communication.id.desc())
        .limit(limit)
    )
    if after_id is not None:
        query = query.where(Communication.id < after_id)
    return [CommunicationRow(*row) for row in session.execute(query)]


def unsent_of(session: Session, *, customer_id: int, limit: int) -> list[MessageRow]:
    """Return the customer's messages that have not left, newest first."""
    query = (
        select(*_MESSAGE)
        .outerjoin(Customer, Customer.id == OutboundMessage.customer_id)
        .where(OutboundMessage.customer_id == customer_id, OutboundMessage.status != MessageStatus.SENT)
        .order_by(OutboundMessage.id.desc())
        .limit(limit)
    )
    return [MessageRow(*row) for row in session.execute(query)]


def _fits(status: MessageStatus | None) -> list[ColumnElement[bool]]:
    return [] if status is None else [OutboundMessage.status == status]


def _found(search: str) -> list[ColumnElement[bool]]:
    if not search:
        return []
    return [
        or_(
            Customer.name.icontains(search, autoescape=True),
            Customer.account_number.icontains(search, autoescape=True),
            OutboundMessage.recipient.icontains(search, autoescape=True),
        )
    ]
