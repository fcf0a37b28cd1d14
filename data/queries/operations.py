"""SELECTs about the audit trail, job runs and the installation."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select

from data.models.operations import AuditEvent, Installation, JobRun
from data.queries.bulk import BulkInsert, Values
from data.session import Session

_AUDIT = BulkInsert(AuditEvent, ("at", "actor", "action", "entity", "entity_id", "changes"))


def installation(session: Session) -> Installation | None:
    """Return what this database is, or None before it was marked."""
    return session.scalars(select(Installation).order_by(Installation.id).limit(1)).first()


def failed_runs(session: Session, *, since: datetime, limit: int = 20) -> list[JobRun]:
    """Return the newest failed runs since, newest first."""
    return list(
        session.scalars(
            select(JobRun)
            .where(JobRun.started_at >= since, JobRun.outcome == "failed")
            .order_by(JobRun.started_at.desc())
            .limit(limit)
        )
    )


def add_audit_events(session: Session, rows: Sequence[Values]) -> None:
    """Add lines to the audit trail: at, actor, action, entity, entity id, changes as JSON."""
    _AUDIT.run(session, rows)


def audit_of(session: Session, *, entity: str, entity_id: int, limit: int = 50) -> list[AuditEvent]:
    """Return the newest audit lines about one thing, newest first."""
    return list(
        session.scalars(
            select(AuditEvent)
            .where(AuditEvent.entity == entity, AuditEvent.entity_id == entity_id)
            .order_by(AuditEvent.id.desc())
            .limit(limit)
        )
    )


def purge_job_runs(session: Session, *, before: datetime) -> None:
    """Delete runs that started before the instant."""
    session.execute(delete(JobRun).where(JobRun.started_at < before))
