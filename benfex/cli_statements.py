"""The operator's commands about statements that come as files: whose can be read, show one, book one."""

from pathlib import Path
from typing import Annotated, Any

import typer

from benfex.cli_running import CLI, Demo, Json, fail, open_benfex, run, say
from benfex.payments.bank_files import BYTES_MAX, MEANINGS, mapping_of
from benfex.payments.bank_mappings import Bank, banks, save_mapping
from benfex.payments.statement_booking import RowOutcome
from benfex.payments.statement_files import RefusedRow
from benfex.payments.statement_imports import ImportOutcome, Preview, StatementUpload
from benfex.payments.statement_likeness import sameness_words
from data.values.errors import BenfexError, InvalidInput

statement = typer.Typer(help="Statements of banks and gateways that come as CSV files.")
_SHOWN_MAX = 50


@statement.command("import")
def statement_import(
    file: Annotated[Path, typer.Argument(help="The CSV file.", exists=True, dir_okay=False)],
    bank: Annotated[str, typer.Option(help="Whose statement it is; mpesa comes ready-made.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be booked.")] = False,
    day_first: Annotated[
        bool | None,
        typer.Option(
            "--day-first/--month-first", help="How M-Pesa's dates are written, where it is not plain."
        ),
    ] = None,
    same: Annotated[
        list[str] | None, typer.Option(help="The number of a row that is the money it looks like.")
    ] = None,
    other: Annotated[
        list[str] | None, typer.Option(help="The number of a row that is other money than it looks like.")
    ] = None,
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Book what a statement says and we do not know; the same file again changes nothing.

    A row that looks like known money is refused until it is named with --same or --other.
    """
    try:
        benfex = open_benfex(demo)
        words = sameness_words(same=same or (), other=other or ())
        upload = StatementUpload(bank, file.name, _content(file), day_first, words)
        work = benfex.statements.preview(CLI, upload) if dry_run else benfex.statements.apply(CLI, upload)
        found: Preview | ImportOutcome = run(benfex, work)
    except BenfexError as error:
        raise fail(error) from None
    if isinstance(found, Preview):
        say(_preview_figures(found), _preview_text(found), as_json=as_json)
    else:
        say(_outcome_figures(found), _outcome_text(found), as_json=as_json)
    benfex.transactor.close()


@statement.command("banks")
def statement_banks(as_json: Json = False, demo: Demo = False) -> None:
    """List whose statements can be read."""
    try:
        benfex = open_benfex(demo)
        found = benfex.transactor.read_sync(banks, CLI)
    except BenfexError as error:
        raise fail(error) from None
    figures = [{"name": bank.name, "gateway": bank.gateway, "columns": _columns(bank)} for bank in found]
    say({"banks": figures}, "\n".join(f"{bank.name:<20}{_columns(bank)}" for bank in found), as_json=as_json)
    benfex.transactor.close()


@statement.command("map")
def statement_map(
    bank: Annotated[str, typer.Argument(help="The bank's name, such as Equity.")],
    column: Annotated[
        list[str],
        typer.Option(
            help=f"What a column means and its header, such as date='Value Date': {', '.join(MEANINGS)}."
        ),
    ],
    day_first: Annotated[
        bool, typer.Option("--day-first/--month-first", help="How dates are written.")
    ] = True,
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Remember which column of a bank's file means what."""
    try:
        benfex = open_benfex(demo)
        mapping = mapping_of(_named(column), day_first=day_first)
        benfex.transactor.run_sync(save_mapping, CLI, name=bank, mapping=mapping)
    except BenfexError as error:
        raise fail(error) from None
    say({"bank": bank}, f"The columns of {bank} are remembered.", as_json=as_json)
    benfex.transactor.close()


def _named(columns: list[str]) -> dict[str, str]:
    named = {}
    for written in columns:
        meaning, _, header = written.partition("=")
        if meaning not in MEANINGS:
            raise InvalidInput("column", f"{meaning[:40]} is none of {', '.join(MEANINGS)}.")
        named[meaning] = header
    return named


def _content(file: Path) -> bytes:
    if file.stat().st_size > BYTES_MAX:
        raise InvalidInput("file", "The file is larger than 10 MB. Export a shorter time.")
    return file.read_bytes()


def _columns(bank: Bank) -> str:
    return "ready-made" if bank.mapping is None else bank.mapping.written()


def _preview_text(found: Preview) -> str:
    lines = []
    for row in found.rows[:_SHOWN_MAX]:
        amount = row.line.amount.format_exact() if row.line else ""
        whom = f"{row.customer_name} {row.account_number}: " if row.customer_name else ""
        lines.append(f"row {row.row:>6}  {row.outcome:<8}{amount:>18}  {whom}{row.reason}")
    if len(found.rows) > _SHOWN_MAX:
        lines.append(f"and {len(found.rows) - _SHOWN_MAX:,} rows more")
    counts = ", ".join(f"{found.count(outcome):,} {outcome}" for outcome in RowOutcome)
    return "\n".join([*lines, f"{counts}; {found.skipped:,} rows are no money. Nothing was booked."])


def _preview_figures(found: Preview) -> dict[str, Any]:
    rows = [
        {
            "row": row.row,
            "outcome": row.outcome,
            "transaction_id": row.line.transaction_id if row.line else None,
            "amount": row.line.amount.to_json() if row.line else None,
            "customer_id": row.customer_id,
            "reason": row.reason,
        }
        for row in found.rows
    ]
    return {"imported_before": found.imported_before, "skipped": found.skipped, "rows": rows}


def _outcome_text(found: ImportOutcome) -> str:
    told = [f"row {row.row}: {row.reason}" for row in found.refused[:_SHOWN_MAX]]
    sums = f"Booked {found.booked:,}, known before {found.known:,}, money out {found.out:,}"
    return "\n".join([*told, f"{sums}, refused {len(found.refused):,}."])


def _outcome_figures(found: ImportOutcome) -> dict[str, Any]:
    def figures(row: RefusedRow) -> dict[str, Any]:
        return {"row": row.row, "reason": row.reason}

    return {
        "import_id": found.import_id,
        "booked": found.booked,
        "known": found.known,
        "out": found.out,
        "skipped": found.skipped,
        "refused": [figures(row) for row in found.refused],
    }
