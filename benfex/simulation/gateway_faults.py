"""What can go wrong between us and a simulated gateway, and for how many requests it does.

Faults of routers are in routeros/faults.py; lost and doubled callbacks are in courier.py.
"""

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """One way of failing. DOWN, SPIKE, HTML and EMPTY start nothing; DROP_AFTER_ACCEPT and SLOW do."""

    NONE = "none"
    DOWN = "down"
    SLOW = "slow"
    SPIKE = "spike"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 (a kind of failing)
    DROP_AFTER_ACCEPT = "drop_after_accept"
    HTML = "html"
    EMPTY = "empty"
    RATE_LIMITED = "rate_limited"


HTML_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"

DEFAULT_SLOW_SECONDS = 20.0
FAULT_FIELDS = {"kind", "count", "seconds", "where"}


@dataclass(slots=True)
class FaultSwitch:
    """The fault that is on. `left` None means until switched off; `where` "" means every call.

    A counted fault spares the calls for a token unless `where` says "oauth": it is meant for the next push.
    """

    kind: Fault = Fault.NONE
    left: int | None = None
    seconds: float = DEFAULT_SLOW_SECONDS
    where: str = ""
    struck: int = 0

    def set(self, wanted: dict[str, object]) -> None:
        """Switch by the words of the control door: kind, count, seconds, where. Raises ValueError."""
        unknown = set(wanted) - FAULT_FIELDS
        if unknown:
            raise ValueError(f"{min(unknown)} is unknown; known are {', '.join(sorted(FAULT_FIELDS))}")
        count, seconds = wanted.get("count"), wanted.get("seconds")
        if count is not None and (type(count) is not int or count < 1):
            raise ValueError("count must be a whole number above 0, or null")
        if seconds is not None and not isinstance(seconds, int | float):
            raise ValueError("seconds must be a number")
        self.kind = Fault(str(wanted.get("kind", "none")))
        self.left = count if isinstance(count, int) else None
        self.seconds = float(seconds) if isinstance(seconds, int | float) else DEFAULT_SLOW_SECONDS
        self.where = str(wanted.get("where") or "")

    def strike(self, where: str) -> Fault:
        """Return the fault that hits a call of this kind now, and count it."""
        if self.kind is Fault.NONE or not self._reaches(where):
            return Fault.NONE
        kind = self.kind
        self.struck += 1
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                self.kind, self.left = Fault.NONE, None
        return kind

    def describe(self) -> dict[str, object]:
        """Return the switch as the control door shows it."""
        return {"kind": self.kind.value, "left": self.left, "where": self.where, "struck": self.struck}

    def _reaches(self, where: str) -> bool:
        if self.where:
            return self.where == where
        if where != "oauth":
            return True
        return self.left is None and self.kind in {Fault.DOWN, Fault.SLOW, Fault.HTML, Fault.EMPTY}
