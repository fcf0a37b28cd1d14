"""One HTTP door of the simulation: a server on loopback inside the running loop, and what its rooms share.

What is behind a door is in daraja.py, paystack.py and control.py.
"""

import asyncio
import contextlib
import json
import socket
from collections.abc import Callable, Generator

import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

Peer = tuple[str, int]

START_SECONDS = 10.0
FINISH_SECONDS = 0.3
BACKLOG = 512


class Door:
    """An ASGI application served on one port; a handler may cut the connection instead of answering."""

    def __init__(self, app: ASGIApp, *, port: int = 0, host: str = "127.0.0.1") -> None:
        self._app = app
        self._host = host
        self._port = port
        self._transports: dict[Peer, asyncio.Transport] = {}
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """Return the port; known after `start`."""
        return self._port

    @property
    def url(self) -> str:
        """Return the address of the door, without a slash at the end; known after `start`."""
        return f"http://{self._host}:{self._port}"

    async def start(self) -> None:
        """Listen on the wanted port, or on a free one when it is 0. Raises OSError when the port is taken."""
        listener = _listen(self._host, self._port)
        self._port = listener.getsockname()[1]
        config = uvicorn.Config(
            self._enter,
            interface="asgi3",
            http=_cuttable(self._transports),
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
        )
        self._server = _Server(config)
        self._task = asyncio.get_running_loop().create_task(self._server.serve(sockets=[listener]))
        async with asyncio.timeout(START_SECONDS):
            await self._server.ready.wait()

    async def stop(self) -> None:
        """Stop listening and end what is open; nothing to do before `start`."""
        if self._server is None or self._task is None:
            return
        self._server.leave()
        await self._task
        self._server = self._task = None

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        peer = scope.get("client")
        scope["cut"] = lambda: self._cut(peer)
        await self._app(scope, receive, send)

    def _cut(self, peer: Peer | None) -> None:
        transport = self._transports.get(peer) if peer else None
        if transport is not None:
            transport.abort()


class _Server(uvicorn.Server):
    """A server that leaves the signals of the process alone and wakes only to leave."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self._leaving = asyncio.Event()

    def leave(self) -> None:
        """Ask the server to end."""
        self._leaving.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Capture nothing: the process decides when to end."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets=sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        """Wait for `leave`; without a Date header there is nothing to do each tick."""
        await self._leaving.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the door, let running answers finish for a moment, and drop the rest."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        running = set(self.server_state.tasks)
        if running:
            _, late = await asyncio.wait(running, timeout=FINISH_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await asyncio.sleep(0)


def cut(request: Request) -> Response:
    """Break the connection of `request` without a word; the answer returned reaches nobody."""
    breaker: Callable[[], None] = request.scope["cut"]
    breaker()
    return Response(status_code=500)


def json_answer(content: object, *, status: int = 200) -> Response:
    """Return `content` as compact JSON."""
    body = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
    return Response(body, status_code=status, media_type="application/json")


async def read_object(request: Request) -> dict[str, object]:
    """Return the body as a JSON object; an empty body is an empty object. Raises ValueError otherwise."""
    try:
        body = await request.body()
    except ClientDisconnect as error:
        raise ValueError("the caller left") from error
    if not body.strip():
        return {}
    content = json.loads(body)
    if not isinstance(content, dict):
        raise ValueError("the body must be a JSON object")
    return content


def is_free(port: int, *, host: str = "127.0.0.1") -> bool:
    """Tell whether a door could open on this port now."""
    try:
        _listen(host, port).close()
    except OSError:
        return False
    return True


def _cuttable(transports: dict[Peer, asyncio.Transport]) -> type[asyncio.Protocol]:
    class Cuttable(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if self.client is not None:
                transports[self.client] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            if self.client is not None:
                transports.pop(self.client, None)

    return Cuttable


def _listen(host: str, port: int) -> socket.socket:
    # With the protocol named, asyncio turns off Nagle on what is accepted: 40 ms less for each answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise OSError(error.errno, f"port {port} on {host} is taken") from error
    listener.setblocking(False)
    return listener
