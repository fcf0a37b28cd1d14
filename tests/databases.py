"""Fresh databases for tests, copied from one template a run and kind. The servers are in `postgresql`.

Most tests get the one database of their kind that is kept open, emptied before each: what SQLAlchemy compiled
for its engines then serves the next test as well.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import create_engine

from data.engine import Database, open_database
from data.migrations.running import upgrade
from tests.postgresql import KeptDatabase, PostgresqlMissingError, PostgresqlServer, run_postgresql

KINDS = ("sqlite", "postgresql")


def create_schema(url: str) -> None:
    """Bring an empty database to the newest schema, the way a real one gets there."""
    engine = create_engine(url)
    with engine.begin() as connection:
        upgrade(connection)
    engine.dispose()


class Databases:
    """Hands out databases; makes the server and the templates only when first asked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)
        self._closing = ExitStack()
        self._postgresql: PostgresqlServer | None = None
        self._postgresql_missing: PostgresqlMissingError | None = None
        self._templates: dict[str, Path | str] = {}
        self._opened: dict[str, Database] = {}
        self._kept: KeptDatabase | None = None

    def close(self) -> None:
        """Stop the server, if one was started."""
        self._closing.close()

    @contextmanager
    def opened(self, kind: str) -> Iterator[Database]:
        """Yield the kept database of a kind, with every table and no rows; raises PostgresqlMissingError."""
        url = self._emptied_sqlite() if kind == "sqlite" else self._emptied_postgresql()
        if kind not in self._opened:
            self._opened[kind] = open_database(url)
        yield self._opened[kind]
        self._opened[kind].dispose()

    @contextmanager
    def ready(self, kind: str) -> Iterator[str]:
        """Yield the address of a database with every table and no rows; raises PostgresqlMissingError."""
        with self._fresh(kind, with_schema=True) as url:
            yield url

    @contextmanager
    def blank(self, kind: str) -> Iterator[str]:
        """Yield the address of a database with nothing in it; raises PostgresqlMissingError."""
        with self._fresh(kind, with_schema=False) as url:
            yield url

    @contextmanager
    def _fresh(self, kind: str, *, with_schema: bool) -> Iterator[str]:
        number = next(self._numbers)
        if kind == "sqlite":
            path = self._folder / f"{number}.db"
            if with_schema:
                shutil.copyfile(self._template("sqlite", self._make_sqlite_template), path)
            yield f"sqlite:///{path}"
            for left in self._folder.glob(f"{number}.db*"):
                left.unlink()
            return
        server = self._server()
        template = str(self._template("postgresql", self._make_postgresql_template)) if with_schema else None
        name = f"test_{number}"
        try:
            yield server.create(name, template=template)
        finally:
            server.drop(name)

    def _emptied_sqlite(self) -> str:
        path = self._folder / "kept.db"
        for left in self._folder.glob("kept.db*"):  # a new file each time, whoever still has the old one open
            left.unlink()
        shutil.copyfile(self._template("sqlite", self._make_sqlite_template), path)
        return f"sqlite:///{path}"

    def _emptied_postgresql(self) -> str:
        if self._kept is None:
            template = str(self._template("postgresql", self._make_postgresql_template))
            self._kept = self._closing.enter_context(self._server().keep("kept", template=template))
        return self._kept.emptied()

    def _template(self, kind: str, make: Callable[[], Path | str]) -> Path | str:
        if kind not in self._templates:
            self._templates[kind] = make()
        return self._templates[kind]

    def _make_sqlite_template(self) -> Path:
        path = self._folder / "template.db"
        create_schema(f"sqlite:///{path}")
        link = sqlite3.connect(path)
        link.execute("PRAGMA journal_mode=WAL")
        link.close()
        return path

    def _make_postgresql_template(self) -> str:
        create_schema(self._server().create("template_benfex"))
        return "template_benfex"

    def _server(self) -> PostgresqlServer:
        if self._postgresql_missing:
            raise self._postgresql_missing
        if self._postgresql is None:
            try:
                self._postgresql = self._closing.enter_context(run_postgresql())
            except PostgresqlMissingError as missing:
                self._postgresql_missing = missing
                raise
        return self._postgresql
