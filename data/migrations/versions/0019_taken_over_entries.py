"""Lines that take over an entry of the same name that their router holds already."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("connection") as batch_op:
        batch_op.add_column(sa.Column("takes_over", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("connection") as batch_op:
        batch_op.alter_column("takes_over", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("connection") as batch_op:
        batch_op.drop_column("takes_over")
