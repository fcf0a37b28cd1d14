"""Routers that are only watched: those of before are written already, new ones wait for a person's word."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("router") as batch_op:
        batch_op.add_column(sa.Column("is_managed", sa.Boolean(), nullable=False, server_default=sa.true()))
    with op.batch_alter_table("router") as batch_op:
        batch_op.alter_column("is_managed", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("router") as batch_op:
        batch_op.drop_column("is_managed")
