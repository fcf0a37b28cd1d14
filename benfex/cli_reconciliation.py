"""The operator's commands about reconciliation: look at gateways, list days and differences, settle one."""

from typing import Annotated

import typer

from benfex.cli_running import CLI, Demo, Json, figures_of, run, say, working
from benfex.core.paging import SliceRequest
from benfex.payments.difference_answers import answer_difference
from benfex.payments.gateway_reconciliation import Reconciled
from benfex.payments.reconciliation_views import day_records, difference_record, difference_records
from data.values.identifiers import DifferenceId
from data.values.kinds import DifferenceAnswer

reconciliation = typer.Typer(help="What gateways say they received, against what is booked.")
_ROWS = SliceRequest(limit=100)
Gateway = Annotated[str | None, typer.Option(help="Only this way to pay.")]


@reconciliation.command("run")
def reconciliation_run(gateway: Gateway = None, as_json: Json = False, demo: Demo = False) -> None:
    """Read what gateways received, book what no message told us, and compare days, payouts and balances."""
    with working(demo) as benfex:

        async def look() -> tuple[Reconciled, ...]:
            if gateway is None:
                return await benfex.reconciliation.run_all()
            return (await benfex.reconciliation.run(CLI, gateway),)

        looks: tuple[Reconciled, ...] = run(benfex, look())
        lines = [
            f"{one.gateway}: {one.problem}"
            if one.problem
            else f"{one.gateway}: read {one.read}, booked {one.booked}, {one.payouts} payouts, "
            f"{one.red_days} days that differ"
            for one in looks
        ]
        text = "\n".join(lines) or "No gateway is set up that tells of itself."
        say({"gateways": [figures_of(one) for one in looks]}, text, as_json=as_json)
        if any(one.problem for one in looks):
            raise typer.Exit(2)


@reconciliation.command("days")
def reconciliation_days(
    gateway: Gateway = None,
    red: Annotated[bool, typer.Option("--red", help="Only days that differ.")] = False,
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """List the newest days, and why each differs that does."""
    with working(demo) as benfex:
        found = benfex.transactor.read_sync(
            day_records, CLI, request=_ROWS, gateway=gateway, only_red=red
        ).rows
        lines = [
            f"{one.day}  {one.gateway:<12} {'agrees ' if one.agrees else 'differs'}  booked {one.ours}, "
            f"their record {one.theirs}  {one.reason}".rstrip()
            for one in found
        ]
        say({"days": [figures_of(one) for one in found]}, "\n".join(lines) or "None.", as_json=as_json)


@reconciliation.command("differences")
def reconciliation_differences(
    gateway: Gateway = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are settled.")] = False,
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """List what waits for a person."""
    with working(demo) as benfex:
        found = benfex.transactor.read_sync(
            difference_records, CLI, request=_ROWS, gateway=gateway, is_open=None if everything else True
        ).rows
        lines = [
            f"{one.id:>6}  {one.day}  {one.gateway} {one.transaction_id}: {one.reason} {one.resolution}".rstrip()
            for one in found
        ]
        say({"differences": [figures_of(one) for one in found]}, "\n".join(lines) or "None.", as_json=as_json)


@reconciliation.command("settle")
def reconciliation_settle(
    key: Annotated[int, typer.Argument(help="The difference.")],
    words: Annotated[str, typer.Option(help="What was found out.")],
    answer: Annotated[
        DifferenceAnswer, typer.Option(help="Only noted, or where a balance comes from.")
    ] = DifferenceAnswer.NOTED,
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Settle a difference; what explains a balance is posted."""
    with working(demo) as benfex:
        benfex.transactor.run_sync(
            answer_difference, CLI, difference_id=DifferenceId(key), answer=answer, words=words
        )
        found = benfex.transactor.read_sync(difference_record, CLI, difference_id=DifferenceId(key))
        say(figures_of(found), f"Difference {key} is settled.", as_json=as_json)
