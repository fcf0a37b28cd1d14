"""Pure: versions of RouterOS as numbers that sort as they do, and which are behind."""

import re
from typing import Final

_VERSION: Final = re.compile(r"(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?")
MAJOR: Final = 1_000_000


def version_order(version: str) -> int:
    """Return 7018002 of "7.18.2 (stable)"; 0 of what is no version."""
    match = _VERSION.match(version)
    return int(match[1]) * MAJOR + int(match[2]) * 1000 + int(match[3] or 0) if match else 0


def say_version(order: int) -> str:
    """Return "7.18.2" of 7018002, "" of 0."""
    major, rest = divmod(order, MAJOR)
    minor, patch = divmod(rest, 1000)
    if not order:
        return ""
    return f"{major}.{minor}.{patch}" if patch else f"{major}.{minor}"
