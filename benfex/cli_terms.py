"""The operator's commands about the terms on which money is taken, and about standing orders."""

from typing import Annotated

import typer

from benfex.cli_running import CLI, Demo, Json, figures_of, read_day, run, say, working
from benfex.customers.api_views import customer_record
from benfex.payments.policy import PaymentChanges, payment_policy, save_payment_policy
from benfex.payments.standing_orders import (
    FREQUENCIES,
    NewStandingOrder,
    StandingOrderView,
    end_standing_order,
    standing_order,
    standing_orders_of,
)
from data.values.errors import InvalidInput
from data.values.identifiers import CustomerId, StandingOrderId, parse_phone
from data.values.kinds import AddressCheck
from data.values.money import parse_money

terms = typer.Typer(help="The terms on which payments are taken, matched and given back.")
orders = typer.Typer(help="Standing orders that payers give at a gateway.")


@terms.command("show")
def terms_show(as_json: Json = False, demo: Demo = False) -> None:
    """Print the terms in force."""
    with working(demo) as benfex:
        found = figures_of(benfex.transactor.read_sync(payment_policy, CLI))
        say(found, "\n".join(f"{name:<28}{value}" for name, value in found.items()), as_json=as_json)


@terms.command("set")
def terms_set(
    match_threshold: Annotated[int | None, typer.Option(help="From how many points a match books.")] = None,
    refuses_unknown: Annotated[
        bool | None, typer.Option(help="Turn money for unknown accounts away at the gateway.")
    ] = None,
    second_person_above: Annotated[
        int | None, typer.Option(help="Above how many minor units a refund needs a second person.")
    ] = None,
    minimum: Annotated[
        int | None, typer.Option(help="The least that is taken online, in minor units.")
    ] = None,
    address_check: Annotated[
        AddressCheck | None, typer.Option(help="What happens to messages from other addresses.")
    ] = None,
    address: Annotated[list[str] | None, typer.Option(help="A network of gateways; all of them.")] = None,
    proxy: Annotated[
        list[str] | None, typer.Option(help="A proxy of ours that is trusted; all of them.")
    ] = None,
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Change some of the terms; what is not given stays."""
    given = PaymentChanges()
    if match_threshold is not None:
        given["match_threshold"] = match_threshold
    if refuses_unknown is not None:
        given["refuses_unknown_accounts"] = refuses_unknown
    if second_person_above is not None:
        given["second_person_above_minor"] = second_person_above
    if minimum is not None:
        given["pay_minimum_minor"] = minimum
    if address_check is not None:
        given["address_check"] = address_check
    if address is not None:
        given["gateway_addresses"] = tuple(address)
    if proxy is not None:
        given["trusted_proxies"] = tuple(proxy)
    with working(demo) as benfex:
        if not given:
            raise InvalidInput("terms", "Say what is to change; --help lists it.")
        benfex.transactor.run_sync(save_payment_policy, CLI, **given)
        found = figures_of(benfex.transactor.read_sync(payment_policy, CLI))
        say(found, "The new terms are in force.", as_json=as_json)


@orders.command("list")
def orders_list(
    customer_id: Annotated[int, typer.Argument(help="Whose orders.")],
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """List the standing orders of a customer."""
    with working(demo) as benfex:
        found = benfex.transactor.read_sync(standing_orders_of, CLI, customer_id=CustomerId(customer_id))
        text = "\n".join(_line(one) for one in found) or "No standing order."
        say({"orders": [figures_of(one) for one in found]}, text, as_json=as_json)


@orders.command("ask")
def orders_ask(
    customer_id: Annotated[int, typer.Argument(help="Who is to pay.")],
    amount: Annotated[str, typer.Argument(help="How much each time, such as 1500.")],
    starts_on: Annotated[str, typer.Option("--from", help="The first day, YYYY-MM-DD.")],
    ends_on: Annotated[str, typer.Option("--until", help="The last day, YYYY-MM-DD.")],
    frequency: Annotated[str, typer.Option(help=f"How often: {', '.join(FREQUENCIES)}.")] = "monthly",
    phone: Annotated[str, typer.Option(help="The phone that pays; the customer's own when left out.")] = "",
    gateway: Annotated[str, typer.Option(help="At which gateway.")] = "mpesa",
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Ask a payer for a standing order; they answer on their phone."""
    with working(demo) as benfex:
        read = benfex.transactor.read_sync
        customer = read(customer_record, CLI, customer_id=CustomerId(customer_id))
        wanted = NewStandingOrder(
            customer.id,
            gateway,
            parse_money(amount, customer.currency),
            parse_phone(phone or customer.phone),
            frequency,
            read_day("from", starts_on),
            read_day("until", ends_on),
        )
        made = run(benfex, benfex.standing_orders.start(CLI, wanted))
        found = read(standing_order, CLI, order_id=made)
        say(figures_of(found), _line(found), as_json=as_json)


@orders.command("end")
def orders_end(
    order_id: Annotated[int, typer.Argument(help="The order.")], as_json: Json = False, demo: Demo = False
) -> None:
    """Note that an order is no longer expected; at the gateway its payer ends it."""
    with working(demo) as benfex:
        key = StandingOrderId(order_id)
        benfex.transactor.run_sync(end_standing_order, CLI, order_id=key)
        found = benfex.transactor.read_sync(standing_order, CLI, order_id=key)
        say(figures_of(found), _line(found), as_json=as_json)


def _line(one: StandingOrderView) -> str:
    span = f"{one.frequency} from {one.starts_on} to {one.ends_on}"
    why = f": {one.failure_message}" if one.failure_message else ""
    return f"{one.id:>6}  {one.amount.format_exact():>16} {span}  {one.gateway_name} {one.status}{why}"
