"""What every command has in common: how it is run, a Benfex that is opened, and how its outcome is told."""

import asyncio
import json
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Annotated, Any

import typer

from benfex.application import Benfex
from benfex.bootstrap import build, prepare_database
from benfex.core.actors import SystemActor
from benfex.core.logging import set_up_logging
from benfex.core.settings import Settings
from data.values.errors import BenfexError, InvalidInput
from data.values.money import Money

CLI = SystemActor("command line")
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Demo = Annotated[bool, typer.Option("--demo", help="Work on the demo's database.")]


def run_words(commands: typer.Typer, words: Sequence[str]) -> int:
    """Run one of the commands and return its exit code; what was typed wrong is told in one line, as all else."""
    try:
        return int(commands(list(words), standalone_mode=False) or 0)
    except typer.TyperException as error:
        # Only the errors of usage have more to say than their text: which option, and of which command.
        told = " ".join(getattr(error, "format_message", error.__str__)().split())
        context = getattr(error, "ctx", None)
        where = f" See {context.command_path} --help." if context is not None else ""
        typer.echo(f"benfex: {told.rstrip('.')}.{where}", err=True)
        return 2
    except typer.Abort:
        typer.echo("benfex: Nothing was done.", err=True)
        return 1


def open_benfex(demo: bool) -> Benfex:
    """Return a Benfex over its database, brought to the newest schema; nothing runs in it."""
    settings = Settings(demo=True) if demo else Settings()
    set_up_logging()
    prepare_database(settings)
    return build(settings)


@contextmanager
def working(demo: bool) -> Iterator[Benfex]:
    """Open a Benfex while a command works; what it may be told is said in one line, and the command ends with 1."""
    try:
        benfex = open_benfex(demo)
        try:
            yield benfex
        finally:
            benfex.transactor.close()
    except BenfexError as error:
        raise fail(error) from None


def figures_of(record: Any) -> dict[str, Any]:
    """Return a record as it is printed for programs: amounts exact, what is not of JSON as text."""
    return {item.name: _figure(getattr(record, item.name)) for item in fields(record)}


def _figure(value: Any) -> Any:
    if isinstance(value, Money):
        return value.to_json()
    if isinstance(value, tuple | list):
        return [_figure(one) for one in value]
    return figures_of(value) if is_dataclass(value) else value


def say(figures: dict[str, Any], text: str, *, as_json: bool) -> None:
    """Print the outcome for a program or for a person."""
    typer.echo(json.dumps(figures, default=str) if as_json else text)


def fail(error: BenfexError) -> typer.Exit:
    """Say in one line what went wrong, and return what ends the command with 1."""
    typer.echo(f"benfex: {error.message}", err=True)
    return typer.Exit(1)


def read_day(field: str, text: str) -> date:
    """Return a day that was written. Raises InvalidInput naming the field."""
    try:
        return date.fromisoformat(text)
    except ValueError as cause:
        raise InvalidInput(field, f"{text[:20]} is no day. Write it as 2026-11-30.") from cause


def run(benfex: Benfex, work: Coroutine[Any, Any, Any]) -> Any:
    """Run work that speaks to gateways, and return what it returned."""

    async def running() -> Any:
        await benfex.transactor.start()
        await benfex.gateways.load()
        try:
            return await work
        finally:
            await benfex.gateways.close()

    return asyncio.run(running())
