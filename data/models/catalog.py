"""What we sell: plans, their immutable prices, and the tax on them."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint
from sqlmodel import Field

from data.base import Row
from data.columns import ByteCount, MinorUnits, UtcDateTime, enum_column
from data.values.kinds import AccessMethod, BillingMode, CapAction, Interval, TaxBehavior


class TaxRate(Row, table=True):
    """A tax in force from a date; never changed, a new rate is a new row."""

    __tablename__ = "tax_rate"

    code: str = Field(max_length=16, index=True)
    name: str = Field(max_length=60)
    basis_points: int
    valid_from: datetime = Field(sa_type=UtcDateTime)


class Plan(Row, table=True):
    """Speeds and cap sold under one code. Rates in bits per second, cap in bytes per period."""

    __table_args__ = (CheckConstraint("download_bps > 0 AND upload_bps > 0", name="speeds_positive"),)

    code: str = Field(max_length=24, unique=True)
    name: str = Field(max_length=80)
    access_method: AccessMethod = Field(sa_column=enum_column(AccessMethod))
    download_bps: int = Field(sa_type=BigInteger)
    upload_bps: int = Field(sa_type=BigInteger)
    data_cap_bytes: int | None = Field(default=None, sa_type=ByteCount)
    cap_action: CapAction = Field(sa_column=enum_column(CapAction))
    throttled_bps: int | None = Field(default=None, sa_type=BigInteger)
    is_public: bool = True
    archived_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class PlanPrice(Row, table=True):
    """What a plan costs from an instant on; immutable, subscriptions keep the row they were sold."""

    __tablename__ = "plan_price"
    __table_args__ = (CheckConstraint("amount_minor >= 0 AND setup_fee_minor >= 0", name="not_negative"),)

    plan_id: int = Field(foreign_key="plan.id", index=True)
    amount_minor: int = Field(sa_type=MinorUnits)
    currency: str = Field(max_length=3)
    interval: Interval = Field(sa_column=enum_column(Interval))
    interval_count: int = 1
    billing_mode: BillingMode = Field(sa_column=enum_column(BillingMode))
    setup_fee_minor: int = Field(default=0, sa_type=MinorUnits)
    tax_rate_id: int | None = Field(default=None, foreign_key="tax_rate.id")
    tax_behavior: TaxBehavior = Field(sa_column=enum_column(TaxBehavior))
    valid_from: datetime = Field(sa_type=UtcDateTime)
    valid_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
