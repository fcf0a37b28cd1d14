"""Import a statement from a file: shown first, then booked in parts, each transaction once.

A file that was imported before changes nothing; one that broke off goes on where it stopped. What a file says is
read in `bank_files` and the gateways' own readers; what becomes of each row is said in `statement_booking`.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from benfex.core.actors import Actor, SystemActor, require
from benfex.core.paging import Page, PageRequest, Slice, SliceRequest, sliced
from benfex.core.policy import current_terms
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot
from benfex.payments.bank_files import BYTES_MAX, ROWS_MAX, read_bank_file
from benfex.payments.bank_mappings import Bank, find_bank
from benfex.payments.file_comparison import compare_file, compare_lines
from benfex.payments.registry import STATEMENT_FILES
from benfex.payments.statement_booking import (
    PartOutcome,
    PreviewRow,
    RowOutcome,
    Words,
    begin_import,
    book_lines,
    preview_lines,
    was_imported,
)
from benfex.payments.statement_files import FileLine, RefusedRow, StatementFile
from data.models.reconciliation import StatementImport
from data.queries import statement_files as file_queries
from data.values.errors import BenfexError, InvalidInput, NotFound
from data.values.identifiers import StatementImportId
from data.values.money import Money
from data.values.roles import Permission

_LOOKED_AT_ONCE = 200
_BOOKED_AT_ONCE = 20
_RECONCILER = SystemActor("reconciler")
_log = structlog.get_logger("statements")

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class StatementUpload:
    """A file and whose statement it is; `day_first` settles dates of M-Pesa's that can be read two ways.

    `words` says of rows that look like known money, by their number, whether they are.
    """

    bank: str
    file_name: str
    content: bytes
    day_first: bool | None = None
    words: Words = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Return what tells this file from others."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do. `skipped` rows say nothing about money."""

    bank: Bank
    rows: tuple[PreviewRow, ...]
    skipped: int
    imported_before: bool

    def count(self, outcome: RowOutcome) -> int:
        """Return how many rows come to this."""
        return sum(row.outcome is outcome for row in self.rows)

    def total(self, *outcomes: RowOutcome) -> Money | None:
        """Return what the rows that come to this bring, None where there are none."""
        amounts = [row.line.amount for row in self.rows if row.line and row.outcome in outcomes]
        return sum(amounts[1:], amounts[0]) if amounts else None


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What an import did: how many payments it booked, knew, and could not read or book."""

    import_id: StatementImportId
    booked: int
    known: int
    out: int
    skipped: int
    refused: tuple[RefusedRow, ...]


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """A file that was imported: how many transactions it told us of first, and what became of them."""

    id: StatementImportId
    bank: str
    gateway: str
    file_name: str
    imported_by: str
    imported_at: datetime
    lines: int
    booked: int
    known: int


class StatementImporter:
    """Reads files off the loop and works through them in parts, so that other work comes in between."""

    def __init__(self, transactor: Transactor) -> None:
        self._transactor = transactor

    async def preview(
        self, actor: Actor, upload: StatementUpload, *, progress: Progress | None = None
    ) -> Preview:
        """Return what an import would do; nothing is written. Raises NotFound, InvalidInput (file)."""
        bank, found = await self._read(actor, upload)
        rows = [PreviewRow(one.row, None, RowOutcome.REFUSED, one.reason) for one in found.refused]
        for part, done in _parts(found.lines, _LOOKED_AT_ONCE):
            rows += await self._transactor.read(
                preview_lines, actor, bank=bank, lines=part, words=upload.words
            )
            if progress is not None:
                progress(done, len(found.lines))
        before = await self._transactor.read(
            was_imported, actor, gateway=bank.gateway, file_sha256=upload.sha256
        )
        return Preview(bank, tuple(sorted(rows, key=lambda row: row.row)), found.skipped, before)

    async def apply(
        self, actor: Actor, upload: StatementUpload, *, progress: Progress | None = None
    ) -> ImportOutcome:
        """Book what is not known yet. Raises NotFound, InvalidInput (file); one row that fails stops no other."""
        bank, found = await self._read(actor, upload)
        import_id = await self._transactor.transact(
            begin_import, actor, bank=bank, file_name=upload.file_name, file_sha256=upload.sha256
        )
        refused = list(found.refused)
        booked = known = out = 0
        for part, done in _parts(found.lines, _BOOKED_AT_ONCE):
            for outcome in await self._book(actor, bank, import_id, part, upload.words):
                booked += outcome.booked
                known += outcome.known
                out += outcome.out
                refused += outcome.refused
            if progress is not None:
                progress(done, len(found.lines))
        await self._compare(bank.gateway, found.lines)
        return ImportOutcome(import_id, booked, known, out, found.skipped, tuple(refused))

    async def _compare(self, gateway: str, lines: tuple[FileLine, ...]) -> None:
        """Compare what the file said with our books; its money is booked by now, whatever comes of this."""
        for part, _ in _parts(lines, _LOOKED_AT_ONCE):
            await self._transactor.transact(compare_lines, _RECONCILER, gateway=gateway, lines=part)
        await self._transactor.transact(compare_file, _RECONCILER, gateway=gateway, lines=lines)

    async def _read(self, actor: Actor, upload: StatementUpload) -> tuple[Bank, StatementFile]:
        bank = await self._transactor.read(find_bank, actor, name=upload.bank)
        terms = await self._transactor.read(current_terms, actor)
        found = await asyncio.to_thread(
            read_upload, upload, bank, currency=terms.currency, timezone=terms.timezone
        )
        return bank, found

    async def _book(
        self,
        actor: Actor,
        bank: Bank,
        import_id: StatementImportId,
        lines: tuple[FileLine, ...],
        words: Words,
    ) -> list[PartOutcome]:
        """Book a part; where it fails, its rows one by one, so that one does not hold up the money behind it."""
        try:
            return [
                await self._transactor.transact(
                    book_lines, actor, bank=bank, import_id=import_id, lines=lines, words=words
                )
            ]
        except Exception as cause:  # noqa: BLE001 - told with its row below, or nothing was wrong with the row
            if len(lines) == 1:
                return [PartOutcome(refused=(RefusedRow(lines[0].row, _why(cause)),))]
            parts = [await self._book(actor, bank, import_id, (line,), words) for line in lines]
            return [outcome for part in parts for outcome in part]


def read_upload(upload: StatementUpload, bank: Bank, *, currency: str, timezone: str) -> StatementFile:
    """Return what a file says, by its bank's columns or its gateway's own reader. Raises InvalidInput (file)."""
    if len(upload.content) > BYTES_MAX:
        raise InvalidInput("file", "The file is larger than 10 MB. Export a shorter time.")
    if bank.mapping is not None:
        return read_bank_file(upload.content, bank.mapping, currency=currency, timezone=timezone)
    found = STATEMENT_FILES[bank.gateway](upload.content, upload.day_first)
    if len(found.lines) > ROWS_MAX:
        raise InvalidInput("file", f"The file has more than {ROWS_MAX:,} rows. Export a shorter time.")
    return found


def list_imports(snapshot: Snapshot, *, request: PageRequest) -> Page[ImportRecord]:
    """Return one page of imports, newest first."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    rows = file_queries.imports_page(snapshot.session, limit=request.limit, offset=request.offset)
    return Page(tuple(_record(row) for row in rows), file_queries.count_imports(snapshot.session))


