"""SELECTs about vouchers and their batches."""

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import case, func, select, update

from data.models.catalog import Plan, PlanPrice
from data.models.voucher import Voucher, VoucherBatch
from data.session import Session
from data.values.states import VoucherStatus


class FoundVoucher(NamedTuple):
    """A voucher with the batch that says what it is worth."""

    voucher: Voucher
    batch: VoucherBatch


def voucher_by_code(session: Session, *, code_hash: str) -> FoundVoucher | None:
    """Return the voucher whose code has this hash, or None."""
    row = session.execute(
        select(Voucher, VoucherBatch)
        .join(VoucherBatch, VoucherBatch.id == Voucher.batch_id)
        .where(Voucher.code_hash == code_hash)
    ).one_or_none()
    return FoundVoucher(row[0], row[1]) if row else None


def find_batch(session: Session, batch_id: int) -> VoucherBatch | None:
    """Return the batch, or None."""
    return session.get(VoucherBatch, batch_id)


def cancel_unused(session: Session, *, batch_id: int) -> int:
    """Cancel what was not redeemed of a batch; return how many those were."""
    return int(
        session.execute(
            update(Voucher)
            .where(Voucher.batch_id == batch_id, Voucher.status == VoucherStatus.UNUSED)
            .values(status=VoucherStatus.CANCELLED)
            .execution_options(synchronize_session=False)
        ).rowcount
    )


class BatchRow(NamedTuple):
    """A batch for a list: what each is worth, and what became of them."""

    id: int
    name: str
    plan_name: str
    amount_minor: int
    currency: str
    quantity: int
    redeemed: int
    cancelled: int
    expires_on: date | None
    made_by: str
    made_at: datetime


def batches(session: Session, *, limit: int, offset: int = 0, before_id: int | None = None) -> list[BatchRow]:
    """Return batches, newest first; with `before_id` those older than one."""
    counts = (
        select(
            Voucher.batch_id,
            func.sum(case((Voucher.status == VoucherStatus.REDEEMED, 1), else_=0)).label("redeemed"),
            func.sum(case((Voucher.status == VoucherStatus.CANCELLED, 1), else_=0)).label("cancelled"),
        )
        .group_by(Voucher.batch_id)
        .subquery()
    )
    query = (
        select(
            VoucherBatch.id,
            VoucherBatch.name,
            Plan.name,
            VoucherBatch.amount_minor,
            VoucherBatch.currency,
            VoucherBatch.quantity,
            func.coalesce(counts.c.redeemed, 0),
            func.coalesce(counts.c.cancelled, 0),
            VoucherBatch.expires_on,
            VoucherBatch.made_by,
            VoucherBatch.created_at,
        )
        .join(PlanPrice, PlanPrice.id == VoucherBatch.plan_price_id)
        .join(Plan, Plan.id == PlanPrice.plan_id)
        .outerjoin(counts, counts.c.batch_id == VoucherBatch.id)
        .order_by(VoucherBatch.id.desc())
        .limit(limit)
        .offset(offset)
    )
    if before_id is not None:
        query = query.where(VoucherBatch.id < before_id)
    return [BatchRow(*row) for row in session.execute(query)]


def count_batches(session: Session) -> int:
    """Return how many batches there are."""
    return int(session.execute(select(func.count()).select_from(VoucherBatch)).scalar_one())
