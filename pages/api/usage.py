"""/usage: what one connection moved, step by step."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from benfex.core.paging import SliceRequest
from benfex.usage.api_views import UsageStepSize, usage_records
from data.values.identifiers import ConnectionId
from pages.api.auth import ActorDep
from pages.api.problems import READING
from pages.api.schemas import Listing, Outgoing, QueryId
from pages.dependencies import BenfexDep

router = APIRouter(prefix="/usage", tags=["usage"])

_STEPS_MAX = 1000
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_SPAN = timedelta(days=1)


class UsageStep(Outgoing):
    """Bytes from the subscriber's side in one step; peaks and coverage are null for five minutes."""

    starts_at: datetime
    download_bytes: int
    upload_bytes: int
    peak_download_bps: int | None
    peak_upload_bps: int | None
    seconds_covered: int | None


@router.get("", responses=READING)
async def get_usage(
    benfex: BenfexDep,
    actor: ActorDep,
    connection_id: QueryId,
    since: Annotated[
        AwareDatetime | None,
        Query(alias="from", ge=_EARLIEST, le=_LATEST, description="A day before `to` when left out."),
    ] = None,
    until: Annotated[
        AwareDatetime | None,
        Query(alias="to", ge=_EARLIEST, le=_LATEST, description="Now when left out; itself not included."),
    ] = None,
    step: UsageStepSize = UsageStepSize.HOUR,
    limit: Annotated[int, Query(ge=1, le=_STEPS_MAX)] = _STEPS_MAX,
    cursor: Annotated[str | None, Query(max_length=80)] = None,
) -> Listing[UsageStep]:
    """Return the steps in which something moved, oldest first.

    A page of five minutes spans as many steps as its limit, so it may hold fewer rows, even none, before the end.
    """
    until = until or benfex.clock.now()
    found = await benfex.read(
        usage_records,
        actor,
        connection_id=ConnectionId(connection_id),
        since=since or until - _SPAN,
        until=until,
        step=step,
        request=SliceRequest(limit, cursor),
    )
    return Listing[UsageStep].of(found)
