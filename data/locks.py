"""Locks asked for by meaning. SQLite has one writer, so there a row lock is nothing to do."""

import fcntl
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from sqlalchemy import Connection as SqlConnection
from sqlalchemy import select, text

from data.base import Row
from data.engine import DATABASE_ERROR, Database
from data.models.customer import Customer
from data.session import Session

_JOBS_KEY = 0x42454E46  # "BENF": one lock a database, shared with nobody else
_BILL_RUN_KEY = 0x42494C4C  # "BILL"


def lock_row(session: Session, table: type[Row], row_id: int) -> None:
    """Hold a row until the transaction ends. Order: customer, invoice, payment, connection, account."""
    if session.get_bind().dialect.name != "sqlite":
        session.execute(select(table.id).where(table.id == row_id).with_for_update())


def lock_customer(session: Session, customer_id: int) -> None:
    """Hold a customer before any of their money changes."""
    lock_row(session, Customer, customer_id)


def lock_customers(session: Session, customer_ids: Collection[int]) -> None:
    """Hold many customers, in the order of their ids, so that two who lock never wait for each other."""
    if session.get_bind().dialect.name != "sqlite":
        session.execute(
            select(Customer.id)
            .where(Customer.id.in_(sorted(set(customer_ids))))
            .order_by(Customer.id)
            .with_for_update()
        )


def try_file_lock(path: Path) -> IO[str] | None:
    """Return a held lock on a file, or None when another process holds it; closing it lets go."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = path.open("a", encoding="utf-8")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        return None
    return handle


class Hold:
    """A lock on a database that ends with the process, however that ends; `is_held` says whether we got it.

    A file lock beside SQLite's file, on PostgreSQL an advisory lock of a connection that is kept.
    """

    def __init__(self, database: Database, *, name: str, key: int) -> None:
        self._database, self._name, self._key = database, name, key
        self._file: IO[str] | None = None
        self._link: SqlConnection | None = None
        self.is_held = self._take()

    def keep(self) -> bool:
        """Return whether it is ours; where its connection was cut it is taken again, unless somebody else has it.

        Raises a DATABASE_ERROR while the server cannot be asked.
        """
        if self._link is not None:
            try:
                self._link.execute(text("SELECT 1"))
            except DATABASE_ERROR:
                self._let_go()
        self.is_held = self._file is not None or self._link is not None or self._take()
        return self.is_held

    def end(self) -> None:
        """Let others have it."""
        if (
            self._link is not None
        ):  # now: a server ends a closed connection, and its locks, only a moment later
            with suppress(DATABASE_ERROR):
                self._link.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": self._key})
        self._let_go()

    def _take(self) -> bool:
        if self._database.is_sqlite:
            self._file = try_file_lock(Path(f"{self._database.url.database}.{self._name}"))
            return self._file is not None
        self._link = self._database.writer.connect().execution_options(isolation_level="AUTOCOMMIT")
        is_ours = False
        try:
            is_ours = bool(self._link.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": self._key}))
        finally:
            if not is_ours:
                self._let_go()
        return is_ours

    def _let_go(self) -> None:
        if self._file is not None:
            self._file.close()
        if self._link is not None:
            self._link.invalidate()  # back in the pool it would keep what could not be unlocked
            self._link.close()
        self._file = self._link = None


@contextmanager
def hold_database(database: Database) -> Iterator[Hold]:
    """Hold the right to run jobs on a database; it is not held when another process has it."""
    hold = Hold(database, name="jobs", key=_JOBS_KEY)
    try:
        yield hold
    finally:
        hold.end()


@contextmanager
def hold_bill_run(database: Database) -> Iterator[bool]:
    """Hold the right to run bills on a database; False when another run holds it, in this process or another."""
    hold = Hold(database, name="bill-run", key=_BILL_RUN_KEY)
    try:
        yield hold.is_held
    finally:
        hold.end()
