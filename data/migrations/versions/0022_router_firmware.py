"""What firmware routers have, sortable versions, and when we restarted them."""

import re

import sqlalchemy as sa
from alembic import op

from data.columns import UtcDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_VERSION = re.compile(r"(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?")
_NEW = ("version_order", "firmware", "firmware_offered", "restarted_by")


def upgrade() -> None:
    with op.batch_alter_table("router") as batch_op:
        batch_op.add_column(sa.Column("version_order", sa.BigInteger(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("firmware", sa.String(length=40), nullable=False, server_default=""))
        batch_op.add_column(
            sa.Column("firmware_offered", sa.String(length=40), nullable=False, server_default="")
        )
        batch_op.add_column(sa.Column("restarted_at", UtcDateTime(), nullable=True))
        batch_op.add_column(
            sa.Column("restarted_by", sa.String(length=120), nullable=False, server_default="")
        )
    with op.batch_alter_table("router") as batch_op:
        for name in _NEW:
            batch_op.alter_column(name, server_default=None)
    router = sa.table("router", sa.column("id"), sa.column("version"), sa.column("version_order"))
    for row in op.get_bind().execute(sa.select(router.c.id, router.c.version)).all():
        match = _VERSION.match(row.version)
        if match is not None:
            order = int(match[1]) * 1_000_000 + int(match[2]) * 1000 + int(match[3] or 0)
            op.execute(router.update().where(router.c.id == row.id).values(version_order=order))


def downgrade() -> None:
    with op.batch_alter_table("router") as batch_op:
        for name in (*_NEW, "restarted_at"):
            batch_op.drop_column(name)
