"""The commercial agreement and the history of its states. The line itself is `router.Connection`."""

from datetime import date, datetime

from sqlmodel import Field

from data.base import Row
from data.columns import UtcDateTime, enum_column
from data.values.kinds import SuspensionReason
from data.values.states import SubscriptionStatus


class Subscription(Row, table=True):
    """A plan sold to a customer. `charged_through_on` alone says what is still to be billed."""

    customer_id: int = Field(foreign_key="customer.id", index=True)
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
