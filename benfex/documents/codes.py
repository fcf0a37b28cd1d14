"""QR codes as runs of dark modules. Pure."""

from typing import NamedTuple

import segno

# Choosing the mask by the standard's penalties takes most of the time, and every mask is valid to a reader.
_MASK = 3


class Run(NamedTuple):
    """Dark modules side by side: the row from the top, the first column, and how many."""

    row: int
    column: int
    length: int


class QrCode(NamedTuple):
    """A code without its quiet zone: modules along one side, and the dark runs from the top left."""

    size: int
    runs: tuple[Run, ...]


def qr_code(text: str) -> QrCode:
    """Return the QR code of a text, readable with 15 % of it damaged (level M)."""
    matrix = segno.make_qr(text, error="m", mask=_MASK, boost_error=False).matrix
    runs: list[Run] = []
    for row, modules in enumerate(matrix):
        column = 0
        for part in bytes(modules).split(b"\x00"):
            if part:
                runs.append(Run(row, column, len(part)))
            column += len(part) + 1
    return QrCode(len(matrix), tuple(runs))
