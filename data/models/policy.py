"""What the owner decides: the ISP's profile, its billing policy and its gateway accounts, in versions."""

from datetime import date, datetime

from sqlalchemy import Column, LargeBinary, Text, UniqueConstraint
from sqlmodel import Field

from data.base import Row
from data.columns import MinorUnits, UtcDateTime, enum_column
from data.values.kinds import AddressCheck, CycleAlignment, DunningAction, MessageChannel


class IspProfile(Row, table=True):
    """Who the ISP is. The newest version counts."""

    __tablename__ = "isp_profile"

    version: int = Field(unique=True)
    name: str = Field(max_length=80)
    currency: str = Field(max_length=3)
    timezone: str = Field(max_length=64)
    support_phone: str = Field(default="", max_length=40)
    accent: str = Field(default="#3e57da", max_length=7)


class BillingPolicy(Row, table=True):
    """How the ISP bills and chases. The newest version counts; each change is a new row.

    `billing_day` 1 to 31 is the common day of new subscriptions, None for each their own. `quiet_weekdays`
    holds ISO weekdays with commas between (6,7 is the weekend). `pays_part_periods`: a short payment for a
    prepaid service buys hours in proportion, at least `part_hours_min`. The breakers are in percent, and so are the
    shares of their data at which customers are warned, ascending with commas between. An outage of at least
    `outage_credit_minutes` is credited by itself; 0 is never.
    """

    __tablename__ = "billing_policy"

    version: int = Field(unique=True)
    invoice_due_days: int = 7
    grace_days: int = 0
    debt_tolerated_minor: int = Field(default=0, sa_type=MinorUnits)
    invoice_prefix: str = Field(default="INV", max_length=12)
    credit_note_prefix: str = Field(default="CN", max_length=12)
    billing_day: int | None = None
    alignment: CycleAlignment = Field(
        default=CycleAlignment.ANNIVERSARY, sa_column=enum_column(CycleAlignment)
    )
    fixed_month_days: int | None = None
    bills_while_suspended: bool = True
    credits_on_end: bool = True
    credits_on_pause: bool = True
    defers_revenue: bool = False
    quiet_weekdays: str = Field(default="", max_length=13)
    sends_from_hour: int = 8
    sends_until_hour: int = 20
    promise_days_max: int = 7
    prepaid_grace_hours: int = 0
    pays_part_periods: bool = False
    part_hours_min: int = 24
    rehearsal_hour: int = 18
    breaker_suspend_percent: int = 20
    breaker_invoice_percent: int = 30
    outage_credit_minutes: int = 0
    usage_warnings: str = Field(default="80,95", max_length=40)


class DunningStepRow(Row, table=True):
    """One step of a policy's schedule, counted in days from the due date; a late fee has an amount."""

    __tablename__ = "dunning_step"
    __table_args__ = (UniqueConstraint("policy_id", "days_overdue", "action"),)

    policy_id: int = Field(foreign_key="billing_policy.id")
    days_overdue: int
    action: DunningAction = Field(sa_column=enum_column(DunningAction))
    template: str = Field(default="", max_length=40)
    amount_minor: int = Field(default=0, sa_type=MinorUnits)


class Holiday(Row, table=True):
    """A day on which nobody is cut off."""

    day: date = Field(unique=True)
    name: str = Field(max_length=80)


class GatewayAccount(Row, table=True):
    """How we reach a gateway: sealed settings, the newest version of each name counts."""

    __tablename__ = "gateway_account"
    __table_args__ = (UniqueConstraint("gateway", "version"),)

    gateway: str = Field(max_length=24)
    version: int
    is_enabled: bool = True
    settings_sealed: str = Field(sa_column=Column(Text, nullable=False))
    registered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class PaymentPolicy(Row, table=True):
    """How the ISP takes money and gives it back. The newest version counts; each change is a new row.

    Money is matched by itself from a score of `match_threshold` (0 to 100). `gateway_addresses` and
    `trusted_proxies` hold networks with commas between. Nobody approves their own refund above
    `second_person_above_minor`.
    """

    __tablename__ = "payment_policy"

    version: int = Field(unique=True)
    match_threshold: int = 80
    refuses_unknown_accounts: bool = False
    second_person_above_minor: int = Field(default=0, sa_type=MinorUnits)
    pay_minimum_minor: int = Field(default=0, sa_type=MinorUnits)
    address_check: AddressCheck = Field(default=AddressCheck.OFF, sa_column=enum_column(AddressCheck))
    gateway_addresses: str = Field(default="", sa_column=Column(Text, nullable=False))
    trusted_proxies: str = Field(default="", sa_column=Column(Text, nullable=False))
    saved_by: str = Field(max_length=120)


class ChannelAccount(Row, table=True):
    """How messages leave by a channel: sealed settings, the newest version of each channel counts."""

    __tablename__ = "channel_account"
    __table_args__ = (UniqueConstraint("channel", "version"),)

    channel: MessageChannel = Field(sa_column=enum_column(MessageChannel))
    version: int
    is_enabled: bool = True
    settings_sealed: str = Field(sa_column=Column(Text, nullable=False))


class IspLetterhead(Row, table=True):
    """What of the ISP stands on documents besides its name and colour. The newest version counts.

    `logo` is a PNG or JPEG as it is embedded, None for the name in letters.
    """

    __tablename__ = "isp_letterhead"

    version: int = Field(unique=True)
    address: str = Field(default="", max_length=200)
    email: str = Field(default="", max_length=254)
    website: str = Field(default="", max_length=120)
    tax_number: str = Field(default="", max_length=40)
    logo: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    saved_by: str = Field(max_length=120)
