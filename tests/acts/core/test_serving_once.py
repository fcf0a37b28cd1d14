"""One process at a time runs the jobs of a database, and the next one soon after its machine was gone."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from benfex.core.holding import watched
from data.engine import Database, open_database
from data.locks import hold_database

PATIENCE_SECONDS = 20.0
CUT = """
SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


def test_a_second_process_is_told_that_the_database_is_held(database_url: str) -> None:
    first, second = open_database(database_url), open_database(database_url)
    try:
        with hold_database(first) as ours, hold_database(second) as theirs:
            assert (ours.is_held, theirs.is_held) == (True, False)
            assert (ours.keep(), theirs.keep()) == (True, False)
        with hold_database(second) as theirs:
            assert theirs.is_held
    finally:
        first.dispose()
        second.dispose()


def test_a_hold_whose_connection_was_cut_is_taken_again(blank_database_url: str) -> None:
    with two(blank_database_url) as (first, second), hold_database(first) as ours:
        cut(second)
        assert ours.keep()
        with hold_database(second) as theirs:
            assert not theirs.is_held


def test_who_lost_it_to_another_process_gives_up(blank_database_url: str) -> None:
    given_up = threading.Event()
    with two(blank_database_url) as (first, second), hold_database(first) as ours:
        if first.is_sqlite:
            pytest.skip("a file lock is lost by nobody")
        cut(second)
        with hold_database(second) as theirs, watched(ours, give_up=given_up.set, look_seconds=0.01):
            assert theirs.is_held
            assert given_up.wait(PATIENCE_SECONDS)
        assert ours.keep()


def test_who_keeps_it_does_not_give_up(blank_database_url: str) -> None:
    given_up = threading.Event()
    with two(blank_database_url) as (first, second), hold_database(first) as ours:
        with watched(ours, give_up=given_up.set, look_seconds=0.001):
            for _ in range(20):
                cut(second)
        assert ours.keep()
        assert not given_up.is_set()


@contextmanager
def two(database_url: str) -> Iterator[tuple[Database, Database]]:
    """Two processes' ways to one database."""
    first, second = open_database(database_url), open_database(database_url)
    try:
        yield first, second
    finally:
        first.dispose()
        second.dispose()


def cut(database: Database) -> None:
    """Have a server end everybody else's connections, as when it restarts; a file has none."""
    if not database.is_sqlite:
        with database.reader.connect() as link:
            link.execute(text(CUT))


def test_a_server_and_we_watch_whether_the_other_is_there(database_url: str) -> None:
    # What it says over TCP cannot be asked over this socket; that it was told can.
    database = open_database(database_url)
    try:
        if database.is_sqlite:
            pytest.skip("a file has nobody on another machine")
        for engine in (database.writer, database.reader):
            with engine.connect() as link:
                told = "SELECT count(*) FROM pg_settings WHERE source = 'session' AND name LIKE 'tcp\\_%'"
                assert link.execute(text(told)).scalar_one() == 4
                driver = link.connection.driver_connection
                assert driver is not None
                assert driver.info.get_parameters()["keepalives_idle"] == "20"
    finally:
        database.dispose()
