"""How many examples a property over a database has. Pure ones take as many as the profile in `conftest` says."""

import os

from hypothesis import settings

IS_DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"


def over_a_database(*, usual: int, deep: int) -> settings:
    """Return the settings of a property whose examples share a database, which grows with each of them."""
    return settings(max_examples=deep if IS_DEEP else usual)
