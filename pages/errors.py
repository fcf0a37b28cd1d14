"""The only place where an error becomes words on a screen or an HTTP status."""

import structlog
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from benfex.identity.login import TooManyAttempts, WrongCredentials
from components.feedback import toast_error
from components.theme import asset
from data.values.errors import (
    BenfexError,
    Conflict,
    CurrencyMismatch,
    InvalidInput,
    LockBusy,
    NotFound,
    NotPermitted,
)

_log = structlog.get_logger("pages")

# Plain HTML: a page of the console keeps a client for a minute, and bots ask for many pages that are not there.
_NOT_FOUND = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Not found</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="{css}"></head>
<body class="body--light"><script>{theme}</script>
<main class="bf-alone"><div class="bf-card"><div class="bf-stack tight">
<h1 class="bf-title">This page does not exist</h1>
<p class="bf-sub">The address may be wrong, or what was here is gone.</p>
<p><a href="/">Go to the start</a></p></div></div></main></body></html>"""

# As the cookie of components/static/boot.js says, and without one as the system says.
_THEME = """const chosen = document.cookie.match(/benfex_theme=(\\w+)/)?.[1];
if (chosen === "dark" || (!chosen && matchMedia("(prefers-color-scheme: dark)").matches))
  document.body.className = "body--dark";"""

_STATUS: tuple[tuple[type[BenfexError], int], ...] = (
    (WrongCredentials, 401),
    (TooManyAttempts, 429),
    (NotFound, 404),
    (NotPermitted, 403),
    (InvalidInput, 422),
    (CurrencyMismatch, 422),
    (Conflict, 409),
    (LockBusy, 503),
)


def status_of(error: BenfexError) -> int:
    """Return the HTTP status of an error; the world outside failing is 502."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 502)


def words_of(error: BaseException) -> str:
    """Return what a person may be told about an error."""
    if isinstance(error, BenfexError):
        return error.message
    return "Something went wrong on our side. It was noted, and nothing was changed."


def tell(error: BaseException) -> None:
    """Show an error as a toast on the page at hand; log it when it was not expected."""
    if not isinstance(error, BenfexError):
        _log.error("page handler failed", exc_info=error)
    toast_error(words_of(error))


async def not_found_page(_: Request, __: Exception) -> Response:
    """Return the page for an address where nothing is."""
    return HTMLResponse(_NOT_FOUND.format(css=asset("app.css"), theme=_THEME), status_code=404)
