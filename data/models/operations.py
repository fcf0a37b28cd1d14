"""How the house itself is doing: audit trail, job history, and what installation this is."""

from datetime import date, datetime

from sqlalchemy import Column, Text
from sqlmodel import Field

from data.base import Row
from data.columns import UtcDateTime, enum_column
from data.values.kinds import JobOutcome


class AuditEvent(Row, table=True):
    """Who changed what, when. Append-only."""

    __tablename__ = "audit_event"

    at: datetime = Field(sa_type=UtcDateTime, index=True)
    actor: str = Field(max_length=120)
    action: str = Field(max_length=60)
    entity: str = Field(max_length=40)
    entity_id: int
    changes: str = Field(sa_column=Column(Text, nullable=False))


class JobRun(Row, table=True):
    """One run of a job by the clock."""

    __tablename__ = "job_run"

    job: str = Field(max_length=60, index=True)
    started_at: datetime = Field(sa_type=UtcDateTime, index=True)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    outcome: JobOutcome | None = Field(default=None, sa_column=enum_column(JobOutcome, nullable=True))
    detail: str = Field(default="", max_length=250)


class Installation(Row, table=True):
    """What this database is: the demo's or a real ISP's. One row."""

    is_demo: bool
    seeded_through_on: date | None = None
