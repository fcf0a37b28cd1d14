"""How far gateways' records were read, which hand-in explains a bank's row, and who asked for a refund by their id."""

import sqlalchemy as sa
from alembic import op

from data.columns import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "statement_cursor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("gateway", sa.String(length=24), nullable=False),
        sa.Column("read_until", UtcDateTime(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.Column("problem", sa.String(length=250), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement_cursor")),
        sa.UniqueConstraint("gateway", name=op.f("uq_statement_cursor_gateway")),
    )
    with op.batch_alter_table("statement_line") as batch_op:
        batch_op.add_column(sa.Column("sweep_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_statement_line_sweep_id"), ["sweep_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_statement_line_sweep_id_sweep"), "sweep", ["sweep_id"], ["id"]
        )
    with op.batch_alter_table("refund") as batch_op:
        batch_op.add_column(sa.Column("made_by_id", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("refund") as batch_op:
        batch_op.drop_column("made_by_id")
    with op.batch_alter_table("statement_line") as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_statement_line_sweep_id_sweep"), type_="foreignkey")
        batch_op.drop_index(batch_op.f("ix_statement_line_sweep_id"))
        batch_op.drop_column("sweep_id")
    op.drop_table("statement_cursor")
