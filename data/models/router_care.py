"""Copies of routers' configurations, changes made on many routers at once, and what was written to each."""

from datetime import datetime

from sqlalchemy import Column, Index, Text, UniqueConstraint
from sqlmodel import Field

from data.base import Row
from data.columns import UtcDateTime, enum_column
from data.values.kinds import ChangeItemState, ChangeRunState, SettingKind, WriteCause


class RouterSnapshot(Row, table=True):
    """The configuration of a router from `created_at` until it was last seen so; a change is another row.

    The text is compressed and sealed. `added` and `removed` count lines against the row before that we did not
    change; `is_unexpected` stays until somebody has looked.
    """

    __tablename__ = "router_snapshot"
    __table_args__ = (Index("ix_router_snapshot_router_id", "router_id", "id"),)

    router_id: int = Field(foreign_key="router.id")
    fingerprint: str = Field(max_length=64)
    content_sealed: str = Field(sa_column=Column(Text, nullable=False))
    size_bytes: int
    version: str = Field(default="", max_length=40)
    taken_by: str = Field(max_length=120)
    last_seen_at: datetime = Field(sa_type=UtcDateTime)
    added: int = 0
    removed: int = 0
    is_unexpected: bool = False
    seen_by: str = Field(default="", max_length=120)


class ChangeRun(Row, table=True):
    """A vetted change of one setting on many routers; `wanted` is its values, as JSON."""

    __tablename__ = "change_run"

    kind: SettingKind = Field(sa_column=enum_column(SettingKind))
    target: str = Field(default="", max_length=120)
    wanted: str = Field(sa_column=Column(Text, nullable=False))
    state: ChangeRunState = Field(sa_column=enum_column(ChangeRunState))
    made_by: str = Field(max_length=120)
    reason: str = Field(default="", max_length=250)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ChangeItem(Row, table=True):
    """One router of a change, in the order of `position`, the first being tried alone.

    `before` is what was read when it was planned, as JSON, and what an undo puts back; "" where it was not read.
    """

    __tablename__ = "change_item"
    __table_args__ = (
        UniqueConstraint("run_id", "router_id"),
        Index("ix_change_item_router_id", "router_id", "changed_at"),
    )

    run_id: int = Field(foreign_key="change_run.id")
    router_id: int = Field(foreign_key="router.id")
    position: int
    state: ChangeItemState = Field(sa_column=enum_column(ChangeItemState))
    before: str = Field(default="", sa_column=Column(Text, nullable=False))
    reason: str = Field(default="", max_length=250)
    changed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RouterWrite(Row, table=True):
    """Something that was written to a router and read back, in words without secrets; it goes by age.

    `connection_id` is None for what belongs to no line alone. `reason` says why it was not kept, "" when it was.
    """

    __tablename__ = "router_write"
    __table_args__ = (
        Index("ix_router_write_router_id", "router_id", "id"),
        Index("ix_router_write_connection_id", "connection_id", "id"),
    )

    router_id: int = Field(foreign_key="router.id")
    connection_id: int | None = Field(default=None, foreign_key="connection.id")
    cause: WriteCause = Field(sa_column=enum_column(WriteCause))
    what: str = Field(max_length=250)
    is_confirmed: bool
    reason: str = Field(default="", max_length=250)
    made_by: str = Field(default="", max_length=120)
