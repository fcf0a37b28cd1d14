"""Rows that go into a statement as one JSON parameter, on either database."""

import json
from collections.abc import Sequence
from datetime import datetime

from data.columns import unix_seconds
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


def pack_rows(rows: Sequence[Sequence[object]]) -> str:
    """Return rows as the parameter `:rows`; instants go in as whole seconds."""
    return json.dumps(
        [[unix_seconds(cell) if isinstance(cell, datetime) else cell for cell in row] for row in rows]
    )
