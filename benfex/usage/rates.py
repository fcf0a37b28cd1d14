"""What a poll shows: the rates of a router and of each connection on it, added up session by session."""

from dataclasses import dataclass

from benfex.core.events import UsageSample
from data.values.identifiers import ConnectionId
from data.values.traffic import Rate

NO_RATE = (None, None)


@dataclass(frozen=True, slots=True)
class Rates:
    """What a poll shows: of the router and per connection. None is unknown."""

    total: Rate | None
    samples: tuple[UsageSample, ...]
    online: frozenset[ConnectionId]


class RateSums:
    """The rates of a poll, of each connection and of the router; None is unknown."""

    def __init__(self) -> None:
        self.by_connection: dict[ConnectionId, tuple[int, int] | tuple[None, None]] = {}
        self._download_bps = self._upload_bps = 0
        self._has_any = self._is_known = False
        self._is_void = False

    @property
    def total(self) -> Rate | None:
        """Return the sum of all rates; a first sight adds nothing, any other unknown voids it."""
        if self._is_void or (self._has_any and not self._is_known):
            return None
        return Rate(self._download_bps, self._upload_bps)

    def add(self, connection_id: ConnectionId | None, download_bps: int, upload_bps: int) -> None:
        """Add the rate of a session."""
        self._has_any = self._is_known = True
        self._download_bps += download_bps
        self._upload_bps += upload_bps
        if connection_id is None:
            return
        before = self.by_connection.get(connection_id)
        if before is None:
            self.by_connection[connection_id] = (download_bps, upload_bps)
        elif before[0] is not None:
            self.by_connection[connection_id] = (before[0] + download_bps, before[1] + upload_bps)

    def add_unknown(self, connection_id: ConnectionId | None, *, is_first: bool) -> None:
        """Take note of a session without a rate."""
        self._has_any = True
        self._is_void = self._is_void or not is_first
        if connection_id is not None:
            self.by_connection[connection_id] = NO_RATE
