"""What a storm leaves in the database of an installation, read from outside the product."""

import sqlite3
from contextlib import closing
from typing import Any

from benfex.core.settings import Settings


class Traces:
    """Looks into the database of an installation on SQLite."""

    def __init__(self, settings: Settings) -> None:
        self._place = settings.place / "benfex.db"

    def booked(self) -> tuple[str, ...]:
        """Return the gateways' numbers of all payments."""
        return tuple(row[0] for row in self._rows("SELECT gateway_transaction_id FROM payment"))

    def kept(self) -> int:
        """Return how many messages are kept."""
        return self._count("SELECT count(*) FROM inbound_webhook")

    def suspended(self) -> int:
        """Return how many services are not active."""
        return self._count("SELECT count(*) FROM subscription WHERE status <> 'active'")

    def is_at_rest(self, *, restorations: int) -> bool:
        """Return whether every message is worked off, and everybody's restoration read back."""
        waiting = self._count("SELECT count(*) FROM inbound_webhook WHERE processed_at IS NULL")
        back = self._count("SELECT count(*) FROM restoration_clock WHERE read_back_at IS NOT NULL")
        behind = self._count("SELECT count(*) FROM connection WHERE applied_generation < desired_generation")
        return not waiting and not behind and back >= restorations

    def _count(self, query: str) -> int:
        return int(self._rows(query)[0][0])

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        uri = f"{self._place.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=10)) as database:
            return database.execute(query).fetchall()
