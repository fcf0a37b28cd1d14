"""Every state machine: one enum, one frozen map of arrows; who may move and when is with the acts."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeVar

from data.values.errors import InvalidTransition


class CustomerStatus(StrEnum):
    """Whether we still serve the customer."""

    ACTIVE = "active"
    ARCHIVED = "archived"


class SubscriptionStatus(StrEnum):
    """Where a subscription stands; `ended` is final."""

    PENDING = "pending"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    SUSPENDED = "suspended"
    PAUSED = "paused"
    ENDED = "ended"


class InvoiceStatus(StrEnum):
    """Where an invoice stands; overdue is `open` past its due date, not a state."""

    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    VOID = "void"
    UNCOLLECTIBLE = "uncollectible"


class AttemptStatus(StrEnum):
    """Where a payment attempt stands; `succeeded` is final, a reversal happens to the payment."""

    CREATED = "created"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXPIRED = "expired"


class PaymentStatus(StrEnum):
    """Whether the money is still with us."""

    RECEIVED = "received"
    REVERSED = "reversed"


class RouterStatus(StrEnum):
    """What we know of a router."""

    UNKNOWN = "unknown"
    REACHABLE = "reachable"
    UNREACHABLE = "unreachable"
    AUTH_FAILED = "auth_failed"
    RETIRED = "retired"


class TaskStatus(StrEnum):
    """Where a router task stands."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SUPERSEDED = "superseded"


class WebhookStatus(StrEnum):
    """What became of a message from a gateway."""

    RECEIVED = "received"
    PROCESSED = "processed"
    IGNORED = "ignored"
    FAILED = "failed"


class MessageStatus(StrEnum):
    """Where a message to a person stands; trying again keeps it pending."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"


class RefundStatus(StrEnum):
    """Where money that goes back stands; `awaiting` waits for a second person."""

    AWAITING = "awaiting"
    APPROVED = "approved"
    DECLINED = "declined"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class DisputeStatus(StrEnum):
    """Where a payer's demand for their money back stands; `won` means that we keep it."""

    OPEN = "open"
    ANSWERED = "answered"
    WON = "won"
    LOST = "lost"


class StandingOrderStatus(StrEnum):
    """Whether a payer's standing order pays us."""

    CREATED = "created"
    ACTIVE = "active"
    FAILED = "failed"
    ENDED = "ended"


class LineStatus(StrEnum):
    """What became of a line of a statement: money in it was booked from it, known before, or is not ours."""

    NEW = "new"
    BOOKED = "booked"
    KNOWN = "known"
    IGNORED = "ignored"


class CheckoutStatus(StrEnum):
    """How a hosted checkout stands; it ends once. Money that comes later is booked all the same."""

    OPEN = "open"
    PAID = "paid"
    CLOSED = "closed"
    EXPIRED = "expired"


class VoucherStatus(StrEnum):
    """Whether a voucher still opens a period."""

    UNUSED = "unused"
    REDEEMED = "redeemed"
    CANCELLED = "cancelled"


class PromiseStatus(StrEnum):
    """What became of a promise to pay."""

    OPEN = "open"
    KEPT = "kept"
    BROKEN = "broken"


class BillRunStatus(StrEnum):
    """Where a run stands; `asking` waits for a person, `finished` and `stopped` are final."""

    RUNNING = "running"
    ASKING = "asking"
    FINISHED = "finished"
    STOPPED = "stopped"


Status = TypeVar("Status", bound=StrEnum)
Arrows = Mapping[Status, frozenset[Status]]


def _arrows(kind: type[Status], arrows: dict[Status, set[Status]]) -> Arrows[Status]:
    return MappingProxyType({status: frozenset(arrows.get(status, ())) for status in kind})


CUSTOMER: Final = _arrows(
    CustomerStatus,
    {
        CustomerStatus.ACTIVE: {CustomerStatus.ARCHIVED},
        CustomerStatus.ARCHIVED: {CustomerStatus.ACTIVE},
    },
)

