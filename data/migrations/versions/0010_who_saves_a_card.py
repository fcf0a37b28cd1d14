"""Which attempts may save the card that pays them: those that a signed-in subscriber began."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("payment_attempt") as batch_op:
        batch_op.add_column(
            sa.Column("may_save_card", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
    with op.batch_alter_table("payment_attempt") as batch_op:
        batch_op.alter_column("may_save_card", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("payment_attempt") as batch_op:
        batch_op.drop_column("may_save_card")
