"""Messages as screens and the API show them: the outbox, a customer's log, the texts. Acts are in `outbox`."""

from dataclasses import dataclass
from datetime import datetime

from benfex.core.actors import narrowed_scope, require, require_customer_access
from benfex.core.paging import Page, PageRequest, Slice, SliceRequest, sliced
from benfex.core.unit_of_work import Snapshot
from benfex.notifications.templates import default_text
from data.queries import messages as message_queries
from data.queries import messages_listing as listing
from data.seeds.messages import COMMON, DEFAULTS
from data.values.errors import NotFound
from data.values.identifiers import CustomerId
from data.values.kinds import MessageChannel, MessageDirection
from data.values.roles import Permission
from data.values.states import MessageStatus

_UNSENT_SHOWN = 20
_FILTERS = {
    "waiting": MessageStatus.PENDING,
    "failed": MessageStatus.FAILED,
    "sent": MessageStatus.SENT,
}


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message of the outbox; `title` says in words what it tells, and no customer is one to an owner."""

    id: int
    customer_id: CustomerId | None
    customer_name: str | None
    channel: MessageChannel
    recipient: str
    template: str
    title: str
    status: MessageStatus
    attempts: int
    send_after_at: datetime
    sent_at: datetime | None
    error: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class MessageCounts:
    """How many messages each tab of the outbox has."""

    waiting: int
    failed: int
    sent: int


@dataclass(frozen=True, slots=True)
class CommunicationView:
    """What was said to a customer or by them, word for word."""

    id: int
    customer_id: CustomerId
    direction: MessageDirection
    channel: MessageChannel
    subject: str
    body: str
    at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class TextView:
    """One text in force: `version` 0 is the built-in one, an empty body is switched off."""

    code: str
    title: str
    channel: MessageChannel
    language: str
    version: int
    subject: str
    body: str
    facts: tuple[str, ...]


def list_messages(snapshot: Snapshot, *, request: PageRequest) -> Page[MessageView]:
    """Return one page of the outbox, newest first; `filter` is waiting, failed or sent."""
    require(snapshot.actor, Permission.VIEW_CUSTOMERS)
    status, search = _FILTERS.get(request.filter), request.search.strip()
    rows = listing.messages_page(
        snapshot.session, status=status, search=search, limit=request.limit, offset=request.offset
    )
    total = listing.count_messages(snapshot.session, status=status, search=search)
    return Page(tuple(_message(row) for row in rows), total)


def message_counts(snapshot: Snapshot) -> MessageCounts:
    """Return how many messages each tab of the outbox has."""
    require(snapshot.actor, Permission.VIEW_CUSTOMERS)
    counts = {
        name: listing.count_messages(snapshot.session, status=status) for name, status in _FILTERS.items()
    }
    return MessageCounts(**counts)


def message_records(
    snapshot: Snapshot, *, request: SliceRequest, customer_id: CustomerId | None = None
) -> Slice[MessageView]:
    """Return messages, newest first; a subscriber finds only their own."""
    scope = narrowed_scope(snapshot.actor, customer_id, Permission.VIEW_CUSTOMERS)
    rows = listing.messages_below(
        snapshot.session, customer_id=scope, after_id=request.after_id, limit=request.limit + 1
    )
    return sliced([_message(row) for row in rows], limit=request.limit, place=lambda view: view.id)


def communications(
    snapshot: Snapshot, *, customer_id: CustomerId, request: SliceRequest
) -> Slice[CommunicationView]:
    """Return what was said with a customer, newest first. Raises NotFound for one the actor may not see."""
    require_customer_access(snapshot.actor, customer_id, Permission.VIEW_CUSTOMERS)
    rows = listing.communications_below(
        snapshot.session, customer_id=customer_id, after_id=request.after_id, limit=request.limit + 1
    )
    views = [CommunicationView(row.id, CustomerId(row.customer_id), *row[2:]) for row in rows]
    return sliced(views, limit=request.limit, place=lambda view: view.id)


def unsent_messages(snapshot: Snapshot, *, customer_id: CustomerId) -> tuple[MessageView, ...]:
    """Return a customer's messages that have not left, newest first."""
    require(snapshot.actor, Permission.VIEW_CUSTOMERS)
    rows = listing.unsent_of(snapshot.session, customer_id=customer_id, limit=_UNSENT_SHOWN)
    return tuple(_message(row) for row in rows)


def message_texts(snapshot: Snapshot, *, language: str = "en") -> tuple[TextView, ...]:
    """Return every text in force in a language, by kind of message, e-mail before SMS."""
    require(snapshot.actor, Permission.EDIT_PROFILE)
    saved = message_queries.newest_templates(snapshot.session)
    texts: list[TextView] = []
    for code, known in DEFAULTS.items():
        for channel in (MessageChannel.EMAIL, MessageChannel.SMS):
            row = saved.get((code, channel, language))
            text = default_text(code, channel)
            assert text is not None
            texts.append(
                TextView(
                    code,
                    known.title,
                    channel,
                    language,
                    row.version if row else 0,
                    row.subject if row else text.subject,
                    row.body if row else text.body,
                    (*COMMON, *known.facts),
                )
            )
    return tuple(texts)


def message_text(snapshot: Snapshot, *, code: str, channel: MessageChannel) -> TextView:
    """Return one text in force. Raises NotFound."""
    for text in message_texts(snapshot):
        if (text.code, text.channel) == (code, channel):
            return text
    raise NotFound("message")


def title_of(template: str) -> str:
    """Return in words what a kind of message tells."""
    known = DEFAULTS.get(template)
    return known.title if known else template


def _message(row: listing.MessageRow) -> MessageView:
    return MessageView(
        row.id,
        CustomerId(row.customer_id) if row.customer_id is not None else None,
        row.customer_name,
        row.channel,
        row.recipient,
        row.template,
        title_of(row.template),
        row.status,
        row.attempts,
        row.send_after_at,
        row.sent_at,
        row.last_error,
        row.created_at,
    )
