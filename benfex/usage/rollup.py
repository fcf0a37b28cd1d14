"""Work out hours from five minutes and days from hours, anew each time, and forget what is old.

Then lines that went over their cap, or near it, are looked for, since that is read from the hours.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from benfex.core.actors import SystemActor, require
from benfex.core.clock import Clock, local_date
from benfex.core.policy import isp_profile
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.usage.allowance import period_begins_at
from benfex.usage.caps import note_cap, usage_news, warn_of_usage
from benfex.usage.roll_over import due_periods, roll_over
from data.queries import usage as usage_queries
from data.queries import usage_routers as router_usage
from data.queries.usage import FIVE_MINUTES_KEPT
from data.values.roles import Permission

HOUR = timedelta(hours=1)
RECENT = timedelta(hours=2)
LOOK_BACK = timedelta(hours=50)
DAYS_KEPT_IN_STEP = timedelta(days=100)  # a quarter, the longest period of a usual plan
HOURS_KEPT = timedelta(days=397)
_SPANS_MAX = 1_000
_SYSTEM = SystemActor("roll-up")


def roll_up_hour(uow: UnitOfWork, *, starts_at: datetime) -> int:
    """Work out one hour; return how many connections had any traffic."""
    require(uow.actor, Permission.OPERATE_NETWORK)
    router_usage.roll_up_router_hour(uow.session, starts_at=starts_at, ends_at=starts_at + HOUR)
    return usage_queries.roll_up_hour(uow.session, starts_at=starts_at, ends_at=starts_at + HOUR)


def roll_up_day(uow: UnitOfWork, *, starts_at: datetime, ends_at: datetime) -> int:
    """Work out one day of the ISP; return how many connections had any traffic."""
    require(uow.actor, Permission.OPERATE_NETWORK)
    return usage_queries.roll_up_day(uow.session, starts_at=starts_at, ends_at=ends_at)


def purge_five_minutes(uow: UnitOfWork, *, before: datetime) -> int:
    """Forget five minutes that began before, of lines and of routers; their hours stay, those of routers for good."""
    require(uow.actor, Permission.OPERATE_NETWORK)
    router_usage.purge_router_five_minutes(uow.session, before=before)
    return usage_queries.purge_five_minutes(uow.session, before=before)


def purge_hours(uow: UnitOfWork, *, before: datetime) -> int:
    """Forget hours that began before; their days stay for good."""
    require(uow.actor, Permission.OPERATE_NETWORK)
    return usage_queries.purge_hours(uow.session, before=before)


def rolled_up_until(snapshot: Snapshot) -> tuple[datetime | None, datetime | None, str]:
    """Return the oldest five minutes kept, the newest hour worked out, and the ISP's timezone."""
    require(snapshot.actor, Permission.OPERATE_NETWORK)
    profile = isp_profile(snapshot)
    return (
        usage_queries.oldest_usage_at(snapshot.session),
        usage_queries.newest_hour_at(snapshot.session),
        profile.timezone if profile else "UTC",
    )


def days_begun(snapshot: Snapshot, *, since: datetime) -> set[datetime]:
    """Return when the days that are worked out begin, from an instant on."""
    require(snapshot.actor, Permission.OPERATE_NETWORK)
    return usage_queries.days_begun(snapshot.session, since=since)


def forget_days(uow: UnitOfWork, *, begun: Sequence[datetime]) -> int:
    """Forget days that began at these instants; return how many rows."""
    require(uow.actor, Permission.OPERATE_NETWORK)
    return usage_queries.forget_days(uow.session, begun)


class UsageRollup:
    """Keeps hours and days in step with the five minutes, in short transactions."""

    def __init__(self, *, transactor: Transactor, clock: Clock) -> None:
        self._transactor = transactor
        self._clock = clock
        self._looks_back = True  # a former process may have left hours behind
        self._touched_at: datetime | None = None
        self._zone = ""

    def note_touched(self, starts_at: datetime) -> None:
        """Take note that usage was added to five minutes that began then, which may be long ago."""
        if self._touched_at is None or starts_at < self._touched_at:
            self._touched_at = starts_at

    async def run(self) -> int:
        """Roll up what may have changed, forget what is old, mark who is over a cap; return the rows."""
        now = self._clock.now()
        oldest, newest, zone = await self._transactor.read(rolled_up_until, _SYSTEM)
        rows = 0
        if zone != self._zone:
            await self._keep_days(now, zone)
        if oldest is not None:
            since = max(_hour(oldest), self._since(now, newest))
            rows += await self._roll_up_hours(since, now)
            rows += await self._roll_up_days(since, now, zone)
            await self._forget(oldest, now)
        for due in await self._transactor.read(due_periods, _SYSTEM):
            await self._transactor.transact(roll_over, _SYSTEM, due=due)
        news = await self._transactor.read(usage_news, _SYSTEM)
        for change in news.changes:
            await self._transactor.transact(note_cap, _SYSTEM, change=change)
        for warning in news.warnings:
            await self._transactor.transact(warn_of_usage, _SYSTEM, due=warning)
        return rows

    async def _keep_days(self, now: datetime, zone: str) -> None:
        """Work days anew that began at midnight of another zone, once it is known that there are such."""
        since = now - DAYS_KEPT_IN_STEP
        first, last = local_date(since, zone), local_date(now, zone)
        midnights = {
            period_begins_at(first + timedelta(days=place), zone) for place in range((last - first).days + 1)
        }
        begun = await self._transactor.read(days_begun, _SYSTEM, since=period_begins_at(first, zone))
        strange = sorted(begun - midnights)
        if strange:
            await self._transactor.transact(forget_days, _SYSTEM, begun=strange)
            await self._roll_up_days(strange[0], now, zone)
        self._zone = zone

    def _since(self, now: datetime, newest: datetime | None) -> datetime:
        touched, self._touched_at = self._touched_at, None
        starts = [now - (LOOK_BACK if self._looks_back else RECENT)]
        self._looks_back = False
        starts.append(newest if newest is not None else now - FIVE_MINUTES_KEPT)
        if touched is not None:
            starts.append(touched)
        return _hour(min(starts))

    async def _roll_up_hours(self, since: datetime, now: datetime) -> int:
        rows = 0
        for index in range(_SPANS_MAX):
            starts_at = since + index * HOUR
            if starts_at > now:
                break
            rows += await self._transactor.transact(roll_up_hour, _SYSTEM, starts_at=starts_at)
        return rows

    async def _roll_up_days(self, since: datetime, now: datetime, zone: str) -> int:
        rows = 0
        day, last = local_date(since, zone), local_date(now, zone)
        while day <= last:
            following = day + timedelta(days=1)
            rows += await self._transactor.transact(
                roll_up_day,
                _SYSTEM,
                starts_at=period_begins_at(day, zone),
                ends_at=period_begins_at(following, zone),
            )
            day = following
        return rows

    async def _forget(self, oldest: datetime, now: datetime) -> None:
        """Delete an hour's worth at a time, so that nobody waits for it."""
        limit = _hour(now - FIVE_MINUTES_KEPT)
        for index in range(1, _SPANS_MAX):
            if oldest >= limit:
                break
            before = min(_hour(oldest) + index * HOUR, limit)
            await self._transactor.transact(purge_five_minutes, _SYSTEM, before=before)
            if before >= limit:
                await self._transactor.transact(purge_hours, _SYSTEM, before=now - HOURS_KEPT)
                break


def _hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
