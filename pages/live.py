"""The bridge from the event bus to an open page: subscriptions that end with the page's client."""

import inspect
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

from nicegui import background_tasks, ui

from benfex.application import Benfex
from benfex.core.events import Event

E = TypeVar("E", bound=Event)


def on(
    benfex: Benfex,
    kind: type[E],
    handler: Callable[[E], Awaitable[None] | None],
    *,
    where: Callable[[E], bool] | None = None,
) -> None:
    """Call `handler` in this page's context for each event of the kind that passes `where`.

    Call it while the page is built; it ends when the page's client is deleted.
    """
    client = ui.context.client
    slot = ui.context.slot

    async def receive(event: E) -> None:
        if (where is not None and not where(event)) or client.is_deleted:
            return
        with slot:
            result = handler(event)
            if inspect.isawaitable(result):
                await result

    client.on_delete(benfex.bus.subscribe(kind, receive))


def hold(context_manager: AbstractAsyncContextManager[Any]) -> None:
    """Enter the context manager now and leave it when this page's client is deleted."""
    client = ui.context.client

    async def leave() -> None:
        await context_manager.__aexit__(None, None, None)

    async def enter() -> None:
        await context_manager.__aenter__()
        client.on_delete(leave)

    background_tasks.create(enter(), name="hold")
