"""Statements about messages for acts: outbox, claims, texts, accounts. For screens: `messages_listing`."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from data.models.customer import Customer
from data.models.identity import User
from data.models.invoice import Invoice, InvoiceLine
from data.models.message import Communication, MessageTemplate, OutboundMessage
from data.models.policy import ChannelAccount
from data.queries.bulk import Bulk, BulkSelect, among_named
from data.session import Session
from data.values.kinds import LineKind, MessageChannel
from data.values.roles import Role
from data.values.states import InvoiceStatus, MessageStatus

_ROWS_A_STATEMENT = 500
_ADDED = (
    "customer_id", "channel", "recipient", "template", "language", "facts", "dedupe_key", "send_after_at",
)  # fmt: skip
_STAMPED = (*_ADDED, "status", "attempts", "created_at", "updated_at")
# Somebody else may add the same fact at the same time: then theirs is enough.
_ADD = {
    "sqlite": Bulk(sqlite.insert(OutboundMessage).on_conflict_do_nothing(), _STAMPED),
    "postgresql": Bulk(postgresql.insert(OutboundMessage).on_conflict_do_nothing(), _STAMPED),
}


class Reachable(NamedTuple):
    """How one customer can be reached, and in which language."""

    customer_id: int
    phone: str
    email: str | None
    language: str


class IssuedInvoice(NamedTuple):
    """What a customer is told of an invoice."""

    invoice_id: int
    number: str
    total_minor: int
    paid_minor: int
    currency: str
    due_on: Any
    customer_id: int
    phone: str
    email: str | None
    language: str


def newest_channel_accounts(session: Session) -> list[ChannelAccount]:
    """Return the newest version of each channel's account, by channel."""
    rows = session.scalars(select(ChannelAccount).order_by(ChannelAccount.channel, ChannelAccount.version))
    return list({row.channel: row for row in rows}.values())


_ENABLED = BulkSelect(
    select(ChannelAccount.channel).where(
        ChannelAccount.id.in_(select(func.max(ChannelAccount.id)).group_by(ChannelAccount.channel)),
        ChannelAccount.is_enabled,
    )
)


def enabled_channels(session: Session) -> set[MessageChannel]:
    """Return the channels that are set up and switched on."""
    return {row[0] for row in _ENABLED.rows(session)}


def newest_templates(
    session: Session, *, codes: Sequence[str] | None = None
) -> dict[tuple[str, MessageChannel, str], MessageTemplate]:
    """Return the newest text the ISP saved, by code, channel and language."""
    newest = select(func.max(MessageTemplate.id)).group_by(
        MessageTemplate.code, MessageTemplate.channel, MessageTemplate.language
    )
    statement = select(MessageTemplate).where(MessageTemplate.id.in_(newest))
    if codes is not None:
        statement = statement.where(MessageTemplate.code.in_(codes))
    return {(row.code, row.channel, row.language): row for row in session.scalars(statement)}


_REACHABLE = BulkSelect(
    select(Customer.id, Customer.phone, Customer.email, Customer.language).where(
        among_named(Customer.id, "customer_ids")
    )
)


def reachable(session: Session, *, customer_ids: Collection[int]) -> dict[int, Reachable]:
    """Return how each of these customers can be reached, by id."""
    rows = _REACHABLE.rows(session, customer_ids=list(customer_ids))
    return {row[0]: Reachable._make(row) for row in rows}


def issued_invoices(session: Session, invoice_ids: Sequence[int]) -> list[IssuedInvoice]:
    """Return what customers are told of invoices that were issued, by invoice.

    Those that credit paid at once are not among them, nor late fees, of which dunning tells.
    """
    others = (
        select(InvoiceLine.id)
        .where(InvoiceLine.invoice_id == Invoice.id, InvoiceLine.kind != LineKind.LATE_FEE)
        .exists()
    )
    rows = session.execute(
        select(
            Invoice.id, Invoice.number, Invoice.total_minor, Invoice.paid_minor, Invoice.currency,
            Invoice.due_on, Customer.id, Customer.phone, Customer.email, Customer.language,
        )
        .join(Customer, Customer.id == Invoice.customer_id)
        .where(
            Invoice.id.in_(invoice_ids),
            Invoice.number.is_not(None),
            Invoice.status == InvoiceStatus.OPEN,
            others,
        )
        .order_by(Invoice.id)
    )  # fmt: skip
    return [IssuedInvoice(*row) for row in rows]


