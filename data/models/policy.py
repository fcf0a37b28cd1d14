"""What the owner decides: the ISP's profile, its billing policy and its gateway accounts, in versions."""

from datetime import datetime

from sqlalchemy import Column, Text, UniqueConstraint
from sqlmodel import Field

from data.base import Row
from data.columns import MinorUnits, UtcDateTime, enum_column
from data.values.kinds import DunningAction


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
    """How the ISP bills and chases. The newest version counts; each change is a new row."""

    __tablename__ = "billing_policy"

    version: int = Field(unique=True)
    invoice_due_days: int = 7
    grace_days: int = 0
    debt_tolerated_minor: int = Field(default=0, sa_type=MinorUnits)
    invoice_prefix: str = Field(default="INV", max_length=12)


class DunningStepRow(Row, table=True):
    """One step of a policy's schedule, counted in days from the due date."""

    __tablename__ = "dunning_step"
    __table_args__ = (UniqueConstraint("policy_id", "days_overdue", "action"),)

    policy_id: int = Field(foreign_key="billing_policy.id")
    days_overdue: int
    action: DunningAction = Field(sa_column=enum_column(DunningAction))


class GatewayAccount(Row, table=True):
    """How we reach a gateway: sealed settings, the newest version of each name counts."""

    __tablename__ = "gateway_account"
    __table_args__ = (UniqueConstraint("gateway", "version"),)

    gateway: str = Field(max_length=24)
    version: int
    is_enabled: bool = True
    settings_sealed: str = Field(sa_column=Column(Text, nullable=False))
    registered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
