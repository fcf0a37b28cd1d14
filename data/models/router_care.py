"""Copies of routers' configurations."""

from datetime import datetime

from sqlalchemy import Column, Index, Text
from sqlmodel import Field

from data.base import Row
from data.columns import UtcDateTime


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
