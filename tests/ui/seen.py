"""Showing a piece of a screen to a simulated person, and waiting for what it comes to."""

import asyncio
from collections.abc import Callable
from typing import Any

from nicegui import ui
from nicegui.testing import User

Show = Callable[..., Any]


async def see(person: User, build: Show) -> None:
    """Open a page that holds only what `build` makes."""
    ui.page("/seen")(build)
    await person.open("/seen")


async def until(is_so: Callable[[], bool]) -> None:
    """Wait, two seconds at most, until the page has come to be so."""
    async with asyncio.timeout(2):
        while not is_so():  # noqa: ASYNC110 (what is awaited is a state of the page, it has no event)
            await asyncio.sleep(0.01)
