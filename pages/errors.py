"""The only place where an error becomes words on a screen or an HTTP status."""

import structlog

from benfex.identity.login import TooManyAttempts, WrongCredentials
from components.feedback import toast_error
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
