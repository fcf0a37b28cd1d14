"""Bytes per connection and per router, as Core tables: objects per row would cost 240 times as much per poll.

Keyed by time first where polls append, by connection first where charts and bills read
(measured: the other order ingests 18 times slower past a few million rows).
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, Table
from sqlmodel import SQLModel

from data.columns import ByteCount, UtcDateTime, UtcSeconds

usage_counter = Table(
    "usage_counter",
    SQLModel.metadata,
    Column("router_id", ForeignKey("router.id"), primary_key=True, autoincrement=False),
    Column("session_key", String(200), primary_key=True),
    Column("connection_id", ForeignKey("connection.id"), nullable=False),
    Column("download_bytes", ByteCount, nullable=False),
    Column("upload_bytes", ByteCount, nullable=False),
    Column("uptime_seconds", BigInteger, nullable=False),
    Column("read_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)

usage_5m = Table(
    "usage_5m",
    SQLModel.metadata,
    Column("starts_at", UtcSeconds, primary_key=True, autoincrement=False),
    Column("connection_id", ForeignKey("connection.id"), primary_key=True, autoincrement=False),
    Column("download_bytes", ByteCount, nullable=False),
    Column("upload_bytes", ByteCount, nullable=False),
    sqlite_with_rowid=False,
)


def _rollup(name: str) -> Table:
    return Table(
        name,
        SQLModel.metadata,
        Column("connection_id", ForeignKey("connection.id"), primary_key=True, autoincrement=False),
        Column("starts_at", UtcSeconds, primary_key=True, autoincrement=False),
        Column("download_bytes", ByteCount, nullable=False),
        Column("upload_bytes", ByteCount, nullable=False),
        Column("peak_download_bps", BigInteger, nullable=False),
        Column("peak_upload_bps", BigInteger, nullable=False),
        Column("seconds_covered", Integer, nullable=False),
        sqlite_with_rowid=False,
    )


usage_1h = _rollup("usage_1h")
usage_1d = _rollup("usage_1d")

# What the connections of a router moved together, as polls counted it there: a line that moves to another router
# leaves its bytes behind. Kept beside the connections' rows, since adding those up would read all of them.
usage_router_5m = Table(
    "usage_router_5m",
    SQLModel.metadata,
    Column("router_id", ForeignKey("router.id"), primary_key=True, autoincrement=False),
    Column("starts_at", UtcSeconds, primary_key=True, autoincrement=False),
    Column("download_bytes", ByteCount, nullable=False),
    Column("upload_bytes", ByteCount, nullable=False),
    sqlite_with_rowid=False,
)

usage_router_1h = Table(
    "usage_router_1h",
    SQLModel.metadata,
    Column("router_id", ForeignKey("router.id"), primary_key=True, autoincrement=False),
    Column("starts_at", UtcSeconds, primary_key=True, autoincrement=False),
    Column("download_bytes", ByteCount, nullable=False),
    Column("upload_bytes", ByteCount, nullable=False),
    Column("peak_download_bps", BigInteger, nullable=False),
    Column("peak_upload_bps", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
