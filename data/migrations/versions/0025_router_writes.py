"""What was written to each router."""

import sqlalchemy as sa
from alembic import op

from data.columns import UtcDateTime

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "router_write",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("router_id", sa.Integer(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=True),
        sa.Column(
            "cause",
            sa.Enum(
                "wish", "drift", "person", name="write_cause", native_enum=False, create_constraint=True, length=24
            ),
            nullable=False,
        ),
        sa.Column("what", sa.String(length=250), nullable=False),
        sa.Column("is_confirmed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=250), nullable=False),
        sa.Column("made_by", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["router_id"], ["router.id"], name="fk_router_write_router_id_router"),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name="fk_router_write_connection_id_connection"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_router_write"),
    )
    op.create_index("ix_router_write_router_id", "router_write", ["router_id", "id"])
    op.create_index("ix_router_write_connection_id", "router_write", ["connection_id", "id"])


def downgrade() -> None:
    op.drop_table("router_write")
