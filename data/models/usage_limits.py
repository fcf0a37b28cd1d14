"""What a service was told about its data, and what it got beside its plan's."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, UniqueConstraint
from sqlmodel import Field

from data.base import Row
from data.columns import ByteCount, UtcDateTime, enum_column
from data.values.kinds import GrantKind


class DataGrant(Row, table=True):
    """Bytes beside the plan's, in the period that `counts_from_at` lies in. Never changed.

    `key` names the fact it comes from, so that it is given once.
    """

    __tablename__ = "data_grant"
    __table_args__ = (
        UniqueConstraint("subscription_id", "key"),
        CheckConstraint("granted_bytes >= 0", name="not_negative"),
    )

    subscription_id: int = Field(foreign_key="subscription.id")
    counts_from_at: datetime = Field(sa_type=UtcDateTime)
    granted_bytes: int = Field(sa_type=ByteCount)
    kind: GrantKind = Field(sa_column=enum_column(GrantKind))
    key: str = Field(max_length=80)
    note: str = Field(default="", max_length=120)
    granted_by: str = Field(max_length=120)


class DataPeriod(Row, table=True):
    """The period of a service whose data was last looked at, to roll over what is left of it.

    What counts in it began to at `counts_from_at`; the next one has what is left where it follows at `ends_at`.
    """

    __tablename__ = "data_period"

    subscription_id: int = Field(foreign_key="subscription.id", unique=True)
    plan_id: int = Field(foreign_key="plan.id")
    counts_from_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)


class UsageWarning(Row, table=True):
    """A share of the data that a service has used, told once in a period for as long as the data is the same."""

    __tablename__ = "usage_warning"
    __table_args__ = (
        UniqueConstraint(
            "subscription_id", "counts_from_at", "allowance_bytes", "percent", name="uq_usage_warning_once"
        ),
    )

    subscription_id: int = Field(foreign_key="subscription.id")
    counts_from_at: datetime = Field(sa_type=UtcDateTime)
    allowance_bytes: int = Field(sa_type=BigInteger)
    percent: int
    used_bytes: int = Field(sa_type=ByteCount)
