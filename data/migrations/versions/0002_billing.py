"""Billing: taxes in groups, credit notes, changes of plan, runs, messages, promises, vouchers."""

from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

from data.columns import UtcDateTime
from data.migrations.append_only import BILLING_TABLES, protect_journal, protect_tables

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_tables()
    _move_taxes()
    _extend_catalog()
    _extend_customers()
    _extend_invoices()
    _extend_policy()
    _extend_journal()
    protect_tables(op.get_bind(), BILLING_TABLES)


def _create_tables() -> None:
    op.create_table('bill_run',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('kind', sa.Enum('billing', 'rehearsal', name='bill_run_kind', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('billed_on', sa.Date(), nullable=False),
    sa.Column('status', sa.Enum('running', 'asking', 'finished', 'stopped', name='bill_run_status', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('started_by', sa.String(length=120), nullable=False),
    sa.Column('started_at', UtcDateTime(), nullable=False),
    sa.Column('finished_at', UtcDateTime(), nullable=True),
    sa.Column('customers_seen', sa.Integer(), nullable=False),
    sa.Column('invoices', sa.Integer(), nullable=False),
    sa.Column('last_customer_id', sa.Integer(), nullable=False),
    sa.Column('question', sa.String(length=250), nullable=False),
    sa.Column('answered_by', sa.String(length=120), nullable=False),
    sa.Column('summary', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bill_run'))
    )
    with op.batch_alter_table('bill_run', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_bill_run_billed_on'), ['billed_on'], unique=False)

    op.create_table('channel_account',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('channel', sa.Enum('email', 'sms', 'document', name='message_channel', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('is_enabled', sa.Boolean(), nullable=False),
    sa.Column('settings_sealed', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_channel_account')),
    sa.UniqueConstraint('channel', 'version', name=op.f('uq_channel_account_channel_version'))
    )
    op.create_table('discount',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('code', sa.String(length=24), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('kind', sa.Enum('fixed', 'percent', name='discount_kind', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('basis_points', sa.Integer(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('periods', sa.Integer(), nullable=True),
    sa.Column('valid_from_on', sa.Date(), nullable=False),
    sa.Column('valid_until_on', sa.Date(), nullable=True),
    sa.Column('archived_at', UtcDateTime(), nullable=True),
    sa.CheckConstraint('basis_points BETWEEN 0 AND 10000 AND amount_minor >= 0', name=op.f('ck_discount_in_range')),
    sa.CheckConstraint('periods IS NULL OR periods > 0', name=op.f('ck_discount_periods_positive')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_discount')),
    sa.UniqueConstraint('code', name=op.f('uq_discount_code'))
    )
    op.create_table('holiday',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_holiday')),
    sa.UniqueConstraint('day', name=op.f('uq_holiday_day'))
    )
    op.create_table('message_template',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('channel', sa.Enum('email', 'sms', 'document', name='message_channel', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('subject', sa.String(length=200), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('saved_by', sa.String(length=120), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_message_template')),
    sa.UniqueConstraint('code', 'channel', 'language', 'version', name=op.f('uq_message_template_code_channel_language_version'))
    )
    op.create_table('tax_group',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('code', sa.String(length=24), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tax_group')),
    sa.UniqueConstraint('code', name=op.f('uq_tax_group_code'))
    )
    op.create_table('add_on',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('code', sa.String(length=24), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('is_recurring', sa.Boolean(), nullable=False),
    sa.Column('tax_group_id', sa.Integer(), nullable=True),
    sa.Column('tax_behavior', sa.Enum('inclusive', 'exclusive', name='tax_behavior', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('archived_at', UtcDateTime(), nullable=True),
    sa.CheckConstraint('amount_minor >= 0', name=op.f('ck_add_on_not_negative')),
    sa.ForeignKeyConstraint(['tax_group_id'], ['tax_group.id'], name=op.f('fk_add_on_tax_group_id_tax_group')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_add_on')),
    sa.UniqueConstraint('code', name=op.f('uq_add_on_code'))
    )
    op.create_table('outbound_message',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=True),
    sa.Column('channel', sa.Enum('email', 'sms', 'document', name='message_channel', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('recipient', sa.String(length=254), nullable=False),
    sa.Column('template', sa.String(length=40), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('facts', sa.Text(), nullable=False),
    sa.Column('dedupe_key', sa.String(length=120), nullable=False),
    sa.Column('status', sa.Enum('pending', 'sent', 'failed', name='message_status', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('send_after_at', UtcDateTime(), nullable=False),
    sa.Column('claimed_at', UtcDateTime(), nullable=True),
    sa.Column('sent_at', UtcDateTime(), nullable=True),
    sa.Column('provider_reference', sa.String(length=120), nullable=True),
    sa.Column('last_error', sa.String(length=250), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_outbound_message_customer_id_customer')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbound_message')),
    sa.UniqueConstraint('dedupe_key', name=op.f('uq_outbound_message_dedupe_key'))
    )
    with op.batch_alter_table('outbound_message', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_outbound_message_customer_id'), ['customer_id'], unique=False)
        batch_op.create_index('ix_outbound_message_due', ['status', 'send_after_at'], unique=False)

    op.create_table('parked_customer',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('bill_run_id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(length=250), nullable=False),
    sa.ForeignKeyConstraint(['bill_run_id'], ['bill_run.id'], name=op.f('fk_parked_customer_bill_run_id_bill_run')),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_parked_customer_customer_id_customer')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_parked_customer')),
    sa.UniqueConstraint('bill_run_id', 'customer_id', name=op.f('uq_parked_customer_bill_run_id_customer_id'))
    )
    op.create_table('payment_promise',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('promised_until_on', sa.Date(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('status', sa.Enum('open', 'kept', 'broken', name='promise_status', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('made_by', sa.String(length=120), nullable=False),
    sa.Column('settled_at', UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_payment_promise_customer_id_customer')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payment_promise'))
    )
    with op.batch_alter_table('payment_promise', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_payment_promise_customer_id'), ['customer_id'], unique=False)

    op.create_table('tax_group_part',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('group_id', sa.Integer(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('tax_code', sa.String(length=16), nullable=False),
    sa.Column('compound_on', sa.String(length=120), nullable=False),
    sa.Column('valid_from_on', sa.Date(), nullable=False),
    sa.Column('valid_until_on', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['group_id'], ['tax_group.id'], name=op.f('fk_tax_group_part_group_id_tax_group')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tax_group_part')),
    sa.UniqueConstraint('group_id', 'tax_code', 'valid_from_on', name=op.f('uq_tax_group_part_group_id_tax_code_valid_from_on'))
    )
    with op.batch_alter_table('tax_group_part', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_tax_group_part_group_id'), ['group_id'], unique=False)

    op.create_table('communication',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('direction', sa.Enum('out', 'in', name='message_direction', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('channel', sa.Enum('email', 'sms', 'document', name='message_channel', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('subject', sa.String(length=200), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('at', UtcDateTime(), nullable=False),
    sa.Column('actor', sa.String(length=120), nullable=False),
    sa.Column('message_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_communication_customer_id_customer')),
    sa.ForeignKeyConstraint(['message_id'], ['outbound_message.id'], name=op.f('fk_communication_message_id_outbound_message')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_communication')),
    sa.UniqueConstraint('message_id', name=op.f('uq_communication_message_id'))
    )
    with op.batch_alter_table('communication', schema=None) as batch_op:
        batch_op.create_index('ix_communication_customer', ['customer_id', 'at'], unique=False)

    op.create_table('credit_note',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('number', sa.String(length=32), nullable=False),
    sa.Column('invoice_id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('subtotal_minor', sa.BigInteger(), nullable=False),
    sa.Column('tax_minor', sa.BigInteger(), nullable=False),
    sa.Column('total_minor', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('issued_on', sa.Date(), nullable=False),
    sa.CheckConstraint('total_minor = subtotal_minor + tax_minor', name=op.f('ck_credit_note_total_adds_up')),
    sa.CheckConstraint('total_minor > 0', name=op.f('ck_credit_note_total_positive')),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_credit_note_customer_id_customer')),
    sa.ForeignKeyConstraint(['invoice_id'], ['invoice.id'], name=op.f('fk_credit_note_invoice_id_invoice')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_credit_note')),
    sa.UniqueConstraint('number', name=op.f('uq_credit_note_number'))
    )
    with op.batch_alter_table('credit_note', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_credit_note_customer_id'), ['customer_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_credit_note_invoice_id'), ['invoice_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_credit_note_issued_on'), ['issued_on'], unique=False)

    op.create_table('voucher_batch',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('plan_price_id', sa.Integer(), nullable=False),
    sa.Column('quantity', sa.Integer(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('expires_on', sa.Date(), nullable=True),
    sa.Column('made_by', sa.String(length=120), nullable=False),
    sa.CheckConstraint('quantity > 0 AND amount_minor > 0', name=op.f('ck_voucher_batch_in_range')),
    sa.ForeignKeyConstraint(['plan_price_id'], ['plan_price.id'], name=op.f('fk_voucher_batch_plan_price_id_plan_price')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_voucher_batch'))
    )
    op.create_table('subscription_add_on',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('subscription_id', sa.Integer(), nullable=False),
    sa.Column('add_on_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('unit_minor', sa.BigInteger(), nullable=False),
    sa.Column('quantity', sa.Integer(), nullable=False),
    sa.Column('is_recurring', sa.Boolean(), nullable=False),
    sa.Column('tax_group_id', sa.Integer(), nullable=True),
    sa.Column('tax_behavior', sa.Enum('inclusive', 'exclusive', name='tax_behavior', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=True),
    sa.Column('charged_through_on', sa.Date(), nullable=False),
    sa.CheckConstraint('quantity > 0 AND unit_minor >= 0', name=op.f('ck_subscription_add_on_in_range')),
    sa.ForeignKeyConstraint(['add_on_id'], ['add_on.id'], name=op.f('fk_subscription_add_on_add_on_id_add_on')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_subscription_add_on_subscription_id_subscription')),
    sa.ForeignKeyConstraint(['tax_group_id'], ['tax_group.id'], name=op.f('fk_subscription_add_on_tax_group_id_tax_group')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subscription_add_on'))
    )
    with op.batch_alter_table('subscription_add_on', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_subscription_add_on_subscription_id'), ['subscription_id'], unique=False)

    op.create_table('subscription_discount',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('subscription_id', sa.Integer(), nullable=False),
    sa.Column('discount_id', sa.Integer(), nullable=True),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('kind', sa.Enum('fixed', 'percent', name='discount_kind', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('basis_points', sa.Integer(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('periods_left', sa.Integer(), nullable=True),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=True),
    sa.CheckConstraint('basis_points BETWEEN 0 AND 10000 AND amount_minor >= 0', name=op.f('ck_subscription_discount_in_range')),
    sa.CheckConstraint('periods_left IS NULL OR periods_left >= 0', name=op.f('ck_subscription_discount_periods_not_negative')),
    sa.ForeignKeyConstraint(['discount_id'], ['discount.id'], name=op.f('fk_subscription_discount_discount_id_discount')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_subscription_discount_subscription_id_subscription')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subscription_discount'))
    )
    with op.batch_alter_table('subscription_discount', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_subscription_discount_subscription_id'), ['subscription_id'], unique=False)

    op.create_table('credit_note_line',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('credit_note_id', sa.Integer(), nullable=False),
    sa.Column('invoice_line_id', sa.Integer(), nullable=False),
    sa.Column('description', sa.String(length=200), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('tax_minor', sa.BigInteger(), nullable=False),
    sa.Column('period_starts_on', sa.Date(), nullable=True),
    sa.Column('period_ends_on', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['credit_note_id'], ['credit_note.id'], name=op.f('fk_credit_note_line_credit_note_id_credit_note')),
    sa.ForeignKeyConstraint(['invoice_line_id'], ['invoice_line.id'], name=op.f('fk_credit_note_line_invoice_line_id_invoice_line')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_credit_note_line'))
    )
    with op.batch_alter_table('credit_note_line', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_credit_note_line_credit_note_id'), ['credit_note_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_credit_note_line_invoice_line_id'), ['invoice_line_id'], unique=False)

    op.create_table('refund',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('payment_id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('status', sa.Enum('pending', 'succeeded', 'failed', name='refund_status', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('gateway_reference', sa.String(length=120), nullable=True),
    sa.Column('made_by', sa.String(length=120), nullable=False),
    sa.CheckConstraint('amount_minor > 0', name=op.f('ck_refund_amount_positive')),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_refund_customer_id_customer')),
    sa.ForeignKeyConstraint(['payment_id'], ['payment.id'], name=op.f('fk_refund_payment_id_payment')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_refund'))
    )
    with op.batch_alter_table('refund', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_refund_customer_id'), ['customer_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_refund_payment_id'), ['payment_id'], unique=False)

    op.create_table('voucher',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('batch_id', sa.Integer(), nullable=False),
    sa.Column('serial', sa.String(length=24), nullable=False),
    sa.Column('code_hash', sa.String(length=64), nullable=False),
    sa.Column('status', sa.Enum('unused', 'redeemed', 'cancelled', name='voucher_status', native_enum=False, create_constraint=True, length=24), nullable=False),
    sa.Column('redeemed_at', UtcDateTime(), nullable=True),
    sa.Column('redeemed_by_customer_id', sa.Integer(), nullable=True),
    sa.Column('payment_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['batch_id'], ['voucher_batch.id'], name=op.f('fk_voucher_batch_id_voucher_batch')),
    sa.ForeignKeyConstraint(['payment_id'], ['payment.id'], name=op.f('fk_voucher_payment_id_payment')),
    sa.ForeignKeyConstraint(['redeemed_by_customer_id'], ['customer.id'], name=op.f('fk_voucher_redeemed_by_customer_id_customer')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_voucher')),
    sa.UniqueConstraint('code_hash', name=op.f('uq_voucher_code_hash')),
    sa.UniqueConstraint('serial', name=op.f('uq_voucher_serial'))
    )
    with op.batch_alter_table('voucher', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_voucher_batch_id'), ['batch_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_voucher_redeemed_by_customer_id'), ['redeemed_by_customer_id'], unique=False)

    op.create_table('credit_note_line_tax',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('updated_at', UtcDateTime(), nullable=False),
    sa.Column('line_id', sa.Integer(), nullable=False),
    sa.Column('tax_rate_id', sa.Integer(), nullable=False),
    sa.Column('tax_minor', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['line_id'], ['credit_note_line.id'], name=op.f('fk_credit_note_line_tax_line_id_credit_note_line')),
    sa.ForeignKeyConstraint(['tax_rate_id'], ['tax_rate.id'], name=op.f('fk_credit_note_line_tax_tax_rate_id_tax_rate')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_credit_note_line_tax'))
    )
    with op.batch_alter_table('credit_note_line_tax', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_credit_note_line_tax_line_id'), ['line_id'], unique=False)


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


def _move_taxes() -> None:
    """Give each tax a group of its own, and prices the group in place of the rate."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    on_date = "date(valid_from)" if is_sqlite else "(valid_from AT TIME ZONE 'UTC')::date"
    _add("tax_rate", {"valid_from_on": (sa.Date(), on_date)})
    # The newest rate of a day is the one that counted.
    op.execute(
        "UPDATE plan_price SET tax_rate_id = (SELECT max(kept.id) FROM tax_rate AS kept JOIN tax_rate AS old "
        "ON old.code = kept.code AND old.valid_from_on = kept.valid_from_on WHERE old.id = plan_price.tax_rate_id) "
        "WHERE tax_rate_id IS NOT NULL"
    )
    op.execute(
        "UPDATE invoice_line_tax SET tax_rate_id = (SELECT max(kept.id) FROM tax_rate AS kept JOIN tax_rate AS old "
        "ON old.code = kept.code AND old.valid_from_on = kept.valid_from_on AND old.basis_points = kept.basis_points "
        "WHERE old.id = invoice_line_tax.tax_rate_id)"
    )
    with op.batch_alter_table("tax_rate") as batch_op:
        batch_op.drop_index(batch_op.f("ix_tax_rate_code"))
        batch_op.create_unique_constraint(
            batch_op.f("uq_tax_rate_code_valid_from_on"), ["code", "valid_from_on"]
        )
        batch_op.drop_column("valid_from")
    op.execute(
        "INSERT INTO tax_group (code, name, created_at, updated_at) "
        "SELECT code, max(name), min(created_at), min(created_at) FROM tax_rate GROUP BY code"
    )
    op.execute(
        "INSERT INTO tax_group_part "
        "(group_id, position, tax_code, compound_on, valid_from_on, created_at, updated_at) "
        "SELECT tax_group.id, 0, tax_group.code, '', min(tax_rate.valid_from_on), tax_group.created_at, "
        "tax_group.created_at FROM tax_group JOIN tax_rate ON tax_rate.code = tax_group.code "
        "GROUP BY tax_group.id, tax_group.code, tax_group.created_at"
    )
    with op.batch_alter_table("plan_price") as batch_op:
        batch_op.add_column(sa.Column("tax_group_id", sa.Integer(), nullable=True))
    op.execute(
        "UPDATE plan_price SET tax_group_id = (SELECT tax_group.id FROM tax_group JOIN tax_rate "
        "ON tax_rate.code = tax_group.code WHERE tax_rate.id = plan_price.tax_rate_id)"
    )
    with op.batch_alter_table("plan_price") as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_plan_price_tax_rate_id_tax_rate"), type_="foreignkey")
        batch_op.drop_column("tax_rate_id")
        batch_op.create_foreign_key(
            batch_op.f("fk_plan_price_tax_group_id_tax_group"), "tax_group", ["tax_group_id"], ["id"]
        )


def _extend_catalog() -> None:
    _add(
        "plan_price",
        {
            "timing": (_words("advance", "arrears", name="charge_timing"), "'advance'"),
            "trial_days": (sa.Integer(), "0"),
            "minimum_term_months": (sa.Integer(), "0"),
            "early_termination_fee_minor": (sa.BigInteger(), "0"),
        },
    )
    _check_words("plan_price", "timing", "charge_timing", "advance", "arrears", is_new=True)
    with op.batch_alter_table("plan_price") as batch_op:
        batch_op.add_column(sa.Column("overage_minor", sa.BigInteger(), nullable=True))
        batch_op.create_check_constraint(
            batch_op.f("ck_plan_price_terms_not_negative"), "trial_days >= 0 AND minimum_term_months >= 0"
        )
        batch_op.create_check_constraint(
            batch_op.f("ck_plan_price_fee_not_negative"), "early_termination_fee_minor >= 0"
        )
    with op.batch_alter_table("plan") as batch_op:
        for name in (
            "burst_download_bps",
            "burst_upload_bps",
            "burst_threshold_download_bps",
            "burst_threshold_upload_bps",
        ):
            batch_op.add_column(sa.Column(name, sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("burst_seconds", sa.Integer(), nullable=True))
    _check_words("plan", "cap_action", "cap_action", "notify", "throttle", "suspend", "charge")


def _extend_customers() -> None:
    _add("customer", {"language": (sa.String(length=8), "'en'")})
    with op.batch_alter_table("customer") as batch_op:
        batch_op.add_column(sa.Column("payer_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("dunning_deferred_until_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("promised_until_on", sa.Date(), nullable=True))
        batch_op.create_index(batch_op.f("ix_customer_payer_id"), ["payer_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_customer_payer_id_customer"), "customer", ["payer_id"], ["id"]
        )
        batch_op.create_check_constraint(
            batch_op.f("ck_customer_payer_is_another"), "payer_id IS NULL OR payer_id <> id"
        )
    alignments = ("anniversary", "prorate", "part_plus_full", "free_until")
    _add(
        "subscription",
        {
            "billed_customer_id": (sa.Integer(), "customer_id"),
            "is_throttled": (sa.Boolean(), "false"),
            "alignment": (_words(*alignments, name="cycle_alignment"), "'anniversary'"),
            "segment": (sa.Integer(), "0"),
            "renews_from_balance": (sa.Boolean(), "true"),
        },
    )
    _check_words("subscription", "alignment", "cycle_alignment", *alignments, is_new=True)
    with op.batch_alter_table("subscription") as batch_op:
        for name in ("bills_on", "trial_ends_on", "minimum_term_ends_on", "pending_change_on"):
            batch_op.add_column(sa.Column(name, sa.Date(), nullable=True))
        for name in ("ends_on", "resumes_on"):
            batch_op.add_column(sa.Column(name, sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("paused_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("access_until_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("agreed_price_minor", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("pending_plan_price_id", sa.Integer(), nullable=True))
        for name in ("access_until_at", "billed_customer_id", "bills_on"):
            batch_op.create_index(batch_op.f(f"ix_subscription_{name}"), [name], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_subscription_pending_plan_price_id_plan_price"),
            "plan_price",
            ["pending_plan_price_id"],
            ["id"],
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_subscription_billed_customer_id_customer"),
            "customer",
            ["billed_customer_id"],
            ["id"],
        )
        batch_op.create_check_constraint(
            batch_op.f("ck_subscription_agreed_not_negative"),
            "agreed_price_minor IS NULL OR agreed_price_minor >= 0",
        )
    op.execute("UPDATE subscription SET bills_on = charged_through_on WHERE status NOT IN ('ended', 'paused')")
    _check_words(
        "subscription",
        "suspension_reason",
        "suspension_reason",
        "non_payment",
        "expired",
        "data_cap",
        "staff",
        "abuse",
    )


def _extend_invoices() -> None:
    _add("invoice", {"credited_minor": (sa.BigInteger(), "0")})
    with op.batch_alter_table("invoice") as batch_op:
        batch_op.add_column(sa.Column("written_off_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("bill_run_id", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_invoice_bill_run_id"), ["bill_run_id"], unique=False)
        batch_op.create_foreign_key(
            batch_op.f("fk_invoice_bill_run_id_bill_run"), "bill_run", ["bill_run_id"], ["id"]
        )
        batch_op.create_check_constraint(
            batch_op.f("ck_invoice_credited_in_range"),
            "credited_minor >= 0 AND credited_minor <= total_minor",
        )
    _add(
        "invoice_line",
        {
            "item": (sa.String(length=40), "CASE kind WHEN 'recurring' THEN 'price' ELSE kind END"),
            "credited_minor": (sa.BigInteger(), "0"),
            "deferred_minor": (sa.BigInteger(), "0"),
            "earned_minor": (sa.BigInteger(), "0"),
        },
    )
    # From "subscription:price:start" to a claim that says which segment it belongs to.
    op.execute(
        "UPDATE billed_charge SET billing_key = replace(billing_key, '\\:price\\:', '\\:price.0\\:') "
        "WHERE billing_key LIKE '%\\:price\\:%'"
    )
    _check_words(
        "invoice_line",
        "kind",
        "line_kind",
        "recurring",
        "setup",
        "proration",
        "usage",
        "add_on",
        "adjustment",
        "discount",
        "late_fee",
        "termination_fee",
    )
    with op.batch_alter_table("payment_allocation") as batch_op:
        batch_op.add_column(sa.Column("credit_note_id", sa.Integer(), nullable=True))
        batch_op.alter_column("payment_id", existing_type=sa.Integer(), nullable=True)
        batch_op.create_index(
            batch_op.f("ix_payment_allocation_credit_note_id"), ["credit_note_id"], unique=False
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_payment_allocation_credit_note_id_credit_note"),
            "credit_note",
            ["credit_note_id"],
            ["id"],
        )
        batch_op.create_check_constraint(
            batch_op.f("ck_payment_allocation_one_source"),
            "(payment_id IS NULL) <> (credit_note_id IS NULL)",
        )


def _extend_policy() -> None:
    alignments = ("anniversary", "prorate", "part_plus_full", "free_until")
    _add(
        "billing_policy",
        {
            "credit_note_prefix": (sa.String(length=12), "'CN'"),
            "alignment": (_words(*alignments, name="cycle_alignment"), "'anniversary'"),
            "bills_while_suspended": (sa.Boolean(), "true"),
            "credits_on_end": (sa.Boolean(), "true"),
            "credits_on_pause": (sa.Boolean(), "true"),
            "defers_revenue": (sa.Boolean(), "false"),
            "quiet_weekdays": (sa.String(length=13), "''"),
            "sends_from_hour": (sa.Integer(), "8"),
            "sends_until_hour": (sa.Integer(), "20"),
            "promise_days_max": (sa.Integer(), "7"),
            "prepaid_grace_hours": (sa.Integer(), "0"),
            "pays_part_periods": (sa.Boolean(), "false"),
            "part_hours_min": (sa.Integer(), "24"),
            "rehearsal_hour": (sa.Integer(), "18"),
            "breaker_suspend_percent": (sa.Integer(), "20"),
            "breaker_invoice_percent": (sa.Integer(), "30"),
        },
    )
    _check_words("billing_policy", "alignment", "cycle_alignment", *alignments, is_new=True)
    with op.batch_alter_table("billing_policy") as batch_op:
        batch_op.add_column(sa.Column("billing_day", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("fixed_month_days", sa.Integer(), nullable=True))
    _add(
        "dunning_step",
        {"template": (sa.String(length=40), "''"), "amount_minor": (sa.BigInteger(), "0")},
    )
    _check_words(
        "dunning_step",
        "action",
        "dunning_action",
        "remind",
        "prompt",
        "late_fee",
        "throttle",
        "suspend",
        "end",
    )


def _extend_journal() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    _check_words(
        "journal_entry",
        "kind",
        "entry_kind",
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
    if is_sqlite:  # its triggers went with the table that was rebuilt
        protect_journal(op.get_bind())
