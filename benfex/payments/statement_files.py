"""What a statement file of a gateway says, line by line, whatever its columns are called. Pure values.

How a file is read is in the gateway's own `statement` module, named in `registry`, and for banks in `bank_files`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from data.values.money import Money


@dataclass(frozen=True, slots=True)
class FileLine:
    """One transaction: `amount` is above nothing for money in and below it for money out; `at` is UTC.

    `row` is the line of the file, counted from 1, for a person who looks it up. `linked` is the transaction that it
    belongs to, where the file says so.
    """

    row: int
    transaction_id: str
    at: datetime
    amount: Money
    fee: Money | None = None
    account_reference: str = ""
    payer_name: str = ""
    payer_phone: str = ""
    details: str = ""
    linked: str = ""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that may be money and could not be read, and why, for a person."""

    row: int
    reason: str


@dataclass(frozen=True, slots=True)
class StatementFile:
    """The lines in the order of the file, one per transaction, and how many rows say nothing about money of ours."""

    lines: tuple[FileLine, ...]
    skipped: int
    refused: tuple[RefusedRow, ...] = ()


# Reads the bytes of a file; `day_first` settles dates such as 03/04/2026, None leaves it to the file.
ReadStatementFile: TypeAlias = Callable[[bytes, bool | None], StatementFile]
