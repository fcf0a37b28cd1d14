"""The operator's commands about other programs: endpoints, what they were told, and checkouts."""

from typing import Annotated

import typer

from benfex.cli_running import CLI, Demo, Json, figures_of, run, say, working
from benfex.core.paging import SliceRequest
from benfex.outgoing.endpoints import (
    OutboundRecord,
    list_endpoints,
    outbound_records,
    remove_endpoint,
    resend,
    rotate_secret,
)
from benfex.payments.hosted_checkouts import (
    NewCheckout,
    checkout_record,
    checkout_records,
    close_checkout,
    make_checkout,
)
from data.values.identifiers import EndpointId, OutboundId, PayLinkId
from data.values.kinds import PublicEvent
from data.values.money import parse_money
from data.values.states import MessageStatus

webhooks = typer.Typer(help="Other programs that hear from us.")
checkouts = typer.Typer(help="Pages where a customer pays, made for another program.")
_ROWS = SliceRequest(limit=100)
Key = Annotated[int, typer.Argument(help="The endpoint.")]
CheckoutKey = Annotated[int, typer.Argument(help="The checkout.")]


@webhooks.command("list")
def webhooks_list(as_json: Json = False, demo: Demo = False) -> None:
    """List the endpoints."""
    with working(demo) as benfex:
        found = benfex.transactor.read_sync(list_endpoints, CLI)
        lines = [
            f"{one.id:>6}  {'on ' if one.is_enabled else 'off'}  {one.url}  {', '.join(one.events)}"
            f" {one.problem}".rstrip()
            for one in found
        ]
        say({"endpoints": [figures_of(one) for one in found]}, "\n".join(lines) or "None.", as_json=as_json)


@webhooks.command("add")
def webhooks_add(
    url: Annotated[str, typer.Argument(help="A public https address.")],
    events: Annotated[
        list[PublicEvent], typer.Option("--event", help="What it hears; give it once for each.")
    ],
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Keep an address, and print its secret, which is told only now."""
    with working(demo) as benfex:
        key, secret = run(benfex, benfex.telling.add(CLI, url=url, events=events))
        say({"id": key, "secret": secret}, f"Endpoint {key}. Its secret: {secret}", as_json=as_json)


@webhooks.command("switch")
def webhooks_switch(
    key: Key,
    on: Annotated[bool, typer.Option("--on/--off", help="Whether it hears from us.")],
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Switch an endpoint on or off."""
    with working(demo) as benfex:
        run(benfex, benfex.telling.edit(CLI, EndpointId(key), is_enabled=on))
        say({"id": key, "is_enabled": on}, f"Endpoint {key} is {'on' if on else 'off'}.", as_json=as_json)


@webhooks.command("rotate")
def webhooks_rotate(key: Key, as_json: Json = False, demo: Demo = False) -> None:
    """Make a new secret; the former one signs beside it for a day."""
    with working(demo) as benfex:
        secret = benfex.transactor.run_sync(
            rotate_secret, CLI, endpoint_id=EndpointId(key), vault=benfex.vault
        )
        say({"id": key, "secret": secret}, f"Its new secret: {secret}", as_json=as_json)


@webhooks.command("remove")
def webhooks_remove(key: Key, as_json: Json = False, demo: Demo = False) -> None:
    """Tell an endpoint nothing any more."""
    with working(demo) as benfex:
        benfex.transactor.run_sync(remove_endpoint, CLI, endpoint_id=EndpointId(key))
        say({"id": key}, f"Endpoint {key} is removed.", as_json=as_json)


@webhooks.command("test")
def webhooks_test(key: Key, as_json: Json = False, demo: Demo = False) -> None:
    """Tell an endpoint something that means nothing, and print what came back."""
    with working(demo) as benfex:
        found: OutboundRecord = run(benfex, benfex.telling.test(CLI, EndpointId(key)))
        told = "It took it." if found.status is MessageStatus.SENT else found.problem
        say(figures_of(found), told, as_json=as_json)


@webhooks.command("deliveries")
def webhooks_deliveries(
    status: Annotated[MessageStatus | None, typer.Option(help="Only those that stand so.")] = None,
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """List what was told, newest first."""
    with working(demo) as benfex:
        found = benfex.transactor.read_sync(outbound_records, CLI, request=_ROWS, status=status).rows
        lines = [
            f"{one.id:>6}  {one.created_at:%Y-%m-%d %H:%M}  to {one.endpoint_id}  {one.event}  {one.status}, "
            f"tried {one.tries} times {one.problem}".rstrip()
            for one in found
        ]
        say({"deliveries": [figures_of(one) for one in found]}, "\n".join(lines) or "None.", as_json=as_json)


@webhooks.command("resend")
def webhooks_resend(
    key: Annotated[int, typer.Argument(help="The delivery that failed.")],
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Tell once more what failed, by the Benfex that runs."""
    with working(demo) as benfex:
        benfex.transactor.run_sync(resend, CLI, outbound_id=OutboundId(key))
        say({"id": key}, f"Delivery {key} is told again.", as_json=as_json)


@checkouts.command("create")
def checkouts_create(
    account: Annotated[str, typer.Argument(help="The customer's account number.")],
    amount: Annotated[str | None, typer.Option(help="How much; all that is owed when left out.")] = None,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    reference: Annotated[str | None, typer.Option(help="Your own name for it, used once.")] = None,
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Make a checkout, and print the address where it is paid."""
    with working(demo) as benfex:
        currency = benfex.settings.currency
        wish = NewCheckout(
            account_number=account,
            amount=parse_money(amount, currency) if amount is not None else None,
            description=description,
            client_reference=reference,
        )
        key = benfex.transactor.run_sync(make_checkout, CLI, wish=wish, vault=benfex.vault)
        found = benfex.transactor.read_sync(checkout_record, CLI, checkout_id=key, vault=benfex.vault)
        url = f"{benfex.settings.public_url}/pay/{found.token}"
        say(
            {"id": key, "url": url, "amount": found.amount.to_json() if found.amount else None},
            url,
            as_json=as_json,
        )


@checkouts.command("list")
def checkouts_list(as_json: Json = False, demo: Demo = False) -> None:
    """List checkouts, newest first."""
    with working(demo) as benfex:
        found = benfex.transactor.read_sync(checkout_records, CLI, request=_ROWS, vault=benfex.vault).rows
        figures = [
            {name: value for name, value in figures_of(one).items() if name != "token"} for one in found
        ]
        lines = [
            f"{one.id:>6}  {one.created_at:%Y-%m-%d %H:%M}  {one.account_number}  {one.amount}  {one.status}, "
            f"paid {one.paid}  {one.client_reference or ''}".rstrip()
            for one in found
        ]
        say({"checkouts": figures}, "\n".join(lines) or "None.", as_json=as_json)


@checkouts.command("close")
def checkouts_close(key: CheckoutKey, as_json: Json = False, demo: Demo = False) -> None:
    """Let nobody begin to pay a checkout any more."""
    with working(demo) as benfex:
        benfex.transactor.run_sync(close_checkout, CLI, checkout_id=PayLinkId(key))
        say({"id": key}, f"Checkout {key} is closed.", as_json=as_json)
