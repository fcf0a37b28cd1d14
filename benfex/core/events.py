"""Everything that can happen, on one page, and the bus that tells it after the commit.

Rows are facts, events are hints: if every event were lost, Benfex would be some seconds slower, no less
right.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple, TypeVar

import structlog

from data.values.identifiers import (
    ConnectionId,
    CreditNoteId,
    CustomerId,
    DisputeId,
    InvoiceId,
    PayLinkId,
    PaymentAttemptId,
    PaymentId,
    RefundId,
    RouterId,
    ShiftId,
    SubscriptionId,
    UserId,
)
from data.values.states import (
    AttemptStatus,
    CheckoutStatus,
    DisputeStatus,
    RefundStatus,
    RouterStatus,
    SubscriptionStatus,
)

_log = structlog.get_logger("events")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened."""


@dataclass(frozen=True, slots=True)
class SessionsEnded(Event):
    """Somebody signed out, or was signed out: one session of a user, or all."""

    user_id: UserId


@dataclass(frozen=True, slots=True)
class CustomerChanged(Event):
    """A customer was registered or edited."""

    customer_id: CustomerId


@dataclass(frozen=True, slots=True)
class InvoiceIssued(Event):
    """An invoice was issued."""

    invoice_id: InvoiceId
    customer_id: CustomerId


@dataclass(frozen=True, slots=True)
class InvoicePaid(Event):
    """An invoice was paid in full."""

    invoice_id: InvoiceId
    customer_id: CustomerId


@dataclass(frozen=True, slots=True)
class CreditNoteIssued(Event):
    """A credit note was given on an invoice."""

    credit_note_id: CreditNoteId
    invoice_id: InvoiceId
    customer_id: CustomerId


@dataclass(frozen=True, slots=True)
class AttemptChanged(Event):
    """A payment attempt moved on."""

    attempt_id: PaymentAttemptId
    customer_id: CustomerId
    status: AttemptStatus


@dataclass(frozen=True, slots=True)
class AttemptCheckDue(Event):
    """A gateway should be asked about an attempt now."""

    attempt_id: PaymentAttemptId


@dataclass(frozen=True, slots=True)
class PaymentSettled(Event):
    """Money was booked; the customer is None while it is unmatched."""

    payment_id: PaymentId
    customer_id: CustomerId | None
    amount_minor: int
    currency: str
    gateway: str


@dataclass(frozen=True, slots=True)
class PaymentReversed(Event):
    """A payment was taken out of the books; the customer is None if it was unmatched."""

    payment_id: PaymentId
    customer_id: CustomerId | None


@dataclass(frozen=True, slots=True)
class PaymentRefunded(Event):
    """Money of a payment went back to its customer."""

    payment_id: PaymentId
    customer_id: CustomerId


@dataclass(frozen=True, slots=True)
class RefundMoved(Event):
    """A refund was asked for, decided, sent, or came to its end."""

    refund_id: RefundId
    payment_id: PaymentId
    customer_id: CustomerId
    status: RefundStatus


@dataclass(frozen=True, slots=True)
class ShiftMoved(Event):
    """A cashier opened a drawer, or it was counted and closed."""

    shift_id: ShiftId
    cashier_id: UserId


@dataclass(frozen=True, slots=True)
class DisputeMoved(Event):
    """A payer disputed a payment, or that was decided; the payment is None where we do not know it."""

    dispute_id: DisputeId
    payment_id: PaymentId | None
    status: DisputeStatus


@dataclass(frozen=True, slots=True)
class CheckoutEnded(Event):
    """A hosted checkout was paid, closed, or ran out of time."""

    pay_link_id: PayLinkId
    status: CheckoutStatus


@dataclass(frozen=True, slots=True)
class ProgramsToTell(Event):
    """Facts wait to be told to other programs."""


@dataclass(frozen=True, slots=True)
class ReconciliationMoved(Event):
    """A gateway's record was compared with our books, or a difference was found or settled."""

    gateway: str


@dataclass(frozen=True, slots=True)
class SubscriptionChanged(Event):
    """A subscription moved to another state."""

    subscription_id: SubscriptionId
    customer_id: CustomerId
    status: SubscriptionStatus


@dataclass(frozen=True, slots=True)
class SubscriptionSuspended(Event):
    """A service was suspended."""

    subscription_id: SubscriptionId
    customer_id: CustomerId


