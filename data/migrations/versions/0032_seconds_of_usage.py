"""When usage began, as whole seconds: half the room of a row, and no text to read for each of them."""

import sqlalchemy as sa
from alembic import op

from data.columns import UtcDateTime

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_PEAKS = ("peak_download_bps", "peak_upload_bps")
# Table, whose bytes, whether its key begins with the time, and what it holds beside the bytes.
_TABLES = (
    ("usage_5m", "connection", True, ()),
    ("usage_1h", "connection", False, (*_PEAKS, "seconds_covered")),
    ("usage_1d", "connection", False, (*_PEAKS, "seconds_covered")),
    ("usage_router_5m", "router", False, ()),
    ("usage_router_1h", "router", False, _PEAKS),
)


def upgrade() -> None:
    _convert(
        sa.BigInteger(),
        on_sqlite="CAST(strftime('%s', starts_at) AS INTEGER)",
        on_postgresql="EXTRACT(EPOCH FROM starts_at)::BIGINT",
    )


def downgrade() -> None:
    _convert(
        UtcDateTime(),
        on_sqlite="strftime('%Y-%m-%d %H:%M:%S', starts_at, 'unixepoch') || '.000000'",
        on_postgresql="to_timestamp(starts_at)",
    )


def _convert(column_type: sa.types.TypeEngine[object], *, on_sqlite: str, on_postgresql: str) -> None:
    for name, owner, is_time_first, more in _TABLES:
        if op.get_bind().dialect.name == "postgresql":
            op.alter_column(name, "starts_at", type_=column_type, postgresql_using=on_postgresql)
            continue
        _create(f"{name}_new", name, owner, column_type, is_time_first=is_time_first, more=more)
        kept = ", ".join((f"{owner}_id", "download_bytes", "upload_bytes", *more))
        op.execute(f"INSERT INTO {name}_new (starts_at, {kept}) SELECT {on_sqlite}, {kept} FROM {name}")  # noqa: S608
        op.drop_table(name)
        op.rename_table(f"{name}_new", name)


def _create(
    name: str,
    replaced: str,
    owner: str,
    column_type: sa.types.TypeEngine[object],
    *,
    is_time_first: bool,
    more: tuple[str, ...],
) -> None:
    whose = sa.Column(f"{owner}_id", sa.Integer(), autoincrement=False, nullable=False)
    begins = sa.Column("starts_at", column_type, autoincrement=False, nullable=False)
    key = (begins, whose) if is_time_first else (whose, begins)
    op.create_table(
        name,
        *key,
        sa.Column("download_bytes", sa.BigInteger(), nullable=False),
        sa.Column("upload_bytes", sa.BigInteger(), nullable=False),
        *(
            sa.Column(
                column, sa.Integer() if column == "seconds_covered" else sa.BigInteger(), nullable=False
            )
            for column in more
        ),
        sa.ForeignKeyConstraint(
            [f"{owner}_id"], [f"{owner}.id"], name=op.f(f"fk_{replaced}_{owner}_id_{owner}")
        ),
        sa.PrimaryKeyConstraint(*(column.name for column in key), name=op.f(f"pk_{replaced}")),
        sqlite_with_rowid=False,
    )
