"""Many rows at once: ids reserved ahead, and one statement run for all rows, without an object a row.

Measured: an ORM object a row costs some 60 times as much. What is written, and when, is said by the acts.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import count
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Dialect,
    Integer,
    Select,
    String,
    Text,
    bindparam,
    cast,
    func,
    insert,
    literal_column,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import REGCLASS
from sqlalchemy.engine import Compiled
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import Insert, UpdateBase
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from data.base import Row
from data.session import Session

Values = tuple[Any, ...]
_Columns = list[Sequence[Any]]
_Process = Callable[[Any], Any]

# Rows a statement on SQLite, where a row of many costs half of one alone. What is left over goes row by row, so
# that few statements are ever made.
_BLOCK = 50


class Bulk:
    """One statement for many rows; each row is a tuple in the order of `names`, the statement's parameters."""

    def __init__(self, statement: UpdateBase, names: Sequence[str]) -> None:
        self._statement = statement
        self._names = tuple(names)
        self._made: dict[str, _Made] = {}

    def run(self, session: Session, rows: Sequence[Values]) -> None:
        """Run the statement for all rows, in their order. Rows the session holds may be stale afterwards."""
        if not rows:
            return
        connection = session.connection()
        dialect = connection.dialect
        if dialect.name not in self._made:
            self._made[dialect.name] = self._make(dialect)
        self._made[dialect.name].run(connection, rows)

    def _make(self, dialect: Dialect) -> "_Made":
        is_insert = isinstance(self._statement, Insert)
        compiled = self._statement.compile(
            dialect=_positional(dialect), column_keys=list(self._names) if is_insert else None
        )
        order = [self._names.index(name) for name in compiled.positiontup or ()]
        processes = [_bind_process(compiled, name, dialect) for name in self._names]
        if is_insert and dialect.name == "sqlite":
            return _MadeInBlocks(str(compiled), processes, order)
        return _Made(str(compiled), processes, order)


class _Made:
    """A statement in the words of one database, and how its parameters are made of values."""

    def __init__(self, statement: str, processes: Sequence[_Process | None], order: Sequence[int]) -> None:
        self._statement = statement
        self._processes = processes
        self._order = order

    def run(self, connection: Connection, rows: Sequence[Values]) -> None:
        columns = self._columns(rows)
        connection.exec_driver_sql(self._statement, list(zip(*columns, strict=True)))

    def _columns(self, rows: Sequence[Values]) -> _Columns:
        """Return the parameters column by column, in the order of the statement's marks."""
        columns = _processed(rows, self._processes)
        return [columns[place] for place in self._order]


class _MadeInBlocks(_Made):
    """An INSERT on SQLite: many rows a statement, and what a column has alike in all of them bound once."""

    def __init__(self, statement: str, processes: Sequence[_Process | None], order: Sequence[int]) -> None:
        super().__init__(statement, processes, order)
        self._head, _, self._tail = statement.partition(f"({', '.join('?' * len(order))})")
        self._of_shape: dict[tuple[tuple[bool, ...], int], str] = {}

    def run(self, connection: Connection, rows: Sequence[Values]) -> None:
        if len(rows) < _BLOCK:
            super().run(connection, rows)
            return
        columns = self._columns(rows)
        shape = tuple([_is_alike(column) for column in columns])
        alike = tuple([column[0] for column, is_alike in zip(columns, shape, strict=True) if is_alike])
        others = [column for column, is_alike in zip(columns, shape, strict=True) if not is_alike]
        width, whole = len(others), len(rows) - len(rows) % _BLOCK
        flat: list[Any] = [None] * (width * whole)  # row after row
        for place, column in enumerate(others):
            flat[place::width] = column[:whole]
        step = width * _BLOCK
        blocks = [alike + tuple(flat[first : first + step]) for first in range(0, len(flat), step)]
        connection.exec_driver_sql(self._statement_of(shape, _BLOCK), blocks)
        if whole < len(rows):
            left_over = zip(*[column[whole:] for column in others], strict=True)
            connection.exec_driver_sql(self._statement_of(shape, 1), [alike + row for row in left_over])

    def _statement_of(self, shape: tuple[bool, ...], rows: int) -> str:
        """Return the statement for so many rows; the columns that are alike in them take the first parameters."""
        if (shape, rows) not in self._of_shape:
            others = count(1 + sum(shape))
            marks = (
                ",".join(f"?{next(alike)}" if is_alike else f"?{next(others)}" for is_alike in shape)
                for alike in (count(1) for _ in range(rows))
            )
            self._of_shape[shape, rows] = f"{self._head}({'),('.join(marks)}){self._tail}"
        return self._of_shape[shape, rows]


def alike_together(rows: Sequence[Values]) -> list[Values]:
    """Return rows (id, *values) with those that have the same values as one: (ids, *values), for `among_named`."""
    ids: dict[Values, list[int]] = {}
    for row in rows:
        ids.setdefault(row[1:], []).append(row[0])
    return [(tuple(found), *values) for values, found in ids.items()]


class BulkInsert:
    """Inserts many rows of a table, stamped with the transaction's instant; tuples in the order of `names`."""

    def __init__(self, table: type[Row], names: Sequence[str]) -> None:
        self._bulk = Bulk(insert(table), (*names, "created_at", "updated_at"))

    def run(self, session: Session, rows: Sequence[Values]) -> None:
        """Insert all rows in their order. Raises what a broken rule of the table raises, for the first one."""
        stamps = (session.info["now"],) * 2
        self._bulk.run(session, [row + stamps for row in rows])


