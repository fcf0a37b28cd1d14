"""Data beside the plan's and what was told of its use, set-based: bounds go in as one parameter."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from data.models.catalog import AddOn
from data.models.usage_limits import DataGrant, DataPeriod, UsageWarning
from data.session import Session
from data.values.kinds import GrantKind


class GrantRow(NamedTuple):
    """Data that a service got beside its plan's."""

    subscription_id: int
    counts_from_at: datetime
    granted_bytes: int
    kind: GrantKind
    note: str
    granted_by: str
    granted_at: datetime


def grants_of(session: Session, *, subscription_ids: Sequence[int], since: datetime) -> list[GrantRow]:
    """Return what these services got that counts from an instant on or later, oldest first."""
    rows = session.execute(
        select(
            DataGrant.subscription_id,
            DataGrant.counts_from_at,
            DataGrant.granted_bytes,
            DataGrant.kind,
            DataGrant.note,
            DataGrant.granted_by,
            DataGrant.created_at,
        )
        .where(DataGrant.subscription_id.in_(subscription_ids), DataGrant.counts_from_at >= since)
        .order_by(DataGrant.counts_from_at, DataGrant.id)
    )
    return [GrantRow(*row) for row in rows]


def granted_between(session: Session, *, subscription_id: int, since: datetime, until: datetime) -> int:
    """Return the bytes a service got that count in `[since, until)`."""
    total = session.execute(
        select(func.coalesce(func.sum(DataGrant.granted_bytes), 0)).where(
            DataGrant.subscription_id == subscription_id,
            DataGrant.counts_from_at >= since,
            DataGrant.counts_from_at < until,
        )
    ).scalar_one()
    return int(total)


def data_periods_of(session: Session, *, subscription_ids: Sequence[int]) -> dict[int, DataPeriod]:
    """Return the periods of these services whose data was last looked at, by service."""
    rows = session.scalars(select(DataPeriod).where(DataPeriod.subscription_id.in_(subscription_ids)))
    return {row.subscription_id: row for row in rows}


def has_grant(session: Session, *, subscription_id: int, key: str) -> bool:
    """Tell whether a service got what comes from a fact already."""
    found = select(DataGrant.id).where(DataGrant.subscription_id == subscription_id, DataGrant.key == key)
    return session.execute(found).first() is not None


def warnings_since(
    session: Session, *, subscription_ids: Sequence[int], since: datetime
) -> set[tuple[int, datetime, int, int]]:
    """Return (service, from when its period counts, its data, percent) of what these were told."""
    rows = session.execute(
        select(
            UsageWarning.subscription_id,
            UsageWarning.counts_from_at,
            UsageWarning.allowance_bytes,
            UsageWarning.percent,
        ).where(UsageWarning.subscription_id.in_(subscription_ids), UsageWarning.counts_from_at >= since)
    )
    return {(row[0], row[1], row[2], row[3]) for row in rows}


def data_packs(session: Session, *, currency: str) -> list[AddOn]:
    """Return the packs of data on sale in a currency, by size."""
    return list(
        session.scalars(
            select(AddOn)
            .where(AddOn.data_bytes.is_not(None), AddOn.archived_at.is_(None), AddOn.currency == currency)
            .order_by(AddOn.data_bytes, AddOn.amount_minor, AddOn.id)
        )
    )
