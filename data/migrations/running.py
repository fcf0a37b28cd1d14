"""Bring a database to the newest schema, and say where it stands.

Alembic is loaded when there is something to bring about: a start that finds the schema as it should be, as nearly
every start does, is that much sooner at the doors.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

if TYPE_CHECKING:
    from alembic.config import Config

_FOLDER = Path(__file__).parent
_NOTED = "alembic_version"  # Alembic's own table, of one row (alembic.sqlalchemy.org, MigrationContext)


def configuration(connection: Connection) -> "Config":
    """Return Alembic's configuration for a connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection) -> None:
    """Run all revisions that are missing; the caller commits."""
    from alembic import command

    command.upgrade(configuration(connection), "head")


def revision_of(connection: Connection) -> str | None:
    """Return the revision the database is at, None when it is empty."""
    if not inspect(connection).has_table(_NOTED):
        return None
    return connection.execute(text(f"SELECT version_num FROM {_NOTED}")).scalar_one_or_none()  # noqa: S608


def newest_revision() -> str:
    """Return the revision this code expects: the files of the revisions begin with their numbers."""
    return max(file.name.partition("_")[0] for file in (_FOLDER / "versions").glob("[0-9]*.py"))
