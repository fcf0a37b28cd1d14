"""Locks asked for by meaning. SQLite has one writer, so there a row lock is nothing to do."""

import fcntl
from pathlib import Path
from typing import IO

from sqlalchemy import select

from data.base import Row
from data.models.customer import Customer
from data.session import Session


def lock_row(session: Session, table: type[Row], row_id: int) -> None:
    """Hold a row until the transaction ends. Order: customer, invoice, payment, connection, account."""
    if session.get_bind().dialect.name != "sqlite":
        session.execute(select(table.id).where(table.id == row_id).with_for_update())


def lock_customer(session: Session, customer_id: int) -> None:
    """Hold a customer before any of their money changes."""
    lock_row(session, Customer, customer_id)


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
