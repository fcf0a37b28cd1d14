"""Locks asked for by meaning. SQLite has one writer, so there a row lock is nothing to do."""

import fcntl
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sqlalchemy import select, text

from data.base import Row
from data.engine import Database
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


@contextmanager
def hold_database(database: Database) -> Iterator[bool]:
    """Hold the right to run jobs on a database; False when another process holds it."""
    with _hold(database, "jobs", _JOBS_KEY) as is_held:
        yield is_held


@contextmanager
def hold_bill_run(database: Database) -> Iterator[bool]:
    """Hold the right to run bills on a database; False when another run holds it, in this process or another."""
    with _hold(database, "bill-run", _BILL_RUN_KEY) as is_held:
        yield is_held


@contextmanager
def _hold(database: Database, name: str, key: int) -> Iterator[bool]:
    """Hold a lock that ends with the process, however that ends.

    A file lock beside SQLite's file, on PostgreSQL an advisory lock of a connection that is kept.
    """
    if database.is_sqlite:
        handle = try_file_lock(Path(f"{database.url.database}.{name}"))
        try:
            yield handle is not None
        finally:
            if handle is not None:
                handle.close()
        return
    with database.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        is_held = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}))
        try:
            yield is_held
        finally:
            if is_held:  # now: a server ends a closed connection, and its locks, only a moment later
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key})
            connection.invalidate()  # back in the pool it would keep what could not be unlocked
