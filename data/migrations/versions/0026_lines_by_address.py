"""Lines whose address comes from a DHCP lease."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_OLD = ("pppoe", "hotspot", "static")


def upgrade() -> None:
    _check(*_OLD, "dhcp")


def downgrade() -> None:
    _check(*_OLD)


def _check(*values: str) -> None:
    listed = ", ".join(f"'{value}'" for value in values)
    for table, column in (("plan", "access_method"), ("connection", "method")):
        name = op.f(f"ck_{table}_access_method")
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_constraint(name, type_="check")
            batch_op.create_check_constraint(name, f"{column} IN ({listed})")
