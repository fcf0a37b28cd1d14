"""One process at a time runs the jobs of a database."""

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
