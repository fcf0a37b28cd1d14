"""Which routers hold our rules for who has not paid."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("router") as batch_op:
        batch_op.add_column(sa.Column("has_garden", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("garden_written", sa.String(length=64), nullable=False, server_default=""))
    with op.batch_alter_table("router") as batch_op:
        batch_op.alter_column("has_garden", server_default=None)
        batch_op.alter_column("garden_written", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("router") as batch_op:
        batch_op.drop_column("garden_written")
        batch_op.drop_column("has_garden")
