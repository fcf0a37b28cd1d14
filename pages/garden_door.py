"""The door that routers lead who has not paid to: whatever they asked for, they are sent to the portal.

It listens on a port of its own, since they ask for any host and path; phones that look whether they are online open
the portal by themselves.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route

_METHODS = ["GET", "HEAD", "POST"]


class _Server(uvicorn.Server):
    """A server beside the one that heeds signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the other."""
        yield


def garden_app(public_url: str) -> Starlette:
    """Return the application behind the door."""

    async def send_on(_: Request) -> RedirectResponse:
        return RedirectResponse(f"{public_url}/portal", 302, {"Cache-Control": "no-store"})

    return Starlette(routes=[Route("/{path:path}", send_on, methods=_METHODS)])


def garden_server(public_url: str, *, host: str, port: int) -> uvicorn.Server:
    """Return the server of the door; `serve` runs it until `should_exit`."""
    return _Server(
        uvicorn.Config(
            garden_app(public_url),
            host=host,
            port=port,
            lifespan="off",
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=1,
        )
    )
