"""/statement-imports: statements of banks and gateways as CSV files; /statement-banks: whose can be read."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from benfex.core.unit_of_work import UnitOfWork
from benfex.identity.idempotency import Answer
from benfex.payments.bank_files import BYTES_MAX, mapping_of
from benfex.payments.bank_mappings import Bank, banks, find_bank, save_mapping
from benfex.payments.statement_booking import PreviewRow, RowOutcome
from benfex.payments.statement_imports import StatementUpload, import_record, import_records
from benfex.payments.statement_likeness import sameness_words
from data.values.identifiers import StatementImportId
from pages.api.auth import ActorDep
from pages.api.idempotency import UnsafeCallDep, told
from pages.api.problems import READING, WRITING
from pages.api.schemas import Amount, Incoming, Listing, Outgoing, PathId, SliceDep, Text
from pages.dependencies import BenfexDep

router = APIRouter(tags=["statements"])
_FILE = {
    "requestBody": {
        "required": True,
        "content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}},
    }
}
BankName = Annotated[str, Query(min_length=1, max_length=40, description="Whose statement it is.")]
FileName = Annotated[str, Query(max_length=200, description="What the file is called.")]
Same = Annotated[
    list[str] | None,
    Query(description="Numbers of rows that are the money they look like.", max_length=1_000),
]
Other = Annotated[
    list[str] | None,
    Query(description="Numbers of rows that are other money than they look like.", max_length=1_000),
]
DayFirst = Annotated[bool | None, Query(description="How M-Pesa's dates are written, where it is not plain.")]


class BankColumns(Incoming):
    """Which column of a bank's file means what, by its header; empty for what the bank does not say."""

    name: Text
    date: Text
    amount_in: Text
    amount_out: Text = ""
    balance: Text = ""
    reference: Text = ""
    details: Text = ""
    payer: Text = ""
    phone: Text = ""
    account: Text = ""
    fee: Text = ""
    day_first: bool = True


class StatementBank(Outgoing):
    """Whose statement can be read; `columns` is null for a gateway whose own reader knows its file."""

    name: str
    gateway: str
    columns: dict[str, str | bool] | None


class Row(Outgoing):
    """A row of a file, what would become of it and why."""

    row: int
    outcome: RowOutcome
    reason: str
    transaction_id: str | None
    at: datetime | None
    amount: Amount | None
    fee: Amount | None
    account_reference: str
    payer_name: str
    customer_id: int | None
    customer_name: str
    account_number: str


class StatementPreview(Outgoing):
    """What an import would do; `skipped` rows say nothing about money.

    `counts` are of the whole file, `rows` those that were asked for; `next_row` asks for more, null at the end.
    """

    bank: str
    imported_before: bool
    skipped: int
    counts: dict[RowOutcome, int]
    rows: list[Row]
    next_row: int | None


class Refused(Outgoing):
    """A row that was not booked, and why."""

    row: int
    reason: str


class Imported(Outgoing):
    """What an import did."""

    import_id: int
    booked: int
    known: int
    out: int
    skipped: int
    refused: list[Refused]


class Import(Outgoing):
    """A file that was imported: how many transactions it told us of first, and what became of them."""

    id: int
    bank: str
    gateway: str
    file_name: str
    imported_by: str
    imported_at: datetime
    lines: int
    booked: int
    known: int


@router.get("/statement-banks", responses=READING)
async def list_statement_banks(benfex: BenfexDep, actor: ActorDep) -> list[StatementBank]:
    """Return whose statements can be read."""
    return [_bank(bank) for bank in await benfex.read(banks, actor)]


@router.post("/statement-banks", status_code=201, response_model=StatementBank, responses=WRITING)
async def save_statement_bank(asked: BankColumns, call: UnsafeCallDep) -> Response:
    """Remember a bank's columns, in place of those before."""

    def work(uow: UnitOfWork) -> Answer:
        columns: Mapping[str, str] = asked.model_dump(exclude={"name", "day_first"})
        save_mapping(uow, name=asked.name, mapping=mapping_of(columns, day_first=asked.day_first))
        return told(201, _bank(find_bank(uow, name=asked.name)))

    return await call.once(work)


@router.post(
    "/statement-imports/preview", responses=WRITING, max_body_size=BYTES_MAX + 1, openapi_extra=_FILE
)
async def preview_statement(
    request: Request,
    benfex: BenfexDep,
    actor: ActorDep,
    bank: BankName,
    file_name: FileName = "statement.csv",
    day_first: DayFirst = None,
    from_row: Annotated[int, Query(ge=1, le=10**9, description="The first row of the file to tell of.")] = 1,
    limit: Annotated[int, Query(ge=1, le=1_000, description="How many rows to tell of.")] = 200,
) -> StatementPreview:
    """Return what an import of the file in the body would do; nothing is booked."""
    upload = StatementUpload(bank, file_name, await request.body(), day_first)
    found = await benfex.statements.preview(actor, upload)
    rows = [row for row in found.rows if row.row >= from_row][: limit + 1]
    return StatementPreview(
        bank=found.bank.name,
        imported_before=found.imported_before,
        skipped=found.skipped,
        counts={outcome: found.count(outcome) for outcome in RowOutcome},
        rows=[_row(row) for row in rows[:limit]],
        next_row=rows[limit].row if len(rows) > limit else None,
    )


@router.post("/statement-imports", responses=WRITING, max_body_size=BYTES_MAX + 1, openapi_extra=_FILE)
async def import_statement(
    request: Request,
    benfex: BenfexDep,
    actor: ActorDep,
    bank: BankName,
    file_name: FileName = "statement.csv",
    day_first: DayFirst = None,
    same: Same = None,
    other: Other = None,
) -> Imported:
    """Book what the file in the body says and we do not know. A repeat changes nothing, so it needs no key.

    A row that looks like known money is refused until it is named in `same` or `other`.
    """
    words = sameness_words(same=same or (), other=other or ())
    upload = StatementUpload(bank, file_name, await request.body(), day_first, words)
    return Imported.model_validate(await benfex.statements.apply(actor, upload))


@router.get("/statement-imports", responses=READING)
async def list_statement_imports(benfex: BenfexDep, actor: ActorDep, request: SliceDep) -> Listing[Import]:
    """Return files that were imported, newest first."""
    return Listing[Import].of(await benfex.read(import_records, actor, request=request))


@router.get("/statement-imports/{import_id}", responses=READING)
async def get_statement_import(import_id: PathId, benfex: BenfexDep, actor: ActorDep) -> Import:
    """Return one file that was imported."""
    found = await benfex.read(import_record, actor, import_id=StatementImportId(import_id))
    return Import.model_validate(found)


def _bank(bank: Bank) -> StatementBank:
    columns = None if bank.mapping is None else asdict(bank.mapping)
    return StatementBank(name=bank.name, gateway=bank.gateway, columns=columns)


def _row(row: PreviewRow) -> Row:
    line = row.line
    return Row(
        row=row.row,
        outcome=row.outcome,
        reason=row.reason,
        transaction_id=line.transaction_id if line else None,
        at=line.at if line else None,
        amount=Amount.model_validate(line.amount) if line else None,
        fee=Amount.model_validate(line.fee) if line and line.fee else None,
        account_reference=line.account_reference if line else "",
        payer_name=line.payer_name if line else "",
        customer_id=row.customer_id,
        customer_name=row.customer_name,
        account_number=row.account_number,
    )
