"""Money in: what we asked for, what came, what it paid, and how fast service came back."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Column, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from data.base import Row
from data.columns import MinorUnits, UtcDateTime, enum_column
from data.values.kinds import EvidenceGrade, RefundWay
from data.values.states import AttemptStatus, PaymentStatus, RefundStatus


class PaymentAttempt(Row, table=True):
    """We asked a gateway for money. `reference` is ours and exists before the gateway hears of it.

    `channel` is the way to pay that was chosen at the gateway, `customer_message` what it wants its payer told. A
    charge of `saved_method_id` was asked for by us, for the invoice, with its owner's consent. `may_save_card` says
    that a signed-in subscriber began it: whoever only holds a pay link may be anybody, with anybody's card.
    """

    __tablename__ = "payment_attempt"
    __table_args__ = (
        UniqueConstraint("gateway", "gateway_reference"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        Index("ix_payment_attempt_due", "next_check_at"),
    )

    reference: str = Field(max_length=32, unique=True)
    callback_token_hash: str = Field(max_length=64, unique=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    invoice_id: int | None = Field(default=None, foreign_key="invoice.id", index=True)
    pay_link_id: int | None = Field(default=None, foreign_key="pay_link.id", index=True)
    gateway: str = Field(max_length=24)
    amount_minor: int = Field(sa_type=MinorUnits)
    currency: str = Field(max_length=3)
    status: AttemptStatus = Field(sa_column=enum_column(AttemptStatus))
    payer: str = Field(default="", max_length=254)
    gateway_reference: str | None = Field(default=None, max_length=120)
    redirect_url: str | None = Field(default=None, max_length=500)
    failure_code: str | None = Field(default=None, max_length=40)
    failure_message: str | None = Field(default=None, max_length=250)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    paid_reported_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    next_check_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    checks: int = 0
    needs_review: bool = False
    review_reason: str | None = Field(default=None, max_length=250)
    channel: str | None = Field(default=None, max_length=24)
    customer_message: str | None = Field(default=None, max_length=300)
    saved_method_id: int | None = Field(default=None, foreign_key="saved_method.id", index=True)
    may_save_card: bool = False


class Payment(Row, table=True):
    """Money that came. One row per transaction of the gateway, whatever told us of it first.

    `customer_id` is whose account it is on; `sent_by_customer_id` is who sent it, where somebody else pays for them.
    `match_score` is 0 to 100 and `match_reasons` JSON: a list of what spoke for the customer. `matched_by` is
    empty when the matcher decided by itself. `receipt_number` is ours, for money taken by hand.
    """

    __table_args__ = (
        UniqueConstraint("gateway", "gateway_transaction_id"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        Index("ix_payment_received", "received_at", "id"),
        Index(
            "ix_payment_sent_by",
            "sent_by_customer_id",
            sqlite_where=text("sent_by_customer_id IS NOT NULL"),
            postgresql_where=text("sent_by_customer_id IS NOT NULL"),
        ),
        Index(
            "ix_payment_unmatched",
            "received_at",
            sqlite_where=text("customer_id IS NULL"),
            postgresql_where=text("customer_id IS NULL"),
        ),
    )

    customer_id: int | None = Field(default=None, foreign_key="customer.id", index=True)
    attempt_id: int | None = Field(default=None, foreign_key="payment_attempt.id", index=True)
    gateway: str = Field(max_length=24)
    gateway_transaction_id: str = Field(max_length=80)
    amount_minor: int = Field(sa_type=MinorUnits)
    fee_minor: int = Field(default=0, sa_type=MinorUnits)
    currency: str = Field(max_length=3)
    status: PaymentStatus = Field(sa_column=enum_column(PaymentStatus))
    grade: EvidenceGrade = Field(sa_column=enum_column(EvidenceGrade))
    source: str = Field(max_length=24)
    received_at: datetime = Field(sa_type=UtcDateTime)
    payer_name: str = Field(default="", max_length=120)
    payer_phone: str = Field(default="", max_length=64)
    account_reference: str = Field(default="", max_length=64)
    match_reason: str = Field(default="", max_length=160)
    match_score: int | None = None
    match_reasons: str = Field(default="[]", sa_column=Column(Text, nullable=False, server_default="[]"))
    matched_by: str = Field(default="", max_length=120)
    matched_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    shift_id: int | None = Field(default=None, foreign_key="cashier_shift.id", index=True)
    receipt_number: str | None = Field(default=None, max_length=24, unique=True)
    disputed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reversed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sent_by_customer_id: int | None = Field(default=None, foreign_key="customer.id")


class PaymentAllocation(Row, table=True):
    """The part of a payment or of a credit note that settles an invoice."""

    __tablename__ = "payment_allocation"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("(payment_id IS NULL) <> (credit_note_id IS NULL)", name="one_source"),
    )

    payment_id: int | None = Field(default=None, foreign_key="payment.id", index=True)
    credit_note_id: int | None = Field(default=None, foreign_key="credit_note.id", index=True)
    invoice_id: int = Field(foreign_key="invoice.id", index=True)
    amount_minor: int = Field(sa_type=MinorUnits)
    at: datetime = Field(sa_type=UtcDateTime)
    reversed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Refund(Row, table=True):
    """Money that goes back to a customer out of a payment of theirs.

    `reference` is ours and exists before a gateway hears of it; `gateway_reference` is the gateway's, or the
    number on the slip of money given back by hand. A second person approves what is above the set amount.
    `shift_id` is the drawer that cash was given back from, None where it came from elsewhere. `made_by_id` is the
    member of staff who asked, None where that was no person.
    """

    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        Index("ix_refund_due", "next_check_at"),
    )

    payment_id: int = Field(foreign_key="payment.id", index=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    amount_minor: int = Field(sa_type=MinorUnits)
    currency: str = Field(max_length=3)
    status: RefundStatus = Field(sa_column=enum_column(RefundStatus))
    reason: str = Field(max_length=200)
    gateway_reference: str | None = Field(default=None, max_length=120)
    made_by: str = Field(max_length=120)
    made_by_id: int | None = None
    reference: str | None = Field(default=None, max_length=50, unique=True)
    way: RefundWay = Field(default=RefundWay.BY_HAND, sa_column=enum_column(RefundWay))
    recipient: str = Field(default="", max_length=64)
    decided_by: str = Field(default="", max_length=120)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    next_check_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    checks: int = 0
    failure_message: str | None = Field(default=None, max_length=250)
    shift_id: int | None = Field(default=None, foreign_key="cashier_shift.id", index=True)


class PayLink(Row, table=True):
    """A link that lets its holder pay without signing in; the token leaves, its hash stays.

    Another program that made one as a hosted checkout (`is_checkout`) names it by `client_reference` and is told on
    `endpoint_id`; `made_by` is who made it. It ends once: paid, closed, or `expired_at`.
    """

    __tablename__ = "pay_link"

    token_hash: str = Field(max_length=64, unique=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    invoice_id: int | None = Field(default=None, foreign_key="invoice.id")
    amount_minor: int | None = Field(default=None, sa_type=MinorUnits)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    client_reference: str | None = Field(default=None, max_length=64, unique=True)
    description: str = Field(default="", max_length=120)
    return_url: str | None = Field(default=None, max_length=500)
    endpoint_id: int | None = Field(default=None, foreign_key="webhook_endpoint.id")
    made_by: str = Field(default="", max_length=120)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    is_checkout: bool = False
    paid_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    expired_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RestorationClock(Row, table=True):
    """Money to packet for one payment and one suspended service, an instant per step."""

    __tablename__ = "restoration_clock"
    __table_args__ = (
        UniqueConstraint("payment_id", "subscription_id"),
        Index(
            "ix_restoration_clock_open",
            "connection_id",
            sqlite_where=text("session_at IS NULL"),
            postgresql_where=text("session_at IS NULL"),
        ),
    )

    payment_id: int = Field(foreign_key="payment.id")
    subscription_id: int = Field(foreign_key="subscription.id")
    connection_id: int = Field(foreign_key="connection.id")
    evidence_at: datetime = Field(sa_type=UtcDateTime, index=True)
    matched_at: datetime = Field(sa_type=UtcDateTime)
    settled_at: datetime = Field(sa_type=UtcDateTime)
    written_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    read_back_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    session_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
