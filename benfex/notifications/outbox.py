"""The outbox: a message is a row in the transaction of the fact it tells, and leaves after the commit.

A row is written for each channel that is set up, that the customer can be reached by, and whose text is not
empty. `dedupe_key` names the fact, so that it is told once however often it is seen. What sends the rows is
`dispatching`; when a row may leave at the earliest is `quiet_hours`.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from benfex.core.actors import require
from benfex.core.audit import record_audit
from benfex.core.events import MessageChanged, MessagesQueued
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.notifications.quiet_hours import sending_time
from benfex.notifications.templates import default_text
from data.queries import messages as message_queries
from data.queries.messages import Reachable
from data.seeds.messages import DEFAULTS
from data.values.errors import NotFound
from data.values.identifiers import CustomerId, InvoiceId
from data.values.kinds import MessageChannel
from data.values.money import Money
from data.values.roles import Permission, Role, permissions_of
from data.values.states import MessageStatus, advance

_KEY_MAX = 120


@dataclass(frozen=True, slots=True)
class Tidings:
    """What one customer is told: the words that the template names, and the fact by which it is told once."""

    customer_id: CustomerId
    facts: Mapping[str, str]
    dedupe_key: str


def enqueue_message(
    uow: UnitOfWork,
    *,
    customer_id: CustomerId,
    template: str,
    facts: Mapping[str, str],
    dedupe_key: str,
    channels: Sequence[MessageChannel] | None = None,
) -> int:
    """Write a message for each channel the customer can be reached by; return how many rows that were.

    It is part of another act, so that act has checked who may. A second call with the same key adds none.
    `facts` hold what the template names and nothing secret; "invoice_id" ties a reminder to its invoice.
    Raises NotFound for an unknown template or customer.
    """
    told = Tidings(customer_id, facts, dedupe_key)
    return enqueue_messages(uow, template=template, told=[told], channels=channels)


def enqueue_messages(
    uow: UnitOfWork,
    *,
    template: str,
    told: Sequence[Tidings],
    channels: Sequence[MessageChannel] | None = None,
) -> int:
    """Write to many customers as `enqueue_message` does to one, in a few statements; return how many rows."""
    desk = _Desk(uow, template)
    people = message_queries.reachable(uow.session, customer_ids={one.customer_id for one in told})
    rows: list[dict[str, Any]] = []
    for one in told:
        if one.customer_id not in people:
            raise NotFound("customer")
        rows += desk.rows(people[one.customer_id], one.facts, one.dedupe_key, channels)
    return desk.post(rows)


def enqueue_owner_message(
    uow: UnitOfWork, *, template: str, facts: Mapping[str, str], dedupe_key: str
) -> int:
    """Write an e-mail to each owner; return how many. It leaves no trace in a customer's log."""
    return _tell_roles(uow, [Role.OWNER], template, facts, dedupe_key)


def enqueue_staff_message(
    uow: UnitOfWork, *, template: str, facts: Mapping[str, str], dedupe_key: str, permission: Permission
) -> int:
    """Write an e-mail to all staff who have a permission; return how many."""
    roles = [role for role in Role if permission in permissions_of(role)]
    return _tell_roles(uow, roles, template, facts, dedupe_key)


def enqueue_invoice_messages(uow: UnitOfWork, invoice_ids: Sequence[InvoiceId]) -> int:
    """Tell customers of invoices that were just issued, set-based: a few statements whatever their number."""
    desk = _Desk(uow, "invoice_issued")
    if not desk.open_channels or not invoice_ids:
        return 0
    rows: list[dict[str, Any]] = []
    for invoice in message_queries.issued_invoices(uow.session, invoice_ids):
        facts = {
            "number": invoice.number,
            "amount": Money(invoice.total_minor - invoice.paid_minor, invoice.currency).format(),
            "due_on": say_date(invoice.due_on),
            "invoice_id": str(invoice.invoice_id),
        }
        person = Reachable(invoice.customer_id, invoice.phone, invoice.email, invoice.language)
        rows += desk.rows(person, facts, f"invoice:{invoice.invoice_id}:issued", None)
    return desk.post(rows)


