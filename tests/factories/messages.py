"""Channels that are set up, and one that only writes down what it is given."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlmodel import col, select

from benfex.core.clock import Clock
from benfex.core.errors import ChannelError
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.notifications.accounts import ChannelBook, save_channel_account
from benfex.notifications.channel import Channel, Delivered, Message
from benfex.notifications.dispatching import Attach, MessageDispatcher
from benfex.payments.pay_links import create_pay_link
from data.models.customer import Customer
from data.models.message import Communication, OutboundMessage
from data.values.identifiers import CustomerId
from data.values.kinds import MessageChannel
from data.values.states import MessageStatus
from tests.conftest import Run
from tests.factories.isp import VAULT

SETTINGS: dict[MessageChannel, dict[str, str]] = {
    MessageChannel.EMAIL: {"host": "127.0.0.1", "security": "none", "from_address": "bills@rift.example"},
    MessageChannel.SMS: {"username": "benfex-demo", "api_key": "atsk_benfex_demo"},
}


@dataclass
class Outgoing:
    """A channel that keeps what it is given, or raises what `refuse` returns."""

    kind: MessageChannel
    sent: list[Message] = field(default_factory=list)
    refuse: Callable[[Message], ChannelError | None] = lambda _: None

    async def send(self, message: Message) -> Delivered:
        error = self.refuse(message)
        if error is not None:
            raise error
        self.sent.append(message)
        return Delivered(f"{self.kind}-{len(self.sent)}")

    async def aclose(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Queued:
    """A row of the outbox, as far as tests look at it."""

    message_id: int
    template: str
    channel: MessageChannel
    status: MessageStatus
    attempts: int
    send_after: str
    error: str | None
    facts: tuple[tuple[str, str], ...]


def set_up_channels(run: Run, *channels: MessageChannel) -> None:
    """Set channels up, e-mail and SMS unless others are named."""
    for channel in channels or tuple(SETTINGS):
        run(save_channel_account, channel=channel, settings=SETTINGS[channel], vault=VAULT)


def give_email(run: Run, customer_id: CustomerId, email: str = "amina@example.com") -> None:
    """Give a customer an e-mail address."""
    run(_set_email, customer_id=customer_id, email=email)


def queued(run: Run) -> list[Queued]:
    """Return the outbox, oldest first."""
    return list(run.read(_queued))


def templates_of(run: Run, *, channel: MessageChannel = MessageChannel.SMS) -> list[str]:
    """Return the kinds of messages in the outbox for one channel, in the order they were written."""
    return [row.template for row in queued(run) if row.channel is channel]


def log_of(run: Run, customer_id: CustomerId) -> list[str]:
    """Return the words in a customer's communication log, oldest first."""
    return list(run.read(_log, customer_id=customer_id))


async def make_dispatcher(
    transactor: Transactor,
    clock: Clock,
    outgoing: Mapping[MessageChannel, Channel] | None = None,
    *,
    attach: Attach | None = None,
) -> tuple[MessageDispatcher, dict[MessageChannel, Outgoing]]:
    """Return a dispatcher over channels that keep what they are given."""
    kept = {kind: Outgoing(kind) for kind in SETTINGS}
    book = ChannelBook(
        transactor,
        VAULT,
        lambda accounts: {kind: (outgoing or kept)[kind] for kind in accounts},
    )
    await book.load()
    dispatcher = MessageDispatcher(
        transactor,
        book,
        clock,
        public_url="https://billing.example",
        make_pay_link=create_pay_link,
        attach=attach,
    )
    return dispatcher, kept


def _set_email(uow: UnitOfWork, *, customer_id: CustomerId, email: str) -> None:
    row = uow.session.get(Customer, customer_id)
    assert row is not None
    row.email = email


def _queued(snapshot: Snapshot) -> tuple[Queued, ...]:
    rows = snapshot.session.scalars(select(OutboundMessage).order_by(col(OutboundMessage.id)))
    return tuple(
        Queued(
            row.id or 0,
            row.template,
            row.channel,
            row.status,
            row.attempts,
            row.send_after_at.isoformat(),
            row.last_error,
            tuple(json.loads(row.facts).items()),
        )
        for row in rows
    )


def _log(snapshot: Snapshot, *, customer_id: CustomerId) -> tuple[str, ...]:
    return tuple(
        snapshot.session.scalars(
            select(Communication.body)
            .where(Communication.customer_id == customer_id)
            .order_by(col(Communication.id))
        )
    )
