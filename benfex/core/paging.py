"""How lists are asked for and answered: always a page, never everything."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

SIZE_MAX = 100


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page of a list: numbered from 1; `sort` and `filter` are names the list knows."""

    page: int = 1
    size: int = 25
    sort: str = ""
    descending: bool = False
    search: str = ""
    filter: str = ""

    @property
    def limit(self) -> int:
        """Return how many rows to read, 1 to 100."""
        return min(max(self.size, 1), SIZE_MAX)

    @property
    def offset(self) -> int:
        """Return how many rows lie before the page."""
        return (max(self.page, 1) - 1) * self.limit


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list, and how many rows the whole list has."""

    rows: tuple[T, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    """Some rows of a list in key order, and where the next ones begin; None at the end."""

    rows: tuple[T, ...]
    next_cursor: str | None
