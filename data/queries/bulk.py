"""Many rows at once: ids reserved ahead, and one statement run for all rows, without an object a row.

Measured: an ORM object a row costs some 60 times as much. What is written, and when, is said by the acts.
"""

from collections.abc import Callable, Collection, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Dialect, bindparam, cast, func, insert, select
from sqlalchemy.dialects.postgresql import REGCLASS
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.sql.dml import Insert, UpdateBase

from data.base import Row
from data.session import Session

Values = tuple[Any, ...]
_Prepare = Callable[[Sequence[Values]], list[Values]]


class Bulk:
    """One statement for many rows; each row is a tuple in the order of `names`, the statement's parameters."""

    def __init__(self, statement: UpdateBase, names: Sequence[str]) -> None:
        self._statement = statement
        self._names = tuple(names)
        self._compiled: dict[str, tuple[str, _Prepare]] = {}

    def run(self, session: Session, rows: Sequence[Values]) -> None:
        """Run the statement for all rows, in their order. Rows the session holds may be stale afterwards."""
        if not rows:
            return
        connection = session.connection()
        dialect = connection.dialect
        if dialect.name not in self._compiled:
            self._compiled[dialect.name] = self._compile(dialect)
        statement, prepare = self._compiled[dialect.name]
        connection.exec_driver_sql(statement, prepare(rows))

    def _compile(self, dialect: Dialect) -> tuple[str, _Prepare]:
        # The driver's own positional marks: dictionaries a row would cost more than the insert itself.
        assert isinstance(dialect, DefaultDialect)
        style = "qmark" if dialect.name == "sqlite" else "format"
        names = list(self._names) if isinstance(self._statement, Insert) else None
        compiled = self._statement.compile(dialect=type(dialect)(paramstyle=style), column_keys=names)
        order = [self._names.index(name) for name in compiled.positiontup or ()]
        pick = itemgetter(*order) if order != list(range(len(order))) else None
        kinds = [
            compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect) for name in self._names
        ]
        places = [(place, process) for place, process in enumerate(kinds) if process is not None]

        def prepare(rows: Sequence[Values]) -> list[Values]:
            columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
            for place, process in places:
                known = {value: process(value) for value in set(columns[place])}
                columns[place] = [known[value] for value in columns[place]]
            if pick is not None:
                columns = list(pick(columns))
            return list(zip(*columns, strict=True))

        return str(compiled), prepare


class BulkInsert:
    """Inserts many rows of a table, stamped with the transaction's instant; tuples in the order of `names`."""

    def __init__(self, table: type[Row], names: Sequence[str]) -> None:
        self._bulk = Bulk(insert(table), (*names, "created_at", "updated_at"))

    def run(self, session: Session, rows: Sequence[Values]) -> None:
        """Insert all rows in their order. Raises what a broken rule of the table raises, for the first one."""
        stamps = (session.info["now"],) * 2
        self._bulk.run(session, [(*row, *stamps) for row in rows])


def among(column: Any, values: Collection[Any]) -> ColumnElement[bool]:
    """Return whether a column is one of many values, as one parameter: a literal each costs more than the query."""
    found: ColumnElement[bool] = column.in_(bindparam(None, list(values), type_=column.type, expanding=True))
    return found


def reserve_ids(session: Session, table: type[Row], count: int) -> Sequence[int]:
    """Return ids that rows of the table may take now, ascending; flush what waits before."""
    if session.get_bind().dialect.name == "sqlite":  # one writer: nobody else takes them meanwhile
        first = session.execute(select(func.coalesce(func.max(table.id), 0))).scalar_one() + 1
        return range(first, first + count)
    sequence = cast(func.pg_get_serial_sequence(str(table.__tablename__), "id"), REGCLASS)
    rows = session.scalars(select(func.nextval(sequence)).select_from(func.generate_series(1, count)))
    return sorted(rows)
