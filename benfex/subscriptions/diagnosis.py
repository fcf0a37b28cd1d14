"""Why somebody is offline: one cause, one sentence, and the evidence. Worst last: what only a technician can mend.

The cause is the first that holds, from the books outward: what we took away ourselves, then our own unfinished
work, then the router, then the line.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from benfex.core.policy import billing_today, current_terms
from benfex.core.unit_of_work import Snapshot
from benfex.network.driver import SeenName
from benfex.subscriptions.views import LineOfService, ServiceView, services_of
from data.queries import restoration as restoration_queries
from data.values.identifiers import ConnectionId, CustomerId, SubscriptionId
from data.values.kinds import OfflineCause, SuspensionReason
from data.values.money import Money
from data.values.states import RouterStatus, SubscriptionStatus

Online = Mapping[ConnectionId, bool | None]
Asked = Mapping[ConnectionId, SeenName]
_NOBODY: Final = SeenName((), ())

_STOPPED = {
    SuspensionReason.NON_PAYMENT: OfflineCause.UNPAID,
    SuspensionReason.EXPIRED: OfflineCause.TIME_OVER,
    SuspensionReason.DATA_CAP: OfflineCause.DATA_USED_UP,
    SuspensionReason.STAFF: OfflineCause.STOPPED,
    SuspensionReason.ABUSE: OfflineCause.STOPPED,
}
_SENTENCES: Final[Mapping[OfflineCause, str]] = MappingProxyType(
    {
        OfflineCause.ONLINE: "It is online.",
        OfflineCause.UNPAID: "{owed}, so it is off{since}. It is back seconds after payment.",
        OfflineCause.TIME_OVER: "The paid time is over{since}. It is back seconds after payment.",
        OfflineCause.DATA_USED_UP: "The data of this period is used up, so it is off{since}.",
        OfflineCause.STOPPED: "It was stopped by the team{since}.",
        OfflineCause.PAUSED: "It is paused.{back}",
        OfflineCause.NOT_STARTED: "It starts on {starts}, or with its first payment.",
        OfflineCause.NO_LINE: "It has no line on a router.",
        OfflineCause.ROUTER_DOWN: "The router {where} does not answer, so nobody on it may be online.{seen}",
        OfflineCause.NOT_WRITTEN: "The router {where} has not been told yet; that is tried again by itself.",
        OfflineCause.WRONG_PASSWORD: (
            "Its equipment dials in with a wrong password, which the router {where} refuses: type it in again."
        ),
        OfflineCause.ELSEWHERE: "Another device is online with its name: {devices}.",
        OfflineCause.LINE_DOWN: (
            "All is well on our side, but its equipment does not dial in: check its power and cables.{seen}"
        ),
        OfflineCause.UNKNOWN: "The router {where} was not asked yet. Look again in a minute.{seen}",
    }
)
# What is off for a bill is said with the way back; these are said beside the service.
NOT_BY_BILLING: Final = (
    OfflineCause.ROUTER_DOWN,
    OfflineCause.NOT_WRITTEN,
    OfflineCause.WRONG_PASSWORD,
    OfflineCause.ELSEWHERE,
    OfflineCause.LINE_DOWN,
)
_ROUTER_LOST = (RouterStatus.UNREACHABLE, RouterStatus.AUTH_FAILED)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why a service is offline, or that it is not. `sentence` is for the subscriber and staff alike.

    `evidence` is what it was concluded from, the weightiest first.
    """

    subscription_id: SubscriptionId
    cause: OfflineCause
    sentence: str
    evidence: tuple[str, ...]

    @property
    def is_online(self) -> bool:
        """Return whether nothing is wrong."""
        return self.cause is OfflineCause.ONLINE


def diagnose(
    snapshot: Snapshot, *, customer_id: CustomerId, online: Online, asked: Asked = MappingProxyType({})
) -> dict[SubscriptionId, Diagnosis]:
    """Return why each service of a customer is offline. `online` says who is now, as far as that is known.

    `asked` is what routers told of names when they were asked just now; lines that are not in it were not asked about.
    Services that ended are left out. Raises NotFound for a customer the actor may not see.
    """
    services = [
        service
        for service in services_of(snapshot, customer_id=customer_id)
        if service.status is not SubscriptionStatus.ENDED
    ]
    against = restoration_queries.against_minor(
        snapshot.session,
        subscription_ids={service.subscription_id for service in services},
        on=billing_today(snapshot),
    )
    zone = ZoneInfo(current_terms(snapshot).timezone)
    return {
        service.subscription_id: explain(
            service,
            is_online=online.get(service.line.connection_id) if service.line else None,
            overdue=Money(against.get(service.subscription_id, 0), service.price.currency),
            zone=zone,
            seen=asked.get(service.line.connection_id) if service.line else None,
        )
        for service in services
    }


