"""Pay links that other programs make as checkouts and how they end; webhook secrets that change, and why one is off."""

import sqlalchemy as sa
from alembic import op

from data.columns import UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("pay_link") as batch_op:
        batch_op.add_column(
            sa.Column("is_checkout", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(sa.Column("paid_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("expired_at", UtcDateTime(), nullable=True))
    with op.batch_alter_table("pay_link") as batch_op:
        batch_op.alter_column("is_checkout", server_default=None)
    with op.batch_alter_table("webhook_endpoint") as batch_op:
        batch_op.add_column(sa.Column("former_secret_sealed", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("rotated_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("removed_at", UtcDateTime(), nullable=True))
        batch_op.add_column(
            sa.Column("problem", sa.String(length=250), server_default="", nullable=False)
        )
    with op.batch_alter_table("webhook_endpoint") as batch_op:
        batch_op.alter_column("problem", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("webhook_endpoint") as batch_op:
        for name in ("problem", "removed_at", "rotated_at", "former_secret_sealed"):
            batch_op.drop_column(name)
    with op.batch_alter_table("pay_link") as batch_op:
        for name in ("expired_at", "paid_at", "is_checkout"):
            batch_op.drop_column(name)
