"""The operator's commands about money that goes back. Approving is for people who are signed in."""

from typing import Annotated, Any

import typer

from benfex.cli_running import CLI, Demo, Json, fail, figures_of, open_benfex, run, say, working
from benfex.core.paging import SliceRequest
from benfex.payments.api_views import whole_payment
from benfex.payments.dispute_following import Answer
from benfex.payments.dispute_views import dispute_record, dispute_records
from benfex.payments.refund_requests import NewRefund, ask_refund, decline_refund
from benfex.payments.refund_views import RefundRecord, refund_record, refund_records
from data.values.errors import BenfexError
from data.values.identifiers import DisputeId, PaymentId, RefundId
from data.values.kinds import RefundWay
from data.values.money import parse_money
from data.values.states import DisputeStatus, RefundStatus

refunds = typer.Typer(help="Money that goes back to customers.")
_ROWS = SliceRequest(limit=100)


@refunds.command("list")
def refunds_list(
    status: Annotated[RefundStatus | None, typer.Option(help="Only those that stand so.")] = None,
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """List the newest refunds; what waits for a second person has the status awaiting."""
    try:
        benfex = open_benfex(demo)
        found = benfex.transactor.read_sync(refund_records, CLI, request=_ROWS, status=status).rows
    except BenfexError as error:
        raise fail(error) from None
    lines = [
        f"{row.id:>6}  {row.status:<10}{row.amount.format_exact():>18}  {row.gateway} {row.way}, "
        f"asked by {row.made_by}: {row.failure_message or row.reason}"
        for row in found
    ]
    say({"refunds": [_figures(row) for row in found]}, "\n".join(lines) or "No refund.", as_json=as_json)
    benfex.transactor.close()


@refunds.command("ask")
def refunds_ask(
    payment_id: Annotated[int, typer.Argument(help="The payment that money goes back of.")],
    amount: Annotated[str, typer.Argument(help="How much, such as 1500 or 1500.50.")],
    reason: Annotated[str, typer.Option(help="Why it goes back.")],
    way: Annotated[RefundWay, typer.Option(help="How it goes back.")] = RefundWay.BY_HAND,
    reference: Annotated[str, typer.Option(help="The number on the slip of money given by hand.")] = "",
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Ask for money of a payment to go back; above the set amount it waits for a second person."""
    try:
        benfex = open_benfex(demo)
        payment = benfex.transactor.read_sync(whole_payment, CLI, payment_id=PaymentId(payment_id)).payment
        wish = NewRefund(parse_money(amount, payment.amount.currency), reason, way, reference)

        async def work() -> RefundRecord:
            made = await benfex.transact(
                ask_refund, CLI, payment_id=payment.id, wish=wish, gateways=benfex.gateways.running
            )
            await benfex.refunds.send_approved()
            return await benfex.read(refund_record, CLI, refund_id=made)

        found: RefundRecord = run(benfex, work())
    except BenfexError as error:
        raise fail(error) from None
    say(_figures(found), f"Refund {found.id} of {found.amount} is {found.status}.", as_json=as_json)
    benfex.transactor.close()


@refunds.command("decline")
def refunds_decline(
    refund_id: Annotated[int, typer.Argument(help="The refund that is let go.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Let a refund go that was not sent."""
    try:
        benfex = open_benfex(demo)
        key = RefundId(refund_id)
        benfex.transactor.run_sync(decline_refund, CLI, refund_id=key, reason=reason)
        found = benfex.transactor.read_sync(refund_record, CLI, refund_id=key)
    except BenfexError as error:
        raise fail(error) from None
    say(_figures(found), f"Refund {found.id} of {found.amount} is declined.", as_json=as_json)
    benfex.transactor.close()


@refunds.command("to-account")
def refunds_to_account(
    refund_id: Annotated[int, typer.Argument(help="The refund that cannot go back as it came.")],
    bank: Annotated[str, typer.Option(help="The bank's code, as the gateway lists it.")],
    account: Annotated[str, typer.Option(help="The customer's account number.")],
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Have a refund sent to the customer's bank account."""
    with working(demo) as benfex:
        key = RefundId(refund_id)
        run(benfex, benfex.refunds.send_to_account(CLI, key, bank_code=bank, account_number=account))
        found = benfex.transactor.read_sync(refund_record, CLI, refund_id=key)
        say(_figures(found), f"Refund {found.id} goes to that account.", as_json=as_json)


@refunds.command("follow")
def refunds_follow(as_json: Json = False, demo: Demo = False) -> None:
    """Send what is approved, and ask gateways about what is under way and about disputes."""
    try:
        benfex = open_benfex(demo)

        async def work() -> tuple[int, int]:
            return await benfex.refunds.follow(), await benfex.disputes.read_all()

        count, disputes = run(benfex, work())
    except BenfexError as error:
        raise fail(error) from None
    text = f"Spoke to gateways about {count} refunds and read {disputes} disputes."
    say({"refunds": count, "disputes": disputes}, text, as_json=as_json)
    benfex.transactor.close()


@refunds.command("answer")
def refunds_answer(
    dispute_id: Annotated[int, typer.Argument(help="The dispute.")],
    message: Annotated[str, typer.Option(help="Why, for whoever decides at the bank.")],
    give_back: Annotated[
        bool, typer.Option("--give-back", help="Give in; we keep the money otherwise.")
    ] = False,
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Answer a payer who asked their bank for the money back."""
    with working(demo) as benfex:
        key = DisputeId(dispute_id)
        run(benfex, benfex.disputes.answer(CLI, key, Answer(gives_back=give_back, message=message)))
        found = benfex.transactor.read_sync(dispute_record, CLI, dispute_id=key)
        say(figures_of(found), f"Answered: the dispute is {found.status} now.", as_json=as_json)


@refunds.command("disputes")
def refunds_disputes(
    status: Annotated[DisputeStatus | None, typer.Option(help="Only those that stand so.")] = None,
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """List payers who asked their bank for the money back, and how many days are left to answer."""
    try:
        benfex = open_benfex(demo)
        found = benfex.transactor.read_sync(dispute_records, CLI, request=_ROWS, status=status).rows
    except BenfexError as error:
        raise fail(error) from None
    lines = [
        f"{row.id:>6}  {row.status:<10}{row.amount.format_exact():>18}  {row.gateway} {row.transaction_id or '?'}"
        f"{f', {row.days_left} days left' if row.days_left is not None else ''}"
        for row in found
    ]
    figures = [
        {
            "id": row.id,
            "gateway": row.gateway,
            "dispute_id": row.dispute_id,
            "payment_id": row.payment_id,
            "amount": row.amount.to_json(),
            "status": row.status,
            "due_at": row.due_at,
            "days_left": row.days_left,
        }
        for row in found
    ]
    say({"disputes": figures}, "\n".join(lines) or "No dispute.", as_json=as_json)
    benfex.transactor.close()


def _figures(row: RefundRecord) -> dict[str, Any]:
    return {
        "id": row.id,
        "payment_id": row.payment_id,
        "customer_id": row.customer_id,
        "gateway": row.gateway,
        "way": row.way,
        "amount": row.amount.to_json(),
        "status": row.status,
        "reason": row.reason,
        "reference": row.reference,
        "made_by": row.made_by,
        "decided_by": row.decided_by,
        "failure_message": row.failure_message,
    }
