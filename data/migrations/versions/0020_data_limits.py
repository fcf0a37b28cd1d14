"""Data beside the plan's, what is told of its use, and from which shares on."""

import sqlalchemy as sa
from alembic import op

from data.columns import UtcDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_GRANTS = ("top_up", "roll_over", "gift")


def upgrade() -> None:
    op.create_table(
        "data_grant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("counts_from_at", UtcDateTime(), nullable=False),
        sa.Column("granted_bytes", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(*_GRANTS, name="grant_kind", native_enum=False, create_constraint=True, length=24),
            nullable=False,
        ),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("note", sa.String(length=120), nullable=False),
        sa.Column("granted_by", sa.String(length=120), nullable=False),
        sa.CheckConstraint("granted_bytes >= 0", name=op.f("ck_data_grant_not_negative")),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscription.id"], name=op.f("fk_data_grant_subscription_id_subscription")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_grant")),
        sa.UniqueConstraint("subscription_id", "key", name=op.f("uq_data_grant_subscription_id_key")),
    )
    op.create_table(
        "usage_warning",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("counts_from_at", UtcDateTime(), nullable=False),
        sa.Column("allowance_bytes", sa.BigInteger(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("used_bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscription.id"],
            name=op.f("fk_usage_warning_subscription_id_subscription"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_warning")),
        sa.UniqueConstraint(
            "subscription_id",
            "counts_from_at",
            "allowance_bytes",
            "percent",
            name=op.f("uq_usage_warning_once"),
        ),
    )
    with op.batch_alter_table("billing_policy") as batch_op:
        batch_op.add_column(
            sa.Column("usage_warnings", sa.String(length=40), nullable=False, server_default="80,95")
        )
    with op.batch_alter_table("billing_policy") as batch_op:
        batch_op.alter_column("usage_warnings", server_default=None)
    with op.batch_alter_table("add_on") as batch_op:
        batch_op.add_column(sa.Column("data_bytes", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("add_on") as batch_op:
        batch_op.drop_column("data_bytes")
    with op.batch_alter_table("billing_policy") as batch_op:
        batch_op.drop_column("usage_warnings")
    op.drop_table("usage_warning")
    op.drop_table("data_grant")
