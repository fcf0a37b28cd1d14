"""How the simulated Paystack lists: filters by time, numbered pages, and pages by cursor. Pure.

Paystack writes the end of a cursor as null or as the word "null" (payments reference, B8).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from starlette.responses import Response

from benfex.simulation import paystack_words as words
from benfex.simulation.door import json_answer

PAGE_ROWS = 50
PAGE_ROWS_MAXIMUM = 100

Row = TypeVar("Row")


def within(at: float, asked: Mapping[str, str]) -> bool:
    """Tell whether an instant lies between `from` and `to`, both included. Raises RefusedError."""
    starts_at, ends_at = instant(asked.get("from"), field="from"), instant(asked.get("to"), field="to")
    return (starts_at is None or at >= starts_at) and (ends_at is None or at <= ends_at)


def numbered_page(
    found: Sequence[Row], asked: Mapping[str, str], *, describe: Callable[[Row], object], message: str
) -> Response:
    """Return the page that `page` and `perPage` ask for, with the counts of all. Raises RefusedError."""
    size = page_size(asked)
    page = max(1, whole(asked.get("page"), field="page", default=1))
    rows = found[(page - 1) * size : page * size]
    meta: dict[str, object] = {
        "total": len(found),
        "skipped": (page - 1) * size,
        "perPage": size,
        "page": page,
        "pageCount": -(-len(found) // size),
    }
    return listed(message, [describe(row) for row in rows], meta)


def listed(message: str, data: list[object], meta: Mapping[str, object]) -> Response:
    """Return a list as Paystack answers it."""
    return json_answer({"status": True, "message": message, "data": data, "meta": dict(meta)})


def page_size(asked: Mapping[str, str]) -> int:
    """Return how many rows a page has. Raises RefusedError."""
    size = whole(asked.get("perPage"), field="perPage", default=PAGE_ROWS)
    return max(1, min(size, PAGE_ROWS_MAXIMUM))


def whole(text: str | None, *, field: str, default: int) -> int:
    """Return a whole number that was asked with. Raises RefusedError naming the field."""
    if not text:
        return default
    if not text.isdecimal():
        raise words.refused_parameter(f"Invalid {field} passed")
    return int(text)


def instant(text: str | None, *, field: str) -> float | None:
    """Return an instant that was asked with, in seconds since 1970. Raises RefusedError naming the field."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise words.refused_parameter(f"Invalid {field} passed") from error
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
