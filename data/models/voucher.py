"""Vouchers: prepaid periods bought ahead, printed in batches."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from data.base import Row
from data.columns import MinorUnits, UtcDateTime, enum_column
from data.values.states import VoucherStatus


class VoucherBatch(Row, table=True):
    """Vouchers printed together: each is worth one period of a price, `amount_minor` at the time of printing."""

    __tablename__ = "voucher_batch"
    __table_args__ = (CheckConstraint("quantity > 0 AND amount_minor > 0", name="in_range"),)

    name: str = Field(max_length=80)
    plan_price_id: int = Field(foreign_key="plan_price.id")
    quantity: int
    amount_minor: int = Field(sa_type=MinorUnits)
    currency: str = Field(max_length=3)
    expires_on: date | None = None
    made_by: str = Field(max_length=120)


class Voucher(Row, table=True):
    """One voucher. The code itself is on paper only; here is its keyed hash."""

    batch_id: int = Field(foreign_key="voucher_batch.id", index=True)
    serial: str = Field(max_length=24, unique=True)
    code_hash: str = Field(max_length=64, unique=True)
    status: VoucherStatus = Field(sa_column=enum_column(VoucherStatus))
    redeemed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    redeemed_by_customer_id: int | None = Field(default=None, foreign_key="customer.id", index=True)
    payment_id: int | None = Field(default=None, foreign_key="payment.id")
