"""What we sell: plans, their immutable prices, and the tax on them."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, UniqueConstraint
from sqlmodel import Field

from data.base import Row
from data.columns import ByteCount, MinorUnits, UtcDateTime, enum_column
from data.values.kinds import (
    AccessMethod,
    BillingMode,
    CapAction,
    ChargeTiming,
    DiscountKind,
    Interval,
    TaxBehavior,
)


class TaxRate(Row, table=True):
    """The rate of a tax from a billing date on; never changed, a new rate is a new row."""

    __tablename__ = "tax_rate"
    __table_args__ = (UniqueConstraint("code", "valid_from_on"),)

    code: str = Field(max_length=16)
    name: str = Field(max_length=60)
    basis_points: int
    valid_from_on: date


class TaxGroup(Row, table=True):
    """The taxes that fall on one price together, such as excise and VAT."""

    __tablename__ = "tax_group"

    code: str = Field(max_length=24, unique=True)
    name: str = Field(max_length=80)


class TaxGroupPart(Row, table=True):
    """One tax of a group, from a date on. `compound_on` names the earlier taxes that its base includes.

    Codes stand with a comma between them; empty means the net amount alone.
    """

    __tablename__ = "tax_group_part"
    __table_args__ = (UniqueConstraint("group_id", "tax_code", "valid_from_on"),)

    group_id: int = Field(foreign_key="tax_group.id", index=True)
    position: int
    tax_code: str = Field(max_length=16)
    compound_on: str = Field(default="", max_length=120)
    valid_from_on: date
    valid_until_on: date | None = None


class Plan(Row, table=True):
    """Speeds and cap sold under one code. Rates in bits per second, cap in bytes per period.

    What is used in bonus hours does not count; in fair use hours, or all day without, a used up cap has effect.
    With `rolls_over` what is left of a period's data is there in the next one too.
    Burst: for `burst_seconds` the speed may rise to the burst rate while the average stays below the threshold.
    """

    __table_args__ = (CheckConstraint("download_bps > 0 AND upload_bps > 0", name="speeds_positive"),)

    code: str = Field(max_length=24, unique=True)
    name: str = Field(max_length=80)
    access_method: AccessMethod = Field(sa_column=enum_column(AccessMethod))
    download_bps: int = Field(sa_type=BigInteger)
    upload_bps: int = Field(sa_type=BigInteger)
    data_cap_bytes: int | None = Field(default=None, sa_type=ByteCount)
    cap_action: CapAction = Field(sa_column=enum_column(CapAction))
    throttled_bps: int | None = Field(default=None, sa_type=BigInteger)
    bonus_from_hour: int | None = None
    bonus_until_hour: int | None = None
    fair_use_from_hour: int | None = None
    fair_use_until_hour: int | None = None
    rolls_over: bool = False
    burst_download_bps: int | None = Field(default=None, sa_type=BigInteger)
    burst_upload_bps: int | None = Field(default=None, sa_type=BigInteger)
    burst_threshold_download_bps: int | None = Field(default=None, sa_type=BigInteger)
    burst_threshold_upload_bps: int | None = Field(default=None, sa_type=BigInteger)
    burst_seconds: int | None = None
    is_public: bool = True
    archived_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class PlanPrice(Row, table=True):
    """What a plan costs from an instant on; immutable, subscriptions keep the row they were sold.

    `overage_minor` is the price of each gigabyte begun beyond the cap, for plans that charge for it.
    """

    __tablename__ = "plan_price"
    __table_args__ = (
        CheckConstraint("amount_minor >= 0 AND setup_fee_minor >= 0", name="not_negative"),
        CheckConstraint("trial_days >= 0 AND minimum_term_months >= 0", name="terms_not_negative"),
        CheckConstraint("early_termination_fee_minor >= 0", name="fee_not_negative"),
    )

    plan_id: int = Field(foreign_key="plan.id", index=True)
    amount_minor: int = Field(sa_type=MinorUnits)
    currency: str = Field(max_length=3)
    interval: Interval = Field(sa_column=enum_column(Interval))
    interval_count: int = 1
    billing_mode: BillingMode = Field(sa_column=enum_column(BillingMode))
    setup_fee_minor: int = Field(default=0, sa_type=MinorUnits)
    timing: ChargeTiming = Field(default=ChargeTiming.ADVANCE, sa_column=enum_column(ChargeTiming))
    trial_days: int = 0
    minimum_term_months: int = 0
    early_termination_fee_minor: int = Field(default=0, sa_type=MinorUnits)
    overage_minor: int | None = Field(default=None, sa_type=MinorUnits)
    tax_group_id: int | None = Field(default=None, foreign_key="tax_group.id")
    tax_behavior: TaxBehavior = Field(sa_column=enum_column(TaxBehavior))
    valid_from: datetime = Field(sa_type=UtcDateTime)
    valid_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AddOn(Row, table=True):
    """Something sold beside a plan: each period of the subscription, or once. Never changed but archived.

    With `data_bytes` it is a pack of data for the period in which it is sold.
    """

    __tablename__ = "add_on"
    __table_args__ = (CheckConstraint("amount_minor >= 0", name="not_negative"),)

    code: str = Field(max_length=24, unique=True)
    name: str = Field(max_length=80)
    amount_minor: int = Field(sa_type=MinorUnits)
    currency: str = Field(max_length=3)
    is_recurring: bool
    tax_group_id: int | None = Field(default=None, foreign_key="tax_group.id")
    tax_behavior: TaxBehavior = Field(sa_column=enum_column(TaxBehavior))
    data_bytes: int | None = Field(default=None, sa_type=ByteCount)
    archived_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Discount(Row, table=True):
    """What may be taken off a price: a share in basis points or a sum a period, for so many periods.

    It may be given to a subscription from `valid_from_on` until before `valid_until_on`.
    """

    __table_args__ = (
        CheckConstraint("basis_points BETWEEN 0 AND 10000 AND amount_minor >= 0", name="in_range"),
        CheckConstraint("periods IS NULL OR periods > 0", name="periods_positive"),
    )

    code: str = Field(max_length=24, unique=True)
    name: str = Field(max_length=80)
    kind: DiscountKind = Field(sa_column=enum_column(DiscountKind))
    basis_points: int = 0
    amount_minor: int = Field(default=0, sa_type=MinorUnits)
    currency: str = Field(max_length=3)
    periods: int | None = None
    valid_from_on: date
    valid_until_on: date | None = None
    archived_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
