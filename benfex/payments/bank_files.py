"""A bank's statement as CSV, whatever the bank: its rows as lines, by a mapping of its columns. Pure.

Encoding, separator and header are found; which column means what is said once per bank and kept. Rows that may be
money and cannot be read are refused one by one with the reason; totals, balances and footers are left out.
"""

import csv
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

from benfex.payments.bank_cells import (
    UnreadableCellError,
    clean,
    day_comes_first,
    is_spoiled,
    read_amount,
    read_instant,
)
from benfex.payments.statement_files import FileLine, RefusedRow, StatementFile
from data.values.errors import InvalidInput
from data.values.identifiers import ACCOUNT_PREFIX, check_account_number, parse_phone
from data.values.money import Money

BYTES_MAX = 10 * 1024 * 1024
ROWS_MAX = 20_000
_HEADER_WITHIN = 60
_CELLS_MAX = 200
_DELIMITERS = ",;\t|"
# What banks write where a sum stands instead of a transaction. A name such as Total Energies is none of these.
_TOTALS = re.compile(
    r"(sub|grand)?[ -]*totals?\b(\s+(credits?|debits?|amounts?|paid|money|in|out|for|of|transactions?|turnover"
    r"|balance|withdrawn|deposits?)\b.*|[^a-z]*)"
    r"|(opening|closing|available|book|ledger|running)\s+bal(ance)?\b.*|balance\s+(b/?f|c/?f|brought|carried)\b.*",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(rf"\b{ACCOUNT_PREFIX}[ -]?[0-9]{{6,9}}\b", re.IGNORECASE)
_PHONE = re.compile(r"(?<![\w+])\+?(?:254|0)[17][0-9]{8}(?!\w)")
# What banks call their columns, the likeliest first.
_WORDS: Mapping[str, tuple[str, ...]] = {
    "date": ("transaction date", "trans date", "txn date", "tran date", "posting date", "value date", "date"),
    "amount_in": (
        "credit",
        "credits",
        "money in",
        "paid in",
        "credit amount",
        "deposit",
        "deposits",
        "amount",
    ),
    "amount_out": ("debit", "debits", "money out", "paid out", "withdrawn", "debit amount", "withdrawal"),
    "balance": ("balance", "running balance", "book balance", "ledger balance"),
    "reference": (
        "transaction id",
        "bank reference number",
        "transaction reference",
        "reference",
        "ref no",
        "ref",
    ),
    "details": ("narrative", "transaction details", "description", "details", "narration", "particulars"),
    "payer": ("payer", "payer name", "sender", "customer name", "paid by", "from"),
    "phone": ("phone", "phone number", "msisdn", "mobile"),
    "account": ("customer reference", "account reference", "bill ref", "ac no", "account no"),
    "fee": ("fee", "charge", "charges", "commission"),
}
MEANINGS = tuple(_WORDS)


@dataclass(frozen=True, slots=True)
class BankMapping:
    """Which column of a bank's file means what, by its header; empty for what the bank does not say.

    Amounts out may share the column of amounts in: below nothing is out. `reference` must be the bank's own number
    of each transaction; without one, rows are told apart by what they say.
    """

    date: str
    amount_in: str
    amount_out: str = ""
    balance: str = ""
    reference: str = ""
    details: str = ""
    payer: str = ""
    phone: str = ""
    account: str = ""
    fee: str = ""
    day_first: bool = True

    def written(self) -> str:
        """Return the mapping as it is kept."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> "BankMapping":
        """Return the mapping that was kept; what this version does not know is left out."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in json.loads(text).items() if name in known})


@dataclass(frozen=True, slots=True)
class BankTable:
    """The cells of a file as they stand there, rows counted from 1; empty rows are left out."""

    rows: tuple[tuple[int, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """The first rows of a file for whoever says what its columns mean, and what they seem to mean.

    `mapping` is None where no row looks like a header; `is_ambiguous`: every date can be read two ways.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    mapping: BankMapping | None
    is_ambiguous: bool = False


def mapping_of(columns: Mapping[str, str], *, day_first: bool = True) -> BankMapping:
    """Return the mapping of columns by what they mean; a header may be written as in the file."""
    named = {meaning: plain(columns.get(meaning, "")) for meaning in MEANINGS}
    return BankMapping(
        date=named["date"],
        amount_in=named["amount_in"],
        amount_out=named["amount_out"],
        balance=named["balance"],
        reference=named["reference"],
        details=named["details"],
        payer=named["payer"],
        phone=named["phone"],
        account=named["account"],
        fee=named["fee"],
        day_first=day_first,
    )


def columns_of(sample: Sample) -> dict[str, str]:
    """Return the columns of a sample: how mappings name each, and how it is written."""
    return {plain(cell): cell for cell in sample.header if plain(cell)}


def read_table(content: bytes) -> BankTable:
    """Return the cells of a CSV file. Raises InvalidInput for one that is too large or is none."""
    if len(content) > BYTES_MAX:
        raise InvalidInput("file", "The file is larger than 10 MB. Export a shorter time.")
    text = _decoded(content)
    delimiter = max(_DELIMITERS, key=lambda mark: _evenness(text, mark))
    rows: list[tuple[int, tuple[str, ...]]] = []
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        for number, cells in enumerate(reader, start=1):  # as long as the file, which is at most 10 MB
            cleaned = tuple(clean(cell) for cell in cells[:_CELLS_MAX])
            if any(cleaned):
                rows.append((number, cleaned))
            if len(rows) > ROWS_MAX + _HEADER_WITHIN:
                break
    except csv.Error as cause:
        raise InvalidInput("file", "This is no CSV file.") from cause
    if len(rows) > ROWS_MAX:
        raise InvalidInput("file", f"The file has more than {ROWS_MAX:,} rows. Export a shorter time.")
    if not rows:
        raise InvalidInput("file", "The file is empty.")
    return BankTable(tuple(rows))


def sample_of(table: BankTable, *, size: int = 6) -> Sample:
    """Return the first rows, and which columns seem to mean what."""
    place = next(
        (at for at, (_, cells) in enumerate(table.rows[:_HEADER_WITHIN]) if _guess(cells) is not None), None
    )
    if place is None:
        widest = max(len(cells) for _, cells in table.rows[:_HEADER_WITHIN])
        place = next(at for at, (_, cells) in enumerate(table.rows) if len(cells) == widest)
    header = table.rows[place][1]
    below = [cells for _, cells in table.rows[place + 1 :]]
    mapping, order = _guess(header), None
    if mapping is not None:
        at = [plain(cell) for cell in header].index(mapping.date)
        order = day_comes_first([cells[at] for cells in below if at < len(cells)])
        mapping = replace(mapping, day_first=order is not False)
    return Sample(header, tuple(below[:size]), mapping, is_ambiguous=mapping is not None and order is None)


def read_bank_file(content: bytes, mapping: BankMapping, *, currency: str, timezone: str) -> StatementFile:
    """Return the transactions of a bank's file.

    Raises InvalidInput for a file that is none, is too large, or lacks a column that the mapping names.
    """
    table = read_table(content)
    start, columns = _header(table, mapping)
    reader = _Reader(columns, mapping, currency, ZoneInfo(timezone))
    for number, cells in table.rows[start + 1 :]:
        reader.read(number, cells)
    return StatementFile(tuple(reader.lines), reader.skipped, tuple(reader.refused))


def plain(header: str) -> str:
    """Return a column's header as mappings name it: small letters, without punctuation."""
    return " ".join(re.sub(r"[^\w ]+", " ", header.lower().replace(".", "").replace("/", "")).split())[:60]


class _Reader:
    """Reads row after row; a transaction's number that repeats is refused, as one of the two would be lost."""

    def __init__(
        self, columns: Mapping[str, int], mapping: BankMapping, currency: str, zone: ZoneInfo
    ) -> None:
        self._columns, self._mapping = columns, mapping
        self._currency, self._zone = currency, zone
        self._seen: dict[str, int] = {}
        self._alike: Counter[str] = Counter()
        self.lines: list[FileLine] = []
        self.refused: list[RefusedRow] = []
        self.skipped = 0

    def read(self, number: int, cells: Sequence[str]) -> None:
        """Keep the transaction of a row, or say why it is none."""
        named = {name: cells[at] for name, at in self._columns.items() if at < len(cells)}
        try:
            line = self._line(number, cells, named)
        except UnreadableCellError as error:
            self.refused.append(RefusedRow(number, f"{error}."))
            return
        if line is None:
            self.skipped += 1
            return
        before = self._seen.setdefault(line.transaction_id, number)
        if before != number:
            words = f"{line.transaction_id} stands in row {before} too. A transaction's number is used once."
            self.refused.append(RefusedRow(number, words))
            return
        self.lines.append(line)

    def _line(self, number: int, cells: Sequence[str], named: Mapping[str, str]) -> FileLine | None:
        when, texts = named.get("date", ""), [named.get(name, "") for name in ("amount_in", "amount_out")]
        first = next((cell for cell in cells if cell), "")
        if not any(character.isdecimal() for character in when):
            if any(texts) and not any(_TOTALS.fullmatch(cell) for cell in cells) and not _is_words(texts):
                raise UnreadableCellError("It has an amount and no date")
            return None
        if _TOTALS.fullmatch(first) or _TOTALS.fullmatch(named.get("details", "")):
            return None
        for name in ("reference", "account", "phone"):
            if is_spoiled(named.get(name, "")):
                raise UnreadableCellError(f"{named[name][:20]} was spoiled by a spreadsheet: export anew")
        amount = self._amount(*texts)
        if amount is None:
            return None
        at = read_instant(when, day_first=self._mapping.day_first, zone=self._zone)
        fee = read_amount(named.get("fee", ""), self._currency)
        return FileLine(
            row=number,
            transaction_id=self._id(named, at, amount),
            at=at,
            amount=amount,
            fee=abs(fee) if fee is not None and not fee.is_zero else None,
            account_reference=(named.get("account", "") or _account_in(named.get("details", "")))[:64],
            payer_name=named.get("payer", "")[:120],
            payer_phone=(named.get("phone", "") or _phone_in(named.get("details", "")))[:64],
            details=named.get("details", "")[:250],
        )

    def _amount(self, paid_in: str, paid_out: str) -> Money | None:
        """Return what came in, below nothing what went out; None for a row without money."""
        came = read_amount(paid_in, self._currency)
        if came is not None and not came.is_zero:
            return came
        if self._mapping.amount_out == self._mapping.amount_in:
            return None
        went = read_amount(paid_out, self._currency)
        return None if went is None or went.is_zero else -abs(went)

    def _id(self, named: Mapping[str, str], at: datetime, amount: Money) -> str:
        """Return the bank's number of a transaction; without one, the hash of what it says and how often."""
        reference = named.get("reference", "").upper()
        if reference and len(reference) <= 64:
            return reference if amount.is_positive else f"OUT {reference}"
        told = [
            named.get(name, "") for name in ("balance", "reference", "details", "payer", "phone", "account")
        ]
        said = hashlib.sha256(json.dumps([at.isoformat(), amount.minor, *told]).encode()).hexdigest()
        self._alike[said] += 1
        return f"ROW {said}"[:60] + f" {self._alike[said]}"


def _decoded(content: bytes) -> str:
    if content.startswith((b"PK\x03\x04", b"%PDF", b"\xd0\xcf\x11\xe0")):
        raise InvalidInput(
            "file", "This is no CSV file. Save the statement as CSV, not as a workbook or PDF."
        )
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _evenness(text: str, mark: str) -> tuple[int, int]:
    """Return how many of the first rows have the same number of cells, more than one, by this separator."""
    try:
        widths = Counter(
            len(cells)
            for cells in islice(csv.reader(io.StringIO(text[:65_536], newline=""), delimiter=mark), 80)
        )
    except csv.Error:
        return 0, 0
    many = [(count, width) for width, count in widths.items() if width > 1]
    return max(many, default=(0, 0))


def _header(table: BankTable, mapping: BankMapping) -> tuple[int, dict[str, int]]:
    wanted = {name: value for name, value in asdict(mapping).items() if isinstance(value, str) and value}
    best: set[str] = set(wanted.values())
    for place, (_, cells) in enumerate(table.rows[:_HEADER_WITHIN]):
        names = [plain(cell) for cell in cells]
        lacking = set(wanted.values()) - set(names)
        if not lacking:
            return place, {name: names.index(value) for name, value in wanted.items()}
        best = min(best, lacking, key=len)
    named = ", ".join(sorted(best))
    raise InvalidInput(
        "file", f"No row of the file names all columns. Missing: {named}. Is it this bank's file?"
    )


def _guess(cells: Sequence[str]) -> BankMapping | None:
    names = [plain(cell) for cell in cells]
    found = {
        meaning: next((word for word in words if word in names), "") for meaning, words in _WORDS.items()
    }
    if not found["date"] or not found["amount_in"]:
        return None
    return mapping_of(found)


def _account_in(details: str) -> str:
    """Return the account number that stands in a narrative, where exactly one with a right check digit does."""
    numbers = {check_account_number(found) for found in _ACCOUNT.findall(details)} - {None}
    return str(numbers.pop()) if len(numbers) == 1 else ""


def _phone_in(details: str) -> str:
    """Return the phone number that stands in a narrative, where exactly one does; it only suggests a payer."""
    numbers = set()
    for found in _PHONE.findall(details):
        try:
            numbers.add(str(parse_phone(found)))
        except InvalidInput:
            continue
    return numbers.pop() if len(numbers) == 1 else ""


def _is_words(texts: Sequence[str]) -> bool:
    """Return whether nothing in these cells has a digit: a second header, a page's foot."""
    return not any(character.isdecimal() for text in texts for character in text)
