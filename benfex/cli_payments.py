"""The operator's commands about money that came: listed, asked for, linked to, asked about, taken out again."""

from typing import Annotated

import typer

from benfex.cli_running import CLI, Demo, Json, figures_of, run, say, working
from benfex.core.paging import SliceRequest
from benfex.customers.api_views import customer_record
from benfex.payments.api_views import (
    AttemptRecord,
    PaymentRecord,
    attempt_record,
    attempt_records,
    payment_records,
    whole_payment,
)
from benfex.payments.checkout import CheckoutRequest
from benfex.payments.pay_links import create_pay_link
from benfex.payments.reversal import reverse_payment
from data.values.identifiers import CustomerId, PaymentId, parse_phone
from data.values.kinds import PaymentMark
from data.values.money import parse_money

payments = typer.Typer(help="Payments.")
_ROWS = SliceRequest(limit=100)
Payment = Annotated[int, typer.Argument(help="The payment.")]
Customer = Annotated[int, typer.Argument(help="The customer.")]


@payments.command("settle")
def payments_settle(as_json: Json = False, demo: Demo = False) -> None:
    """Work off gateway messages that wait, and ask about unfinished payments."""
    with working(demo) as benfex:

        async def work() -> tuple[int, int]:
            return await benfex.inbox.process_pending(), await benfex.reconciler.check_due_attempts()

        deliveries, attempts = run(benfex, work())
        text = f"Worked off {deliveries} messages and asked about {attempts} payments."
        say({"deliveries": deliveries, "attempts": attempts}, text, as_json=as_json)


@payments.command("list")
def payments_list(
    mark: Annotated[PaymentMark | None, typer.Option(help="Only those that stand so.")] = None,
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """List money that came, newest first."""
    with working(demo) as benfex:
        found = benfex.transactor.read_sync(payment_records, CLI, request=_ROWS, mark=mark).rows
        text = "\n".join(_payment_line(row) for row in found) or "None."
        say({"payments": [figures_of(row) for row in found]}, text, as_json=as_json)


@payments.command("show")
def payments_show(payment_id: Payment, as_json: Json = False, demo: Demo = False) -> None:
    """Print one payment, and what it pays."""
    with working(demo) as benfex:
        found = benfex.transactor.read_sync(whole_payment, CLI, payment_id=PaymentId(payment_id))
        parts = [
            f"        pays {part.amount.format_exact()} of {part.invoice_number}"
            + (", taken back" if part.reversed_at else "")
            for part in found.allocations
        ]
        figures = figures_of(found.payment) | {"pays": [figures_of(part) for part in found.allocations]}
        say(figures, "\n".join([_payment_line(found.payment), *parts]), as_json=as_json)


@payments.command("attempts")
def payments_attempts(as_json: Json = False, demo: Demo = False) -> None:
    """List what was asked of payers, newest first."""
    with working(demo) as benfex:
        found = benfex.transactor.read_sync(attempt_records, CLI, request=_ROWS).rows
        text = "\n".join(_attempt_line(row) for row in found) or "None."
        say({"attempts": [figures_of(row) for row in found]}, text, as_json=as_json)


@payments.command("ask")
def payments_ask(
    customer_id: Customer,
    amount: Annotated[str, typer.Argument(help="How much, such as 1500 or 1500.50.")],
    gateway: Annotated[str, typer.Option(help="By which way to pay.")] = "mpesa",
    phone: Annotated[str, typer.Option(help="Which phone is asked; the customer's own when left out.")] = "",
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Ask a payer for money, on their phone or on the gateway's page."""
    with working(demo) as benfex:
        read = benfex.transactor.read_sync
        customer = read(customer_record, CLI, customer_id=CustomerId(customer_id))
        request = CheckoutRequest(
            customer.id,
            parse_money(amount, customer.currency),
            gateway,
            phone=parse_phone(phone or customer.phone),
        )
        made = run(benfex, benfex.checkout.start(CLI, request))
        found = read(attempt_record, CLI, attempt_id=made)
        say(figures_of(found), _attempt_line(found), as_json=as_json)


@payments.command("link")
def payments_link(customer_id: Customer, as_json: Json = False, demo: Demo = False) -> None:
    """Make a link that pays for a customer without signing in; it is shown only now."""
    with working(demo) as benfex:
        token = benfex.transactor.run_sync(create_pay_link, CLI, customer_id=CustomerId(customer_id))
        url = f"{benfex.settings.public_url}/pay/{token}"
        say({"url": url}, url, as_json=as_json)


@payments.command("about")
def payments_about(
    gateway: Annotated[str, typer.Argument(help="Who is asked.")],
    receipt: Annotated[str, typer.Argument(help="The receipt as the payer shows it.")],
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Ask a gateway for its own record of a receipt; what it proves is booked once it answers."""
    with working(demo) as benfex:
        run(benfex, benfex.inquiries.ask_about(CLI, gateway=gateway, receipt=receipt))
        say(
            {"receipt": receipt.strip().upper()},
            "Asked. What it proves shows among payments.",
            as_json=as_json,
        )


@payments.command("reverse")
def payments_reverse(
    payment_id: Payment,
    reason: Annotated[str, typer.Option(help="Why it is no money of ours.")],
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Take a payment out of the books again: what it paid is open, and dunning decides about services."""
    with working(demo) as benfex:
        key = PaymentId(payment_id)
        benfex.transactor.run_sync(reverse_payment, CLI, payment_id=key, reason=reason)
        found = benfex.transactor.read_sync(whole_payment, CLI, payment_id=key).payment
        say(figures_of(found), _payment_line(found), as_json=as_json)


def _payment_line(row: PaymentRecord) -> str:
    whose = f"customer {row.customer_id}" if row.customer_id is not None else "nobody's yet"
    back = f", {row.given_back.format_exact()} given back" if row.given_back.is_positive else ""
    disputed = ", disputed" if row.is_disputed else ""
    return (
        f"{row.id:>6}  {row.received_at:%Y-%m-%d %H:%M}  {row.gateway} {row.transaction_id}  "
        f"{row.amount.format_exact():>16}  {whose}, {row.status}{back}{disputed}"
    )


def _attempt_line(row: AttemptRecord) -> str:
    why = f": {row.failure_message}" if row.failure_message else ""
    page = f"  {row.redirect_url}" if row.redirect_url else ""
    return (
        f"{row.id:>6}  {row.gateway} {row.reference}  {row.amount.format_exact():>16}  "
        f"customer {row.customer_id}, {row.payer or 'nobody named'}: {row.status}{why}{page}"
    )
