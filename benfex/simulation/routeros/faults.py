"""What can go wrong with a router, switched on from outside. Where it strikes is in connection.py."""

from enum import StrEnum


class FaultKind(StrEnum):
    """The faults a router can have; one at a time."""

    NONE = "none"
    UNREACHABLE = "unreachable"  # nobody listens; connections are torn down
    STALLED = "stalled"  # accepts, never answers
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 (refuses every login)
    COUNTERS_RESET = "counters_reset"  # session counters go to zero, once, at once
    DROP_WRITE = "drop_write"  # acknowledges a change and forgets it
    CLOSE_AFTER_WRITE = "close_after_write"  # makes a change and closes before it answers
    GARBAGE = "garbage"  # answers bytes that mean nothing
    TRAP = "trap"  # refuses every command
    CUT = "cut"  # closes in the middle of an answer
    TRICKLE = "trickle"  # answers a few bytes at a time
    REPEATS = "repeats"  # tells every row twice, as a table that changes while it is printed


class FaultSwitch:
    """The fault that is on, and how often it still strikes; None means until it is switched off."""

    def __init__(self) -> None:
        self.kind = FaultKind.NONE
        self.left: int | None = None

    def set(self, kind: FaultKind, *, count: int | None) -> None:
        """Switch to `kind`; it strikes `count` times."""
        self.kind = kind if count is None or count > 0 else FaultKind.NONE
        self.left = count

    def strikes(self, kind: FaultKind) -> bool:
        """Return whether `kind` strikes now, and count it."""
        if self.kind is not kind:
            return False
        if self.left is not None:
            self.left -= 1
            if self.left <= 0:
                self.set(FaultKind.NONE, count=None)
        return True
