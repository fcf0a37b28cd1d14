"""One process at a time runs the jobs of a database, and the next one soon after its machine was gone."""

import pytest
from sqlalchemy import text

from data.engine import open_database
from data.locks import hold_database


def test_a_second_process_is_told_that_the_database_is_held(database_url: str) -> None:
    first, second = open_database(database_url), open_database(database_url)
    try:
        with hold_database(first) as is_ours, hold_database(second) as is_theirs:
            assert (is_ours, is_theirs) == (True, False)
        with hold_database(second) as is_theirs:
            assert is_theirs
    finally:
        first.dispose()
        second.dispose()


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
