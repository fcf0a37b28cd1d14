"""The commercial agreement and the history of its states. The line itself is `router.Connection`."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column
from sqlmodel import Field

from data.base import Row
from data.columns import Instants, MinorUnits, UtcDateTime, enum_column
from data.values.kinds import CycleAlignment, DiscountKind, SuspensionReason, TaxBehavior
from data.values.states import SubscriptionStatus


class Subscription(Row, table=True):
    """A plan sold to a customer. `charged_through_on` alone says what is still to be billed.

    `billed_customer_id` is who pays: the customer, or their payer. `segment` counts how often charging was cut
    (plan change, pause, resume), so that a day can be billed anew after its first bill was credited.
    `bills_on` is the next date on which the bill run has something to do here, None when never; it follows
    from the other columns. Prepaid services have `access_until_at` and no billing dates of their own;
    `metered_from_on` is since when traffic is counted that a plan charges for, None from the first day on.
    `bought_from` is where each bought time begins that is not over, the running one first.
    """

    __table_args__ = (
        CheckConstraint("agreed_price_minor IS NULL OR agreed_price_minor >= 0", name="agreed_not_negative"),
    )

    customer_id: int = Field(foreign_key="customer.id", index=True)
    billed_customer_id: int = Field(foreign_key="customer.id", index=True)
    plan_price_id: int = Field(foreign_key="plan_price.id", index=True)
    status: SubscriptionStatus = Field(sa_column=enum_column(SubscriptionStatus, index=True))
    anchor_day: int
    starts_on: date
    period_starts_on: date
    period_ends_on: date
    charged_through_on: date = Field(index=True)
    suspended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    suspension_reason: SuspensionReason | None = Field(
        default=None, sa_column=enum_column(SuspensionReason, nullable=True)
    )
    is_over_cap: bool = False
    is_throttled: bool = False
    agreed_price_minor: int | None = Field(default=None, sa_type=MinorUnits)
    alignment: CycleAlignment = Field(
        default=CycleAlignment.ANNIVERSARY, sa_column=enum_column(CycleAlignment)
    )
    segment: int = 0
    metered_from_on: date | None = None
    bills_on: date | None = Field(default=None, index=True)
    trial_ends_on: date | None = None
    minimum_term_ends_on: date | None = None
    pending_plan_price_id: int | None = Field(default=None, foreign_key="plan_price.id")
    pending_change_on: date | None = None
    ends_on: date | None = None
    paused_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    resumes_on: date | None = None
    access_until_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    renews_from_balance: bool = True
    bought_from: tuple[datetime, ...] = Field(
        default=(), sa_column=Column(Instants, nullable=False, server_default="[]")
    )
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    version: int = 1


class SubscriptionTransition(Row, table=True):
    """One change of state: from what, to what, why, by whom. Append-only."""

    __tablename__ = "subscription_transition"

    subscription_id: int = Field(foreign_key="subscription.id", index=True)
    from_status: SubscriptionStatus | None = Field(
        default=None, sa_column=enum_column(SubscriptionStatus, nullable=True, name="from_status")
    )
    to_status: SubscriptionStatus = Field(sa_column=enum_column(SubscriptionStatus, name="to_status"))
    reason: str = Field(default="", max_length=200)
    actor: str = Field(max_length=120)
    at: datetime = Field(sa_type=UtcDateTime)


class SubscriptionAddOn(Row, table=True):
    """An add-on on a subscription, at the price it was sold for; `charged_through_on` as on the subscription.

    A one-time add-on is charged once and has no periods. `ends_on` is the first day without it.
    """

    __tablename__ = "subscription_add_on"
    __table_args__ = (CheckConstraint("quantity > 0 AND unit_minor >= 0", name="in_range"),)

    subscription_id: int = Field(foreign_key="subscription.id", index=True)
    add_on_id: int = Field(foreign_key="add_on.id")
    name: str = Field(max_length=80)
    unit_minor: int = Field(sa_type=MinorUnits)
    quantity: int = 1
    is_recurring: bool
    tax_group_id: int | None = Field(default=None, foreign_key="tax_group.id")
    tax_behavior: TaxBehavior = Field(sa_column=enum_column(TaxBehavior))
    starts_on: date
    ends_on: date | None = None
    charged_through_on: date


class SubscriptionDiscount(Row, table=True):
    """A discount given to a subscription; `periods_left` None means for as long as the dates allow.

    Billing periods that end by `counted_until_on` were taken from `periods_left`; None before the first.
    """

    __tablename__ = "subscription_discount"
    __table_args__ = (
        CheckConstraint("basis_points BETWEEN 0 AND 10000 AND amount_minor >= 0", name="in_range"),
        CheckConstraint("periods_left IS NULL OR periods_left >= 0", name="periods_not_negative"),
    )

    subscription_id: int = Field(foreign_key="subscription.id", index=True)
    discount_id: int | None = Field(default=None, foreign_key="discount.id")
    name: str = Field(max_length=80)
    kind: DiscountKind = Field(sa_column=enum_column(DiscountKind))
    basis_points: int = 0
    amount_minor: int = Field(default=0, sa_type=MinorUnits)
    periods_left: int | None = None
    counted_until_on: date | None = None
    starts_on: date
    ends_on: date | None = None
