"""The ISP's letterhead: address, tax number and logo for documents."""

import sqlalchemy as sa
from alembic import op

import data.columns

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "isp_letterhead",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created_at", data.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", data.columns.UtcDateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("website", sa.String(length=120), nullable=False),
        sa.Column("tax_number", sa.String(length=40), nullable=False),
        sa.Column("logo", sa.LargeBinary(), nullable=True),
        sa.Column("saved_by", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_isp_letterhead")),
        sa.UniqueConstraint("version", name=op.f("uq_isp_letterhead_version")),
    )


def downgrade() -> None:
    op.drop_table("isp_letterhead")
