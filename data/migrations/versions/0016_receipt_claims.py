"""Receipts that customers say are theirs."""

import sqlalchemy as sa
from alembic import op

from data.columns import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "receipt_claim",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("receipt", sa.String(length=80), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("claimed_by", sa.String(length=120), nullable=False),
        sa.Column("claimed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_receipt_claim_customer_id_customer"),
        sa.PrimaryKeyConstraint("id", name="pk_receipt_claim"),
        sa.UniqueConstraint("receipt", "customer_id", name="uq_receipt_claim_receipt_customer_id"),
    )
    op.create_index("ix_receipt_claim_customer_id", "receipt_claim", ["customer_id"])


def downgrade() -> None:
    op.drop_table("receipt_claim")
