"""A start: soon at the doors, with the schema that it needs."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from pydantic import SecretStr
from sqlalchemy import create_engine

from benchmarks.processes import ROOT, environment_of
from benfex.bootstrap import prepare_database
from benfex.core.errors import ConfigurationError
from benfex.core.settings import Settings
from data.migrations.running import configuration, newest_revision, revision_of

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
