"""The connection to FreeRADIUS's database; its errors become those of a router. Every call blocks its thread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, LiteralString

import psycopg
from psycopg import errors
from psycopg.rows import TupleRow, tuple_row

from benfex.core.errors import RouterAuthFailed, RouterProtocolError, RouterRejected, RouterUnreachable
from benfex.network.driver import RouterAddress

DATABASE: Final = "radius"
Row = tuple[Any, ...]


class Conversation:
    """One session of PostgreSQL."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection = connection

    @property
    def is_closed(self) -> bool:
        """Return whether it has ended."""
        return bool(self._connection.closed)

    def ask(self, statement: LiteralString, values: Sequence[Any] = ()) -> list[Row]:
        """Run a statement and return its rows, none for one that has none."""
        with self._translated():
            cursor = self._connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def tell(self, statement: LiteralString, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement for each of some rows."""
        with self._translated(), self._connection.cursor() as cursor:
            cursor.executemany(statement, rows)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Keep all of a block or, when it fails, nothing."""
        with self._translated(), self._connection.transaction():
            yield

    def close(self) -> None:
        """End it; what runs is broken off."""
        self._connection.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (errors.UndefinedTable, errors.UndefinedColumn) as error:
            raise RouterProtocolError(
                f"The database is not FreeRADIUS's: {error.diag.message_primary}."
            ) from error
        except errors.InsufficientPrivilege as error:
            message = f"The database does not let us: {error.diag.message_primary}."
            raise RouterRejected(message, code="no_permission") from error
        except errors.QueryCanceled as error:
            self.close()
            raise RouterUnreachable("The RADIUS database did not answer in time.") from error
        except psycopg.OperationalError as error:
            self.close()
            raise RouterUnreachable(f"The RADIUS database broke off: {_first_line(error)}") from error
        except psycopg.Error as error:
            raise RouterRejected(f"The RADIUS database refused: {_first_line(error)}") from error


def converse(address: RouterAddress) -> Conversation:
    """Sign in to the database. Raises RouterUnreachable, RouterAuthFailed, RouterProtocolError.

    The name may be "role@database"; without one the database is `radius`, as Debian's packages have it.
    """
    if address.tls_fingerprint is not None or address.tls_authority is not None:
        raise RouterProtocolError(
            "A certificate of a database is compared with this machine's authorities only."
        )
    role, _, database = address.username.partition("@")
    try:
        connection = psycopg.connect(
            host=address.host,
            port=address.port,
            user=role,
            password=address.password,
            dbname=database or DATABASE,
            autocommit=True,
            row_factory=tuple_row,
            connect_timeout=max(2, round(address.timeout_seconds)),
            options=f"-c statement_timeout={round(address.deadline_seconds * 1000)}",
            tcp_user_timeout=round(address.timeout_seconds * 1000),
            application_name="benfex",
            sslmode="verify-full" if address.use_tls else "prefer",
            sslrootcert="system" if address.use_tls else None,
        )
    except psycopg.OperationalError as error:
        raise _cannot_connect(error, address) from error
    return Conversation(connection)


def _cannot_connect(error: psycopg.OperationalError, address: RouterAddress) -> Exception:
    message = str(error)
    # Before there is a session libpq has words only, those of the server, in English where nothing else was set.
    if "authentication failed" in message or ("role" in message and "does not exist" in message):
        return RouterAuthFailed(f"The RADIUS database at {address.host} refused our name or password.")
    if "database" in message and "does not exist" in message:
        return RouterProtocolError(f"There is no such database at {address.host}.")
    return RouterUnreachable(f"The RADIUS database at {address.host} did not answer.")


def _first_line(error: psycopg.Error) -> str:
    return (error.diag.message_primary or str(error) or type(error).__name__).splitlines()[0]
