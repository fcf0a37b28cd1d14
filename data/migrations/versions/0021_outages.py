"""When routers did not answer, where they stand, and what was credited for it."""

import sqlalchemy as sa
from alembic import op

from data.columns import UtcDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("router") as batch_op:
        batch_op.add_column(sa.Column("site", sa.String(length=60), nullable=False, server_default=""))
    with op.batch_alter_table("router") as batch_op:
        batch_op.alter_column("site", server_default=None)
    with op.batch_alter_table("billing_policy") as batch_op:
        batch_op.add_column(
            sa.Column("outage_credit_minutes", sa.Integer(), nullable=False, server_default="0")
        )
    with op.batch_alter_table("billing_policy") as batch_op:
        batch_op.alter_column("outage_credit_minutes", server_default=None)
    op.create_table(
        "router_outage",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("router_id", sa.Integer(), nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.String(length=250), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=True),
        sa.Column("credited_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["router_id"], ["router.id"], name=op.f("fk_router_outage_router_id_router")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_router_outage")),
    )
    op.create_index(
        "ix_router_outage_open",
        "router_outage",
        ["router_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ix_router_outage_began_at", "router_outage", ["began_at"])
    op.create_table(
        "outage_credit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("outage_id", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("credit_note_id", sa.Integer(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.ForeignKeyConstraint(
            ["credit_note_id"], ["credit_note.id"], name=op.f("fk_outage_credit_credit_note_id_credit_note")
        ),
        sa.ForeignKeyConstraint(
            ["outage_id"], ["router_outage.id"], name=op.f("fk_outage_credit_outage_id_router_outage")
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscription.id"],
            name=op.f("fk_outage_credit_subscription_id_subscription"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outage_credit")),
        sa.UniqueConstraint(
            "outage_id", "subscription_id", name=op.f("uq_outage_credit_outage_id_subscription_id")
        ),
    )


def downgrade() -> None:
    op.drop_table("outage_credit")
    op.drop_table("router_outage")
    with op.batch_alter_table("billing_policy") as batch_op:
        batch_op.drop_column("outage_credit_minutes")
    with op.batch_alter_table("router") as batch_op:
        batch_op.drop_column("site")
