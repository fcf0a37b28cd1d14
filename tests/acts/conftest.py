"""An ISP that is set up, for acts on money, bills and services; and books that must be sound after them."""

from collections.abc import Iterator

import pytest

from tests.conftest import Run
from tests.factories.isp import set_up_isp
from tests.factories.looks import assert_books_sound


@pytest.fixture
def isp(run: Run) -> Iterator[Run]:
    set_up_isp(run)
    yield run
    assert_books_sound(run)
