"""Refusals, worded as RouterOS words them (reference A.2). How they travel is in connection.py."""


class TrapError(Exception):
    """A command that the router refuses; `category` as in the manual, None where it sends none."""

    def __init__(self, message: str, *, category: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.category = category


def wrong_login() -> TrapError:
    """Return the refusal of a name and password, as RouterOS 6.43 and later say it."""
    return TrapError("invalid user name or password (6)")


def no_such_item() -> TrapError:
    """Return the refusal of an id or name that is not there."""
    return TrapError("no such item", category=0)


def no_such_prefix() -> TrapError:
    """Return the refusal of a menu that does not exist."""
    return TrapError("no such command prefix", category=0)


def no_such_command() -> TrapError:
    """Return the refusal of a command that this menu does not have."""
    return TrapError("no such command", category=0)


def unknown_parameter(name: str) -> TrapError:
    """Return the refusal of a property that this menu does not have or does not let one write."""
    return TrapError(f"unknown parameter {name}", category=0)


def missing_id() -> TrapError:
    """Return the refusal of a change without a target."""
    return TrapError("missing =.id=", category=0)


def missing_argument(name: str) -> TrapError:
    """Return the refusal of an addition without a property it needs."""
    return TrapError(f"missing value(s) of argument(s) {name}", category=0)


def no_match(name: str) -> TrapError:
    """Return the refusal of a value that is none of those allowed, or names nothing that exists."""
    return TrapError(f"input does not match any value of {name}", category=1)


def invalid_value(name: str) -> TrapError:
    """Return the refusal of a value that cannot be read."""
    return TrapError(f"invalid value for argument {name}", category=1)


def failure(reason: str) -> TrapError:
    """Return a refusal for reasons of state, such as a duplicate."""
    return TrapError(f"failure: {reason}")


def interrupted() -> TrapError:
    """Return what a cancelled command answers."""
    return TrapError("interrupted", category=2)
