"""Many rows at once: ids reserved ahead, and one statement run for all rows, without an object a row.

Measured: an ORM object a row costs some 60 times as much. What is written, and when, is said by the acts.
"""

import json
from collections.abc import Callable, Collection, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    Dialect,
    Integer,
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
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.dml import Insert, UpdateBase
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

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


class _Values(TypeDecorator[list[Any]]):
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

    def process_bind_param(self, value: list[Any] | None, dialect: Dialect) -> Any:
        """Return the parameter."""
        return json.dumps(value) if dialect.name == "sqlite" else value


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
