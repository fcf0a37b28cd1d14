"""Ping and traceroute from a router, each answer shown as it comes, ended when the person says so or leaves."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from nicegui import ui

from benfex.application import Benfex
from benfex.network.device import PINGS_MAX, Hop, PingReply
from benfex.network.views import RouterView
from components.elements import body, box, button, card, text
from components.feedback import Note
from components.form import Form, Values
from data.values.roles import Permission
from pages.admin.shell import may
from pages.dependencies import SignedInStaff


def build_tools(benfex: Benfex, staff: SignedInStaff, view: RouterView) -> None:
    """Create the tools of a router."""
    if not may(staff, Permission.OPERATE_NETWORK):
        Note("Your role does not test from routers.", symbol="lock")
        return
    tools = _Tools(benfex, staff, view)
    with box("bf-grid bf-main even"):
        with card("Ping from here"), body(), Form(tools.ping) as form:
            form.text("address", "Address", "8.8.8.8")
            form.whole("count", "Times", 5, hint=f"At most {PINGS_MAX}, one a second.")
            form.submit("Ping")
        with card("Trace the way"), body(), Form(tools.trace) as form:
            form.text("address", "Address", "8.8.8.8")
            form.submit("Trace")
    tools.build()


class _Tools:
    def __init__(self, benfex: Benfex, staff: SignedInStaff, view: RouterView) -> None:
        self._benfex, self._staff, self._view = benfex, staff, view
        self._running: asyncio.Task[None] | None = None

    def build(self) -> None:
        """Create where the answers are shown."""
        self._trouble = Note(tone="bad", symbol="circle-alert")
        with card("Answers") as self._card, body():
            self._lines = box("bf-stack tight num", aria_live="polite")
            self._stop = button("Stop", self._cancel, kind="ghost", icon="x", classes="small")
        self._card.set_visibility(False)
        ui.context.client.on_delete(self._cancel)

    async def ping(self, values: Values) -> None:
        """Ping, and show each answer."""
        actor = await self._staff.fresh()
        replies: list[PingReply] = []

        def heard(reply: PingReply) -> None:
            replies.append(reply)
            with self._lines:
                text(_say_reply(reply))

        await self._run(
            self._benfex.inspector.ping(
                actor,
                router_id=self._view.router_id,
                address=values["address"],
                count=values["count"],
                heard=heard,
            )
        )
        if replies:
            with self._lines:
                text(_say_pings(replies), "bf-ct")

    async def trace(self, values: Values) -> None:
        """Trace, and show the way as it grows."""
        actor = await self._staff.fresh()

        def heard(way: tuple[Hop, ...]) -> None:
            self._lines.clear()
            with self._lines:
                for hop in way:
                    text(_say_hop(hop))

        await self._run(
            self._benfex.inspector.trace(
                actor, router_id=self._view.router_id, address=values["address"], heard=heard
            )
        )

    async def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self._cancel()
        self._trouble.set(None)
        self._lines.clear()
        self._card.set_visibility(True)
        self._stop.set_visibility(True)
        running = self._running = asyncio.ensure_future(work)
        try:
            await running
        except asyncio.CancelledError:
            if not running.cancelled():
                raise
        finally:
            self._stop.set_visibility(False)

    def _cancel(self) -> None:
        if self._running is not None:
            self._running.cancel()


def _say_reply(reply: PingReply) -> str:
    answer = f"{reply.milliseconds:g} ms" if reply.milliseconds is not None else reply.problem or "no answer"
    return f"{reply.sequence + 1}. {reply.host}: {answer}"


def _say_pings(replies: list[PingReply]) -> str:
    times = [reply.milliseconds for reply in replies if reply.milliseconds is not None]
    words = f"{len(times)} of {len(replies)} answered"
    return f"{words}, {sum(times) / len(times):.1f} ms on average" if times else words


def _say_hop(hop: Hop) -> str:
    answer = f"{hop.milliseconds:g} ms" if hop.milliseconds is not None else "no answer"
    return f"{hop.number}. {hop.host or '—'}: {answer}"
