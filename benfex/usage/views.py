"""Usage as screens show it: of the running period, and day by day."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from benfex.core.actors import require_customer_access
from benfex.core.clock import local_date
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import Snapshot
from benfex.usage.allowance import counts_from
from benfex.usage.counting import CountedSpan, hours_spans
from data.queries import usage_limits as limit_queries
from data.queries import usage_listing as listing
from data.queries.usage_hours import moved_in_hours
from data.values.identifiers import ConnectionId, CustomerId, SubscriptionId
from data.values.roles import Permission

_ROLLED_AFTER = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class PeriodUsage:
    """What a service moved in its running period; from when on it counts is said in `allowance.counts_from`.

    `granted_bytes` is what it got beside its plan's data, `free_bytes` what it moved in bonus hours.
    """

    connection_id: ConnectionId
    download_bytes: int
    upload_bytes: int
    granted_bytes: int
    free_bytes: int
    days: tuple[date, ...]
    daily_download_bytes: tuple[int, ...]
    daily_upload_bytes: tuple[int, ...]

    @property
    def total_bytes(self) -> int:
        """Return both directions together, as a cap counts them."""
        return self.download_bytes + self.upload_bytes - self.free_bytes

    def allowance(self, cap_bytes: int | None) -> int | None:
        """Return the data of the period with a plan's cap; None is no cap."""
        return None if cap_bytes is None else cap_bytes + self.granted_bytes


def usage_of_customer(
    snapshot: Snapshot, *, customer_id: CustomerId, days: int = 30
) -> dict[SubscriptionId, PeriodUsage]:
    """Return the usage of each of the customer's live lines, with the last days, today last."""
    require_customer_access(snapshot.actor, customer_id, Permission.VIEW_SUBSCRIPTIONS)
    terms = current_terms(snapshot)
    zone, today = ZoneInfo(terms.timezone), local_date(snapshot.now, terms.timezone)
    shown = tuple(today - timedelta(days=back) for back in range(days - 1, -1, -1))
    bounds = [(_midnight(day, zone), _midnight(day + timedelta(days=1), zone)) for day in shown]
    found: dict[SubscriptionId, PeriodUsage] = {}
    for line in listing.lines_of_customer(snapshot.session, customer_id=customer_id):
        since = counts_from(line.period_starts_on, line.bought_from, now=snapshot.now, zone=terms.timezone)
        grants = limit_queries.grants_of(
            snapshot.session, subscription_ids=[line.subscription_id], since=since
        )
        total = listing.volume_since(
            snapshot.session,
            connection_id=line.connection_id,
            since=since,
            rolled_until=_rolled_until(snapshot.now),
        )
        daily = listing.volume_per_span(snapshot.session, connection_id=line.connection_id, bounds=bounds)
        found[SubscriptionId(line.subscription_id)] = PeriodUsage(
            connection_id=ConnectionId(line.connection_id),
            download_bytes=total.download_bytes,
            upload_bytes=total.upload_bytes,
            granted_bytes=sum(grant.granted_bytes for grant in grants),
            free_bytes=_free(snapshot, line, since=since, zone=terms.timezone),
            days=shown,
            daily_download_bytes=tuple(volume.download_bytes for volume in daily),
            daily_upload_bytes=tuple(volume.upload_bytes for volume in daily),
        )
    return found


def _free(snapshot: Snapshot, line: listing.LineOfCustomer, *, since: datetime, zone: str) -> int:
    """Return what was moved in bonus hours, from the same rows as the whole."""
    rolled_until, free = _rolled_until(snapshot.now), 0
    parts = ((since, rolled_until, False), (max(since, rolled_until), snapshot.now, True))
    for begins, ends, in_five_minutes in parts:
        spans = hours_spans(
            [CountedSpan(line.connection_id, begins, ends, line.bonus_hours)] if begins < ends else [],
            zone=zone,
        )
        moved = moved_in_hours(snapshot.session, spans, in_five_minutes=in_five_minutes)
        free += sum(sum(one) for one in moved.values())
    return free


def _rolled_until(now: datetime) -> datetime:
    return now.replace(minute=0, second=0, microsecond=0) - _ROLLED_AFTER


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone)