@dataclass(frozen=True, slots=True)
class SubscriptionReactivated(Event):
    """A suspended service is active again."""

    subscription_id: SubscriptionId
    customer_id: CustomerId


@dataclass(frozen=True, slots=True)
class RouterTaskQueued(Event):
    """A router has work; urgent work restores service."""

    router_id: RouterId
    connection_id: ConnectionId
    urgent: bool


@dataclass(frozen=True, slots=True)
class ConnectionApplied(Event):
    """A router was written and read back."""

    connection_id: ConnectionId
    router_id: RouterId
    customer_id: CustomerId
    generation: int


@dataclass(frozen=True, slots=True)
class SessionReturned(Event):
    """The first new session after a restoration was seen."""

    connection_id: ConnectionId
    customer_id: CustomerId


@dataclass(frozen=True, slots=True)
class RouterStatusChanged(Event):
    """A router was lost, came back or refused us."""

    router_id: RouterId
    status: RouterStatus


@dataclass(frozen=True, slots=True)
class ChangeRunMoved(Event):
    """A change of many routers went on, at one router or as a whole."""

    run_id: int


@dataclass(frozen=True, slots=True)
class RouterSampled(Event):
    """A poll of a router, or, with None, the gap where one should have been."""

    router_id: RouterId
    at: datetime
    download_bps: int | None
    upload_bps: int | None
    online: int | None
    cpu_percent: int | None


class UsageSample(NamedTuple):
    """The rates of one connection at a poll, or, with None, the gap."""

    connection_id: ConnectionId
    download_bps: int | None
    upload_bps: int | None


@dataclass(frozen=True, slots=True)
class UsageSampled(Event):
    """The rates of all connections of a router at one poll."""

    router_id: RouterId
    at: datetime
    samples: tuple[UsageSample, ...]


@dataclass(frozen=True, slots=True)
class WebhookStored(Event):
    """Messages of gateways are safe and wait to be worked on."""


@dataclass(frozen=True, slots=True)
class BillRunProgressed(Event):
    """A bill run went on: customers seen, of how many. `asks` says that it waits for a person."""

    done: int
    total: int
    finished: bool
    asks: bool = False


@dataclass(frozen=True, slots=True)
class DunningAsked(Event):
    """A dunning run waits for the owner's word on so many suspensions, or got it (0)."""

    on: date
    foreseen: int


@dataclass(frozen=True, slots=True)
class MessagesQueued(Event):
    """Messages wait to leave."""

    count: int


@dataclass(frozen=True, slots=True)
class MessageChanged(Event):
    """A message left, or failed; the customer is None for one to staff."""

    message_id: int
    customer_id: CustomerId | None


@dataclass(frozen=True, slots=True)
class ClockStepped(Event):
    """A money-to-packet clock got another instant."""

    payment_id: PaymentId


E = TypeVar("E", bound=Event)
Handler = Callable[[Any], Awaitable[None] | None]


class EventBus:
    """Tells handlers what happened, on the event loop, best effort and in order of subscription."""

    def __init__(self) -> None:
        self._handlers: dict[type[Event], list[Handler]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def subscribe(self, kind: type[E], handler: Callable[[E], Awaitable[None] | None]) -> Callable[[], None]:
        """Call `handler` for each event of exactly this kind; return what ends that."""
        handlers = self._handlers.setdefault(kind, [])
        handlers.append(handler)

        def unsubscribe() -> None:
            if handler in handlers:
                handlers.remove(handler)

        return unsubscribe

    def publish(self, event: Event) -> None:
        """Tell all handlers of an event; call it on the loop's thread. A failing handler is logged."""
        for handler in tuple(self._handlers.get(type(event), ())):
            try:
                result = handler(event)
            except Exception as cause:  # noqa: BLE001 - one broken listener must not silence the others
                _log.error("event handler failed", event_kind=type(event).__name__, exc_info=cause)
                continue
            if inspect.isawaitable(result):
                self._follow(result, type(event).__name__)

    async def idle(self) -> None:
        """Wait until no listener is at work."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))

    def _follow(self, awaitable: Awaitable[None], kind: str) -> None:
        async def run() -> None:
            try:
                await awaitable
            except Exception as cause:  # noqa: BLE001 - one broken listener must not silence the others
                _log.error("event handler failed", event_kind=kind, exc_info=cause)

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
