"""The operator's commands about money by hand: taken, counted at the end of a shift, brought to the bank.

A drawer is opened by the person who sits at it, on the screen of the cashier.
"""

from typing import Annotated

import typer

from benfex.cli_running import CLI, Demo, Json, figures_of, read_day, say, working
from benfex.core.paging import SliceRequest
from benfex.core.policy import current_terms
from benfex.customers.api_views import customer_record
from benfex.payments.api_views import whole_payment
from benfex.payments.cash import record_cash_payment
from benfex.payments.shift_views import shift_records, whole_shift
from benfex.payments.shifts import close_shift
from benfex.payments.sweeps import find_sweep, held_in_clearing, sweep, sweep_records
from data.values.identifiers import CustomerId, ShiftId
from data.values.kinds import CashMethod
from data.values.money import parse_money

cash = typer.Typer(help="Money by hand: taken, counted, brought to the bank.")
_ROWS = SliceRequest(limit=100)
Amount = Annotated[str, typer.Argument(help="How much, such as 1500 or 1500.50.")]


@cash.command("take")
def cash_take(
    customer_id: Annotated[int, typer.Argument(help="Who pays.")],
    amount: Amount,
    method: Annotated[CashMethod, typer.Option(help="How it came.")] = CashMethod.CASH,
    reference: Annotated[str, typer.Option(help="The number on the slip or cheque.")] = "",
    other_money: Annotated[
        bool, typer.Option("--other-money", help="Book it though a statement told of the same amount.")
    ] = False,
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Book money taken by hand under a receipt number of ours."""
    with working(demo) as benfex:
        read, act = benfex.transactor.read_sync, benfex.transactor.run_sync
        customer = read(customer_record, CLI, customer_id=CustomerId(customer_id))
        made = act(
            record_cash_payment,
            CLI,
            customer_id=customer.id,
            amount=parse_money(amount, customer.currency),
            method=method,
            reference=reference,
            is_other_money=other_money,
        )
        found = read(whole_payment, CLI, payment_id=made).payment
        text = f"{found.amount} of {customer.name} is booked. Receipt {found.receipt_number}."
        say(figures_of(found), text, as_json=as_json)


@cash.command("shifts")
def cash_shifts(as_json: Json = False, demo: Demo = False) -> None:
    """List the newest shifts, what should be in each drawer and what was counted."""
    with working(demo) as benfex:
        found = benfex.transactor.read_sync(shift_records, CLI, request=_ROWS).rows
        lines = [
            f"{row.id:>6}  {row.cashier_name:<24}{row.opened_at:%Y-%m-%d %H:%M}  expected {row.expected}, "
            + (f"counted {row.counted}, difference {row.difference}" if row.counted else "open")
            for row in found
        ]
        say({"shifts": [figures_of(row) for row in found]}, "\n".join(lines) or "No shift.", as_json=as_json)


@cash.command("count")
def cash_count(
    shift_id: Annotated[int, typer.Argument(help="The shift that is closed.")],
    counted: Amount,
    note: Annotated[str, typer.Option(help="What may explain a difference.")] = "",
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Close a shift with what was counted in its drawer; a difference is posted."""
    with working(demo) as benfex:
        read, act = benfex.transactor.read_sync, benfex.transactor.run_sync
        currency = read(whole_shift, CLI, shift_id=ShiftId(shift_id)).shift.opening.currency
        amount = parse_money(counted, currency)
        over = act(close_shift, CLI, shift_id=ShiftId(shift_id), counted=amount, note=note)
        found = read(whole_shift, CLI, shift_id=ShiftId(shift_id)).shift
        say(figures_of(found), f"The shift is closed, {over} over what was expected.", as_json=as_json)


@cash.command("held")
def cash_held(as_json: Json = False, demo: Demo = False) -> None:
    """Say what drawers and gateways hold by the books and our bank does not have yet."""
    with working(demo) as benfex:
        found = benfex.transactor.read_sync(held_in_clearing, CLI)
        lines = [f"{one.gateway:<16}{one.amount.format_exact():>18}" for one in found]
        say({"held": [figures_of(one) for one in found]}, "\n".join(lines) or "Nothing.", as_json=as_json)


@cash.command("sweep")
def cash_sweep(
    gateway: Annotated[str, typer.Argument(help="Out of what: cash, cheque, mpesa and so on.")],
    amount: Amount,
    reference: Annotated[str, typer.Option(help="The number on the slip or of the payout, used once.")],
    banked_on: Annotated[str, typer.Option("--on", help="The day, YYYY-MM-DD; today when left out.")] = "",
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Note that money went to the bank; an amount below nothing takes it back."""
    with working(demo) as benfex:
        read, act = benfex.transactor.read_sync, benfex.transactor.run_sync
        currency = read(current_terms, CLI).currency
        is_back = amount.startswith("-")
        asked = parse_money(amount.removeprefix("-"), currency)
        made = act(
            sweep,
            CLI,
            gateway=gateway,
            amount=-asked if is_back else asked,
            reference=reference,
            banked_on=read_day("on", banked_on) if banked_on else None,
        )
        found = read(find_sweep, CLI, sweep_id=made)
        say(figures_of(found), f"{found.amount} out of {found.gateway} is in the bank.", as_json=as_json)


@cash.command("sweeps")
def cash_sweeps(as_json: Json = False, demo: Demo = False) -> None:
    """List what went to the bank, newest first."""
    with working(demo) as benfex:
        found = benfex.transactor.read_sync(sweep_records, CLI, request=_ROWS).rows
        lines = [
            f"{row.id:>6}  {row.banked_on}  {row.gateway:<12}{row.amount.format_exact():>18}  {row.reference}"
            for row in found
        ]
        say({"sweeps": [figures_of(row) for row in found]}, "\n".join(lines) or "Nothing.", as_json=as_json)
