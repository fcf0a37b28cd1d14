"""Usage within hours of the day, set-based: spans go in as one parameter."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text

from data.queries.json_rows import Cells, pack_rows
from data.session import Session
from data.values.daily_hours import DailyHours


class HoursSpan(NamedTuple):
    """Hours of the day of a connection in `[since, until)`, through which the offset from UTC is the same.

    What several spans of one `place` hold is added up.
    """

    place: int
    connection_id: int
    since: datetime
    until: datetime
    offset_seconds: int
    hours: DailyHours


class Moved(NamedTuple):
    """Bytes each way."""

    download_bytes: int
    upload_bytes: int


def moved_in_hours(
    session: Session, spans: Sequence[HoursSpan], *, in_five_minutes: bool = False
) -> dict[int, Moved]:
    """Return what was moved in the hours of each place, from the hours kept or from the five minutes.

    What was kept belongs to the hour of the day in which it begins.
    """
    if not spans:
        return {}
    cells = Cells(session)
    table = "usage_5m" if in_five_minutes else "usage_1h"
    hour = f"((usage.starts_at + {cells.number(4)}) / 3600 % 24)"
    rows = session.execute(
        text(
            f"SELECT {cells.number(0)} AS place, sum(usage.download_bytes), sum(usage.upload_bytes)"  # noqa: S608
            f" FROM {cells.source} JOIN {table} AS usage ON usage.connection_id = {cells.number(1)}"
            f" AND usage.starts_at >= {cells.number(2)} AND usage.starts_at < {cells.number(3)}"
            f" WHERE ({hour} + 24 - {cells.number(5)}) % 24 < {cells.number(6)} GROUP BY 1"
        ),
        {"rows": pack_rows([(*span[:5], span.hours.from_hour, span.hours.length) for span in spans])},
    )
    return {int(row[0]): Moved(int(row[1]), int(row[2])) for row in rows}