def retry_message(uow: UnitOfWork, *, message_id: int) -> None:
    """Send a message that failed once more, or one that waits without waiting on. Raises NotFound, InvalidTransition.

    Night does not hold it back: a person asked for it.
    """
    require(uow.actor, Permission.EDIT_CUSTOMERS)
    message = message_queries.find_message(uow.session, message_id)
    if message is None:
        raise NotFound("message")
    if message.status is not MessageStatus.PENDING:
        message.status = advance(message.status, MessageStatus.PENDING)
        message.attempts, message.claimed_at, message.last_error = 0, None, None
    message.send_after_at = uow.now
    record_audit(uow, action="retry", entity="outbound_message", entity_id=message_id)
    uow.emit(MessagesQueued(count=1))
    uow.emit(
        MessageChanged(
            message_id=message_id,
            customer_id=CustomerId(message.customer_id) if message.customer_id is not None else None,
        )
    )


def earliest(snapshot: Snapshot, *, template: str, after: datetime) -> datetime:
    """Return when a message of this kind may leave at the earliest, from an instant on."""
    known = DEFAULTS.get(template)
    if known is None or not known.waits_for_day:
        return after
    terms = current_terms(snapshot)
    return sending_time(
        after,
        timezone=terms.timezone,
        from_hour=terms.sends_from_hour,
        until_hour=terms.sends_until_hour,
    )


def say_date(day: date) -> str:
    """Return a date as messages say it: 30 Nov 2026."""
    return f"{day.day} {day:%b %Y}"


def _tell_roles(
    uow: UnitOfWork, roles: Sequence[Role], template: str, facts: Mapping[str, str], dedupe_key: str
) -> int:
    desk = _Desk(uow, template)
    if MessageChannel.EMAIL not in desk.open_channels:
        return 0
    rows = [
        desk.row(None, MessageChannel.EMAIL, email, "en", facts, f"{dedupe_key}:user:{user_id}")
        for user_id, email in message_queries.staff_to_tell(uow.session, roles=roles)
    ]
    return desk.post(rows)


class _Desk:
    """Writes the rows of one kind of message; what they share is read once."""

    def __init__(self, uow: UnitOfWork, template: str) -> None:
        if template not in DEFAULTS:
            raise NotFound("message")
        self._uow = uow
        self._template = template
        self.open_channels = message_queries.enabled_channels(uow.session)
        self._saved = (
            message_queries.newest_templates(uow.session, codes=[template]) if self.open_channels else {}
        )
        self._send_after_at = (
            earliest(uow, template=template, after=uow.now) if self.open_channels else uow.now
        )

    def rows(
        self,
        person: Reachable,
        facts: Mapping[str, str],
        dedupe_key: str,
        channels: Sequence[MessageChannel] | None,
    ) -> list[dict[str, Any]]:
        addresses = ((MessageChannel.EMAIL, person.email), (MessageChannel.SMS, person.phone))
        return [
            self.row(person.customer_id, channel, address, person.language, facts, f"{dedupe_key}:{channel}")
            for channel, address in addresses
            if address
            and channel in self.open_channels
            and (channels is None or channel in channels)
            and self._has_text(channel, person.language)
        ]

    def row(
        self,
        customer_id: int | None,
        channel: MessageChannel,
        recipient: str,
        language: str,
        facts: Mapping[str, str],
        key: str,
    ) -> dict[str, Any]:
        if len(key) > _KEY_MAX:
            key = f"{key[:50]}:{hashlib.sha256(key.encode()).hexdigest()}"
        return {
            "customer_id": customer_id,
            "channel": channel,
            "recipient": recipient,
            "template": self._template,
            "language": language,
            "facts": json.dumps(dict(facts), ensure_ascii=False, sort_keys=True),
            "dedupe_key": key,
            "send_after_at": self._send_after_at,
        }

    def post(self, rows: Sequence[Mapping[str, Any]]) -> int:
        added = message_queries.add_messages(self._uow.session, rows) if rows else 0
        if added:
            self._uow.emit(MessagesQueued(count=added))
        return added

    def _has_text(self, channel: MessageChannel, language: str) -> bool:
        saved = self._saved.get((self._template, channel, language)) or self._saved.get(
            (self._template, channel, "en")
        )
        text = saved or default_text(self._template, channel)
        return text is not None and bool(text.body)
