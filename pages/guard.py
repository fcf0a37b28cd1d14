"""What every answer carries, whatever page or route gave it. Who may see what is checked at each of them."""

from collections.abc import Sequence

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Vue compiles its templates in the browser, hence 'unsafe-eval'; output encoding is the defence against XSS.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:{pictures}; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
}
_CACHED = ("/_nicegui/", "/assets/")


class SecurityHeaders:
    """Adds the headers that tell browsers what a page may do, and that pages are not to be kept.

    `pictures_from` are the origins that pages may load pictures from besides our own.
    """

    def __init__(self, app: ASGIApp, *, pictures_from: Sequence[str] = ()) -> None:
        self._app = app
        policy = _POLICY.format(pictures="".join(f" {origin}" for origin in pictures_from))
        self._headers = _HEADERS | {"content-security-policy": policy}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add the headers to its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if not scope["path"].startswith(_CACHED):
                    headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)
