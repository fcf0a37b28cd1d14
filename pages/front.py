"""What is served first: gateways are answered while pages, API and documents are still being loaded.

After a crash money comes before everything else, and loading the rest takes as long as all that went before.
"""

import asyncio
from collections.abc import Callable

import structlog
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from benfex.application import Benfex
from pages.webhooks import WebhookDoors

_HEAD_START_SECONDS = 0.5  # loading holds the interpreter; what knocked while we were away comes first
_log = structlog.get_logger("front")
_CANNOT_LOAD = JSONResponse({"status": "not ready", "missing": ["the web side"]}, status_code=503)


class Front:
    """The application that is served. `load` makes the rest; it is called off the loop once the flows run.

    `app` is the rest once it is there: NiceGUI finds its server by that name.
    """

    def __init__(self, benfex: Benfex, load: Callable[[], ASGIApp]) -> None:
        self.app: ASGIApp | None = None
        self._benfex, self._load = benfex, load
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
            await self._benfex.start()
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

    async def _serve_rest(self, receive: Receive) -> None:
        assert self._loaded is not None
        await asyncio.sleep(_HEAD_START_SECONDS)
        try:
            self.app = await asyncio.get_running_loop().run_in_executor(None, self._load)
        except Exception as cause:  # noqa: BLE001 - money is taken all the same; /readyz and doctor tell
            _log.critical("the web side cannot be loaded", exc_info=cause)
            self._loaded.set()
            await receive()
            return
        async with self.app.router.lifespan_context(self.app):  # type: ignore[attr-defined]
            self._loaded.set()
            await receive()
