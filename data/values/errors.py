"""The root of all errors and the domain branch; the outside branches are in `benfex/core/errors.py`."""

# The names are the words of the field; they stand in `raise` and `except` and need no suffix there.

from __future__ import annotations

import re
from typing import ClassVar

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class BenfexError(Exception):
    """An error a person may be told about; `code` is stable and defaults to the class name in snake case."""

    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code if code is not None else _WORD_START.sub("_", type(self).__name__).lower()


class DomainError(BenfexError):
    """A rule of the business said no; expected, never logged above INFO."""


class NotFound(DomainError):
    """The thing named by `what` is absent, or the asker may not know of it."""

    def __init__(self, what: str, *, code: str | None = None) -> None:
        super().__init__(f"There is no such {what}.", code=code)
        self.what = what


class NotPermitted(DomainError):
    """The actor lacks the permission."""

    def __init__(
        self, message: str = "You are not permitted to do this.", *, code: str | None = None
    ) -> None:
        super().__init__(message, code=code)


class InvalidInput(DomainError):
    """One field of what was given cannot be accepted."""

    def __init__(self, field: str, message: str, *, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.field = field


class AmountOutOfRange(InvalidInput):
    """An amount is below or above what is allowed here."""


class CurrencyMismatch(DomainError):
    """Two currencies met where one was needed."""

    def __init__(self, expected: str, actual: str, *, code: str | None = None) -> None:
        super().__init__(f"{expected} was expected, but the amount is in {actual}.", code=code)
        self.expected = expected
        self.actual = actual


class Conflict(DomainError):
    """What was asked does not fit the present state."""


class InvalidTransition(Conflict):
    """A state machine has no arrow from `current` to `target`."""

    def __init__(self, machine: str, current: str, target: str, *, code: str | None = None) -> None:
        super().__init__(f"A {machine} that is {current} cannot become {target}.", code=code)
        self.machine = machine
        self.current = current
        self.target = target


class AlreadyExists(Conflict):
    """Another row already holds the value of `field`."""

    def __init__(self, field: str, message: str, *, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.field = field


class StaleVersion(Conflict):
    """The row was changed by someone else since it was read."""

    def __init__(
        self,
        message: str = "This was changed by someone else meanwhile. Load it again and repeat the change.",
        *,
        code: str | None = None,
    ) -> None:
        super().__init__(message, code=code)


class LockBusy(DomainError):
    """Someone else is working on the same thing; the same request will pass in a moment."""

    retryable: ClassVar[bool] = True

    def __init__(
        self,
        message: str = "This is being worked on right now. Try again in a moment.",
        *,
        code: str | None = None,
    ) -> None:
        super().__init__(message, code=code)
