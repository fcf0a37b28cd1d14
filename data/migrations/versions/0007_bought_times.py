"""When bought times begin, and which periods a discount was counted for; periods billed ahead are begun."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("subscription") as batch_op:
        batch_op.add_column(sa.Column("bought_from", sa.Text(), server_default="[]", nullable=False))
    with op.batch_alter_table("subscription_discount") as batch_op:
        batch_op.add_column(sa.Column("counted_until_on", sa.Date(), nullable=True))
    op.execute(
        "UPDATE subscription SET bills_on = period_ends_on WHERE alignment = 'part_plus_full'"
        " AND status NOT IN ('ended', 'paused') AND period_ends_on < charged_through_on AND bills_on > period_ends_on"
    )


def downgrade() -> None:
    with op.batch_alter_table("subscription_discount") as batch_op:
        batch_op.drop_column("counted_until_on")
    with op.batch_alter_table("subscription") as batch_op:
        batch_op.drop_column("bought_from")
