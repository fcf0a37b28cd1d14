"""Usage as the REST API tells it, step by step. What screens show is in `views`."""

import math
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from benfex.core.actors import scope_of
from benfex.core.paging import Slice, SliceRequest, cursor_at, number_behind
from benfex.core.unit_of_work import Snapshot
from data.queries import api_usage
from data.values.errors import InvalidInput, NotFound
from data.values.identifiers import ConnectionId
from data.values.roles import Permission

_GRID_SECONDS = 300
_LAST_INSTANT = 253_402_300_799  # the end of the year 9999


class UsageStepSize(StrEnum):
    """How long a step is; days are those of the ISP."""

    FIVE_MINUTES = "5m"
    HOUR = "1h"
    DAY = "1d"


# What a connection moved in one step; peaks and coverage are None for five minutes.
UsageRecord = api_usage.UsageStep


def usage_records(
    snapshot: Snapshot,
    *,
    connection_id: ConnectionId,
    since: datetime,
    until: datetime,
    step: UsageStepSize,
    request: SliceRequest,
) -> Slice[UsageRecord]:
    """Return the steps of the span in which something moved, oldest first.

    A slice of five minutes covers as many steps as its limit, so it may hold fewer rows, even none.
    Raises NotFound, InvalidInput (from, cursor).
    """
    scope = scope_of(snapshot.actor, Permission.VIEW_NETWORK)
    if not api_usage.is_line_of(snapshot.session, connection_id=connection_id, customer_id=scope):
        raise NotFound("connection")
    if since >= until:
        raise InvalidInput("from", "The span must begin before it ends.")
    if request.cursor is not None:
        since = max(since, _instant(number_behind(request.cursor, largest=_LAST_INSTANT)))
    if step is UsageStepSize.FIVE_MINUTES:
        return _five_minutes(snapshot, connection_id, since, until, request.limit)
    rows = api_usage.rolled_up(
        snapshot.session,
        connection_id=connection_id,
        since=since,
        until=until,
        by_day=step is UsageStepSize.DAY,
        limit=request.limit + 1,
    )
    more = rows[request.limit :]
    return Slice(
        tuple(rows[: request.limit]),
        cursor_at(int(more[0].starts_at.timestamp())) if more else None,
    )


def _five_minutes(
    snapshot: Snapshot, connection_id: ConnectionId, since: datetime, until: datetime, limit: int
) -> Slice[UsageRecord]:
    first = -(-math.ceil(since.timestamp()) // _GRID_SECONDS) * _GRID_SECONDS
    beyond = first + limit * _GRID_SECONDS
    ends = math.ceil(until.timestamp())
    instants = [_instant(seconds) for seconds in range(first, min(beyond, ends), _GRID_SECONDS)]
    rows = api_usage.five_minutes_at(snapshot.session, connection_id=connection_id, instants=instants)
    return Slice(tuple(rows), cursor_at(beyond) if beyond < ends else None)


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)
