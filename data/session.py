"""Our Session, and the only code that begins, commits and rolls back transactions."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, TextClause, event
from sqlalchemy.orm import Session as OrmSession
from sqlmodel import Session as SqlModelSession

from data.base import Row
from data.engine import Database

_CONTROL = re.compile(r"\s*(begin|commit|end|rollback|savepoint|release)\b", re.IGNORECASE)


class Session(SqlModelSession):
    """A session inside a transaction that is not its own: it can neither commit nor roll back."""

    def commit(self) -> None:
        """Refuse: the transaction ends after the act."""
        raise AssertionError("an act does not commit")

    def rollback(self) -> None:
        """Refuse: raise an error instead."""
        raise AssertionError("an act does not roll back; it raises")

    def execute(self, statement: Any, *args: Any, **kwargs: Any) -> Any:
        """Run a statement, but none that steers the transaction."""
        assert not (isinstance(statement, TextClause) and _CONTROL.match(statement.text)), "not in an act"
        return super().execute(statement, *args, **kwargs)


@event.listens_for(Session, "before_flush")
def _stamp(session: OrmSession, *_: object) -> None:
    now = session.info["now"]
    for row in session.new:
        if isinstance(row, Row):
            row.created_at = row.created_at or now
            row.updated_at = now
    for row in session.dirty:
        if isinstance(row, Row) and session.is_modified(row, include_collections=False):
            row.updated_at = now


@contextmanager
def begin_write(database: Database) -> Iterator[Connection]:
    """Begin a write transaction; commit at the end, roll back on an error."""
    with database.writer.connect() as connection, connection.begin():
        yield connection


@contextmanager
def begin_migration(database: Database) -> Iterator[Connection]:
    """Begin a transaction that may rebuild tables; foreign keys are checked at its end, as SQLite needs it.

    SQLite rebuilds a table by dropping it, which would take away what points to it (sqlite.org/lang_altertable).
    """
    with database.writer.connect() as connection:
        if not database.is_sqlite:
            with connection.begin():
                yield connection
            return
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                yield connection
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
                assert not broken, f"the migration left rows that point nowhere: {broken[:3]}"
        finally:
            driver.execute("PRAGMA foreign_keys=ON")


@contextmanager
def act_session(connection: Connection, *, now: datetime, is_alone: bool = False) -> Iterator[Session]:
    """Yield a session in a savepoint of its own: an error undoes this act and nothing else.

    Who has the transaction alone needs no savepoint: then an error has to undo the transaction.
    """
    with nullcontext() if is_alone else connection.begin_nested():
        session = Session(
            bind=connection,
            join_transaction_mode="rollback_only",
            expire_on_commit=False,
            info={"now": now},
        )
        try:
            yield session
            session.flush()
        finally:
            session.expunge_all()
            session.close()


@contextmanager
def begin_read(database: Database, *, now: datetime) -> Iterator[Session]:
    """Yield a session that sees one state of the database and cannot change it."""
    with database.reader.connect() as connection, connection.begin():
        session = Session(
            bind=connection, join_transaction_mode="rollback_only", autoflush=False, info={"now": now}
        )
        try:
            yield session
        finally:
            session.expunge_all()
            session.close()
