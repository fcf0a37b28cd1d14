"""What stands in one cell of a bank's file: an amount, a date, a text that a spreadsheet may have spoiled. Pure."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from data.values.money import CURRENCIES, LARGEST_MINOR, Money

_SPOILED = re.compile(r"[0-9](?:[.,][0-9]+)?E[+-]?[0-9]{1,3}", re.IGNORECASE)
_GUARD = re.compile(r'="(.*)"', re.DOTALL)
_MARKS = re.compile(r"(?:KSHS?|KES|UGX|USHS?|TZS|TSHS?|[A-Z]{3})\.?(?=[\s0-9(-])|/=|/-$", re.IGNORECASE)
_SIDE = re.compile(r"\s*(CR|DR)\.?$", re.IGNORECASE)
_FIGURE = re.compile(r"[0-9]+(?:[., '\u00a0\u202f][0-9]+)*")
_NUMERIC_DATE = re.compile(r"(\d{1,4})[-/. ](\d{1,2})[-/. ](\d{2,4})")
_WORDED_DATE = re.compile(r"(\d{1,2})[-/. ]?([A-Za-z]{3,9})[-/., ]*(\d{2,4})")
_TIME = re.compile(
    r"[T ,]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(AM|PM)?(?:Z|[+-]\d{2}:?\d{2})?", re.IGNORECASE
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEARS = (2000, 2199)


class UnreadableCellError(ValueError):
    """A cell says something else than its column promises; the message is for a person."""


def clean(cell: str) -> str:
    """Return the text of a cell: without control characters, without what forces a spreadsheet to keep it a text."""
    text = "".join(
        " " if letter in "\n\r\t" else letter for letter in cell if letter >= " " or letter in "\n\r\t"
    )
    text = " ".join(text.replace("\ufffe", "").replace("\ufeff", "").split())
    guarded = _GUARD.fullmatch(text)
    return guarded[1].strip() if guarded else text.lstrip("'").strip()


def is_spoiled(text: str) -> bool:
    """Return whether a spreadsheet turned a long number into one like 2.54712E+11, whose digits are lost."""
    return _SPOILED.fullmatch(text) is not None


def read_amount(text: str, currency: str) -> Money | None:
    """Return the amount, None for an empty cell or a dash. Raises UnreadableCellError.

    Brackets, a minus on either side and DR mean less than nothing. Groups of three digits are thousands; what
    stands behind the last point or comma and is no group is a fraction.
    """
    if text in {"", "-", "--", "—"}:
        return None
    if is_spoiled(text):
        raise UnreadableCellError(f"{text[:20]} was spoiled by a spreadsheet")
    bare = _MARKS.sub(" ", text).strip()
    side = _SIDE.search(bare)
    bare = _SIDE.sub("", bare).strip()
    is_less = bool(side and side[1].upper() == "DR")
    if bare.startswith("(") and bare.endswith(")"):
        bare, is_less = bare[1:-1].strip(), not is_less
    if bare.startswith(("-", "\u2212")) or bare.endswith(("-", "\u2212")):
        bare, is_less = bare.strip("-\u2212 "), not is_less
    bare = bare.removeprefix("+").strip()
    if len(bare) > 40 or not bare.isascii() or not _FIGURE.fullmatch(bare):
        raise UnreadableCellError(f"{text[:20]} is no amount")
    minor = _minor(bare, CURRENCIES[currency], text)
    return Money(-minor if is_less else minor, currency)


def _minor(bare: str, exponent: int, text: str) -> int:
    whole, fraction = _parts(bare, text)
    if len(fraction.rstrip("0")) > exponent:
        raise UnreadableCellError(f"{text[:20]} has too many decimals")
    minor = int(whole + fraction[:exponent].ljust(exponent, "0"))
    if minor > LARGEST_MINOR:
        raise UnreadableCellError(f"{text[:20]} is more than can be")
    return minor


def _parts(bare: str, text: str) -> tuple[str, str]:
    """Return the digits before and behind the mark of the fraction."""
    marks = re.sub(r"[0-9]", "", bare)
    if not marks:
        return bare, ""
    last = marks[-1]
    head, _, tail = bare.rpartition(last)
    is_fraction = last in ".," and marks.count(last) == 1 and (len(tail) != 3 or len(set(marks)) > 1)
    if last == "." and marks == ".":
        is_fraction = True  # a point alone begins the decimals, even where three follow
    groups = re.split(r"[^0-9]", head if is_fraction else bare)
    if len(groups) > 1 and (len(groups[0]) > 3 or any(len(group) != 3 for group in groups[1:])):
        raise UnreadableCellError(f"{text[:20]} is no amount")
    return "".join(groups), tail if is_fraction else ""


def read_instant(text: str, *, day_first: bool, zone: ZoneInfo) -> datetime:
    """Return the instant in UTC; without a time it is midnight of the ISP. Raises UnreadableCellError."""
    year, month, day, rest = _date_parts(text, day_first=day_first)
    hour = minute = second = 0
    if rest.strip():
        found = _TIME.fullmatch(rest.rstrip())
        if found is None:
            raise UnreadableCellError(f"{text[:30]} is no date")
        hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
        if found[4] and 1 <= hour <= 12:
            hour = hour % 12 + (12 if found[4].upper() == "PM" else 0)
    if year < 100:
        year += 2000
    try:
        if not _YEARS[0] <= year <= _YEARS[1]:
            raise ValueError("no year of a statement")
        return datetime(year, month, day, hour, minute, second, tzinfo=zone).astimezone(UTC)
    except ValueError as cause:
        raise UnreadableCellError(f"{text[:30]} is no date") from cause


def _date_parts(text: str, *, day_first: bool) -> tuple[int, int, int, str]:
    """Return year, month, day, and what follows the date."""
    if not text.isascii():
        raise UnreadableCellError(f"{text[:30]} is no date")
    if found := _NUMERIC_DATE.match(text):
        first, second, third = (int(part) for part in found.groups())
        rest = text[found.end() :]
        if len(found[1]) >= 3:
            return first, second, third, rest
        return (third, second, first, rest) if day_first else (third, first, second, rest)
    if found := _WORDED_DATE.match(text):
        name = found[2].lower()[:3]
        if name in _MONTHS:
            return int(found[3]), _MONTHS.index(name) + 1, int(found[1]), text[found.end() :]
    raise UnreadableCellError(f"{text[:30]} is no date")


def day_comes_first(texts: list[str]) -> bool | None:
    """Return whether the day stands before the month, None where every date can be read two ways."""
    pairs = [
        (int(found[1]), int(found[2]))
        for text in texts
        if (found := _NUMERIC_DATE.match(text)) and len(found[1]) < 3
    ]
    if any(first > 12 for first, _ in pairs):
        return True
    if any(second > 12 for _, second in pairs):
        return False
    return None if any(first != second for first, second in pairs) else True
