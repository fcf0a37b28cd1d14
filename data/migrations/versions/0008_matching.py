"""The last digits of customers' phones, which masked payers show."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("customer") as batch_op:
        batch_op.add_column(sa.Column("phone_end", sa.String(length=3), nullable=True))
    op.execute("UPDATE customer SET phone_end = substr(phone, length(phone) - 2)")
    with op.batch_alter_table("customer") as batch_op:
        batch_op.alter_column("phone_end", existing_type=sa.String(length=3), nullable=False)
        batch_op.create_index(batch_op.f("ix_customer_phone_end"), ["phone_end"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("customer") as batch_op:
        batch_op.drop_index(batch_op.f("ix_customer_phone_end"))
        batch_op.drop_column("phone_end")
