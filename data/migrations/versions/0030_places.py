"""Where routers stand and customers are served."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0028"
branch_labels = None
depends_on = None

_ON_EARTH = (
    "(latitude_microdegrees IS NULL AND longitude_microdegrees IS NULL) OR "
    "(latitude_microdegrees BETWEEN -90000000 AND 90000000 "
    "AND longitude_microdegrees BETWEEN -180000000 AND 180000000 "
    "AND latitude_microdegrees IS NOT NULL AND longitude_microdegrees IS NOT NULL)"
)
_COLUMNS = ("latitude_microdegrees", "longitude_microdegrees")


def upgrade() -> None:
    for table in ("router", "customer"):
        with op.batch_alter_table(table) as batch_op:
            for name in _COLUMNS:
                batch_op.add_column(sa.Column(name, sa.Integer(), nullable=True))
            batch_op.create_check_constraint(op.f(f"ck_{table}_on_earth"), _ON_EARTH)
    op.create_index("ix_customer_on_map", "customer", list(_COLUMNS))


def downgrade() -> None:
    op.drop_index("ix_customer_on_map", table_name="customer")
    for table in ("customer", "router"):
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_constraint(op.f(f"ck_{table}_on_earth"), type_="check")
            for name in reversed(_COLUMNS):
                batch_op.drop_column(name)
