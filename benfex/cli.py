"""The operator's commands: what an ISP's admin does on the server itself.

Each command fails with one clear line and a code other than 0; `--json` prints what a program can read.
`serve` is added by `app.py`, which alone knows the screens.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Annotated

import typer

from benfex.cli_cards import cards
from benfex.cli_cash import cash
from benfex.cli_changes import devices
from benfex.cli_gateways import gateways
from benfex.cli_inbox import inbox
from benfex.cli_matching import matching
from benfex.cli_network import network
from benfex.cli_payments import payments
from benfex.cli_reconciliation import reconciliation
from benfex.cli_refunds import refunds
from benfex.cli_running import CLI as _CLI
from benfex.cli_running import Demo, Json, run_words
from benfex.cli_running import fail as _fail
from benfex.cli_running import open_benfex as _open
from benfex.cli_running import run as _run
from benfex.cli_running import say as _say
from benfex.cli_statements import statement
from benfex.cli_terms import orders, terms
from benfex.cli_webhooks import checkouts, webhooks
from benfex.core.policy import billing_today
from benfex.doctor import examine
from benfex.dunning.rehearsing import rehearse_tomorrow
from benfex.identity.passwords import check_password, hash_password
from benfex.identity.staff import create_staff
from benfex.ledger.verification import verify_ledger
from benfex.reporting.ageing import BUCKETS, ageing
from benfex.reporting.trial_balance import trial_balance
from benfex.subscriptions.bill_run import Progress
from benfex.subscriptions.rehearsal import in_words
from data.values.errors import BenfexError, InvalidInput
from data.values.money import Money
from data.values.roles import Role, StaffRole

commands = typer.Typer(
    name="benfex",
    help="The ISP in one process.",
    add_completion=False,
    no_args_is_help=False,
    pretty_exceptions_enable=False,
)
staff = typer.Typer(help="People who sign in to the console.")
bill = typer.Typer(help="Invoices.")
ledger = typer.Typer(help="The books.")
commands.add_typer(staff, name="staff")
commands.add_typer(bill, name="bill")
commands.add_typer(payments, name="payments")
commands.add_typer(network, name="network")
commands.add_typer(devices, name="router")
commands.add_typer(ledger, name="ledger")
commands.add_typer(refunds, name="refunds")
commands.add_typer(statement, name="statement")
commands.add_typer(cards, name="cards")
commands.add_typer(gateways, name="gateway")
commands.add_typer(cash, name="cash")
commands.add_typer(matching, name="match")
commands.add_typer(webhooks, name="webhooks")
commands.add_typer(checkouts, name="checkout")
commands.add_typer(reconciliation, name="reconciliation")
commands.add_typer(inbox, name="inbox")
commands.add_typer(terms, name="terms")
commands.add_typer(orders, name="orders")


def run_command_line(words: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    return run_words(commands, words)


@staff.command("create")
def staff_create(
    email: Annotated[str, typer.Argument(help="E-mail address to sign in with.")],
    name: Annotated[str, typer.Option(help="The person's name.")],
    role: Annotated[StaffRole, typer.Option(help="What the person may do.")] = StaffRole.ADMIN,
    password: Annotated[
        str,
        typer.Option(prompt=True, confirmation_prompt=True, hide_input=True, envvar="BENFEX_NEW_PASSWORD"),
    ] = "",
    demo: Demo = False,
) -> None:
    """Add a member of staff."""
    try:
        benfex = _open(demo)
        hashed = hash_password(check_password(password))
        benfex.transactor.run_sync(
            create_staff, _CLI, name=name, email=email, role=Role(role), password_hash=hashed
        )
    except BenfexError as error:
        raise _fail(error) from None
    typer.echo(f"{name} can sign in as {role.value} with {email}.")
    benfex.transactor.close()


@bill.command("run")
def bill_run(
    on: Annotated[str | None, typer.Option("--on", help="Bill what is due on this date, YYYY-MM-DD.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be billed, change nothing.")
    ] = False,
    is_checked: Annotated[
        bool, typer.Option("--yes-i-checked", help="Go on even if it is unlike the last cycle.")
    ] = False,
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Issue every invoice that is due. Running it again issues nothing twice.

    Ends with 2 when customers were left aside, with 3 when the run asks whether to go on.
    """
    asked = _date(on) if on else None
    try:
        benfex = _open(demo)
        today = benfex.transactor.read_sync(billing_today, _CLI)
        with _progress_bar(is_shown=not as_json and not dry_run) as tell:
            result = benfex.bill_runner.run_sync(
                _CLI, on=asked or today, dry_run=dry_run, is_checked=is_checked, tell=tell
            )
    except BenfexError as error:
        raise _fail(error) from None
    benfex.transactor.close()
    totals = [str(total) for total in result.totals]
    parked = [{"customer_id": row.customer_id, "reason": row.reason} for row in result.parked]
    lines = [f"customer {row.customer_id}: {row.reason}" for row in result.parked]
    text = (
        f"{'Would issue' if dry_run else 'Issued'} {result.invoices} invoices"
        f"{', ' + ', '.join(totals) if totals else ''}; {len(parked)} customers left aside."
    )
    _say(
        {
            "billed_on": result.billed_on,
            "invoices": result.invoices,
            "totals": [total.to_json() for total in result.totals],
            "parked": parked,
            "dry_run": dry_run,
            "run_id": result.run_id,
            "question": result.question,
        },
        f"{result.question} Add --yes-i-checked to go on." if result.question else "\n".join([text, *lines]),
        as_json=as_json,
    )
    if result.question:
        raise typer.Exit(3)
    if parked:
        raise typer.Exit(2)


