"""Closed sets of words that have no transitions; those that move are in `states.py`."""

from enum import StrEnum


class Interval(StrEnum):
    """The unit of a price's period; quarter and year are 3 and 12 months."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class BillingMode(StrEnum):
    """Whether money comes before or after the period."""

    PREPAID = "prepaid"
    POSTPAID = "postpaid"


class ChargeTiming(StrEnum):
    """Whether a period is billed when it starts or when it is over."""

    ADVANCE = "advance"
    ARREARS = "arrears"


class ChangeTiming(StrEnum):
    """Whether a change of a service takes effect at once or when the running period is over."""

    NOW = "now"
    PERIOD_END = "period_end"


class CycleAlignment(StrEnum):
    """How a new customer comes to the ISP's billing day; `anniversary` has no common day."""

    ANNIVERSARY = "anniversary"
    PRORATE = "prorate"
    PART_PLUS_FULL = "part_plus_full"
    FREE_UNTIL = "free_until"


class DiscountKind(StrEnum):
    """What a discount takes off: a sum a period, or a share of it."""

    FIXED = "fixed"
    PERCENT = "percent"


class TaxBehavior(StrEnum):
    """Whether a price holds its tax already."""

    INCLUSIVE = "inclusive"
    EXCLUSIVE = "exclusive"


class AccessMethod(StrEnum):
    """How a subscriber's line reaches the router."""

    PPPOE = "pppoe"
    HOTSPOT = "hotspot"
    STATIC = "static"
    DHCP = "dhcp"


# Lines that are known by their address: nobody signs in, so there is no session to end.
BY_ADDRESS = frozenset((AccessMethod.STATIC, AccessMethod.DHCP))
ALL_METHODS = frozenset(AccessMethod)


class CustomerKind(StrEnum):
    """Who the customer is before the law."""

    PERSON = "person"
    BUSINESS = "business"


class LineKind(StrEnum):
    """What an invoice line charges for."""

    RECURRING = "recurring"
    SETUP = "setup"
    PRORATION = "proration"
    USAGE = "usage"
    ADD_ON = "add_on"
    ADJUSTMENT = "adjustment"
    DISCOUNT = "discount"
    LATE_FEE = "late_fee"
    TERMINATION_FEE = "termination_fee"


class SuspensionReason(StrEnum):
    """Why access was taken. Money lifts non-payment and expiry, a new period the cap, only staff the rest."""

    NON_PAYMENT = "non_payment"
    EXPIRED = "expired"
    DATA_CAP = "data_cap"
    STAFF = "staff"
    ABUSE = "abuse"


class EvidenceGrade(StrEnum):
    """How far we can trust that money came, strongest first."""

    SIGNED = "signed"
    SECRET_PATH = "secret_path"  # noqa: S105 (a word, no secret)
    STATEMENT = "statement"
    STAFF = "staff"


class EntryKind(StrEnum):
    """The money facts that the journal knows."""

    INVOICE_ISSUED = "invoice_issued"
    INVOICE_VOIDED = "invoice_voided"
    PAYMENT_RECEIVED = "payment_received"
    PAYMENT_UNMATCHED = "payment_unmatched"
    PAYMENT_MATCHED = "payment_matched"
    GATEWAY_FEE = "gateway_fee"
    PAYMENT_REVERSED = "payment_reversed"
    WRITE_OFF = "write_off"
    CREDIT_NOTE = "credit_note"
    REFUND = "refund"
    SWEEP = "sweep"
    WRITE_OFF_RECOVERED = "write_off_recovered"
    REVENUE_EARNED = "revenue_earned"
    PAYMENT_UNDONE = "payment_undone"
    REFUND_SENT = "refund_sent"
    REFUND_FAILED = "refund_failed"
    SHIFT_DIFFERENCE = "shift_difference"
    FEE_CORRECTED = "fee_corrected"
    OPENING_BALANCE = "opening_balance"
    CLEARING_CORRECTED = "clearing_corrected"


class AccountKind(StrEnum):
    """The five kinds of ledger account."""

    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"


class OfflineCause(StrEnum):
    """Why a service is offline, or that it is not."""

    ONLINE = "online"
    UNPAID = "unpaid"
    TIME_OVER = "time_over"
    DATA_USED_UP = "data_used_up"
    STOPPED = "stopped"
    PAUSED = "paused"
    NOT_STARTED = "not_started"
    NO_LINE = "no_line"
    ROUTER_DOWN = "router_down"
    NOT_WRITTEN = "not_written"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - a cause
    ELSEWHERE = "elsewhere"
    LINE_DOWN = "line_down"
    UNKNOWN = "unknown"


class LeakKind(StrEnum):
    """Who gets what nobody pays for: an own line that is not paid, an entry that is not ours, a name nobody knows."""

    NOT_PAYING = "not_paying"
    NOT_OURS = "not_ours"
    UNKNOWN = "unknown"


class PlannedKind(StrEnum):
    """How a line would change on a router that is not managed yet."""

    ADD = "add"
    TAKE_OVER = "take_over"
    CHANGE = "change"
    REMOVE = "remove"


class TaskKind(StrEnum):
    """What a router task does to one connection."""

    APPLY = "apply"
    REMOVE = "remove"
    DISCONNECT = "disconnect"