def import_records(snapshot: Snapshot, *, request: SliceRequest) -> Slice[ImportRecord]:
    """Return imports, newest first."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    rows = file_queries.imports_after(snapshot.session, after_id=request.after_id, limit=request.limit + 1)
    return sliced([_record(row) for row in rows], limit=request.limit, place=lambda record: record.id)


def import_record(snapshot: Snapshot, *, import_id: StatementImportId) -> ImportRecord:
    """Return one import. Raises NotFound."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    row = file_queries.find_import(snapshot.session, import_id)
    if row is None:
        raise NotFound("import")
    return _record(row)


def _record(row: StatementImport) -> ImportRecord:
    assert row.id is not None
    assert row.created_at is not None
    return ImportRecord(
        id=StatementImportId(row.id),
        bank=row.mapping,
        gateway=row.gateway,
        file_name=row.file_name,
        imported_by=row.imported_by,
        imported_at=row.created_at,
        lines=row.lines,
        booked=row.booked,
        known=row.known,
    )


def _parts(lines: Sequence[FileLine], size: int) -> Iterator[tuple[tuple[FileLine, ...], int]]:
    """Yield the lines in parts, each with how many are done after it."""
    for start in range(0, len(lines), size):
        part = tuple(lines[start : start + size])
        yield part, start + len(part)


def _why(cause: Exception) -> str:
    if isinstance(cause, BenfexError):
        return cause.message
    _log.error("row not booked", exc_info=cause)
    return "Something went wrong on our side. It is logged."
