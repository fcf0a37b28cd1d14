"""Which rows of a table stand on which page. Pure; heights are in points."""

from collections.abc import Sequence


def paginate(heights: Sequence[float], *, first: float, other: float, closing: float) -> list[int]:
    """Return how many rows stand on each page, first to last; at least one page.

    `first` and `other` are what the first and each further page can hold, `closing` what must follow the last
    row on its page. A closing that does not fit takes the last rows along, so that it never stands alone when
    there are rows. A row higher than a page stands on one by itself.
    """
    pages: list[int] = []
    rows, used = 0, 0.0
    for height in heights:
        room = other if pages else first
        if rows and used + height > room:
            pages.append(rows)
            rows, used = 0, 0.0
        rows += 1
        used += height
    pages.append(rows)
    room = first if len(pages) == 1 else other
    if used + closing > room and rows:
        keep, along = rows, 0
        taken = 0.0
        while keep > 1 and along < 2:
            height = heights[len(heights) - along - 1]
            if along and taken + height + closing > other:
                break
            keep, along, taken = keep - 1, along + 1, taken + height
        pages[-1:] = [keep, along] if along else [rows, 0]
    return pages
