"""Open SQLite or PostgreSQL: drivers, pragmas, pools and how a transaction begins."""

from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import configure_mappers
from sqlalchemy.pool import QueuePool

try:  # SQLite 3.53; the system's may have the WAL-reset bug of 3.7.0 to 3.51.2 (sqlite.org/wal.html)
    import pysqlite3 as sqlite
except ImportError:  # no wheel for this machine
    import sqlite3 as sqlite

_SQLITE: ModuleType = sqlite
_READERS = 4
# How soon each side notices that the other's machine is gone; over a socket on one machine they say nothing.
# PostgreSQL 18, Connection Control Functions, Parameter Key Words; Connection Settings, TCP Settings.
_WATCHING = {
    "connect_timeout": 10,
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 40_000,
}
_WATCHED = """
SELECT set_config('tcp_keepalives_idle', '20', false), set_config('tcp_keepalives_interval', '5', false),
       set_config('tcp_keepalives_count', '4', false), set_config('tcp_user_timeout', '40000', false)
"""
_RETRYABLE_STATES = {"40001", "40P01"}

INTEGRITY_ERROR = IntegrityError
DATABASE_ERROR = DBAPIError


class Database:
    """A database that is open: one engine that writes, one that can only read."""

    def __init__(self, url: URL, writer: Engine, reader: Engine) -> None:
        self.url = url
        self.writer = writer
        self.reader = reader

    @property
    def is_sqlite(self) -> bool:
        """Return whether this is SQLite, which has one writer."""
        return self.url.get_backend_name() == "sqlite"

    def dispose(self) -> None:
        """Close every connection."""
        self.reader.dispose()
        self.writer.dispose()


def sqlite_version() -> str:
    """Return the version of SQLite in use."""
    return str(_SQLITE.sqlite_version)


def open_database(url: str, *, pool_size: int = 8) -> Database:
    """Open the database at a URL: sqlite:///path or postgresql+psycopg://… Makes a missing SQLite folder."""
    configure_mappers()  # now, not in the first act that asks for a row
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed)
    return _open_server(parsed, pool_size=pool_size)


def _open_server(url: URL, *, pool_size: int) -> Database:
    watching = {name: value for name, value in _WATCHING.items() if name not in url.query}
    writer, reader = (
        create_engine(
            url,
            pool_size=pool_size,
            max_overflow=4,
            isolation_level=level,
            pool_pre_ping=True,
            connect_args=watching,
        )
        for level in ("SERIALIZABLE", "REPEATABLE READ")
    )
    event.listen(reader, "begin", lambda conn: conn.exec_driver_sql("SET TRANSACTION READ ONLY"))
    for engine in (writer, reader):
        event.listen(engine, "connect", _have_us_watched)
    return Database(url, writer, reader)


def _have_us_watched(driver: Any, _: object) -> None:
    """Have the server look whether we are there: a machine that lost its power closes nothing.

    By itself a server asks after two hours, and holds our locks until then: nobody could serve the database.
    """
    driver.autocommit = True  # a transaction that is rolled back would take the settings along
    driver.execute(_WATCHED)
    driver.autocommit = False


def _open_sqlite(url: URL) -> Database:
    if not url.database or url.database == ":memory:":
        raise ValueError("SQLite needs a file; a database in memory has no second connection")
    path = Path(url.database).absolute()
    path.parent.mkdir(parents=True, exist_ok=True)

    def connect_writer() -> Any:
        connection = _SQLITE.connect(str(path), isolation_level=None, check_same_thread=False, timeout=5)
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=5000",
            "cache_size=-32768",  # 32 MB hold what a bill run touches over and over; more is only more memory
            "trusted_schema=OFF",
        ):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def connect_reader() -> Any:
        connection = _SQLITE.connect(
            f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False, timeout=5
        )
        for pragma in ("query_only=ON", "busy_timeout=5000", "cache_size=-16384", "wal_autocheckpoint=0"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    writer = create_engine(
        url, creator=connect_writer, module=_SQLITE, poolclass=QueuePool, pool_size=1, max_overflow=0
    )
    reader = create_engine(
        url, creator=connect_reader, module=_SQLITE, poolclass=QueuePool, pool_size=_READERS, max_overflow=0
    )
    # IMMEDIATE: a deferred transaction that reads and then writes fails at once when another one writes.
    event.listen(writer, "begin", lambda conn: conn.exec_driver_sql("BEGIN IMMEDIATE"))
    event.listen(reader, "begin", lambda conn: conn.exec_driver_sql("BEGIN"))
    return Database(url, writer, reader)


def is_in_transaction(connection: Connection) -> bool:
    """Return whether the driver still has a transaction open; SQLite may end one by itself (disk full)."""
    driver = connection.connection.driver_connection
    return bool(getattr(driver, "in_transaction", True))


def is_worth_retrying(error: BaseException) -> bool:
    """Return whether a transaction lost a race and would pass when run again."""
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    return state in _RETRYABLE_STATES


def is_busy(error: BaseException) -> bool:
    """Return whether another process held the database for too long."""
    return isinstance(error, OperationalError) and "locked" in str(error.orig).lower()
