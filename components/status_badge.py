"""A state as word, tone and icon: the one place that knows how each status looks and is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from nicegui import ui

from components.elements import box, text
from components.theme import Tone, icon_name
from data.values.kinds import (
    AccessLevel,
    AccessMethod,
    BillingMode,
    CashMethod,
    ChangeItemState,
    ChangeRunState,
    CustomerKind,
    DayState,
    DifferenceKind,
    DunningAction,
    EvidenceGrade,
    JobOutcome,
    LeakKind,
    LineKind,
    MessageChannel,
    PlannedKind,
    SuspensionReason,
    TaskKind,
)
from data.values.places import CustomerOnMap, RouterOnMap
from data.values.roles import Role
from data.values.states import (
    AttemptStatus,
    BillRunStatus,
    CheckoutStatus,
    CustomerStatus,
    DisputeStatus,
    InvoiceStatus,
    LineStatus,
    MessageStatus,
    PaymentStatus,
    PromiseStatus,
    RefundStatus,
    RouterStatus,
    StandingOrderStatus,
    SubscriptionStatus,
    TaskStatus,
    VoucherStatus,
    WebhookStatus,
)


@dataclass(frozen=True, slots=True)
class Look:
    """How a status is shown: the word for a person, the tone, the Lucide icon."""

    label: str
    tone: Tone
    icon: str


_LOOKS: Final[Mapping[tuple[type[StrEnum], str], Look]] = MappingProxyType(
    {
        (type(status), status.value): look
        for status, look in (
            (CustomerStatus.ACTIVE, Look("Active", "ok", "circle-check")),
            (CustomerStatus.ARCHIVED, Look("Archived", "mute", "archive")),
            (SubscriptionStatus.PENDING, Look("Not started", "mute", "circle-dashed")),
            (SubscriptionStatus.ACTIVE, Look("Active", "ok", "circle-check")),
            (SubscriptionStatus.PAST_DUE, Look("Payment due", "warn", "clock")),
            (SubscriptionStatus.SUSPENDED, Look("Suspended", "bad", "ban")),
            (SubscriptionStatus.PAUSED, Look("Paused", "mute", "circle-pause")),
            (SubscriptionStatus.ENDED, Look("Ended", "mute", "circle-x")),
            (InvoiceStatus.DRAFT, Look("Draft", "mute", "pencil")),
            (InvoiceStatus.OPEN, Look("To pay", "accent", "receipt-text")),
            (InvoiceStatus.PAID, Look("Paid", "ok", "circle-check")),
            (InvoiceStatus.VOID, Look("Void", "mute", "circle-slash")),
            (InvoiceStatus.UNCOLLECTIBLE, Look("Written off", "mute", "archive")),
            (AttemptStatus.CREATED, Look("Starting", "mute", "circle-dashed")),
            (AttemptStatus.PENDING, Look("Waiting for the payer", "warn", "hourglass")),
            (AttemptStatus.SUCCEEDED, Look("Paid", "ok", "circle-check")),
            (AttemptStatus.FAILED, Look("Not paid", "bad", "circle-x")),
            (AttemptStatus.EXPIRED, Look("No answer in time", "mute", "timer")),
            (PaymentStatus.RECEIVED, Look("Received", "ok", "circle-check")),
            (PaymentStatus.REVERSED, Look("Reversed", "bad", "undo-2")),
            (CheckoutStatus.OPEN, Look("Open", "accent", "link")),
            (CheckoutStatus.PAID, Look("Paid", "ok", "circle-check")),
            (CheckoutStatus.EXPIRED, Look("Ran out", "mute", "timer")),
            (CheckoutStatus.CLOSED, Look("Closed", "mute", "circle-x")),
            (PlannedKind.ADD, Look("Add", "ok", "plus")),
            (PlannedKind.TAKE_OVER, Look("Take over", "ok", "corner-down-left")),
            (PlannedKind.CHANGE, Look("Change", "warn", "pencil")),
            (PlannedKind.REMOVE, Look("Remove", "bad", "trash-2")),
            (LeakKind.NOT_PAYING, Look("Not paying", "bad", "ban")),
            (LeakKind.NOT_OURS, Look("Not ours", "warn", "circle-alert")),
            (LeakKind.UNKNOWN, Look("Unknown", "warn", "circle-alert")),
            (RouterStatus.UNKNOWN, Look("Not asked yet", "mute", "circle-dashed")),
            (RouterStatus.REACHABLE, Look("Online", "ok", "wifi")),
            (RouterStatus.UNREACHABLE, Look("No answer", "bad", "wifi-off")),
            (RouterStatus.AUTH_FAILED, Look("Password refused", "bad", "key-round")),
            (RouterStatus.RETIRED, Look("Retired", "mute", "archive")),
            (RouterOnMap.UP, Look("Up", "ok", "router")),
            (RouterOnMap.WATCHED, Look("Watched only", "accent", "eye")),
            (RouterOnMap.DOWN, Look("Down", "bad", "wifi-off")),
            (RouterOnMap.NOT_ASKED, Look("Not asked", "mute", "circle-dashed")),
            (CustomerOnMap.ONLINE, Look("Online", "ok", "wifi")),
            (CustomerOnMap.OFFLINE, Look("Offline", "mute", "wifi-off")),
            (CustomerOnMap.UNPAID, Look("Unpaid", "warn", "banknote")),
            (CustomerOnMap.LINE_DOWN, Look("Line down", "bad", "unplug")),
            (CustomerOnMap.NOT_KNOWN, Look("Not known", "mute", "circle-dashed")),
            (CustomerOnMap.NOT_SERVED, Look("Not served", "mute", "circle-pause")),
            (TaskStatus.PENDING, Look("Waiting", "warn", "clock")),
            (TaskStatus.RUNNING, Look("Under way", "accent", "refresh-cw")),
            (TaskStatus.DONE, Look("Done", "ok", "circle-check")),
            (TaskStatus.FAILED, Look("Failed", "bad", "circle-x")),
            (TaskStatus.SUPERSEDED, Look("Replaced", "mute", "repeat")),
            (WebhookStatus.RECEIVED, Look("Waiting", "warn", "inbox")),
            (WebhookStatus.PROCESSED, Look("Processed", "ok", "circle-check")),
            (WebhookStatus.IGNORED, Look("Not for us", "mute", "circle-slash")),
            (WebhookStatus.FAILED, Look("Failed", "bad", "circle-x")),
            (MessageStatus.PENDING, Look("To be sent", "warn", "clock")),
            (MessageStatus.SENT, Look("Sent", "ok", "circle-check")),
            (MessageStatus.FAILED, Look("Not sent", "bad", "circle-x")),
            (RefundStatus.AWAITING, Look("Waits for approval", "warn", "hourglass")),
            (RefundStatus.APPROVED, Look("About to be sent", "accent", "send")),
            (RefundStatus.DECLINED, Look("Declined", "mute", "circle-slash")),
            (RefundStatus.PENDING, Look("Under way", "accent", "clock")),
            (RefundStatus.SUCCEEDED, Look("Paid back", "ok", "undo-2")),
            (RefundStatus.FAILED, Look("Not paid back", "bad", "circle-x")),
            (DisputeStatus.OPEN, Look("To be answered", "bad", "circle-alert")),
            (DisputeStatus.ANSWERED, Look("Answered", "warn", "hourglass")),
            (DisputeStatus.WON, Look("We keep it", "ok", "circle-check")),
            (DisputeStatus.LOST, Look("Lost", "mute", "undo-2")),
            (StandingOrderStatus.CREATED, Look("Waits for the payer", "warn", "hourglass")),
            (StandingOrderStatus.ACTIVE, Look("Active", "ok", "circle-check")),
            (StandingOrderStatus.FAILED, Look("Not taken", "bad", "circle-x")),
            (StandingOrderStatus.ENDED, Look("Ended", "mute", "circle-slash")),
            (DayState.AGREES, Look("Agrees", "ok", "circle-check")),
            (DayState.DIFFERS, Look("Differs", "bad", "circle-x")),
            (DifferenceKind.MISSING_HERE, Look("Not booked here", "bad", "inbox")),
            (DifferenceKind.MISSING_THERE, Look("Not in their record", "bad", "circle-alert")),
            (DifferenceKind.AMOUNT, Look("Another amount", "bad", "scale")),
            (DifferenceKind.FEE, Look("Another fee", "warn", "percent")),
            (DifferenceKind.REVERSED, Look("Given back there", "bad", "undo-2")),
            (DifferenceKind.BALANCE, Look("Balance differs", "bad", "scale")),
            (LineStatus.NEW, Look("To be booked", "warn", "circle-dashed")),
            (LineStatus.BOOKED, Look("Booked", "ok", "circle-check")),
            (LineStatus.KNOWN, Look("Known before", "mute", "check")),
            (LineStatus.IGNORED, Look("Not ours", "mute", "circle-slash")),
            (VoucherStatus.UNUSED, Look("Not used", "accent", "circle-dashed")),
            (VoucherStatus.REDEEMED, Look("Used", "ok", "circle-check")),
            (VoucherStatus.CANCELLED, Look("Cancelled", "mute", "circle-slash")),
            (PromiseStatus.OPEN, Look("Promised", "warn", "clock")),
            (PromiseStatus.KEPT, Look("Kept their word", "ok", "circle-check")),
            (PromiseStatus.BROKEN, Look("Not kept", "bad", "circle-x")),
            (BillRunStatus.RUNNING, Look("Under way", "accent", "refresh-cw")),
            (BillRunStatus.ASKING, Look("Waits for you", "warn", "hourglass")),
            (BillRunStatus.FINISHED, Look("Done", "ok", "circle-check")),
            (BillRunStatus.STOPPED, Look("Called off", "mute", "circle-x")),
            (ChangeRunState.PLANNED, Look("Planned", "mute", "list-checks")),
            (ChangeRunState.RUNNING, Look("Under way", "accent", "refresh-cw")),
            (ChangeRunState.LOOKING, Look("Look at the first", "warn", "eye")),
            (ChangeRunState.STOPPED, Look("Stopped", "bad", "circle-pause")),
            (ChangeRunState.DONE, Look("Done", "ok", "circle-check")),
            (ChangeRunState.UNDONE, Look("Undone", "mute", "undo-2")),
            (ChangeItemState.WAITING, Look("To be changed", "mute", "circle-dashed")),
            (ChangeItemState.ALREADY, Look("So already", "ok", "circle-check")),
            (ChangeItemState.UNREAD, Look("Left out", "warn", "wifi-off")),
            (ChangeItemState.CHANGING, Look("Being changed", "accent", "refresh-cw")),
            (ChangeItemState.DONE, Look("Changed", "ok", "circle-check")),
            (ChangeItemState.FAILED, Look("Failed", "bad", "circle-x")),
            (ChangeItemState.UNDOING, Look("Being undone", "accent", "refresh-cw")),
            (ChangeItemState.UNDONE, Look("Put back", "mute", "undo-2")),
            (JobOutcome.SUCCEEDED, Look("Succeeded", "ok", "circle-check")),
            (JobOutcome.FAILED, Look("Failed", "bad", "circle-x")),
            (JobOutcome.SKIPPED, Look("Skipped", "mute", "circle-slash")),
            (AccessLevel.FULL, Look("Full speed", "ok", "zap")),
            (AccessLevel.THROTTLED, Look("Slowed down", "warn", "gauge")),
            (AccessLevel.WALLED_GARDEN, Look("Payment page only", "bad", "lock")),
            (AccessLevel.NONE, Look("No access", "mute", "unplug")),
            (TaskKind.APPLY, Look("Set access", "accent", "plug-zap")),
            (TaskKind.REMOVE, Look("Remove access", "mute", "trash-2")),
            (TaskKind.DISCONNECT, Look("Disconnect", "mute", "unplug")),
            (SuspensionReason.NON_PAYMENT, Look("Not paid", "bad", "banknote")),
            (SuspensionReason.STAFF, Look("By staff", "warn", "user-cog")),
            (SuspensionReason.EXPIRED, Look("Prepaid time is over", "bad", "timer")),
            (SuspensionReason.DATA_CAP, Look("Data used up", "bad", "gauge")),
            (SuspensionReason.ABUSE, Look("Abuse", "bad", "shield")),
            (DunningAction.REMIND, Look("Remind", "mute", "bell")),
            (DunningAction.PROMPT, Look("Ask to pay", "accent", "smartphone")),
            (DunningAction.LATE_FEE, Look("Late fee", "warn", "banknote")),
            (DunningAction.THROTTLE, Look("Slow down", "warn", "gauge")),
            (DunningAction.SUSPEND, Look("Suspend", "bad", "ban")),
            (DunningAction.END, Look("End", "bad", "circle-x")),
            (MessageChannel.EMAIL, Look("E-mail", "mute", "mail")),
            (MessageChannel.SMS, Look("SMS", "mute", "message-square")),
            (MessageChannel.DOCUMENT, Look("Document", "mute", "file-text")),
            (EvidenceGrade.SIGNED, Look("Signed by the gateway", "ok", "badge-check")),
            (EvidenceGrade.SECRET_PATH, Look("By our secret address", "ok", "shield-check")),
            (EvidenceGrade.STATEMENT, Look("From the statement", "ok", "file-text")),
            (EvidenceGrade.STAFF, Look("By staff", "mute", "user")),
            (AccessMethod.PPPOE, Look("PPPoE", "mute", "cable")),
            (AccessMethod.HOTSPOT, Look("Hotspot", "mute", "wifi")),
            (AccessMethod.STATIC, Look("Fixed address", "mute", "server")),
            (AccessMethod.DHCP, Look("DHCP", "mute", "router")),
            (CustomerKind.PERSON, Look("Person", "mute", "user")),
            (CustomerKind.BUSINESS, Look("Business", "mute", "building-2")),
            (BillingMode.PREPAID, Look("Prepaid", "mute", "wallet")),
            (BillingMode.POSTPAID, Look("Postpaid", "mute", "receipt-text")),
            (CashMethod.CASH, Look("Cash", "mute", "banknote")),
            (CashMethod.BANK, Look("Bank", "mute", "landmark")),
            (CashMethod.CHEQUE, Look("Cheque", "mute", "file-text")),
            (LineKind.RECURRING, Look("Subscription", "mute", "repeat")),
            (LineKind.SETUP, Look("Set-up", "mute", "plug")),
            (LineKind.PRORATION, Look("Part of a period", "mute", "calendar-clock")),
            (LineKind.USAGE, Look("Usage", "mute", "activity")),
            (LineKind.ADD_ON, Look("Extra", "mute", "plus")),
            (LineKind.ADJUSTMENT, Look("Adjustment", "mute", "scale")),
            (Role.OWNER, Look("Owner", "accent", "star")),
            (Role.ADMIN, Look("Administrator", "accent", "shield-check")),
            (Role.ACCOUNTANT, Look("Accountant", "mute", "book-open")),
            (Role.SUPPORT, Look("Support", "mute", "life-buoy")),
            (Role.SUBSCRIBER, Look("Subscriber", "mute", "user")),
        )
    }
)

OVERDUE: Final = Look("Overdue", "bad", "triangle-alert")  # an open invoice past its due date: not a state
ONLINE: Final = Look("Online", "ok", "wifi")
OFFLINE: Final = Look("Offline", "mute", "wifi-off")
UNMATCHED: Final = Look("Not placed", "warn", "circle-alert")
DISPUTED: Final = Look("Disputed", "bad", "triangle-alert")
GIVEN_BACK: Final = Look("Given back", "mute", "undo-2")
GIVEN_BACK_PARTLY: Final = Look("Partly given back", "mute", "undo-2")


def look_of(status: StrEnum) -> Look:
    """Return how `status` is shown. Raises LookupError for an enum this file does not know."""
    try:
        return _LOOKS[type(status), status.value]
    except KeyError:
        raise LookupError(f"{status!r} has no look; add it to components/status_badge.py") from None


class Badge:
    """A small soft badge; `set` changes it in place."""

    def __init__(self, shown: StrEnum | Look, *, with_icon: bool = False) -> None:
        look = _as_look(shown)
        self.element = box("bf-badge")
        with self.element:
            self._icon = ui.icon(icon_name(look.icon)) if with_icon else None
            self._word = text(look.label, tag="span")
        self.set(look)

    def set(self, shown: StrEnum | Look) -> None:
        """Show another status."""
        look = _as_look(shown)
        self._word.set_text(look.label)
        self.element.props["data-tone"] = look.tone
        if self._icon is not None:
            self._icon.set_name(icon_name(look.icon))


def badge(shown: StrEnum | Look, *, with_icon: bool = False) -> Badge:
    """Create a badge of a status, or of a `Look` for what is shown but is no state (`OVERDUE`, `ONLINE`)."""
    return Badge(shown, with_icon=with_icon)


def status_cell(name: str, shown: StrEnum | Look) -> dict[str, str]:
    """Return the entries of a `DataTable` row for a badge column called `name`."""
    look = _as_look(shown)
    return {name: look.label, f"{name}_tone": look.tone}


def _as_look(shown: StrEnum | Look) -> Look:
    return shown if isinstance(shown, Look) else look_of(shown)
