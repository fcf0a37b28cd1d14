"""How attempts are paid: the way that was chosen, what its payer is told, and the saved card that was charged."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_KEY = "fk_payment_attempt_saved_method_id_saved_method"
_INDEX = "ix_payment_attempt_saved_method_id"


def upgrade() -> None:
    with op.batch_alter_table("payment_attempt") as batch_op:
        batch_op.add_column(sa.Column("channel", sa.String(length=24), nullable=True))
        batch_op.add_column(sa.Column("customer_message", sa.String(length=300), nullable=True))
        batch_op.add_column(sa.Column("saved_method_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f(_INDEX), ["saved_method_id"], unique=False)
        batch_op.create_foreign_key(batch_op.f(_KEY), "saved_method", ["saved_method_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("payment_attempt") as batch_op:
        batch_op.drop_constraint(batch_op.f(_KEY), type_="foreignkey")
        batch_op.drop_index(batch_op.f(_INDEX))
        batch_op.drop_column("saved_method_id")
        batch_op.drop_column("customer_message")
        batch_op.drop_column("channel")
