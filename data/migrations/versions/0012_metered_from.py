"""Since when a service is metered, and how far counted discounts were counted before that was kept."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("subscription") as batch_op:
        batch_op.add_column(sa.Column("metered_from_on", sa.Date(), nullable=True))
    # A discount of before took its cycle when it was billed: a change within that cycle takes no other.
    op.execute(
        "UPDATE subscription_discount SET counted_until_on = (SELECT max(invoice_line.period_ends_on) "
        "FROM invoice_line JOIN invoice ON invoice.id = invoice_line.invoice_id "
        "WHERE invoice_line.item = 'discount\\:' || subscription_discount.id AND invoice.status <> 'void') "
        "WHERE periods_left IS NOT NULL AND counted_until_on IS NULL"
    )


def downgrade() -> None:
    with op.batch_alter_table("subscription") as batch_op:
        batch_op.drop_column("metered_from_on")
