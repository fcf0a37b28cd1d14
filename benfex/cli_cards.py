"""The operator's commands about saved cards. Agreeing to charges is for their owners, in the portal."""

from dataclasses import asdict
from typing import Annotated

import typer

from benfex.cli_running import CLI, Demo, Json, fail, open_benfex, run, say
from benfex.payments.auto_pay import AutoPaid
from benfex.payments.saved_methods import SavedMethodView, saved_methods_of, withdraw_consent
from data.values.errors import BenfexError
from data.values.identifiers import CustomerId

cards = typer.Typer(help="Saved cards that pay bills by themselves.")


@cards.command("list")
def cards_list(
    customer_id: Annotated[int, typer.Argument(help="The customer whose cards they are.")],
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """List a customer's saved cards, newest first."""
    try:
        benfex = open_benfex(demo)
        found = benfex.transactor.read_sync(saved_methods_of, CLI, customer_id=CustomerId(customer_id))
    except BenfexError as error:
        raise fail(error) from None
    lines = [f"{method.id:>6}  {method.label:<24}{_standing(method)}" for method in found]
    rows = [{name: _plain(value) for name, value in asdict(method).items()} for method in found]
    say({"cards": rows}, "\n".join(lines) or "No card.", as_json=as_json)
    benfex.transactor.close()


@cards.command("withdraw")
def cards_withdraw(
    customer_id: Annotated[int, typer.Argument(help="The customer whose card it is.")],
    card_id: Annotated[int, typer.Argument(help="The card that pays nothing by itself any more.")],
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Take back for a customer that a card pays their bills by itself."""
    try:
        benfex = open_benfex(demo)
        benfex.transactor.run_sync(
            withdraw_consent, CLI, customer_id=CustomerId(customer_id), method_id=card_id
        )
    except BenfexError as error:
        raise fail(error) from None
    say({"withdrawn": card_id}, "The card pays nothing by itself any more.", as_json=as_json)
    benfex.transactor.close()


@cards.command("charge")
def cards_charge(as_json: Json = False, demo: Demo = False) -> None:
    """Charge now what is due; the timetable does it every ten minutes, and each invoice once a day."""
    try:
        benfex = open_benfex(demo)

        async def work() -> AutoPaid:
            return await benfex.auto_pay.run(CLI)

        done: AutoPaid = run(benfex, work())
    except BenfexError as error:
        raise fail(error) from None
    words = f"{done.charged} charged, {done.refused} refused, {done.to_confirm} wait for their owner."
    say(asdict(done), words, as_json=as_json)
    benfex.transactor.close()


def _standing(method: SavedMethodView) -> str:
    if method.is_expired:
        return "expired"
    if method.is_stopped:
        return f"stopped: {method.last_failure}"
    return "pays bills by itself" if method.pays_by_itself else "saved"


def _plain(value: object) -> object:
    return value if isinstance(value, (str, int, bool)) or value is None else str(value)
