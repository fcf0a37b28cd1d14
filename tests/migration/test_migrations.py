"""The migrations lead from nothing to the very schema that the models describe, on both databases."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from data.migrations.append_only import protect
from data.migrations.running import configuration, newest_revision, revision_of, upgrade
from data.schema import METADATA
from tests.databases import Databases

SQLITE_OBJECTS = """
    SELECT type, name, tbl_name, sql FROM sqlite_master
    WHERE type IN ('index', 'trigger') AND sql IS NOT NULL AND tbl_name <> 'alembic_version'
"""
SQLITE_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
POSTGRESQL_OBJECTS = """
    SELECT 'column', table_name, column_name, data_type, is_nullable, column_default, is_identity,
           character_maximum_length::text
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL
    SELECT 'index', tablename, indexname, indexdef, '', '', '', '' FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '', '', ''
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), '', '', '', ''
    FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL
    SELECT 'function', proname, '', prosrc, '', '', '', ''
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""


@pytest.fixture
def migrated(database_url: str) -> Iterator[Connection]:
    """A database that was empty and went through every migration, as all that tests use did."""
    with _connected(database_url) as connection:
        yield connection


@pytest.fixture
def created(databases: Databases, database_kind: str) -> Iterator[Connection]:
    """A database of the same kind, made from the models at once."""
    with databases.blank(database_kind) as url, _connected(url) as connection:
        METADATA.create_all(connection)
        protect(connection)
        connection.commit()
        yield connection


def test_migrations_form_one_straight_line() -> None:
    with create_engine("sqlite://").connect() as connection:
        script = ScriptDirectory.from_config(configuration(connection))
    assert len(script.get_heads()) == 1
    assert all(not revision.is_branch_point for revision in script.walk_revisions())
    assert script.get_current_head() == newest_revision()


def test_what_alembic_noted_is_read_without_it(blank_database_url: str) -> None:
    with _connected(blank_database_url) as connection:
        assert revision_of(connection) is None
        command.upgrade(configuration(connection), "0003")
        assert revision_of(connection) == "0003"
        assert MigrationContext.configure(connection).get_current_revision() == "0003"


def test_migrating_again_changes_nothing(migrated: Connection) -> None:
    before = _schema(migrated)
    upgrade(migrated)
    assert revision_of(migrated) == newest_revision()
    assert _schema(migrated) == before


def test_autogenerate_finds_nothing_left_to_migrate(migrated: Connection) -> None:
    context = MigrationContext.configure(
        migrated, opts={"compare_type": True, "compare_server_default": True}
    )
    assert compare_metadata(context, METADATA) == []


def test_migrated_and_created_schemas_are_the_same_to_the_last_predicate(
    migrated: Connection, created: Connection
) -> None:
    # Autogenerate does not notice a changed predicate of a partial index, nor a trigger: this does.
    assert _schema(migrated) == _schema(created)


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    engine = create_engine(url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _schema(connection: Connection) -> list[str]:
    """Return one line for each thing in the schema, sorted; Alembic's own table is left out."""
    if connection.dialect.name == "postgresql":
        rows = [tuple(row) for row in connection.execute(text(POSTGRESQL_OBJECTS))]
    else:
        rows = [tuple(row) for row in connection.execute(text(SQLITE_OBJECTS))]
        for (table,) in connection.execute(text(SQLITE_TABLES)).all():
            rows += _sqlite_table(connection, table)
    return sorted(line for row in rows if "alembic_version" not in (line := _line(row)))


def _sqlite_table(connection: Connection, table: str) -> list[tuple[object, ...]]:
    columns = connection.execute(text(f'PRAGMA table_info("{table}")')).all()
    keys = connection.execute(text(f'PRAGMA foreign_key_list("{table}")')).all()
    sql = connection.execute(
        text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": table}
    ).scalar_one()
    found: list[tuple[object, ...]] = [("column", table, *column[1:]) for column in columns]
    found += [("foreign key", table, *key[2:]) for key in keys]
    # The parts after the columns may stand in another order, so the text is compared piece by piece.
    found += [("part", table, part.strip().rstrip(",")) for part in sql.splitlines() if "CONSTRAINT" in part]
    found.append(("without rowid", table, "WITHOUT ROWID" in sql))
    return found


def _line(row: tuple[object, ...]) -> str:
    return " | ".join(" ".join(str(part).replace('"', "").split()) for part in row)
