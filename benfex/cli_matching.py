"""The operator's commands about whose money it is: what waits, whose it may be, placing it and taking that back."""

from typing import Annotated

import typer

from benfex.cli_running import CLI, Demo, Json, figures_of, run, say, working
from benfex.core.paging import SliceRequest
from benfex.payments.api_views import PaymentRecord, payment_records, whole_payment
from benfex.payments.claims import Claimed
from benfex.payments.placing import match_payment, undo_match
from benfex.payments.views import suggestions_of
from data.values.identifiers import CustomerId, PaymentId
from data.values.kinds import PaymentMark

matching = typer.Typer(help="Money that waits for its customer.")
_ROWS = SliceRequest(limit=100)
_CLAIMED = {
    Claimed.PLACED: "Found, and placed with them.",
    Claimed.ON_ACCOUNT: "It is on their account already.",
    Claimed.LOOKED_FOR: "Not certain yet: it is looked for, and placed once another fact agrees.",
}
Payment = Annotated[int, typer.Argument(help="The payment.")]


@matching.command("list")
def match_list(as_json: Json = False, demo: Demo = False) -> None:
    """List money without a customer, newest first."""
    with working(demo) as benfex:
        found = benfex.transactor.read_sync(
            payment_records, CLI, request=_ROWS, mark=PaymentMark.UNMATCHED
        ).rows
        lines = [
            f"{row.id:>6}  {row.gateway} {row.transaction_id}  {row.amount.format_exact():>16}  "
            f"{row.payer_name or 'unknown payer'}, typed {row.account_reference or 'nothing'}: {row.match_reason}"
            for row in found
        ]
        text = "\n".join(lines) or "No money waits."
        say({"payments": [figures_of(row) for row in found]}, text, as_json=as_json)


@matching.command("suggest")
def match_suggest(payment_id: Payment, as_json: Json = False, demo: Demo = False) -> None:
    """Say whose a payment may be and what speaks for it, best first."""
    with working(demo) as benfex:
        found = benfex.transactor.read_sync(suggestions_of, CLI, payment_id=PaymentId(payment_id))
        lines = [
            f"{one.score:>3}  customer {one.customer_id}, {one.customer_name} {one.account_number}: "
            f"{'; '.join(one.reasons)}"
            for one in found
        ]
        text = "\n".join(lines) or "Nobody we know."
        say({"suggestions": [figures_of(one) for one in found]}, text, as_json=as_json)


@matching.command("accept")
def match_accept(
    payment_id: Payment,
    customer_id: Annotated[int, typer.Argument(help="Whose money it is.")],
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Give money to its customer: it pays, restores what it pays for, and teaches the next match."""
    with working(demo) as benfex:
        key = PaymentId(payment_id)
        benfex.transactor.run_sync(match_payment, CLI, payment_id=key, customer_id=CustomerId(customer_id))
        found: PaymentRecord = benfex.transactor.read_sync(whole_payment, CLI, payment_id=key).payment
        say(figures_of(found), f"{found.amount} is customer {found.customer_id}'s now.", as_json=as_json)


@matching.command("claim")
def match_claim(
    customer_id: Annotated[int, typer.Argument(help="Who says that it is theirs.")],
    receipt: Annotated[str, typer.Argument(help="The gateway's receipt.")],
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Look for the money of a receipt, here and at the gateways; it is placed once another fact agrees."""
    with working(demo) as benfex:
        claimed = run(benfex, benfex.claims.claim(CLI, customer_id=CustomerId(customer_id), receipt=receipt))
        say({"outcome": claimed}, _CLAIMED[claimed], as_json=as_json)


@matching.command("undo")
def match_undo(
    payment_id: Payment,
    reason: Annotated[str, typer.Option(help="Why the money is not theirs.")],
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Take money from the customer it was placed with; it waits again, and what the match taught is forgotten."""
    with working(demo) as benfex:
        key = PaymentId(payment_id)
        benfex.transactor.run_sync(undo_match, CLI, payment_id=key, reason=reason)
        found: PaymentRecord = benfex.transactor.read_sync(whole_payment, CLI, payment_id=key).payment
        say(figures_of(found), f"{found.amount} waits for its customer again.", as_json=as_json)
