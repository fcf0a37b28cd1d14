"""The organisation's statement as M-Pesa's portal exports it (CSV): its rows as lines of a statement. Pure.

Source: payments reference, D2. There is no official list of columns, so headers are found by their words. A
receipt repeats for its charge; Failed and TOTAL rows are no money. Times are East Africa Time.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from benfex.payments.statement_files import FileLine, StatementFile
from data.values.errors import DomainError, InvalidInput
from data.values.money import Money, parse_money

_CURRENCY = "KES"
_EAT = timezone(timedelta(hours=3))
_ROWS_MAX = 200_000
_HEADER_WITHIN = 40  # the organisation's name and the like stand above the header
_RECEIPT = re.compile(r"[A-Z0-9]{10}")
_SPOILED = re.compile(r"[0-9](\.[0-9]+)?E\+?[0-9]{1,3}", re.IGNORECASE)
_PHONE = re.compile(r"(254[17][0-9]{8})\b")
_DATE = re.compile(r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{2,4})[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?")
_COLUMNS: Final = {
    "receipt": ("receiptno", "receipt", "receiptnumber"),
    "completed": ("completiontime", "completeddate", "date"),
    "details": ("details",),
    "status": ("transactionstatus", "status"),
    "paid_in": ("paidin",),
    "withdrawn": ("withdrawn",),
    "reason": ("reasontype",),
    "party": ("otherpartyinfo", "otherparty"),
    "account": ("acno", "accountno", "accountnumber"),
    "linked": ("linkedtransactionid",),
}
_NEEDED = ("receipt", "completed", "paid_in", "withdrawn")
_CHARGES = ("charge", "tariff", "fee")


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    cells: dict[str, str]

    def __getitem__(self, name: str) -> str:
        return self.cells.get(name, "")


def read_statement_file(content: bytes, day_first: bool | None = None) -> StatementFile:
    """Return what the file says of completed transactions, each receipt once.

    Raises InvalidInput for a file that is none, that a spreadsheet spoiled, or whose dates may mean two things.
    """
    rows = list(_rows(content))
    for row in rows:
        _refuse_spoiled(row)
    order = _date_order(rows, day_first)
    lines: dict[str, FileLine] = {}
    fees: dict[str, Money] = {}
    skipped = 0
    for row in rows:
        line = _line(row, order)
        if line is None:
            skipped += 1
        elif _is_charge(row):
            fees[line.transaction_id] = fees.get(line.transaction_id, Money(0, _CURRENCY)) - line.amount
        else:
            kept = _kept(lines.get(line.transaction_id), line)
            skipped += kept is not line
            lines[line.transaction_id] = kept
    skipped += sum(receipt not in lines for receipt in fees)
    return StatementFile(
        tuple(replace(line, fee=fees.get(line.transaction_id)) for line in lines.values()), skipped
    )


def _kept(known: FileLine | None, line: FileLine) -> FileLine:
    """Return the row that is the payment: a receipt repeats for what followed from it, such as an overdraft."""
    if known is None or line.amount.minor > 0 > known.amount.minor:
        return line
    if known.amount.minor > 0 > line.amount.minor or known.amount == line.amount:
        return known
    raise InvalidInput(
        "file", f"Row {line.row}: {line.transaction_id} stands there twice with different amounts."
    )


def _rows(content: bytes) -> Iterator[_Row]:
    text = _decoded(content)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)))
    except csv.Error as cause:
        raise InvalidInput("file", "This is no CSV file.") from cause
    if len(lines) > _ROWS_MAX:
        raise InvalidInput("file", f"The file has more than {_ROWS_MAX:,} rows. Export a shorter time.")
    start, columns = _header(lines)
    for number, cells in enumerate(lines[start + 1 :], start=start + 2):
        named = {name: cells[at].strip() for name, at in columns.items() if at < len(cells)}
        if any(named.values()):
            yield _Row(number, named)


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    if "\0" in text or content.startswith(b"PK\x03\x04"):
        raise InvalidInput("file", "This is no CSV file. Export the statement as CSV, not as a workbook.")
    return text


def _delimiter(text: str) -> str:
    head = text[:8_000]
    return max((",", ";", "\t"), key=head.count)


def _header(lines: Sequence[Sequence[str]]) -> tuple[int, dict[str, int]]:
    for number, cells in enumerate(lines[:_HEADER_WITHIN]):
        plain = [re.sub(r"[^a-z]", "", cell.lower()) for cell in cells]
        columns = {
            name: next(plain.index(word) for word in words if word in plain)
            for name, words in _COLUMNS.items()
            if any(word in plain for word in words)
        }
        if all(name in columns for name in _NEEDED):
            return number, columns
    raise InvalidInput(
        "file", "No row names Receipt No., Completion Time, Paid In and Withdrawn. Is it M-Pesa's statement?"
    )


def _refuse_spoiled(row: _Row) -> None:
    for name in ("receipt", "paid_in", "withdrawn", "account", "party"):
        if _SPOILED.fullmatch(row[name].partition(" - ")[0].strip()):
            raise InvalidInput(
                "file",
                f"Row {row.number} has {row[name][:20]}: a spreadsheet spoiled the file. Export it anew"
                " and do not save it in a spreadsheet.",
            )


def _line(row: _Row, day_first: bool) -> FileLine | None:
    """Return the transaction of a row, None for what is no money: totals, failed and empty rows."""
    receipt = row["receipt"].upper()
    if not _RECEIPT.fullmatch(receipt) or row["status"].lower() not in {"completed", ""}:
        return None
    paid, withdrawn = _amount(row, "paid_in"), _amount(row, "withdrawn")
    if not (paid.minor or withdrawn.minor):
        return None
    # What was withdrawn stands there with or without a sign.
    amount = paid if paid.minor else Money(-abs(withdrawn.minor), _CURRENCY)
    phone = _PHONE.search(row["party"])
    return FileLine(
        row=row.number,
        transaction_id=receipt,
        at=_instant(row, day_first),
        amount=amount,
        account_reference=row["account"][:64],
        payer_name=row["party"].partition(" - ")[2].strip()[:120],
        payer_phone=f"+{phone.group(1)}" if phone else row["party"].partition(" - ")[0].strip()[:20],
        details=row["details"][:250],
        linked=row["linked"][:40].upper(),
    )


def _is_charge(row: _Row) -> bool:
    words = f"{row['details']} {row['reason']}".lower()
    return not _amount(row, "paid_in").minor and any(word in words for word in _CHARGES)


def _amount(row: _Row, name: str) -> Money:
    if not row[name]:
        return Money(0, _CURRENCY)
    try:
        return parse_money(row[name], _CURRENCY)
    except DomainError as cause:
        raise InvalidInput("file", f"Row {row.number}: {row[name][:20]} is no amount.") from cause


def _date_order(rows: Sequence[_Row], day_first: bool | None) -> bool:
    """Return whether the day comes before the month. M-Pesa writes dd-mm-yyyy; with slashes the file must show it."""
    if day_first is not None:
        return day_first
    written = [found for row in rows if (found := _DATE.match(row["completed"])) and len(found[1]) <= 2]
    if any(int(found[1]) > 12 for found in written):
        return True
    if any(int(found[2]) > 12 for found in written):
        return False
    if any("/" in found[0] and found[1] != found[2] for found in written):
        raise InvalidInput(
            "day_first", "Every date of the file can be read two ways. Say whether the day is first."
        )
    return True


def _instant(row: _Row, day_first: bool) -> datetime:
    found = _DATE.match(row["completed"])
    if found is None:
        raise InvalidInput("file", f"Row {row.number}: {row['completed'][:30]} is no date with a time.")
    first, second, third, hour, minute, seconds = (int(part or 0) for part in found.groups())
    year, month, day = (first, second, third) if len(found[1]) == 4 else (third, second, first)
    if len(found[1]) != 4 and not day_first:
        month, day = first, second
    try:
        local = datetime(year + 2000 if year < 100 else year, month, day, hour, minute, seconds, tzinfo=_EAT)
    except ValueError as cause:
        raise InvalidInput("file", f"Row {row.number}: {row['completed'][:30]} is no date.") from cause
    return local.astimezone(UTC)
