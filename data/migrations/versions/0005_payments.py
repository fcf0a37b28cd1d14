"""Payments from any gateway: statements, shifts, disputes, saved methods, and what speaks for a match."""

from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

from data.columns import UtcDateTime
from data.migrations.append_only import protect_journal

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_WAYS = ("by_hand", "gateway", "payout")
_OLD_REFUND_STATES = ("pending", "succeeded", "failed")
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
)
_NEW_ENTRIES = ("payment_undone", "refund_sent", "refund_failed", "shift_difference", "fee_corrected")


def upgrade() -> None:
    _create_tables()
    _extend_links()
    _extend_payments()
    _extend_refunds()
    _check_words("journal_entry", "kind", "entry_kind", *_OLD_ENTRIES, *_NEW_ENTRIES)
    _protect_again()


def _extend_links() -> None:
    _add("pay_link", {"description": (sa.String(length=120), "''"), "made_by": (sa.String(length=120), "''")})
    with op.batch_alter_table("pay_link") as batch_op:
        batch_op.add_column(sa.Column("client_reference", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("return_url", sa.String(length=500), nullable=True))
        batch_op.add_column(sa.Column("endpoint_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("closed_at", UtcDateTime(), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_pay_link_client_reference"), ["client_reference"])
        batch_op.create_foreign_key(
            batch_op.f("fk_pay_link_endpoint_id_webhook_endpoint"), "webhook_endpoint", ["endpoint_id"], ["id"]
        )
    with op.batch_alter_table("payment_attempt") as batch_op:
        batch_op.add_column(sa.Column("pay_link_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_payment_attempt_pay_link_id"), ["pay_link_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_payment_attempt_pay_link_id_pay_link"), "pay_link", ["pay_link_id"], ["id"]
        )


def _extend_payments() -> None:
    _add("payment", {"matched_by": (sa.String(length=120), "''")})
    with op.batch_alter_table("payment") as batch_op:
        batch_op.add_column(sa.Column("match_score", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("match_reasons", sa.Text(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("matched_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("shift_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("receipt_number", sa.String(length=24), nullable=True))
        batch_op.add_column(sa.Column("disputed_at", UtcDateTime(), nullable=True))
        batch_op.create_index(batch_op.f("ix_payment_shift_id"), ["shift_id"], unique=False)
        batch_op.create_unique_constraint(batch_op.f("uq_payment_receipt_number"), ["receipt_number"])
        batch_op.create_foreign_key(
            batch_op.f("fk_payment_shift_id_cashier_shift"), "cashier_shift", ["shift_id"], ["id"]
        )


def _extend_refunds() -> None:
    _add(
        "refund",
        {
            "way": (_words(*_WAYS, name="refund_way"), "'by_hand'"),
            "recipient": (sa.String(length=64), "''"),
            "decided_by": (sa.String(length=120), "''"),
            "checks": (sa.Integer(), "0"),
        },
    )
    _check_words("refund", "way", "refund_way", *_WAYS, is_new=True)
    _check_words(
        "refund", "status", "refund_status", "awaiting", "approved", "declined", *_OLD_REFUND_STATES
    )
    with op.batch_alter_table("refund") as batch_op:
        batch_op.add_column(sa.Column("reference", sa.String(length=50), nullable=True))
        for name in ("decided_at", "sent_at", "finished_at", "next_check_at"):
            batch_op.add_column(sa.Column(name, UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("failure_message", sa.String(length=250), nullable=True))
        batch_op.create_index("ix_refund_due", ["next_check_at"], unique=False)
        batch_op.create_unique_constraint(batch_op.f("uq_refund_reference"), ["reference"])


def _protect_again() -> None:
    if op.get_bind().dialect.name == "sqlite":  # its triggers went with the table that was rebuilt
        protect_journal(op.get_bind())


def _add(table: str, columns: Mapping[str, tuple[sa.types.TypeEngine[object], str]]) -> None:
    """Add columns that are never null: first empty, then filled with an SQL value, then enforced."""
    with op.batch_alter_table(table) as batch_op:
        for name, (kind, _) in columns.items():
            batch_op.add_column(sa.Column(name, kind, nullable=True))
    values = ", ".join(f"{name} = {value}" for name, (_, value) in columns.items())
    op.execute(f"UPDATE {table} SET {values}")
    with op.batch_alter_table(table) as batch_op:
        for name, (kind, _) in columns.items():
            batch_op.alter_column(name, existing_type=kind, nullable=False)


def _words(*values: str, name: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=False, length=24)


def _check_words(table: str, column: str, name: str, *values: str, is_new: bool = False) -> None:
    """Let a column of words hold these values and no others."""
    with op.batch_alter_table(table) as batch_op:
        if not is_new:
            batch_op.drop_constraint(batch_op.f(f"ck_{table}_{name}"), type_="check")
        listed = ", ".join(f"'{value}'" for value in values)
        batch_op.create_check_constraint(batch_op.f(f"ck_{table}_{name}"), f"{column} IN ({listed})")


def _create_tables() -> None:
    op.create_table('gateway_balance',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('gateway', sa.String(length=24), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('balance_minor', sa.BigInteger(), nullable=False),
    sa.Column('at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_gateway_balance'))
    )
    with op.batch_alter_table('gateway_balance', schema=None) as batch_op:
        batch_op.create_index('ix_gateway_balance_at', ['gateway', 'at'], unique=False)

    op.create_table('payment_policy',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('match_threshold', sa.Integer(), nullable=False),
    sa.Column('refuses_unknown_accounts', sa.Boolean(), nullable=False),
    sa.Column('second_person_above_minor', sa.BigInteger(), nullable=False),
    sa.Column('pay_minimum_minor', sa.BigInteger(), nullable=False),
    sa.Column('address_check', sa.Enum('off', 'log', 'enforce', name='address_check', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('gateway_addresses', sa.Text(), nullable=False),
    sa.Column('trusted_proxies', sa.Text(), nullable=False),
    sa.Column('saved_by', sa.String(length=120), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payment_policy')),
    sa.UniqueConstraint('version', name=op.f('uq_payment_policy_version'))
    )
    op.create_table('reconciliation_day',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('gateway', sa.String(length=24), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('ours_count', sa.Integer(), nullable=False),
    sa.Column('ours_minor', sa.BigInteger(), nullable=False),
    sa.Column('theirs_count', sa.Integer(), nullable=False),
    sa.Column('theirs_minor', sa.BigInteger(), nullable=False),
    sa.Column('fees_ours_minor', sa.BigInteger(), nullable=False),
    sa.Column('fees_theirs_minor', sa.BigInteger(), nullable=True),
    sa.Column('clearing_minor', sa.BigInteger(), nullable=False),
    sa.Column('balance_minor', sa.BigInteger(), nullable=True),
    sa.Column('agrees', sa.Boolean(), nullable=False),
    sa.Column('reason', sa.String(length=250), nullable=False),
    sa.Column('checked_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reconciliation_day')),
    sa.UniqueConstraint('gateway', 'currency', 'day', name=op.f('uq_reconciliation_day_gateway_currency_day'))
    )
    with op.batch_alter_table('reconciliation_day', schema=None) as batch_op:
        batch_op.create_index('ix_reconciliation_day_day', ['day', 'gateway'], unique=False)

    op.create_table('statement_import',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('gateway', sa.String(length=24), nullable=False),
    sa.Column('mapping', sa.String(length=40), nullable=False),
    sa.Column('file_name', sa.String(length=200), nullable=False),
    sa.Column('file_sha256', sa.String(length=64), nullable=False),
    sa.Column('imported_by', sa.String(length=120), nullable=False),
    sa.Column('lines', sa.Integer(), nullable=False),
    sa.Column('booked', sa.Integer(), nullable=False),
    sa.Column('known', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_statement_import')),
    sa.UniqueConstraint('gateway', 'file_sha256', name=op.f('uq_statement_import_gateway_file_sha256'))
    )
    op.create_table('statement_mapping',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('gateway', sa.String(length=24), nullable=False),
    sa.Column('columns', sa.Text(), nullable=False),
    sa.Column('saved_by', sa.String(length=120), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_statement_mapping')),
    sa.UniqueConstraint('name', name=op.f('uq_statement_mapping_name'))
    )
    op.create_table('webhook_endpoint',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('url', sa.String(length=500), nullable=False),
    sa.Column('secret_sealed', sa.Text(), nullable=False),
    sa.Column('events', sa.String(length=250), nullable=False),
    sa.Column('is_enabled', sa.Boolean(), nullable=False),
    sa.Column('made_by', sa.String(length=120), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_endpoint'))
    )
    op.create_table('match_hint',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('kind', sa.Enum('account', 'phone', 'name', name='hint_kind', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('value', sa.String(length=64), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('confirmations', sa.Integer(), nullable=False),
    sa.Column('confirmed_by', sa.String(length=120), nullable=False),
    sa.Column('confirmed_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_match_hint_customer_id_customer')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_match_hint')),
    sa.UniqueConstraint('kind', 'value', 'customer_id', name=op.f('uq_match_hint_kind_value_customer_id'))
    )
    with op.batch_alter_table('match_hint', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_match_hint_customer_id'), ['customer_id'], unique=False)

    op.create_table('outbound_webhook',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('endpoint_id', sa.Integer(), nullable=False),
    sa.Column('event', sa.String(length=40), nullable=False),
    sa.Column('dedupe_key', sa.String(length=120), nullable=False),
    sa.Column('payload', sa.Text(), nullable=False),
    sa.Column('status', sa.Enum('pending', 'sent', 'failed', name='message_status', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('next_try_at', UtcDateTime(), nullable=True),
    sa.Column('answered', sa.Integer(), nullable=True),
    sa.Column('last_error', sa.String(length=250), nullable=True),
    sa.Column('delivered_at', UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['endpoint_id'], ['webhook_endpoint.id'], name=op.f('fk_outbound_webhook_endpoint_id_webhook_endpoint')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbound_webhook')),
    sa.UniqueConstraint('endpoint_id', 'dedupe_key', name=op.f('uq_outbound_webhook_endpoint_id_dedupe_key'))
    )
    with op.batch_alter_table('outbound_webhook', schema=None) as batch_op:
        batch_op.create_index('ix_outbound_webhook_due', ['status', 'next_try_at'], unique=False)

    op.create_table('saved_method',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('gateway', sa.String(length=24), nullable=False),
    sa.Column('signature', sa.String(length=80), nullable=False),
    sa.Column('code_sealed', sa.Text(), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('label', sa.String(length=60), nullable=False),
    sa.Column('expires_on', sa.Date(), nullable=True),
    sa.Column('consented_at', UtcDateTime(), nullable=True),
    sa.Column('consented_by', sa.String(length=120), nullable=False),
    sa.Column('withdrawn_at', UtcDateTime(), nullable=True),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('last_failure', sa.String(length=250), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_saved_method_customer_id_customer')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_saved_method')),
    sa.UniqueConstraint('customer_id', 'gateway', 'signature', name=op.f('uq_saved_method_customer_id_gateway_signature'))
    )
    with op.batch_alter_table('saved_method', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_saved_method_customer_id'), ['customer_id'], unique=False)

    op.create_table('standing_order',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('reference', sa.String(length=40), nullable=False),
    sa.Column('callback_token_hash', sa.String(length=64), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('gateway', sa.String(length=24), nullable=False),
    sa.Column('gateway_reference', sa.String(length=120), nullable=True),
    sa.Column('payer', sa.String(length=64), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('frequency', sa.String(length=16), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=False),
    sa.Column('status', sa.Enum('created', 'active', 'failed', 'ended', name='standing_order_status', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('failure_message', sa.String(length=250), nullable=True),
    sa.CheckConstraint('amount_minor > 0', name=op.f('ck_standing_order_amount_positive')),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_standing_order_customer_id_customer')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_standing_order')),
    sa.UniqueConstraint('callback_token_hash', name=op.f('uq_standing_order_callback_token_hash')),
    sa.UniqueConstraint('reference', name=op.f('uq_standing_order_reference'))
    )
    with op.batch_alter_table('standing_order', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_standing_order_customer_id'), ['customer_id'], unique=False)

    op.create_table('cashier_shift',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('cashier_id', sa.Integer(), nullable=False),
    sa.Column('cashier_name', sa.String(length=120), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('opened_at', UtcDateTime(), nullable=False),
    sa.Column('opening_minor', sa.BigInteger(), nullable=False),
    sa.Column('closed_at', UtcDateTime(), nullable=True),
    sa.Column('expected_minor', sa.BigInteger(), nullable=True),
    sa.Column('counted_minor', sa.BigInteger(), nullable=True),
    sa.Column('note', sa.String(length=250), nullable=False),
    sa.ForeignKeyConstraint(['cashier_id'], ['user_account.id'], name=op.f('fk_cashier_shift_cashier_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cashier_shift'))
    )
    with op.batch_alter_table('cashier_shift', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_cashier_shift_cashier_id'), ['cashier_id'], unique=False)
        batch_op.create_index('uq_cashier_shift_open', ['cashier_id'], unique=True, sqlite_where=sa.text('closed_at IS NULL'), postgresql_where=sa.text('closed_at IS NULL'))

    op.create_table('dispute',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('gateway', sa.String(length=24), nullable=False),
    sa.Column('gateway_dispute_id', sa.String(length=80), nullable=False),
    sa.Column('payment_id', sa.Integer(), nullable=True),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('status', sa.Enum('open', 'answered', 'won', 'lost', name='dispute_status', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('due_at', UtcDateTime(), nullable=True),
    sa.Column('resolved_at', UtcDateTime(), nullable=True),
    sa.CheckConstraint('amount_minor > 0', name=op.f('ck_dispute_amount_positive')),
    sa.ForeignKeyConstraint(['payment_id'], ['payment.id'], name=op.f('fk_dispute_payment_id_payment')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dispute')),
    sa.UniqueConstraint('gateway', 'gateway_dispute_id', name=op.f('uq_dispute_gateway_gateway_dispute_id'))
    )
    with op.batch_alter_table('dispute', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_dispute_payment_id'), ['payment_id'], unique=False)

    op.create_table('match_decision',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('payment_id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('score', sa.Integer(), nullable=True),
    sa.Column('reasons', sa.Text(), nullable=False),
    sa.Column('made_by', sa.String(length=120), nullable=False),
    sa.Column('made_at', UtcDateTime(), nullable=False),
    sa.Column('undone_by', sa.String(length=120), nullable=False),
    sa.Column('undone_at', UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_match_decision_customer_id_customer')),
    sa.ForeignKeyConstraint(['payment_id'], ['payment.id'], name=op.f('fk_match_decision_payment_id_payment')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_match_decision'))
    )
    with op.batch_alter_table('match_decision', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_match_decision_payment_id'), ['payment_id'], unique=False)

    op.create_table('reconciliation_difference',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('gateway', sa.String(length=24), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('kind', sa.Enum('missing_here', 'missing_there', 'amount', 'fee', 'reversed', 'balance', name='difference_kind', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('transaction_id', sa.String(length=80), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('ours_minor', sa.BigInteger(), nullable=True),
    sa.Column('theirs_minor', sa.BigInteger(), nullable=True),
    sa.Column('reason', sa.String(length=250), nullable=False),
    sa.Column('payment_id', sa.Integer(), nullable=True),
    sa.Column('resolved_at', UtcDateTime(), nullable=True),
    sa.Column('resolved_by', sa.String(length=120), nullable=False),
    sa.Column('resolution', sa.String(length=250), nullable=False),
    sa.ForeignKeyConstraint(['payment_id'], ['payment.id'], name=op.f('fk_reconciliation_difference_payment_id_payment')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reconciliation_difference')),
    sa.UniqueConstraint('gateway', 'transaction_id', 'kind', name=op.f('uq_reconciliation_difference_gateway_transaction_id_kind'))
    )
    with op.batch_alter_table('reconciliation_difference', schema=None) as batch_op:
        batch_op.create_index('ix_reconciliation_difference_day', ['gateway', 'day'], unique=False)

    op.create_table('statement_line',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('gateway', sa.String(length=24), nullable=False),
    sa.Column('transaction_id', sa.String(length=80), nullable=False),
    sa.Column('at', UtcDateTime(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('fee_minor', sa.BigInteger(), nullable=True),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('account_reference', sa.String(length=64), nullable=False),
    sa.Column('payer_name', sa.String(length=120), nullable=False),
    sa.Column('payer_phone', sa.String(length=64), nullable=False),
    sa.Column('details', sa.String(length=250), nullable=False),
    sa.Column('status', sa.Enum('new', 'booked', 'known', 'ignored', name='line_status', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('payment_id', sa.Integer(), nullable=True),
    sa.Column('import_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['import_id'], ['statement_import.id'], name=op.f('fk_statement_line_import_id_statement_import')),
    sa.ForeignKeyConstraint(['payment_id'], ['payment.id'], name=op.f('fk_statement_line_payment_id_payment')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_statement_line')),
    sa.UniqueConstraint('gateway', 'transaction_id', name=op.f('uq_statement_line_gateway_transaction_id'))
    )
    with op.batch_alter_table('statement_line', schema=None) as batch_op:
        batch_op.create_index('ix_statement_line_day', ['gateway', 'day'], unique=False)
        batch_op.create_index(batch_op.f('ix_statement_line_import_id'), ['import_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_statement_line_payment_id'), ['payment_id'], unique=False)


def downgrade() -> None:
    _check_words("journal_entry", "kind", "entry_kind", *_OLD_ENTRIES)
    _protect_again()
    _check_words("refund", "status", "refund_status", *_OLD_REFUND_STATES)
    with op.batch_alter_table("refund") as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_refund_refund_way"), type_="check")
    with op.batch_alter_table('refund', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('uq_refund_reference'), type_='unique')
        batch_op.drop_index('ix_refund_due')
        batch_op.drop_column('failure_message')
        batch_op.drop_column('checks')
        batch_op.drop_column('next_check_at')
        batch_op.drop_column('finished_at')
        batch_op.drop_column('sent_at')
        batch_op.drop_column('decided_at')
        batch_op.drop_column('decided_by')
        batch_op.drop_column('recipient')
        batch_op.drop_column('way')
        batch_op.drop_column('reference')

    with op.batch_alter_table('payment_attempt', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_payment_attempt_pay_link_id_pay_link'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_payment_attempt_pay_link_id'))
        batch_op.drop_column('pay_link_id')

    with op.batch_alter_table('payment', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_payment_shift_id_cashier_shift'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('uq_payment_receipt_number'), type_='unique')
        batch_op.drop_index(batch_op.f('ix_payment_shift_id'))
        batch_op.drop_column('disputed_at')
        batch_op.drop_column('receipt_number')
        batch_op.drop_column('shift_id')
        batch_op.drop_column('matched_at')
        batch_op.drop_column('matched_by')
        batch_op.drop_column('match_reasons')
        batch_op.drop_column('match_score')

    with op.batch_alter_table('pay_link', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_pay_link_endpoint_id_webhook_endpoint'), type_='foreignkey')
        batch_op.drop_constraint(batch_op.f('uq_pay_link_client_reference'), type_='unique')
        batch_op.drop_column('closed_at')
        batch_op.drop_column('made_by')
        batch_op.drop_column('endpoint_id')
        batch_op.drop_column('return_url')
        batch_op.drop_column('description')
        batch_op.drop_column('client_reference')

    with op.batch_alter_table('statement_line', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_statement_line_payment_id'))
        batch_op.drop_index(batch_op.f('ix_statement_line_import_id'))
        batch_op.drop_index('ix_statement_line_day')

    op.drop_table('statement_line')
    with op.batch_alter_table('reconciliation_difference', schema=None) as batch_op:
        batch_op.drop_index('ix_reconciliation_difference_day')

    op.drop_table('reconciliation_difference')
    with op.batch_alter_table('match_decision', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_match_decision_payment_id'))

    op.drop_table('match_decision')
    with op.batch_alter_table('dispute', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_dispute_payment_id'))

    op.drop_table('dispute')
    with op.batch_alter_table('cashier_shift', schema=None) as batch_op:
        batch_op.drop_index('uq_cashier_shift_open', sqlite_where=sa.text('closed_at IS NULL'), postgresql_where=sa.text('closed_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_cashier_shift_cashier_id'))

    op.drop_table('cashier_shift')
    with op.batch_alter_table('standing_order', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_standing_order_customer_id'))

    op.drop_table('standing_order')
    with op.batch_alter_table('saved_method', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_saved_method_customer_id'))

    op.drop_table('saved_method')
    with op.batch_alter_table('outbound_webhook', schema=None) as batch_op:
        batch_op.drop_index('ix_outbound_webhook_due')

    op.drop_table('outbound_webhook')
    with op.batch_alter_table('match_hint', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_match_hint_customer_id'))

    op.drop_table('match_hint')
    op.drop_table('webhook_endpoint')
    op.drop_table('statement_mapping')
    op.drop_table('statement_import')
    with op.batch_alter_table('reconciliation_day', schema=None) as batch_op:
        batch_op.drop_index('ix_reconciliation_day_day')

    op.drop_table('reconciliation_day')
    op.drop_table('payment_policy')
    with op.batch_alter_table('gateway_balance', schema=None) as batch_op:
        batch_op.drop_index('ix_gateway_balance_at')

    op.drop_table('gateway_balance')
