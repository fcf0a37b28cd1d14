"""What a storm leaves in the database of an installation, read from outside the product."""

from typing import Any

from benfex.core.settings import Settings
from data.engine import open_database


class Traces:
    """Looks into the database of an installation, of either kind; it cannot change it."""

    def __init__(self, settings: Settings) -> None:
        self._database = open_database(settings.resolved_database_url)

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

    def close(self) -> None:
        """Let the database go."""
        self._database.dispose()

    def _count(self, query: str) -> int:
        return int(self._rows(query)[0][0])

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        with self._database.reader.connect() as link:
            return [tuple(row) for row in link.exec_driver_sql(query)]
