"""What lines moved, as polls and the roll-up leave it: hours, and the days worked out from them."""

from datetime import datetime, timedelta

from sqlalchemy import insert

from benfex.core.clock import local_date
from benfex.core.unit_of_work import UnitOfWork
from benfex.usage.allowance import period_begins_at
from data.models.usage import usage_1h
from data.queries.usage import roll_up_day

NAIROBI = "Africa/Nairobi"


def move_in_hour(uow: UnitOfWork, *, at: datetime, count: int, connection_id: int = 1) -> None:
    """Move so many bytes down a line in the hour from then."""
    uow.session.execute(
        insert(usage_1h).values(
            connection_id=connection_id,
            starts_at=at,
            download_bytes=count,
            upload_bytes=0,
            peak_download_bps=0,
            peak_upload_bps=0,
            seconds_covered=3_600,
        )
    )
    day = local_date(at, NAIROBI)
    begins, ends = (period_begins_at(day + timedelta(days=later), NAIROBI) for later in (0, 1))
    roll_up_day(uow.session, starts_at=begins, ends_at=ends)
