"""Copies of routers' configurations."""

import sqlalchemy as sa
from alembic import op

from data.columns import UtcDateTime

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "router_snapshot",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("router_id", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("content_sealed", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("taken_by", sa.String(length=120), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.Column("is_unexpected", sa.Boolean(), nullable=False),
        sa.Column("seen_by", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["router_id"], ["router.id"], name="fk_router_snapshot_router_id_router"),
        sa.PrimaryKeyConstraint("id", name="pk_router_snapshot"),
    )
    op.create_index("ix_router_snapshot_router_id", "router_snapshot", ["router_id", "id"])


def downgrade() -> None:
    op.drop_table("router_snapshot")
