"""Pure: the text of a router's configuration: what of it counts as a change, and how two differ.

Source: RouterOS `/export`. The first comment holds the time of the export, long lines go on after a backslash, and
entries with our mark change whenever subscribers do.
"""

import difflib
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from data.values.kinds import DiffKind

_HEADER: Final = re.compile(r"#.* by RouterOS \d")
_CONTINUED: Final = re.compile(r"\\\n\s*")
_OURS: Final = re.compile(r'comment="?benfex:|(?:^add|\]) .*\bname="?benfex-')
CONTEXT_LINES: Final = 3


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a comparison; the number is that in the older text, in the newer for what was added."""

    kind: DiffKind
    number: int
    text: str


def fingerprint(text: str) -> str:
    """Return what two texts share that differ in nothing but the time of their export (SHA-256, hex)."""
    return hashlib.sha256("\n".join(_timeless(text)).encode()).hexdigest()


def changed_lines(older: str, newer: str) -> tuple[int, int]:
    """Return how many lines were added and removed, those with our mark and the time of the export left out.

    A menu counts with each of its lines, so that the same words in two menus are two things.
    """
    before, after = _lines_that_count(older), _lines_that_count(newer)
    return len(after - before), len(before - after)


def compare(older: str, newer: str) -> tuple[DiffLine, ...]:
    """Return how two texts differ, unified, with three lines around each change; nothing when they do not."""
    before, after = _timeless(older), _timeless(newer)
    return tuple(_unified(before, after))


def _unified(before: list[str], after: list[str]) -> Iterator[DiffLine]:
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for group in matcher.get_grouped_opcodes(CONTEXT_LINES):
        yield DiffLine(DiffKind.PLACE, group[0][1] + 1, _menu_at(before, group[0][1]))
        for tag, start, end, new_start, new_end in group:
            if tag == "equal":
                yield from _lines(DiffKind.SAME, before, start, end)
                continue
            yield from _lines(DiffKind.REMOVED, before, start, end)
            yield from _lines(DiffKind.ADDED, after, new_start, new_end)


def _lines(kind: DiffKind, texts: list[str], start: int, end: int) -> Iterator[DiffLine]:
    return (DiffLine(kind, at + 1, texts[at]) for at in range(start, end))


def _menu_at(lines: list[str], at: int) -> str:
    return next((line for line in reversed(lines[:at]) if line.startswith("/")), "")


def _timeless(text: str) -> list[str]:
    return [line for line in text.splitlines() if not _HEADER.match(line)]


def _lines_that_count(text: str) -> frozenset[tuple[str, int, str]]:
    """Return the whole lines by menu; the number tells lines apart that are there several times."""
    menu, seen, found = "", dict[tuple[str, str], int](), set[tuple[str, int, str]]()
    for line in _timeless(_CONTINUED.sub("", text)):
        if line.startswith("/"):
            menu = line
            continue
        if not line.strip() or _OURS.search(line):
            continue
        times = seen[menu, line] = seen.get((menu, line), 0) + 1
        found.add((menu, times, line))
    return frozenset(found)