@bill.command("rehearse")
def bill_rehearse(as_json: Json = False, demo: Demo = False) -> None:
    """Say what tomorrow would bill, suspend and let run out, as things stand now. Nothing is billed."""
    try:
        benfex = _open(demo)
        found = _run(benfex, rehearse_tomorrow(benfex.bill_runner, benfex.transactor, _CLI))
    except BenfexError as error:
        raise _fail(error) from None
    benfex.transactor.close()
    _say(found, in_words(found), as_json=as_json)


@contextmanager
def _progress_bar(*, is_shown: bool) -> Iterator[Callable[[Progress], None]]:
    """Yield what moves a bar on the terminal; on anything else nothing is shown."""
    if not is_shown or not sys.stderr.isatty():
        yield lambda _: None
        return
    with typer.progressbar(length=1, label="Customers", file=sys.stderr, show_pos=True) as bar:

        def tell(progress: Progress) -> None:
            bar.length = max(progress.total, 1)
            bar.update(progress.done - bar.pos)

        yield tell


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("write the date as YYYY-MM-DD", param_hint="--on") from None


@ledger.command("verify")
def ledger_verify(as_json: Json = False, demo: Demo = False) -> None:
    """Prove the books: entries, chain, balances, invoices. Names the first wrong row."""
    try:
        benfex = _open(demo)
        report = benfex.transactor.read_sync(verify_ledger, _CLI)
    except BenfexError as error:
        raise _fail(error) from None
    wrong = [f"{row.where} {row.what}" for row in report.discrepancies]
    _say(
        {"entries": report.entries, "sound": report.is_sound, "wrong": wrong},
        f"{report.entries} entries proved."
        if report.is_sound
        else "\n".join([f"The first wrong row: {wrong[0]}.", *wrong[1:]]),
        as_json=as_json,
    )
    benfex.transactor.close()
    if not report.is_sound:
        raise typer.Exit(2)


@commands.command("doctor")
def doctor(as_json: Json = False, demo: Demo = False) -> None:
    """Examine this installation: database, books, routers, jobs, settings."""
    try:
        benfex = _open(demo)
        findings = examine(benfex)
    except BenfexError as error:
        raise _fail(error) from None
    lines = [f"{'ok  ' if row.is_well else 'BAD '} {row.what}" for row in findings]
    _say(
        {"findings": [{"what": row.what, "well": row.is_well} for row in findings]},
        "\n".join(lines),
        as_json=as_json,
    )
    benfex.transactor.close()
    if not all(row.is_well for row in findings):
        raise typer.Exit(2)


@ledger.command("trial-balance")
def ledger_trial_balance(
    on: Annotated[str, typer.Option(help="The day, such as 2026-11-23; today when left out.")] = "",
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Print every account of the chart as of the end of a day."""
    try:
        day = date.fromisoformat(on) if on else None
        benfex = _open(demo)
        found = benfex.transactor.read_sync(trial_balance, _CLI, on=day)
    except ValueError:
        raise _fail(InvalidInput("on", "Write the day like 2026-11-23.")) from None
    except BenfexError as error:
        raise _fail(error) from None
    rows = [(f"{line.code} {line.name}", line.debit, line.credit) for line in found.lines]
    rows += [("Total", debit, credit) for debit, credit in found.totals]
    table = [f"{name:<28}{_cell(debit):>20}{_cell(credit):>20}" for name, debit, credit in rows]
    _say(
        {
            "on": found.on,
            "balanced": found.is_balanced,
            "lines": [
                {
                    "code": line.code,
                    "name": line.name,
                    "debit": line.debit.to_json(),
                    "credit": line.credit.to_json(),
                }
                for line in found.lines
            ],
        },
        "\n".join([f"{'Account':<28}{'Debit':>20}{'Credit':>20}", *table]),
        as_json=as_json,
    )
    benfex.transactor.close()


@ledger.command("ageing")
def ledger_ageing(as_json: Json = False, demo: Demo = False) -> None:
    """Print what customers owe by days overdue."""
    try:
        benfex = _open(demo)
        found = benfex.transactor.read_sync(ageing, _CLI)
    except BenfexError as error:
        raise _fail(error) from None
    head = f"{'Customer':<32}" + "".join(f"{bucket:>16}" for bucket in BUCKETS)
    rows = [(f"{debt.customer_name[:20]} {debt.account_number}", debt.parts) for debt in found.debts]
    rows += [("Total", parts) for parts in found.totals]
    table = [f"{name:<32}" + "".join(f"{_cell(part):>16}" for part in parts) for name, parts in rows]
    _say(
        {
            "on": found.on,
            "buckets": BUCKETS,
            "debts": [
                {
                    "customer_id": debt.customer_id,
                    "account_number": debt.account_number,
                    "parts": [part.to_json() for part in debt.parts],
                }
                for debt in found.debts
            ],
        },
        "\n".join([head, *table]),
        as_json=as_json,
    )
    benfex.transactor.close()


def _cell(amount: Money) -> str:
    return "" if amount.is_zero else amount.format_exact()