SUBSCRIPTION: Final = _arrows(
    SubscriptionStatus,
    {
        SubscriptionStatus.PENDING: {SubscriptionStatus.ACTIVE, SubscriptionStatus.ENDED},
        SubscriptionStatus.ACTIVE: {
            SubscriptionStatus.PAST_DUE,
            SubscriptionStatus.SUSPENDED,
            SubscriptionStatus.PAUSED,
            SubscriptionStatus.ENDED,
        },
        SubscriptionStatus.PAST_DUE: {
            SubscriptionStatus.ACTIVE,
            SubscriptionStatus.SUSPENDED,
            SubscriptionStatus.PAUSED,
            SubscriptionStatus.ENDED,
        },
        SubscriptionStatus.SUSPENDED: {
            SubscriptionStatus.ACTIVE,
            SubscriptionStatus.PAUSED,
            SubscriptionStatus.ENDED,
        },
        SubscriptionStatus.PAUSED: {SubscriptionStatus.ACTIVE, SubscriptionStatus.ENDED},
    },
)

INVOICE: Final = _arrows(
    InvoiceStatus,
    {
        InvoiceStatus.DRAFT: {InvoiceStatus.OPEN, InvoiceStatus.VOID},
        InvoiceStatus.OPEN: {InvoiceStatus.PAID, InvoiceStatus.VOID, InvoiceStatus.UNCOLLECTIBLE},
        InvoiceStatus.UNCOLLECTIBLE: {InvoiceStatus.PAID},
        InvoiceStatus.PAID: {InvoiceStatus.OPEN},  # a payment was reversed
    },
)

ATTEMPT: Final = _arrows(
    AttemptStatus,
    {
        # A callback may come before the call that started the payment returns, and that call may never
        # return; so `created` reaches every end without passing `pending`.
        AttemptStatus.CREATED: {
            AttemptStatus.PENDING,
            AttemptStatus.SUCCEEDED,
            AttemptStatus.FAILED,
            AttemptStatus.EXPIRED,
        },
        AttemptStatus.PENDING: {AttemptStatus.SUCCEEDED, AttemptStatus.FAILED, AttemptStatus.EXPIRED},
        # Phones answer late: evidence of money overrules what we had concluded.
        AttemptStatus.FAILED: {AttemptStatus.SUCCEEDED},
        AttemptStatus.EXPIRED: {AttemptStatus.SUCCEEDED},
    },
)

PAYMENT: Final = _arrows(PaymentStatus, {PaymentStatus.RECEIVED: {PaymentStatus.REVERSED}})

ROUTER: Final = _arrows(
    RouterStatus,
    {
        RouterStatus.UNKNOWN: {
            RouterStatus.REACHABLE,
            RouterStatus.UNREACHABLE,
            RouterStatus.AUTH_FAILED,
            RouterStatus.RETIRED,
        },
        RouterStatus.REACHABLE: {RouterStatus.UNREACHABLE, RouterStatus.AUTH_FAILED, RouterStatus.RETIRED},
        RouterStatus.UNREACHABLE: {RouterStatus.REACHABLE, RouterStatus.AUTH_FAILED, RouterStatus.RETIRED},
        RouterStatus.AUTH_FAILED: {RouterStatus.UNKNOWN, RouterStatus.RETIRED},  # the password was edited
    },
)

TASK: Final = _arrows(
    TaskStatus,
    {
        TaskStatus.PENDING: {TaskStatus.RUNNING, TaskStatus.SUPERSEDED},
        TaskStatus.RUNNING: {TaskStatus.DONE, TaskStatus.PENDING, TaskStatus.FAILED},
    },
)

WEBHOOK: Final = _arrows(
    WebhookStatus,
    {
        WebhookStatus.RECEIVED: {WebhookStatus.PROCESSED, WebhookStatus.IGNORED, WebhookStatus.FAILED},
        WebhookStatus.FAILED: {WebhookStatus.RECEIVED},  # tried again
    },
)

MESSAGE: Final = _arrows(
    MessageStatus,
    {
        MessageStatus.PENDING: {MessageStatus.SENT, MessageStatus.FAILED},
        MessageStatus.FAILED: {MessageStatus.PENDING},  # a person asks to try again
    },
)

REFUND: Final = _arrows(
    RefundStatus,
    {
        RefundStatus.AWAITING: {RefundStatus.APPROVED, RefundStatus.DECLINED},
        # A word from the gateway may come before the call that asked for it returns.
        RefundStatus.APPROVED: {
            RefundStatus.PENDING,
            RefundStatus.SUCCEEDED,
            RefundStatus.FAILED,
            RefundStatus.DECLINED,  # called off before it was sent
        },
        RefundStatus.PENDING: {RefundStatus.SUCCEEDED, RefundStatus.FAILED},
        RefundStatus.FAILED: {RefundStatus.SUCCEEDED},  # the money left after all
    },
)

