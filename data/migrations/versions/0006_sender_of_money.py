"""Who sent money that went to the account of whoever pays for them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("payment") as batch_op:
        batch_op.add_column(sa.Column("sent_by_customer_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            op.f("fk_payment_sent_by_customer_id_customer"), "customer", ["sent_by_customer_id"], ["id"]
        )
    op.create_index(
        "ix_payment_sent_by",
        "payment",
        ["sent_by_customer_id"],
        sqlite_where=sa.text("sent_by_customer_id IS NOT NULL"),
        postgresql_where=sa.text("sent_by_customer_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_payment_sent_by", table_name="payment")
    with op.batch_alter_table("payment") as batch_op:
        batch_op.drop_column("sent_by_customer_id")
