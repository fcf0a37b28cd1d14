"""Routers, the connections on them, and the work that waits for them."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from data.base import Row
from data.columns import ON_EARTH, UtcDateTime, enum_column
from data.values.kinds import AccessMethod, TaskKind
from data.values.states import RouterStatus, TaskStatus


class Router(Row, table=True):
    """A router we speak to. The password is sealed. One that is not managed is read and never written.

    `has_garden` says that it shall hold our rules for who has not paid, `garden_written` which it was last read back
    with: the mark of these rules, "" for none.

    `version_order` sorts as the version does. `restarted_at` is when we restarted it last, None for never.
    Where it stands is in WGS 84, both None for not known.
    """

    __table_args__ = (CheckConstraint(ON_EARTH, name="on_earth"),)

    name: str = Field(max_length=60, unique=True)
    host: str = Field(max_length=120)
    port: int
    use_tls: bool = False
    tls_fingerprint: str | None = Field(default=None, max_length=95)
    username: str = Field(max_length=60)
    password_sealed: str = Field(sa_column=Column(Text, nullable=False))
    driver: str = Field(default="routeros", max_length=24)
    status: RouterStatus = Field(sa_column=enum_column(RouterStatus))
    status_reason: str = Field(default="", max_length=250)
    last_seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    consecutive_failures: int = 0
    poll_seconds: int = 60
    board: str = Field(default="", max_length=60)
    version: str = Field(default="", max_length=40)
    serial: str = Field(default="", max_length=40)
    is_enabled: bool = True
    is_managed: bool = False
    site: str = Field(default="", max_length=60)
    version_order: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    firmware: str = Field(default="", max_length=40)
    firmware_offered: str = Field(default="", max_length=40)
    restarted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    restarted_by: str = Field(default="", max_length=120)
    has_garden: bool = False
    garden_written: str = Field(default="", max_length=64)
    latitude_microdegrees: int | None = None
    longitude_microdegrees: int | None = None


class Connection(Row, table=True):
    """A subscriber's line: where, by which method, with which name and secret (sealed).

    `takes_over` lets it mark an entry of its name that its router holds already as ours, once.
    """

    __table_args__ = (
        UniqueConstraint("router_id", "username"),
        Index(
            "ix_connection_live",
            "subscription_id",
            unique=True,
            sqlite_where=text("removed_at IS NULL"),
            postgresql_where=text("removed_at IS NULL"),
        ),
    )

    subscription_id: int = Field(foreign_key="subscription.id")
    router_id: int = Field(foreign_key="router.id", index=True)
    method: AccessMethod = Field(sa_column=enum_column(AccessMethod))
    username: str = Field(max_length=120)
    secret_sealed: str = Field(sa_column=Column(Text, nullable=False))
    static_ip: str | None = Field(default=None, max_length=45)
    mac: str | None = Field(default=None, max_length=17)
    desired_generation: int = 0
    applied_generation: int = 0
    applied_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    drift: str | None = Field(default=None, max_length=250)
    last_online_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    takes_over: bool = False


class RouterTask(Row, table=True):
    """Look at this connection again: at most one open task each; urgent ones restore service."""

    __tablename__ = "router_task"
    __table_args__ = (
        Index(
            "ix_router_task_open",
            "connection_id",
            unique=True,
            sqlite_where=text("status IN ('pending', 'running')"),
            postgresql_where=text("status IN ('pending', 'running')"),
        ),
        Index("ix_router_task_due", "router_id", "status", "run_after_at"),
    )

    router_id: int = Field(foreign_key="router.id")
    connection_id: int = Field(foreign_key="connection.id")
    kind: TaskKind = Field(sa_column=enum_column(TaskKind))
    is_urgent: bool = False
    generation: int
    status: TaskStatus = Field(sa_column=enum_column(TaskStatus))
    attempts: int = 0
    run_after_at: datetime = Field(sa_type=UtcDateTime)
    claimed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_error: str | None = Field(default=None, max_length=250)