DISPUTE: Final = _arrows(
    DisputeStatus,
    {
        DisputeStatus.OPEN: {DisputeStatus.ANSWERED, DisputeStatus.WON, DisputeStatus.LOST},
        DisputeStatus.ANSWERED: {DisputeStatus.OPEN, DisputeStatus.WON, DisputeStatus.LOST},
    },
)

STANDING_ORDER: Final = _arrows(
    StandingOrderStatus,
    {
        StandingOrderStatus.CREATED: {
            StandingOrderStatus.ACTIVE,
            StandingOrderStatus.FAILED,
            StandingOrderStatus.ENDED,
        },
        StandingOrderStatus.FAILED: {StandingOrderStatus.ACTIVE},  # a late answer
        StandingOrderStatus.ACTIVE: {StandingOrderStatus.ENDED},
    },
)

LINE: Final = _arrows(
    LineStatus,
    {
        LineStatus.NEW: {LineStatus.BOOKED, LineStatus.KNOWN, LineStatus.IGNORED},
        LineStatus.IGNORED: {LineStatus.NEW},
    },
)

VOUCHER: Final = _arrows(
    VoucherStatus,
    {VoucherStatus.UNUSED: {VoucherStatus.REDEEMED, VoucherStatus.CANCELLED}},
)

PROMISE: Final = _arrows(
    PromiseStatus,
    {PromiseStatus.OPEN: {PromiseStatus.KEPT, PromiseStatus.BROKEN}},
)

BILL_RUN: Final = _arrows(
    BillRunStatus,
    {
        BillRunStatus.RUNNING: {BillRunStatus.ASKING, BillRunStatus.FINISHED, BillRunStatus.STOPPED},
        BillRunStatus.ASKING: {BillRunStatus.RUNNING, BillRunStatus.STOPPED},
    },
)


def _widened(arrows: Arrows[Status]) -> Mapping[StrEnum, frozenset[StrEnum]]:
    return MappingProxyType(dict(arrows.items()))


# By the name a person reads in the message of InvalidTransition.
MACHINES: Final[Mapping[str, tuple[type[StrEnum], Mapping[StrEnum, frozenset[StrEnum]]]]] = MappingProxyType(
    {
        "customer": (CustomerStatus, _widened(CUSTOMER)),
        "subscription": (SubscriptionStatus, _widened(SUBSCRIPTION)),
        "invoice": (InvoiceStatus, _widened(INVOICE)),
        "payment attempt": (AttemptStatus, _widened(ATTEMPT)),
        "payment": (PaymentStatus, _widened(PAYMENT)),
        "router": (RouterStatus, _widened(ROUTER)),
        "router task": (TaskStatus, _widened(TASK)),
        "webhook": (WebhookStatus, _widened(WEBHOOK)),
        "message": (MessageStatus, _widened(MESSAGE)),
        "refund": (RefundStatus, _widened(REFUND)),
        "dispute": (DisputeStatus, _widened(DISPUTE)),
        "standing order": (StandingOrderStatus, _widened(STANDING_ORDER)),
        "statement line": (LineStatus, _widened(LINE)),
        "voucher": (VoucherStatus, _widened(VOUCHER)),
        "promise": (PromiseStatus, _widened(PROMISE)),
        "bill run": (BillRunStatus, _widened(BILL_RUN)),
    }
)

_NAMES: Final = {kind: name for name, (kind, _) in MACHINES.items()}


def advance(current: Status, target: Status) -> Status:
    """Return `target` when the machine has an arrow from `current` to it.

    Raises InvalidTransition when it has none, also for a status to itself; TypeError when the two are
    not statuses of one machine.
    """
    if not can_advance(current, target):
        raise InvalidTransition(_NAMES[type(current)], current.value, target.value)
    return target


def can_advance(current: Status, target: Status) -> bool:
    """Tell whether the machine has an arrow from `current` to `target`. Raises TypeError as `advance`."""
    kind = type(current)
    if kind not in _NAMES or type(target) is not kind:
        raise TypeError(f"{current!r} and {target!r} are not statuses of one machine")
    return target in MACHINES[_NAMES[kind]][1][current]