class DunningAction(StrEnum):
    """What a step of the dunning schedule does, mildest first."""

    REMIND = "remind"
    PROMPT = "prompt"
    LATE_FEE = "late_fee"
    THROTTLE = "throttle"
    SUSPEND = "suspend"
    END = "end"


class WriteCause(StrEnum):
    """What made us write to a router."""

    WISH = "wish"
    DRIFT = "drift"
    PERSON = "person"


class AccessLevel(StrEnum):
    """What the network gives a connection; derived from the subscription, never stored as a state."""

    FULL = "full"
    THROTTLED = "throttled"
    WALLED_GARDEN = "walled_garden"
    NONE = "none"


class CapAction(StrEnum):
    """What happens when the data cap is reached."""

    NOTIFY = "notify"
    THROTTLE = "throttle"
    SUSPEND = "suspend"
    CHARGE = "charge"


class GrantKind(StrEnum):
    """Where data beside the plan's comes from: it was bought, left of the period before, or given."""

    TOP_UP = "top_up"
    ROLL_OVER = "roll_over"
    GIFT = "gift"


class CashMethod(StrEnum):
    """How money came that staff record by hand."""

    CASH = "cash"
    BANK = "bank"
    CHEQUE = "cheque"


class JobOutcome(StrEnum):
    """How a run of a job ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"


class MessageChannel(StrEnum):
    """How words reach people; a document is printed or downloaded and travels by itself."""

    EMAIL = "email"
    SMS = "sms"
    DOCUMENT = "document"


class MessageDirection(StrEnum):
    """Who said it: we, or the customer."""

    OUT = "out"
    IN = "in"


class BillRunKind(StrEnum):
    """Whether a run issues invoices or only says what it would issue."""

    BILLING = "billing"
    REHEARSAL = "rehearsal"


class RefundWay(StrEnum):
    """How money goes back: by hand, by the gateway's refund or reversal, or as a new payout to a phone."""

    BY_HAND = "by_hand"
    GATEWAY = "gateway"
    PAYOUT = "payout"


class PaymentMark(StrEnum):
    """What sets payments apart: no customer, a payer who wants it back, money that went back, money taken from us."""

    UNMATCHED = "unmatched"
    DISPUTED = "disputed"
    GIVEN_BACK = "given_back"
    TAKEN_BACK = "taken_back"


class DifferenceKind(StrEnum):
    """What a gateway's record and our books do not agree on."""

    MISSING_HERE = "missing_here"
    MISSING_THERE = "missing_there"
    AMOUNT = "amount"
    FEE = "fee"
    REVERSED = "reversed"
    BALANCE = "balance"


class DifferenceAnswer(StrEnum):
    """What a person says of a difference: that it is looked into, or, of a balance, where it comes from.

    `opening` is money that was there before our books began, `charge` what the gateway took for itself.
    """

    NOTED = "noted"
    OPENING = "opening"
    CHARGE = "charge"


class DayState(StrEnum):
    """Whether a gateway's day agrees with our books."""

    AGREES = "agrees"
    DIFFERS = "differs"


class HintKind(StrEnum):
    """What a confirmed match taught: how an account was written, or from which phone or name money comes."""

    ACCOUNT = "account"
    PHONE = "phone"
    NAME = "name"


class PublicEvent(StrEnum):
    """What other programs may hear of."""

    CHECKOUT_PAID = "checkout.paid"
    CHECKOUT_CLOSED = "checkout.closed"
    CHECKOUT_EXPIRED = "checkout.expired"
    PAYMENT_SETTLED = "payment.settled"
    PAYMENT_REVERSED = "payment.reversed"
    PAYMENT_REFUNDED = "payment.refunded"
    INVOICE_ISSUED = "invoice.issued"
    SERVICE_SUSPENDED = "service.suspended"
    SERVICE_RESTORED = "service.restored"
    TEST = "endpoint.test"


class AddressCheck(StrEnum):
    """What happens to a gateway's message from an address that is not on the list."""

    OFF = "off"
    LOG = "log"
    ENFORCE = "enforce"


class DiffKind(StrEnum):
    """What a line of a comparison is; a place says in which menu the lines after it are."""

    PLACE = "place"
    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


class SettingKind(StrEnum):
    """A setting of a router that may be changed on many at once."""

    NTP = "ntp"
    DNS = "dns"
    NOTE = "note"
    SERVICE = "service"
    LISTED = "listed"
    RADIUS_INCOMING = "radius_incoming"


class ChangeRunState(StrEnum):
    """Where a change of many routers stands; `looking` waits for a person to look at the first one."""

    PLANNED = "planned"
    RUNNING = "running"
    LOOKING = "looking"
    STOPPED = "stopped"
    DONE = "done"
    UNDONE = "undone"


class ChangeItemState(StrEnum):
    """Where one router of a change stands; `changing` and `undoing` are decided by reading the router."""

    WAITING = "waiting"
    ALREADY = "already"
    UNREAD = "unread"
    CHANGING = "changing"
    DONE = "done"
    FAILED = "failed"
    UNDOING = "undoing"
    UNDONE = "undone"
