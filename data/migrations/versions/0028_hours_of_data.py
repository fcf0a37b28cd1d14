"""Hours in which data does not count or a cap has effect, and data that rolls over."""

import sqlalchemy as sa
from alembic import op

from data.columns import UtcDateTime

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_HOURS = ("bonus_from_hour", "bonus_until_hour", "fair_use_from_hour", "fair_use_until_hour")


def upgrade() -> None:
    op.create_table(
        "data_period",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("counts_from_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_data_period_plan_id_plan")),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscription.id"], name=op.f("fk_data_period_subscription_id_subscription")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_period")),
        sa.UniqueConstraint("subscription_id", name=op.f("uq_data_period_subscription_id")),
    )
    with op.batch_alter_table("plan") as batch_op:
        for name in _HOURS:
            batch_op.add_column(sa.Column(name, sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("rolls_over", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("plan") as batch_op:
        batch_op.alter_column("rolls_over", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("plan") as batch_op:
        batch_op.drop_column("rolls_over")
        for name in reversed(_HOURS):
            batch_op.drop_column(name)
    op.drop_table("data_period")
