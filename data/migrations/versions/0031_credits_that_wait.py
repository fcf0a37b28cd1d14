"""Credits for outages that wait for the bill of a service in arrears."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("outage_credit") as batch_op:
        batch_op.add_column(sa.Column("waits_until_on", sa.Date(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("outage_credit") as batch_op:
        batch_op.drop_column("waits_until_on")
