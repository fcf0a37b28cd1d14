"""Money that is handed in to the bank, and the drawer that cash is given back from."""

import sqlalchemy as sa
from alembic import op

from data.columns import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sweep",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("gateway", sa.String(length=24), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("banked_on", sa.Date(), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("made_by", sa.String(length=120), nullable=False),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_sweep_amount_given")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sweep")),
        sa.UniqueConstraint("gateway", "reference", name=op.f("uq_sweep_gateway_reference")),
    )
    with op.batch_alter_table("refund") as batch_op:
        batch_op.add_column(sa.Column("shift_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_refund_shift_id"), ["shift_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_refund_shift_id_cashier_shift"), "cashier_shift", ["shift_id"], ["id"]
        )


def downgrade() -> None:
    with op.batch_alter_table("refund") as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_refund_shift_id_cashier_shift"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_refund_shift_id"))
        batch_op.drop_column("shift_id")
    op.drop_table("sweep")
