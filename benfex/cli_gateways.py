"""`benfex gateway`: list, set up and test the ways to pay. Secrets are asked for on the terminal and never shown."""

from typing import Annotated

import typer

from benfex.cli_running import CLI, Demo, Json, fail, open_benfex, run, say
from benfex.payments.gateway_setup import (
    GatewayView,
    gateway_view,
    gateway_views,
    set_up_gateway,
    switch_gateway,
)
from data.values.errors import BenfexError, InvalidInput

gateways = typer.Typer(help="Ways to pay.")
Name = Annotated[str, typer.Argument(help="The gateway, such as mpesa.")]


@gateways.command("list")
def gateway_list(as_json: Json = False, demo: Demo = False) -> None:
    """Print which gateways there are, and how each is set up."""
    try:
        benfex = open_benfex(demo)
        views = benfex.transactor.read_sync(gateway_views, CLI, vault=benfex.vault)
    except BenfexError as error:
        raise fail(error) from None
    lines = [f"{view.name:<14}{view.label:<16}{_state(view):<16}{_settings(view)}".rstrip() for view in views]
    say({"gateways": [_figures(view) for view in views]}, "\n".join(lines), as_json=as_json)
    benfex.transactor.close()


@gateways.command("set")
def gateway_set(
    name: Name,
    settings: Annotated[
        list[str] | None,
        typer.Argument(help="field=value; a secret given as field= is asked for. What is left out stays."),
    ] = None,
    forget: Annotated[
        list[str] | None, typer.Option(help="A secret that is no longer needed, such as the former key.")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Switch it off.")] = False,
    demo: Demo = False,
) -> None:
    """Set a gateway up, or switch it on or off; a Benfex that is running takes it up when it starts again."""
    try:
        benfex = open_benfex(demo)
        act = benfex.transactor.run_sync
        if settings or forget:
            view = benfex.transactor.read_sync(gateway_view, CLI, gateway=name, vault=benfex.vault)
            values = dict(view.settings) | dict(_pair(written, view) for written in settings or ())
            act(
                set_up_gateway,
                CLI,
                gateway=name,
                settings=values,
                vault=benfex.vault,
                is_enabled=not off,
                forget=forget or (),
            )
        else:
            act(switch_gateway, CLI, gateway=name, vault=benfex.vault, is_enabled=not off)
    except BenfexError as error:
        raise fail(error) from None
    typer.echo(f"{name} is {'off' if off else 'on'}.")
    benfex.transactor.close()


@gateways.command("check")
def gateway_check(name: Name, as_json: Json = False, demo: Demo = False) -> None:
    """Try a gateway's settings out without moving money; fails when something is wrong."""
    try:
        benfex = open_benfex(demo)
        found = run(benfex, benfex.gateway_checks.check(CLI, name))
    except BenfexError as error:
        raise fail(error) from None
    rows = [{"is_good": one.is_good, "text": one.text, "advice": one.advice} for one in found]
    lines = [f"{'ok ' if one.is_good else 'NO '} {one.text} {one.advice}".rstrip() for one in found]
    say({"findings": rows}, "\n".join(lines), as_json=as_json)
    benfex.transactor.close()
    if not all(one.is_good for one in found):
        raise typer.Exit(1)


def _pair(written: str, view: GatewayView) -> tuple[str, str]:
    name, equals, value = written.partition("=")
    if not equals:
        raise InvalidInput("settings", f"Write {name[:40]}=value.")
    is_secret = any(field.name == name and field.is_secret for field in view.fields)
    if is_secret and not value:
        value = typer.prompt(name, hide_input=True)
    return name, value


def _state(view: GatewayView) -> str:
    if not view.version:
        return "not set up"
    return "on" if view.is_enabled else "off"


def _settings(view: GatewayView) -> str:
    known = [f"{name}={value}" for name, value in view.settings.items()]
    return " ".join([*known, *(f"{name}=(stored)" for name in sorted(view.secrets_set))])


def _figures(view: GatewayView) -> dict[str, object]:
    return {
        "name": view.name,
        "label": view.label,
        "state": _state(view),
        "is_test": view.is_test,
        "settings": dict(view.settings),
        "secrets_set": sorted(view.secrets_set),
        "last_heard_at": view.last_heard_at,
    }
