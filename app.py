"""The entry point: turns the key. `python app.py [--demo]` serves; `benfex COMMAND` works beside it.

The web side is imported when it is served, the other commands when one of them is meant: a start is short.
"""
# ruff: noqa: E402 - the collector rests while the rest is imported

import gc

gc.disable()  # what is imported stays: to look it through again and again took a quarter of the start

import signal
import socket
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from benfex.application import Benfex
from benfex.bootstrap import build, first_run_token, only_server, prepare_database
from benfex.cli_running import run_words
from benfex.core.errors import ConfigurationError
from benfex.core.logging import set_up_logging
from benfex.core.memory import leave_what_stays
from benfex.core.settings import Settings
from data.values.errors import BenfexError
from pages.front import Front

if TYPE_CHECKING:
    from fastapi import FastAPI

    from benfex.demo.living import LivingDemo

gc.freeze()
gc.enable()


def build_app(benfex: Benfex) -> Front:
    """Return the web side of a Benfex, ready for any ASGI server; gateways are answered before it is loaded whole."""

    def load() -> "FastAPI":
        gc.disable()
        try:
            from pages.register import build_app as register

            web = register(benfex)
            leave_what_stays()
        finally:
            gc.enable()
        return web

    return Front(benfex, load)


def serve(
    demo: Annotated[
        bool, typer.Option("--demo", help="Serve a living demo ISP, simulated on this machine.")
    ] = False,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.", min=1, max=65535)] = None,
) -> None:
    """Serve the console, the portal, the API and the webhooks until Ctrl-C."""
    set_up_logging()
    changes = {"demo": demo or None, "host": host, "port": port}
    settings = Settings().model_copy(
        update={name: value for name, value in changes.items() if value is not None}
    )
    try:
        _check_address(settings.host, settings.port)
        with only_server(settings, give_up=lambda: signal.raise_signal(signal.SIGTERM)):
            _serve(settings)
    except BenfexError as error:
        typer.echo(f"benfex: {error.message}", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        typer.echo("Benfex has stopped.")


def _serve(settings: Settings) -> None:
    import uvicorn

    prepare_database(settings)
    living = _living(settings) if settings.demo else None
    try:
        if living is not None:
            living.begin(say=typer.echo)
        benfex = build(settings)
        if living is not None:
            living.introduce(benfex)
        _greet(benfex, settings)
        server = uvicorn.Config(
            build_app(benfex),
            host=settings.host,
            port=settings.port,
            log_level="warning",
            access_log=False,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=3,
        )
        uvicorn.Server(server).run()
    finally:
        if living is not None:
            living.end()


def _living(settings: Settings) -> "LivingDemo":
    from benfex.demo.living import LivingDemo

    return LivingDemo(settings)


def _check_address(host: str, port: int) -> None:
    # Told before the demo is made and the address is printed, and in one line.
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as cause:
        raise ConfigurationError(
            f"Cannot listen on {host} port {port}: {cause.strerror}. Give another with --host and --port."
        ) from cause


def _greet(benfex: Benfex, settings: Settings) -> None:
    typer.echo(f"\n  Benfex is at {settings.public_url}")
    for role, name, password in benfex.demo_accounts:
        typer.echo(f"    {role:<11} {name:<26} {password}")
    if benfex.phone_url:
        typer.echo(f"  The simulated phones are at {benfex.phone_url}")
    token = first_run_token(benfex)
    if token is not None:
        typer.echo(f"  Begin at {settings.public_url}/first-run?token={token}")
    typer.echo("  Stop with Ctrl-C.\n")


def command() -> None:
    """Run the command line; without a command it serves."""
    words = sys.argv[1:]
    if words[:1] != ["--help"] and (not words or words[0].startswith("-")):
        words.insert(0, "serve")
    sys.exit(run_words(_serving() if words[0] == "serve" else _every_command(), words))


def _serving() -> typer.Typer:
    alone = typer.Typer(name="benfex", add_completion=False, pretty_exceptions_enable=False)
    alone.callback()(lambda: None)  # with one, a single command keeps its name
    alone.command("serve")(serve)
    return alone


def _every_command() -> typer.Typer:
    from benfex.cli import commands

    commands.command("serve")(serve)
    return commands


if __name__ == "__main__":
    command()
