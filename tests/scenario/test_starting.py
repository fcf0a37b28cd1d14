"""A start: soon at the doors, with the schema that it needs."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import SecretStr
from sqlalchemy import create_engine

from benchmarks.processes import ROOT, environment_of, free_port, product
from benfex.bootstrap import prepare_database
from benfex.core.errors import ConfigurationError
from benfex.core.settings import Settings
from data.migrations.running import configuration, newest_revision, revision_of
from data.schema import METADATA
from tests.databases import Databases

BEHIND = "0003"
# What answers gateways does without them; each takes some hundredths of the seconds after a crash.
COMES_LATER = {
    *("PIL", "alembic", "apscheduler", "benfex.cli", "benfex.demo", "cryptography.x509", "fastapi", "mako"),
    *("nicegui", "numpy", "pages.admin", "pages.api", "passlib", "phonenumbers", "reportlab", "segno"),
}
GETS_READY = """
import sys, app
from benfex.bootstrap import build, prepare_database
from benfex.core.settings import Settings
prepare_database(Settings())
app.build_app(build(Settings()))
print(*sys.modules)
"""

# Prints how many statements it took.
MIGRATES = """
import os, signal, sys
from sqlalchemy import Engine, event
from benfex.bootstrap import prepare_database
from benfex.core.settings import Settings
seen = 0
def count(*_):
    global seen
    seen += 1
    if seen == int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)
event.listen(Engine, "before_cursor_execute", count)
prepare_database(Settings())
print(seen)
"""


def test_a_start_loads_what_its_doors_need_and_nothing_more(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    prepare_database(settings)
    done = subprocess.run(
        [sys.executable, "-c", GETS_READY],
        cwd=ROOT,
        env=environment_of(settings),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert COMES_LATER & set(done.stdout.split()) == set()


@pytest.mark.sqlite_only
async def test_the_door_for_who_has_not_paid_opens_beside_the_pages(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, port=free_port(), garden_port=free_port())
    prepare_database(settings)
    async with product(settings) as served, httpx.AsyncClient() as browser:
        door = f"http://127.0.0.1:{settings.garden_port}"
        await until_open(browser, door)
        led = await browser.get(f"{door}/generate_204")
        page = await browser.get(f"{served.url}/login", follow_redirects=True)
    assert (led.status_code, led.headers["location"]) == (302, f"{settings.public_url}/portal")
    assert page.status_code == 200


async def until_open(browser: httpx.AsyncClient, door: str) -> None:
    while True:
        try:
            await browser.head(door)
        except httpx.ConnectError:
            await asyncio.sleep(0.05)
        else:
            return


@pytest.mark.parametrize("behind", [None, BEHIND])
def test_a_database_that_is_behind_is_brought_to_the_newest_schema(
    blank_database_url: str, tmp_path: Path, behind: str | None
) -> None:
    if behind is not None:
        lead_to(blank_database_url, behind)
    prepare_database(settings_of(tmp_path, blank_database_url, migrate_on_start=True))
    assert revision_at(blank_database_url) == newest_revision()


def test_a_server_is_brought_there_only_when_told_to(blank_database_url: str, tmp_path: Path) -> None:
    lead_to(blank_database_url, BEHIND)
    settings = settings_of(tmp_path, blank_database_url, migrate_on_start=False)
    if blank_database_url.startswith("sqlite"):
        prepare_database(settings)
        assert revision_at(blank_database_url) == newest_revision()
        return
    with pytest.raises(ConfigurationError, match=rf"at revision {BEHIND}, this Benfex needs"):
        prepare_database(settings)
    assert revision_at(blank_database_url) == BEHIND


@pytest.mark.sqlite_only
def test_a_migration_that_is_killed_is_done_by_the_next_start(
    blank_database_url: str, databases: Databases, database_kind: str, tmp_path: Path
) -> None:
    _kill_a_migration(blank_database_url, databases, database_kind, tmp_path, share=0.8)


@pytest.mark.deep
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.8, 0.98])
def test_a_migration_that_is_killed_anywhere_is_done_by_the_next_start(
    blank_database_url: str, databases: Databases, database_kind: str, tmp_path: Path, share: float
) -> None:
    _kill_a_migration(blank_database_url, databases, database_kind, tmp_path, share=share)


def _kill_a_migration(
    blank_database_url: str, databases: Databases, database_kind: str, tmp_path: Path, *, share: float
) -> None:
    lead_to(blank_database_url, BEHIND)
    with databases.blank(database_kind) as other:  # how many statements it takes
        lead_to(other, BEHIND)
        statements = int(migrate(tmp_path, other, dies_at=0).stdout)
    died = migrate(tmp_path, blank_database_url, dies_at=round(statements * share))
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert revision_at(blank_database_url) in {BEHIND, newest_revision()}  # nothing in between
    prepare_database(settings_of(tmp_path, blank_database_url, migrate_on_start=True))
    assert revision_at(blank_database_url) == newest_revision()
    engine = create_engine(blank_database_url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


def migrate(home: Path, database_url: str, *, dies_at: int) -> "subprocess.CompletedProcess[str]":
    """Bring a database to the newest schema in a process that kills itself at a statement, 0 for never."""
    settings = settings_of(home, database_url, migrate_on_start=True)
    return subprocess.run(
        [sys.executable, "-c", MIGRATES, str(dies_at)],
        cwd=ROOT,
        env=environment_of(settings) | {"BENFEX_MIGRATE_ON_START": "1", "BENFEX_SECRET_KEY": "0" * 64},
        capture_output=True,
        text=True,
        check=False,
    )


def settings_of(home: Path, database_url: str, *, migrate_on_start: bool) -> Settings:
    return Settings(
        home=home,
        database_url=database_url,
        secret_key=SecretStr("0" * 64),
        migrate_on_start=migrate_on_start,
    )


def lead_to(database_url: str, revision: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        command.upgrade(configuration(connection), revision)
    engine.dispose()


def revision_at(database_url: str) -> str | None:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        found = revision_of(connection)
    engine.dispose()
    return found
