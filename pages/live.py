"""The bridge from the event bus to an open page: subscriptions that end with the page's client."""

import inspect
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar
from weakref import WeakSet

from nicegui import Client, background_tasks, ui

from benfex.application import Benfex
from benfex.core.events import Event, SessionsEnded
from data.values.errors import NotPermitted
from data.values.identifiers import UserId

E = TypeVar("E", bound=Event)
_LOOK_SECONDS = 30.0
_signed_out: WeakSet[Client] = WeakSet()


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
        if (where is not None and not where(event)) or client.is_deleted or client in _signed_out:
            return
        with slot:
            result = handler(event)
            if inspect.isawaitable(result):
                await result

    client.on_delete(benfex.bus.subscribe(kind, receive))


def leave_with_session(benfex: Benfex, user_id: UserId, fresh: Callable[[], Awaitable[object]]) -> None:
    """Send this page to the sign-in form when its session ends, and tell it nothing from then on.

    `fresh` raises NotPermitted when it did. Sockets outlive sessions, so the page would go on being told.
    """
    client = ui.context.client
    slot = ui.context.slot

    async def look(_: object = None) -> None:
        try:
            await fresh()
        except NotPermitted:
            _signed_out.add(client)
            timer.cancel()
            with slot:
                ui.navigate.to("/login")

    timer = ui.timer(_LOOK_SECONDS, look, immediate=False)  # a session may also run out by itself
    on(benfex, SessionsEnded, look, where=lambda event: event.user_id == user_id)


def hold(context_manager: AbstractAsyncContextManager[Any]) -> None:
    """Enter the context manager now and leave it when this page's client is deleted."""
    client = ui.context.client

    async def leave() -> None:
        await context_manager.__aexit__(None, None, None)

    async def enter() -> None:
        await context_manager.__aenter__()
        client.on_delete(leave)

    background_tasks.create(enter(), name="hold")
