"""What is served first: gateways are answered before the work begins and pages, API and documents are loaded.

After a crash money comes before everything else: what was left half done holds the database, and loading the rest
takes as long as all that went before.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from benfex.application import Benfex
from pages.webhooks import WebhookDoors

_HEAD_START_SECONDS = 0.25  # before each of both: what knocked while we were away comes first
_AGAIN_SECONDS = 5.0
_log = structlog.get_logger("front")
_CANNOT_LOAD = JSONResponse({"status": "not ready", "missing": ["the web side"]}, status_code=503)


class Front:
    """The application that is served. `load` makes the rest; it is called off the loop once the work has begun.

    `app` is the rest once it is there: NiceGUI finds its server by that name.
    """

    def __init__(
        self, benfex: Benfex, load: Callable[[], ASGIApp], *, again_seconds: float = _AGAIN_SECONDS
    ) -> None:
        self.app: ASGIApp | None = None
        self._benfex, self._load, self._again_seconds = benfex, load, again_seconds
        self._doors = WebhookDoors(self._rest, benfex)
        self._loaded: asyncio.Event | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer gateways at once, everybody else when the rest is there."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._doors(scope, receive, send)

    async def _rest(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._loaded is not None
        await self._loaded.wait()
        if self.app is None:
            await _CANNOT_LOAD(scope, receive, send)
            return
        await self.app(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Start and stop everything; words of the ASGI specification, Lifespan Protocol 2.0."""
        await receive()
        self._loaded = asyncio.Event()
        try:
            await self._benfex.open_doors()
        except Exception as cause:
            await send({"type": "lifespan.startup.failed", "message": str(cause)})
            raise
        await send({"type": "lifespan.startup.complete"})
        try:
            await self._serve_rest(receive)
        finally:
            self._loaded.set()
            await self._benfex.stop()
            await send({"type": "lifespan.shutdown.complete"})

    async def _begin_work(self) -> None:
        """Begin the work, however often that fails: a database may be away for a moment."""
        while True:
            try:
                await self._benfex.begin_work()
            except Exception as cause:  # noqa: BLE001 - what comes in is kept all the same, and waits
                _log.critical("the work cannot begin", exc_info=cause)
                await asyncio.sleep(self._again_seconds)
            else:
                return

    @asynccontextmanager
    async def _garden(self) -> AsyncIterator[None]:
        """Open the door for who has not paid, where there is to be one."""
        settings = self._benfex.settings
        if settings.garden_port is None:
            yield
            return
        from pages.garden_door import garden_server

        server = garden_server(settings.public_url, host=settings.host, port=settings.garden_port)
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve(), name="garden door")
            try:
                yield
            finally:
                server.should_exit = True

    async def _serve_rest(self, receive: Receive) -> None:
        assert self._loaded is not None
        await asyncio.sleep(_HEAD_START_SECONDS)
        await self._begin_work()
        await asyncio.sleep(_HEAD_START_SECONDS)
        try:
            self.app = await asyncio.get_running_loop().run_in_executor(None, self._load)
        except Exception as cause:  # noqa: BLE001 - money is taken all the same; /readyz and doctor tell
            _log.critical("the web side cannot be loaded", exc_info=cause)
            self._loaded.set()
            await receive()
            return
        # the door opens inside: NiceGUI looks for the server that serves it, and must not find the door's
        async with self.app.router.lifespan_context(self.app), self._garden():  # type: ignore[attr-defined]
            self._loaded.set()
            await receive()
