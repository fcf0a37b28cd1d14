"""The operator's commands about messages of gateways: what could not be placed, tried again or set aside."""

from typing import Annotated

import typer

from benfex.cli_running import CLI, Demo, Json, figures_of, say, working
from benfex.core.paging import SliceRequest
from benfex.payments.delivery_desk import (
    delivery_records,
    refused_records,
    set_aside,
    try_again,
    whole_delivery,
)
from data.values.identifiers import WebhookId
from data.values.states import WebhookStatus

inbox = typer.Typer(help="Messages of gateways, and those that could not be placed.")
_ROWS = SliceRequest(limit=100)
Key = Annotated[int, typer.Argument(help="The message.")]


@inbox.command("list")
def inbox_list(
    status: Annotated[WebhookStatus | None, typer.Option(help="Only those that stand so.")] = None,
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """List the newest messages."""
    with working(demo) as benfex:
        found = benfex.transactor.read_sync(delivery_records, CLI, request=_ROWS, status=status).rows
        lines = [
            f"{row.id:>6}  {row.received_at:%Y-%m-%d %H:%M}  {row.gateway} {row.kind}  {row.status}, "
            f"tried {row.tries} times: {row.reason}"
            for row in found
        ]
        say({"messages": [figures_of(row) for row in found]}, "\n".join(lines) or "None.", as_json=as_json)


@inbox.command("refused")
def inbox_refused(as_json: Json = False, demo: Demo = False) -> None:
    """List what came to our addresses lately and proved nothing, and why it was refused."""
    with working(demo) as benfex:
        found = benfex.transactor.read_sync(refused_records, CLI, request=_ROWS).rows
        lines = [
            f"{row.id:>6}  {row.received_at:%Y-%m-%d %H:%M}  {row.gateway} {row.path}: {row.reason}"
            for row in found
        ]
        say({"refused": [figures_of(row) for row in found]}, "\n".join(lines) or "None.", as_json=as_json)


@inbox.command("show")
def inbox_show(key: Key, as_json: Json = False, demo: Demo = False) -> None:
    """Print one message and what it says."""
    with working(demo) as benfex:
        found = benfex.transactor.read_sync(whole_delivery, CLI, webhook_id=WebhookId(key))
        say(figures_of(found.delivery) | {"body": found.body}, found.body, as_json=as_json)


@inbox.command("retry")
def inbox_retry(key: Key, as_json: Json = False, demo: Demo = False) -> None:
    """Have a failed message worked off once more, by the Benfex that runs."""
    with working(demo) as benfex:
        benfex.transactor.run_sync(try_again, CLI, webhook_id=WebhookId(key))
        found = benfex.transactor.read_sync(whole_delivery, CLI, webhook_id=WebhookId(key)).delivery
        say(figures_of(found), f"Message {key} is tried again.", as_json=as_json)


@inbox.command("set-aside")
def inbox_set_aside(
    key: Key,
    reason: Annotated[str, typer.Option(help="Why it asks nothing of us.")],
    as_json: Json = False,
    demo: Demo = False,
) -> None:
    """Leave a failed message be."""
    with working(demo) as benfex:
        benfex.transactor.run_sync(set_aside, CLI, webhook_id=WebhookId(key), reason=reason)
        found = benfex.transactor.read_sync(whole_delivery, CLI, webhook_id=WebhookId(key)).delivery
        say(figures_of(found), f"Message {key} is set aside.", as_json=as_json)
