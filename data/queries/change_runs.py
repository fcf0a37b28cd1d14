"""SELECTs of changes made on many routers at once: the runs, and the routers of each."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from data.models.router import Router
from data.models.router_care import ChangeItem, ChangeRun
from data.session import Session
from data.values.kinds import ChangeItemState


class ItemRow(NamedTuple):
    """One router of a change."""

    router_id: int
    router_name: str
    position: int
    state: ChangeItemState
    before: str
    reason: str
    changed_at: datetime | None


def find_run(session: Session, run_id: int) -> ChangeRun | None:
    """Return a run, or None."""
    return session.get(ChangeRun, run_id)


def item_of(session: Session, *, run_id: int, router_id: int) -> ChangeItem | None:
    """Return what a run does at a router, or None."""
    return session.execute(
        select(ChangeItem).where(ChangeItem.run_id == run_id, ChangeItem.router_id == router_id)
    ).scalar_one_or_none()


def next_item(
    session: Session, *, run_id: int, states: Sequence[ChangeItemState], last_first: bool
) -> ChangeItem | None:
    """Return the first router of a run in one of these states, the last one for an undo."""
    order = ChangeItem.position.desc() if last_first else ChangeItem.position
    return session.execute(
        select(ChangeItem)
        .where(ChangeItem.run_id == run_id, ChangeItem.state.in_(states))
        .order_by(order)
        .limit(1)
    ).scalar_one_or_none()


def items_page(session: Session, *, run_id: int, limit: int, offset: int) -> list[ItemRow]:
    """Return one page of the routers of a run, in its order."""
    rows = session.execute(
        select(
            ChangeItem.router_id,
            Router.name,
            ChangeItem.position,
            ChangeItem.state,
            ChangeItem.before,
            ChangeItem.reason,
            ChangeItem.changed_at,
        )
        .join(Router, Router.id == ChangeItem.router_id)
        .where(ChangeItem.run_id == run_id)
        .order_by(ChangeItem.position)
        .limit(limit)
        .offset(offset)
    )
    return [ItemRow(*row) for row in rows]


def count_by_state(session: Session, run_ids: Sequence[int]) -> dict[int, dict[ChangeItemState, int]]:
    """Return how many routers of each run are in each state."""
    rows = session.execute(
        select(ChangeItem.run_id, ChangeItem.state, func.count())
        .where(ChangeItem.run_id.in_(run_ids))
        .group_by(ChangeItem.run_id, ChangeItem.state)
    )
    found: dict[int, dict[ChangeItemState, int]] = {run_id: {} for run_id in run_ids}
    for run_id, state, count in rows:
        found[run_id][state] = count
    return found


def runs_page(session: Session, *, limit: int, offset: int) -> list[ChangeRun]:
    """Return one page of runs, newest first."""
    rows = session.execute(select(ChangeRun).order_by(ChangeRun.id.desc()).limit(limit).offset(offset))
    return list(rows.scalars())


def count_runs(session: Session) -> int:
    """Return how many runs there are."""
    return session.execute(select(func.count()).select_from(ChangeRun)).scalar_one()


def was_changed_since(session: Session, *, router_id: int, since: datetime) -> bool:
    """Return whether a run of ours wrote to a router after an instant."""
    found = session.execute(
        select(ChangeItem.id)
        .where(ChangeItem.router_id == router_id, ChangeItem.changed_at >= since)
        .limit(1)
    ).first()
    return found is not None