def staff_to_tell(session: Session, *, roles: Sequence[Role]) -> list[tuple[int, str]]:
    """Return (user id, e-mail) of the staff of these roles who can be written to."""
    rows = session.execute(
        select(User.id, User.email)
        .where(User.role.in_(roles), User.is_active, User.email.is_not(None))
        .order_by(User.id)
    )
    return [(row[0], row[1]) for row in rows]


def add_messages(session: Session, rows: Sequence[Mapping[str, Any]]) -> int:
    """Put messages into the outbox, set-based; one whose `dedupe_key` is there already is left out.

    Returns how many were added. Every row has what `_ADDED` names.
    """
    fresh = {row["dedupe_key"]: row for row in reversed(rows)}
    keys = list(fresh)
    for start in range(0, len(keys), _ROWS_A_STATEMENT):
        part = keys[start : start + _ROWS_A_STATEMENT]
        for key in session.scalars(
            select(OutboundMessage.dedupe_key).where(OutboundMessage.dedupe_key.in_(part))
        ):
            del fresh[key]
    now = session.info["now"]
    dialect = session.get_bind().dialect.name
    _ADD[dialect].run(
        session,
        [
            (*(row[name] for name in _ADDED), MessageStatus.PENDING, 0, now, now)
            for row in reversed(fresh.values())
        ],
    )
    return len(fresh)


def claimable(
    session: Session, *, channels: Sequence[MessageChannel], stale_before: datetime, limit: int
) -> list[OutboundMessage]:
    """Return messages that are due and that nobody is sending, those that wait longest first."""
    return list(
        session.scalars(
            select(OutboundMessage)
            .where(*_due(session, channels=channels, stale_before=stale_before))
            .order_by(OutboundMessage.send_after_at, OutboundMessage.id)
            .limit(limit)
        )
    )


def has_claimable(session: Session, *, channels: Sequence[MessageChannel], stale_before: datetime) -> bool:
    """Return whether a message is due that nobody is sending."""
    due = _due(session, channels=channels, stale_before=stale_before)
    return session.execute(select(OutboundMessage.id).where(*due).limit(1)).first() is not None


def _due(
    session: Session, *, channels: Sequence[MessageChannel], stale_before: datetime
) -> list[ColumnElement[bool]]:
    return [
        OutboundMessage.status == MessageStatus.PENDING,
        OutboundMessage.send_after_at <= session.info["now"],
        OutboundMessage.channel.in_(channels),
        or_(OutboundMessage.claimed_at.is_(None), OutboundMessage.claimed_at < stale_before),
    ]


def find_message(session: Session, message_id: int) -> OutboundMessage | None:
    """Return a message of the outbox, or None."""
    return session.get(OutboundMessage, message_id)


def is_in_log(session: Session, *, message_id: int) -> bool:
    """Return whether a message is in the communication log already."""
    return (
        session.execute(select(Communication.id).where(Communication.message_id == message_id)).first()
        is not None
    )


def addressees(session: Session, customer_ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Return (name, account number) of customers, by id."""
    rows = session.execute(
        select(Customer.id, Customer.name, Customer.account_number).where(Customer.id.in_(customer_ids))
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def settled_invoices(session: Session, invoice_ids: Sequence[int]) -> set[int]:
    """Return which of these invoices nobody owes any more."""
    return {
        row
        for row in session.scalars(
            select(Invoice.id).where(Invoice.id.in_(invoice_ids), Invoice.status != InvoiceStatus.OPEN)
        )
        if row is not None
    }


def told_of(session: Session, facts: Sequence[str]) -> set[str]:
    """Return which of these facts (dedupe keys without a channel) have a message in any channel."""
    keys = {f"{fact}:{channel}": fact for fact in facts for channel in MessageChannel}
    found: set[str] = set()
    listed = list(keys)
    for start in range(0, len(listed), _ROWS_A_STATEMENT):
        part = listed[start : start + _ROWS_A_STATEMENT]
        rows = session.scalars(select(OutboundMessage.dedupe_key).where(OutboundMessage.dedupe_key.in_(part)))
        found |= {keys[row] for row in rows}
    return found
