"""Changes of one setting on many routers."""

import sqlalchemy as sa
from alembic import op

from data.columns import UtcDateTime

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_KINDS = ("ntp", "dns", "note", "service", "listed", "radius_incoming")
_RUN = ("planned", "running", "looking", "stopped", "done", "undone")
_ITEM = ("waiting", "already", "unread", "changing", "done", "failed", "undoing", "undone")


def upgrade() -> None:
    op.create_table(
        "change_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("kind", _words("setting_kind", *_KINDS), nullable=False),
        sa.Column("target", sa.String(length=120), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("state", _words("change_run_state", *_RUN), nullable=False),
        sa.Column("made_by", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.String(length=250), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_change_run"),
    )
    op.create_table(
        "change_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("router_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", _words("change_item_state", *_ITEM), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(length=250), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["change_run.id"], name="fk_change_item_run_id_change_run"),
        sa.ForeignKeyConstraint(["router_id"], ["router.id"], name="fk_change_item_router_id_router"),
        sa.PrimaryKeyConstraint("id", name="pk_change_item"),
        sa.UniqueConstraint("run_id", "router_id", name="uq_change_item_run_id_router_id"),
    )
    op.create_index("ix_change_item_router_id", "change_item", ["router_id", "changed_at"])


def downgrade() -> None:
    op.drop_table("change_item")
    op.drop_table("change_run")


def _words(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=24)