class BulkSelect:
    """A question that is put into words once and asked often: its rows are plain tuples of the columns' values."""

    def __init__(self, statement: Select[Any]) -> None:
        self._statement = statement
        self._made: dict[str, _MadeSelect] = {}

    def rows(self, session: Session, **parameters: Any) -> list[Values]:
        """Return the rows for these values of the statement's named parameters."""
        session.flush()
        connection = session.connection()
        dialect = connection.dialect
        if dialect.name not in self._made:
            self._made[dialect.name] = _MadeSelect(self._statement, dialect)
        return self._made[dialect.name].rows(connection, parameters)


class _MadeSelect:
    """A question in the words of one database, and how values become parameters and columns values."""

    def __init__(self, statement: Select[Any], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=_positional(dialect))
        assert isinstance(compiled, SQLCompiler)
        assert not compiled.post_compile_params, "a list of values is asked for by `among_named`"
        self._statement = str(compiled)
        self._binds = [
            (name, compiled.binds[name].value, _bind_process(compiled, name, dialect))
            for name in compiled.positiontup or ()
        ]
        self._processes = [
            column.type.dialect_impl(dialect).result_processor(dialect, None)
            for column in statement.selected_columns
        ]

    def rows(self, connection: Connection, parameters: Mapping[str, Any]) -> list[Values]:
        given = []
        for name, fixed, process in self._binds:
            value = parameters.get(name, fixed)
            given.append(value if process is None else process(value))
        found = connection.exec_driver_sql(self._statement, tuple(given)).all()
        if not found:
            return []
        return list(zip(*_processed(found, self._processes), strict=True))


def _positional(dialect: Dialect) -> Dialect:
    """Return the dialect with the driver's own positional marks: a dictionary a row would cost more than an insert."""
    assert isinstance(dialect, DefaultDialect)
    return type(dialect)(paramstyle="qmark" if dialect.name == "sqlite" else "format")


def _bind_process(compiled: Compiled, name: str, dialect: Dialect) -> _Process | None:
    assert isinstance(compiled, SQLCompiler)
    return compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)


def _processed(rows: Sequence[Sequence[Any]], processes: Sequence[_Process | None]) -> _Columns:
    """Return the rows column by column; each value that occurs is processed once."""
    columns: _Columns = list(zip(*rows, strict=True))
    for place, process in enumerate(processes):
        if process is not None:
            column = columns[place]
            if _is_alike(column):
                columns[place] = [process(column[0])] * len(column)
            else:
                known = {value: process(value) for value in set(column)}
                columns[place] = [known[value] for value in column]
    return columns


def _is_alike(column: Sequence[Any]) -> bool:
    return bool(column[0] == column[-1]) and column.count(column[0]) == len(column)


class _Values(TypeDecorator[Sequence[Any]]):
    """Many values as one parameter: an array, on SQLite as JSON."""

    impl = Text
    cache_ok = True

    def __init__(self, *, are_numbers: bool) -> None:
        super().__init__()
        self.are_numbers = are_numbers

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return how the dialect takes them."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Text())
        return dialect.type_descriptor(ARRAY(BigInteger if self.are_numbers else Text))

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:
        """Return the parameter."""
        if value is None:
            return None
        return json.dumps(value) if dialect.name == "sqlite" else list(value)


class _Among(FunctionElement[bool]):
    """A column, and the many values it may be one of."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> "_Among":
        """Return this as it is: "= 1" after it, for a database without booleans, would keep SQLite from its indexes."""
        return self


@compiles(_Among)
def _among(element: _Among, compiler: Any, **context: Any) -> str:
    column, values = (compiler.process(part, **context) for part in element.clauses)
    if compiler.dialect.name == "sqlite":
        return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - both are compiled here
    return f"{column} = ANY ({values})"


def among(column: Any, values: Collection[int] | Collection[str]) -> ColumnElement[bool]:
    """Return whether a column is one of many values, as one parameter: a literal each costs more than the query."""
    kind = _Values(are_numbers=isinstance(column.type, Integer))
    return _Among(column, bindparam(None, list(values), type_=kind, unique=True))


def among_named(column: Any, name: str) -> ColumnElement[bool]:
    """Return the same for values that come as a parameter of this name, for statements that are made once."""
    return _Among(column, bindparam(name, type_=_Values(are_numbers=isinstance(column.type, Integer))))


def unindexed(column: Any) -> ColumnElement[str]:
    """Return a text column for a comparison that no index shall serve.

    SQLite takes an index on a status, which holds for most rows, before one on the few owners that are asked for.
    """
    return type_coerce(column, String).concat(literal_column("''"))


def has_one_writer(session: Session) -> bool:
    """Return whether nobody else can write until this transaction ends, as on SQLite."""
    return session.get_bind().dialect.name == "sqlite"


def reserve_ids(session: Session, table: type[Row], count: int) -> Sequence[int]:
    """Return ids that rows of the table may take now, ascending; flush what waits before."""
    session.flush()
    if has_one_writer(session):  # nobody else takes them meanwhile
        newest = f"SELECT coalesce(max(id), 0) FROM {table.__tablename__}"  # noqa: S608 - our own table
        first = session.connection().exec_driver_sql(newest).scalar_one() + 1
        return range(first, first + count)
    sequence = cast(func.pg_get_serial_sequence(str(table.__tablename__), "id"), REGCLASS)
    rows = session.scalars(select(func.nextval(sequence)).select_from(func.generate_series(1, count)))
    return sorted(rows)
