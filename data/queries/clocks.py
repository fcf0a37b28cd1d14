"""The money-to-packet clock, written by the network side as well: it lives in `data` so that nothing imports upward."""

from datetime import datetime

from sqlalchemy import delete, select, update

from data.models.payment import RestorationClock
from data.models.router import Connection
from data.session import Session


def note_written(session: Session, *, connection_id: int, at: datetime) -> None:
    """Note when the router took the restored access of a connection, once."""
    _note(session, connection_id, "written_at", at)


def note_read_back(session: Session, *, connection_id: int, at: datetime) -> None:
    """Note when a fresh read showed the restored access on the router, once."""
    _note(session, connection_id, "read_back_at", at)


def note_session(session: Session, *, connection_id: int, at: datetime) -> bool:
    """Note the first session after a restoration; False when none waited for it."""
    done = session.execute(
        update(RestorationClock)
        .where(
            RestorationClock.connection_id == connection_id,
            RestorationClock.session_at.is_(None),
            RestorationClock.read_back_at.is_not(None),
        )
        .values(session_at=at)
        .execution_options(synchronize_session=False)
    )
    return bool(done.rowcount)


def awaiting_session(session: Session, *, router_id: int, since: datetime) -> list[int]:
    """Return ids of connections on a router that were restored since and have no new session yet."""
    return list(
        session.scalars(
            select(RestorationClock.connection_id)
            .join(Connection, Connection.id == RestorationClock.connection_id)
            .where(
                Connection.router_id == router_id,
                RestorationClock.session_at.is_(None),
                RestorationClock.read_back_at >= since,
            )
            .distinct()
        )
    )


def _note(session: Session, connection_id: int, column: str, at: datetime) -> None:
    instant = getattr(RestorationClock, column)
    session.execute(
        update(RestorationClock)
        .where(RestorationClock.connection_id == connection_id, instant.is_(None))
        .values({column: at})
        .execution_options(synchronize_session=False)
    )


def forget_before(session: Session, *, before: datetime) -> None:
    """Delete the clocks of restorations whose evidence came before the instant."""
    session.execute(delete(RestorationClock).where(RestorationClock.evidence_at < before))


def restorations_of(session: Session, *, payment_id: int) -> list[datetime | None]:
    """Return, for each service that a payment restores, when its router was read back; None while it waits."""
    return list(
        session.scalars(
            select(RestorationClock.read_back_at)
            .where(RestorationClock.payment_id == payment_id)
            .order_by(RestorationClock.id)
        )
    )
