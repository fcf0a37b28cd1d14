"""Since when a gateway's record is read, what clearing held when a balance was told, and entries that mend clearing."""

import sqlalchemy as sa
from alembic import op

from data.columns import UtcDateTime
from data.migrations.append_only import protect_journal

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_OLD_ENTRIES = (
    "invoice_issued",
    "invoice_voided",
    "payment_received",
    "payment_unmatched",
    "payment_matched",
    "gateway_fee",
    "payment_reversed",
    "write_off",
    "credit_note",
    "refund",
    "sweep",
    "write_off_recovered",
    "revenue_earned",
    "payment_undone",
    "refund_sent",
    "refund_failed",
    "shift_difference",
    "fee_corrected",
)
_NEW_ENTRIES = ("opening_balance", "clearing_corrected")


def upgrade() -> None:
    _add("statement_cursor", sa.Column("read_from", UtcDateTime(), nullable=True), "read_until")
    _add("gateway_balance", sa.Column("clearing_minor", sa.BigInteger(), nullable=True), "balance_minor")
    _check_entries(*_OLD_ENTRIES, *_NEW_ENTRIES)


def downgrade() -> None:
    _check_entries(*_OLD_ENTRIES)
    with op.batch_alter_table("gateway_balance") as batch_op:
        batch_op.drop_column("clearing_minor")
    with op.batch_alter_table("statement_cursor") as batch_op:
        batch_op.drop_column("read_from")


def _add(table: str, column: sa.Column[object], like: str) -> None:
    """Add a column that is never null; rows that are there get the value of another."""
    with op.batch_alter_table(table) as batch_op:
        batch_op.add_column(column)
    op.execute(f"UPDATE {table} SET {column.name} = {like}")  # noqa: S608 (our own names)
    with op.batch_alter_table(table) as batch_op:
        batch_op.alter_column(column.name, nullable=False, existing_type=column.type)


def _check_entries(*values: str) -> None:
    name = op.f("ck_journal_entry_entry_kind")
    with op.batch_alter_table("journal_entry") as batch_op:
        batch_op.drop_constraint(name, type_="check")
        listed = ", ".join(f"'{value}'" for value in values)
        batch_op.create_check_constraint(name, f"kind IN ({listed})")
    if op.get_bind().dialect.name == "sqlite":  # its triggers went with the table that was rebuilt
        protect_journal(op.get_bind())
