"""Send what waits in the outbox: claim rows, hand them over outside any transaction, write down what became of it.

At least once: a process that dies between handing over and writing down sends the message again, when the claim
is five minutes old. E-mail carries the same Message-ID then; Africa's Talking knows no key, so a text may come twice.
Never lost: whatever was not written down as sent is a row that waits.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from benfex.core.actors import Actor, SystemActor, name_of, require
from benfex.core.audit import record_audit
from benfex.core.clock import Clock
from benfex.core.errors import ChannelError, ChannelRejected
from benfex.core.events import MessageChanged
from benfex.core.policy import isp_profile
from benfex.core.templates import TemplateRefused
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.notifications.accounts import ChannelBook
from benfex.notifications.channel import Attachment, Delivered, Message
from benfex.notifications.outbox import earliest
from benfex.notifications.templates import (
    MessageText,
    Written,
    text_of,
    texts_for,
    write_message,
)
from data.models.message import Communication, OutboundMessage
from data.queries import messages as message_queries
from data.seeds.messages import DEFAULTS
from data.values.errors import InvalidInput
from data.values.identifiers import CustomerId, InvoiceId
from data.values.kinds import MessageChannel, MessageDirection
from data.values.roles import Permission
from data.values.states import MessageStatus, advance

_log = structlog.get_logger("messages")
_SYSTEM = SystemActor("messages")
_CLAIM_LASTS = timedelta(minutes=5)
_WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
_TRIES_MAX = 24
_PAGE = 40
_PAGES_MAX = 50
_AT_ONCE = 8
_REST = timedelta(seconds=30)
_TOKEN = re.compile(r"(/pay/[0-9a-f]{4})[0-9a-f]+")


class MakePayLink(Protocol):
    """Makes a link that pays without signing in, and returns its token."""

    def __call__(
        self, uow: UnitOfWork, *, customer_id: CustomerId, invoice_id: InvoiceId | None = None
    ) -> str:
        """Return the token of a new link."""


@dataclass(frozen=True, slots=True)
class ClaimedMessage:
    """A message that is ours to send now."""

    message_id: int
    channel: MessageChannel
    recipient: str
    template: str
    language: str
    dedupe_key: str
    text: MessageText
    facts: tuple[tuple[str, str], ...]
    accent: str


Attach = Callable[[ClaimedMessage], Awaitable[tuple[Attachment, ...]]]


class MessageDispatcher:
    """Sends due messages, several at once; a channel that fails wholly rests for half a minute."""

    def __init__(
        self,
        transactor: Transactor,
        book: ChannelBook,
        clock: Clock,
        *,
        public_url: str,
        make_pay_link: MakePayLink,
        attach: Attach | None = None,
    ) -> None:
        self._attach = attach
        self._transactor = transactor
        self._book = book
        self._clock = clock
        self._public_url = public_url
        self._make_pay_link = make_pay_link
        self._resting: dict[MessageChannel, datetime] = {}

    async def dispatch_due(self) -> int:
        """Send what is due and return how many messages left."""
        sent = 0
        for _ in range(_PAGES_MAX):
            channels = self._awake()
            if not channels or not await self._transactor.read(has_due, _SYSTEM, channels=channels):
                break
            claimed = await self._transactor.transact(
                claim_messages,
                _SYSTEM,
                channels=channels,
                public_url=self._public_url,
                make_pay_link=self._make_pay_link,
            )
            sent += await self._send_all(claimed)
        return sent

    async def send_test(self, actor: Actor, *, channel: MessageChannel, recipient: str) -> Delivered:
        """Send a word to an address of the owner's, at once.

        Raises NotFound, ChannelUnavailable, and InvalidInput for an address that the channel refuses.
        """
        isp = await self._transactor.read(isp_profile, actor)
        if not recipient.strip():
            raise InvalidInput("recipient", "Say where to send it.")
        await self._transactor.transact(note_test, actor, channel=channel)
        name = isp.name if isp else "Benfex"
        message = Message(
            recipient=recipient.strip(),
            subject=f"A test from {name}",
            body=f"This is a test from {name}. If you read this, messages reach people.",
            dedupe_key=f"test:{channel}:{recipient}:{self._clock.now().isoformat()}",
        )
        try:
            return await self._book.get(channel).send(message)
        except ChannelRejected as cause:
            raise InvalidInput("recipient", cause.message) from cause

    def _awake(self) -> tuple[MessageChannel, ...]:
        now = self._clock.now()
        return tuple(kind for kind in self._book.kinds() if self._resting.get(kind, now) <= now)

    async def _send_all(self, claimed: Sequence[ClaimedMessage]) -> int:
        gate = asyncio.Semaphore(_AT_ONCE)
        outcomes = await asyncio.gather(*(self._send_one(message, gate) for message in claimed))
        for kind in {message.channel for message in claimed}:
            of_kind = [was for message, was in zip(claimed, outcomes, strict=True) if message.channel is kind]
            if all(was is None for was in of_kind):
                self._resting[kind] = self._clock.now() + _REST
        return sum(1 for was in outcomes if was)

    async def _send_one(self, claimed: ClaimedMessage, gate: asyncio.Semaphore) -> bool | None:
        """Return whether the message left, None when its channel did not take it now."""
        async with gate:
            try:
                written = write_message(
                    claimed.text,
                    channel=claimed.channel,
                    code=claimed.template,
                    facts=dict(claimed.facts),
                    accent=claimed.accent,
                    language=claimed.language,
                )
                message = _message(claimed, written, await self._files(claimed))
                delivered = await self._book.get(claimed.channel).send(message)
            except TemplateRefused as cause:
                await self._failed(claimed, cause.message, is_final=True)
                return False
            except ChannelError as cause:
                await self._failed(claimed, cause.message, is_final=not cause.retryable)
                return None if cause.retryable else False
        await self._transactor.transact(
            record_sent,
            _SYSTEM,
            message_id=claimed.message_id,
            written=written,
            reference=delivered.reference,
        )
        return True

    async def _files(self, claimed: ClaimedMessage) -> tuple[Attachment, ...]:
        if self._attach is None or claimed.channel is not MessageChannel.EMAIL:
            return ()
        return await self._attach(claimed)

    async def _failed(self, claimed: ClaimedMessage, reason: str, *, is_final: bool) -> None:
        _log.info("message not sent", message=claimed.message_id, channel=claimed.channel, reason=reason)
        await self._transactor.transact(
            record_failure, _SYSTEM, message_id=claimed.message_id, reason=reason, is_final=is_final
        )


def has_due(snapshot: Snapshot, *, channels: Sequence[MessageChannel]) -> bool:
    """Return whether a message waits that may leave now and that nobody is sending."""
    return message_queries.has_claimable(
        snapshot.session, channels=channels, stale_before=snapshot.now - _CLAIM_LASTS
    )


def claim_messages(
    uow: UnitOfWork,
    *,
    channels: Sequence[MessageChannel],
    public_url: str,
    make_pay_link: MakePayLink,
    limit: int = _PAGE,
) -> tuple[ClaimedMessage, ...]:
    """Take due messages for five minutes; one that chases an invoice that is settled by now is not sent."""
    require(uow.actor, Permission.EDIT_CUSTOMERS)
    rows = message_queries.claimable(
        uow.session, channels=channels, stale_before=uow.now - _CLAIM_LASTS, limit=limit
    )
    texts = texts_for(uow, frozenset(row.template for row in rows))
    facts = {row.id: _facts_of(row) for row in rows}
    settled = message_queries.settled_invoices(
        uow.session, [int(found["invoice_id"]) for found in facts.values() if "invoice_id" in found]
    )
    people = message_queries.addressees(
        uow.session, [row.customer_id for row in rows if row.customer_id is not None]
    )
    isp = isp_profile(uow)
    claimed = []
    for row in rows:
        own = facts[row.id]
        if _chases(row.template) and int(own.get("invoice_id", "0")) in settled:
            _give_up(uow, row, "Not sent: the invoice was settled before it left.")
            continue
        text = text_of(texts, code=row.template, channel=row.channel, language=row.language)
        if text is None or not text.body:
            _give_up(uow, row, "Not sent: this message has no text for this channel.")
            continue
        row.claimed_at = uow.now
        row.attempts += 1
        name, account = people.get(row.customer_id or 0, ("", ""))
        own = {"name": name, "account": account, **own}
        if isp is not None:
            own |= {"isp": isp.name, "support_phone": isp.support_phone}
        if "pay_link" in text.body and row.customer_id is not None:
            token = make_pay_link(uow, customer_id=CustomerId(row.customer_id))
            own["pay_link"] = f"{public_url}/pay/{token}"
        assert row.id is not None
        claimed.append(
            ClaimedMessage(
                row.id,
                row.channel,
                row.recipient,
                row.template,
                row.language,
                row.dedupe_key,
                text,
                tuple(own.items()),
                isp.accent if isp else "#3e57da",
            )
        )
    uow.session.flush()
    return tuple(claimed)


def record_sent(uow: UnitOfWork, *, message_id: int, written: Written, reference: str) -> None:
    """Note that a message left, and put it word for word into the log of its customer.

    Of a pay link the log keeps the beginning only: its token is a secret of the customer's.
    """
    require(uow.actor, Permission.EDIT_CUSTOMERS)
    row = message_queries.find_message(uow.session, message_id)
    assert row is not None
    if row.status is not MessageStatus.PENDING:
        return  # another claim, after this one grew old, has written it down
    row.status = advance(row.status, MessageStatus.SENT)
    row.sent_at, row.claimed_at, row.last_error = uow.now, None, None
    row.provider_reference = reference[:120] or None
    if row.customer_id is not None and not message_queries.is_in_log(uow.session, message_id=message_id):
        uow.session.add(
            Communication(
                customer_id=row.customer_id,
                direction=MessageDirection.OUT,
                channel=row.channel,
                subject=written.subject,
                body=_TOKEN.sub(r"\1…", written.body),
                at=uow.now,
                actor=name_of(uow.actor),
                message_id=message_id,
            )
        )
    uow.session.flush()
    _announce(uow, row)


def record_failure(uow: UnitOfWork, *, message_id: int, reason: str, is_final: bool) -> None:
    """Note that a message did not leave: it is tried again after 1, 5, 15 and 60 minutes, then each hour.

    After 24 tries, or at once when the far end will never take it, it has failed and a person decides.
    """
    require(uow.actor, Permission.EDIT_CUSTOMERS)
    row = message_queries.find_message(uow.session, message_id)
    assert row is not None
    if row.status is not MessageStatus.PENDING:
        return
    if is_final or row.attempts >= _TRIES_MAX:
        _give_up(uow, row, reason)
        return
    wait = _WAITS[min(row.attempts, len(_WAITS)) - 1] if row.attempts else _WAITS[0]
    row.send_after_at = earliest(uow, template=row.template, after=uow.now + wait)
    row.claimed_at = None
    row.last_error = reason[:250]
    uow.session.flush()
    _announce(uow, row)


def note_test(uow: UnitOfWork, *, channel: MessageChannel) -> None:
    """Note that the owner tries a channel."""
    require(uow.actor, Permission.EDIT_PROFILE)
    record_audit(uow, action="test", entity="channel_account", entity_id=0, changes={"channel": channel})


def _give_up(uow: UnitOfWork, row: OutboundMessage, reason: str) -> None:
    row.status = advance(row.status, MessageStatus.FAILED)
    row.claimed_at, row.last_error = None, reason[:250]
    uow.session.flush()
    _announce(uow, row)


def _announce(uow: UnitOfWork, row: OutboundMessage) -> None:
    assert row.id is not None
    uow.emit(
        MessageChanged(
            message_id=row.id,
            customer_id=CustomerId(row.customer_id) if row.customer_id is not None else None,
        )
    )


def _chases(template: str) -> bool:
    known = DEFAULTS.get(template)
    return known is not None and known.chases


def _facts_of(row: OutboundMessage) -> dict[str, str]:
    found = json.loads(row.facts)
    assert isinstance(found, dict)
    return {str(name): str(value) for name, value in found.items()}


def _message(claimed: ClaimedMessage, written: Written, files: tuple[Attachment, ...]) -> Message:
    return Message(
        recipient=claimed.recipient,
        subject=written.subject,
        body=written.body,
        html=written.html,
        dedupe_key=claimed.dedupe_key,
        attachments=files,
    )
