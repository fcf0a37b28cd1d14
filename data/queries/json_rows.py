"""Rows that go into a statement as one JSON parameter, on either database."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from data.session import Session


class Cells:
    """How the cells of a JSON list of lists are named in SQL, on either database."""

    def __init__(self, session: Session) -> None:
        self._is_sqlite = session.get_bind().dialect.name == "sqlite"
        # The item of a flat list of numbers.
        self.itself = "item.value" if self._is_sqlite else "CAST(item.value AS BIGINT)"
        self.source = (
            "json_each(:rows) AS item"
            if self._is_sqlite
            else "jsonb_array_elements(CAST(:rows AS jsonb)) AS item"
        )

    def string(self, index: int) -> str:
        """Return the SQL of a cell as text."""
        return f"json_extract(item.value, '$[{index}]')" if self._is_sqlite else f"(item.value->>{index})"

    def number(self, index: int) -> str:
        """Return the SQL of a cell as a whole number."""
        return f"CAST({self.string(index)} AS BIGINT)"

    def instant(self, index: int) -> str:
        """Return the SQL of a cell as an instant."""
        return (
            self.string(index) if self._is_sqlite else f"CAST({self.string(index)} || '+00' AS timestamptz)"
        )

    def bound_instant(self, name: str) -> str:
        """Return the SQL of an instant that is a parameter of its own."""
        return f":{name}" if self._is_sqlite else f"CAST(CAST(:{name} AS text) || '+00' AS timestamptz)"

    def hour_of_day(self, column: str, offset: str) -> str:
        """Return the SQL of the hour of the day, 0 to 23, at an offset from UTC in seconds."""
        seconds = f"strftime('%s', {column})" if self._is_sqlite else f"EXTRACT(EPOCH FROM {column})"
        return f"((CAST({seconds} AS BIGINT) + {offset}) / 3600 % 24)"


def pack_rows(rows: Sequence[Sequence[object]]) -> str:
    """Return rows as the parameter `:rows`."""
    said: dict[datetime, str] = {}  # most rows share their instants

    def cell_of(cell: object) -> object:
        if not isinstance(cell, datetime):
            return cell
        if cell not in said:
            said[cell] = sql_instant(cell)
        return said[cell]

    return json.dumps([[cell_of(cell) for cell in row] for row in rows])


def sql_instant(at: datetime) -> str:
    """Return UTC as SQLAlchemy keeps it in SQLite; for PostgreSQL `Cells` adds the zone."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
