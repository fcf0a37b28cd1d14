"""What the lines of a router move together, by five minutes and by hour."""

import sqlalchemy as sa
from alembic import op

from data.columns import UtcDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create("usage_router_5m")
    _create(
        "usage_router_1h",
        sa.Column("peak_download_bps", sa.BigInteger(), nullable=False),
        sa.Column("peak_upload_bps", sa.BigInteger(), nullable=False),
    )
    # Where a line was carried in the past is not kept: its bytes are taken for those of the router it is at now.
    op.execute(
        "INSERT INTO usage_router_5m (router_id, starts_at, download_bytes, upload_bytes)"
        " SELECT connection.router_id, usage_5m.starts_at, sum(usage_5m.download_bytes), sum(usage_5m.upload_bytes)"
        " FROM usage_5m JOIN connection ON connection.id = usage_5m.connection_id GROUP BY 1, 2"
    )
    op.execute(
        "INSERT INTO usage_router_1h (router_id, starts_at, download_bytes, upload_bytes, peak_download_bps,"
        " peak_upload_bps)"
        " SELECT connection.router_id, usage_1h.starts_at, sum(usage_1h.download_bytes), sum(usage_1h.upload_bytes),"
        " sum(usage_1h.download_bytes) * 8 / 3600, sum(usage_1h.upload_bytes) * 8 / 3600"
        " FROM usage_1h JOIN connection ON connection.id = usage_1h.connection_id GROUP BY 1, 2"
    )


def downgrade() -> None:
    op.drop_table("usage_router_1h")
    op.drop_table("usage_router_5m")


def _create(name: str, *more: sa.Column[int]) -> None:
    op.create_table(
        name,
        sa.Column("router_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("download_bytes", sa.BigInteger(), nullable=False),
        sa.Column("upload_bytes", sa.BigInteger(), nullable=False),
        *more,
        sa.ForeignKeyConstraint(["router_id"], ["router.id"], name=op.f(f"fk_{name}_router_id_router")),
        sa.PrimaryKeyConstraint("router_id", "starts_at", name=op.f(f"pk_{name}")),
        sqlite_with_rowid=False,
    )