def explain(
    service: ServiceView,
    *,
    is_online: bool | None,
    overdue: Money,
    zone: ZoneInfo,
    seen: SeenName | None = None,
) -> Diagnosis:
    """Return why a service is offline, from what is known of it; pure.

    `is_online` is what its router says now, None where it does not tell. `overdue` is what stands against it. `seen`
    is what the router told of its name when asked just now, None when it was not asked.
    """
    line = service.line
    told = seen or _NOBODY
    cause = _cause(service, line, is_online, told)
    return Diagnosis(
        service.subscription_id,
        cause,
        _sentence(cause, service, line, overdue, zone, told),
        _evidence(service, line, is_online, overdue, zone) + _told(told),
    )


def _cause(
    service: ServiceView, line: LineOfService | None, is_online: bool | None, seen: SeenName
) -> OfflineCause:
    if service.status is SubscriptionStatus.SUSPENDED:
        reason = service.suspension_reason
        return _STOPPED[reason] if reason is not None else OfflineCause.STOPPED
    if service.status is SubscriptionStatus.PAUSED:
        return OfflineCause.PAUSED
    if service.status is SubscriptionStatus.PENDING:
        return OfflineCause.NOT_STARTED
    return OfflineCause.NO_LINE if line is None else _cause_of_line(line, is_online, seen)


def _cause_of_line(line: LineOfService, is_online: bool | None, seen: SeenName) -> OfflineCause:
    if _strangers(line, seen):
        return OfflineCause.ELSEWHERE
    if is_online or seen.sessions:
        return OfflineCause.ONLINE
    if line.router_status in _ROUTER_LOST:
        return OfflineCause.ROUTER_DOWN
    if not line.is_applied or line.drift:
        return OfflineCause.NOT_WRITTEN
    if seen.refusals:
        return OfflineCause.WRONG_PASSWORD
    return OfflineCause.LINE_DOWN if is_online is False else OfflineCause.UNKNOWN


def _sentence(
    cause: OfflineCause,
    service: ServiceView,
    line: LineOfService | None,
    overdue: Money,
    zone: ZoneInfo,
    seen_name: SeenName,
) -> str:
    since = f" since {_say(service.suspended_at, zone)}" if service.suspended_at is not None else ""
    seen = f" It was last online {_say(line.last_online_at, zone)}." if line and line.last_online_at else ""
    return _SENTENCES[cause].format(
        since=since,
        seen=seen,
        where=line.router_name if line is not None else "",
        owed=f"{overdue} is overdue" if overdue.is_positive else "A bill was overdue",
        back=f" It comes back on {service.resumes_on:%d %b}." if service.resumes_on else "",
        starts=f"{service.starts_on:%d %b}",
        devices=" and ".join(_devices(seen_name)),
    )


def _evidence(
    service: ServiceView, line: LineOfService | None, is_online: bool | None, overdue: Money, zone: ZoneInfo
) -> tuple[str, ...]:
    why = f": {service.suspension_reason}" if service.suspension_reason else ""
    found = [f"The service is {service.status}{why}"]
    if overdue.is_positive:
        found.append(f"{overdue} is overdue")
    if line is not None:
        found.append(f"Router {line.router_name}: {line.router_status}")
        held = line.is_applied and not line.drift
        lacks = f"The router does not hold what it should: {line.drift or 'a change waits'}"
        found.append("The router holds what it should" if held else lacks)
        told = {True: "online", False: "not online", None: "not known"}[is_online]
        found.append(f"{line.username} is {told} there")
        if line.last_online_at is not None:
            found.append(f"Last online {_say(line.last_online_at, zone)}")
    return tuple(found)


def _strangers(line: LineOfService, seen: SeenName) -> bool:
    """Tell whether somebody else is online with a line's name: two devices at once, or another one than is set."""
    devices = {session.caller_id for session in seen.sessions if session.caller_id}
    return len(devices) > 1 or bool(line.mac and devices and line.mac.upper() not in devices)


def _devices(seen: SeenName) -> list[str]:
    return [
        f"{session.caller_id or 'unknown'}{f' at {session.address}' if session.address else ''}"
        for session in seen.sessions
    ]


def _told(seen: SeenName) -> tuple[str, ...]:
    refused = [f"Refused at {one.at}: {one.message}" for one in seen.refusals[-2:]]
    return (*(f"Online now from {device}" for device in _devices(seen)), *refused)


def _say(at: datetime | None, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%d %b %H:%M}" if at is not None else ""
