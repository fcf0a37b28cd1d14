"""How lists are asked for and answered: always a page, never everything."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from data.values.errors import InvalidInput

T = TypeVar("T")

SIZE_MAX = 100
_LARGEST_ID = 2**31 - 1


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


@dataclass(frozen=True, slots=True)
class SliceRequest:
    """Which slice of a list: how many rows, and the cursor that the slice before ended with."""

    limit: int = 25
    cursor: str | None = None

    @property
    def after_id(self) -> int | None:
        """Return the id that the slice before ended with, None for the first. Raises InvalidInput (cursor)."""
        return None if self.cursor is None else number_behind(self.cursor, largest=_LARGEST_ID)


def sliced(rows: Sequence[T], *, limit: int, place: Callable[[T], int]) -> Slice[T]:
    """Return the slice of `rows`, which were read one beyond the limit to see whether more follow."""
    kept = tuple(rows[:limit])
    return Slice(kept, cursor_at(place(kept[-1])) if len(rows) > limit else None)


def cursor_at(number: int) -> str:
    """Return a number as a cursor: opaque, so that what it holds may change."""
    return base64.urlsafe_b64encode(f"after:{number}".encode()).decode().rstrip("=")


def number_behind(cursor: str, *, largest: int) -> int:
    """Return the number in a cursor. Raises InvalidInput (cursor) for anything that was not made here."""
    refused = InvalidInput("cursor", "This cursor is not one of ours. Leave it out to begin at the start.")
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        number = int(text.removeprefix("after:"))
    except (ValueError, binascii.Error) as cause:
        raise refused from cause
    if not 0 <= number <= largest or cursor_at(number) != cursor:
        raise refused
    return number
