"""One cause and one sentence for whoever asks why they are offline: from the books outward to the line."""

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from benfex.catalog.plans import ALL_COUNTS
from benfex.subscriptions.diagnosis import Diagnosis, explain
from benfex.subscriptions.views import LineOfService, ServiceView
from data.values.identifiers import ConnectionId, CustomerId, RouterId, SubscriptionId
from data.values.kinds import CapAction, Interval, OfflineCause, SuspensionReason
from data.values.money import Money
from data.values.states import RouterStatus, SubscriptionStatus

NAIROBI = ZoneInfo("Africa/Nairobi")
LINE = LineOfService(
    connection_id=ConnectionId(1),
    username="amina",
    router_id=RouterId(1),
    router_name="nakuru-core",
    router_status=RouterStatus.REACHABLE,
    is_applied=True,
    drift="",
    mac=None,
    last_online_at=datetime(2026, 11, 23, 5, 0, tzinfo=UTC),
)
SERVICE = ServiceView(
    subscription_id=SubscriptionId(1),
    customer_id=CustomerId(1),
    status=SubscriptionStatus.ACTIVE,
    starts_on=date(2026, 11, 1),
    period_starts_on=date(2026, 11, 1),
    period_ends_on=date(2026, 12, 1),
    suspended_at=None,
    suspension_reason=None,
    is_over_cap=False,
    ended_at=None,
    plan_name="Home 10",
    plan_code="HOME10",
    download_bps=10_000_000,
    upload_bps=5_000_000,
    data_cap_bytes=None,
    cap_action=CapAction.NOTIFY,
    throttled_bps=None,
    price=Money(250_000, "KES"),
    interval=Interval.MONTH,
    interval_count=1,
    pending_change_on=None,
    ends_on=None,
    resumes_on=None,
    line=LINE,
    data_terms=ALL_COUNTS,
)


def of(service: ServiceView, *, is_online: bool | None = False, overdue: int = 0) -> Diagnosis:
    return explain(service, is_online=is_online, overdue=Money(overdue, "KES"), zone=NAIROBI)


def suspended(reason: SuspensionReason) -> ServiceView:
    return replace(
        SERVICE,
        status=SubscriptionStatus.SUSPENDED,
        suspension_reason=reason,
        suspended_at=datetime(2026, 11, 8, 21, 30, tzinfo=UTC),
    )


def line(**changes: object) -> ServiceView:
    return replace(SERVICE, line=replace(LINE, **changes))  # type: ignore[arg-type]


def test_who_is_online_is_told_so() -> None:
    found = of(SERVICE, is_online=True)
    assert (found.cause, found.is_online, found.sentence) == (OfflineCause.ONLINE, True, "It is online.")


@pytest.mark.parametrize(
    ("service", "cause"),
    [
        (suspended(SuspensionReason.NON_PAYMENT), OfflineCause.UNPAID),
        (suspended(SuspensionReason.EXPIRED), OfflineCause.TIME_OVER),
        (suspended(SuspensionReason.DATA_CAP), OfflineCause.DATA_USED_UP),
        (suspended(SuspensionReason.STAFF), OfflineCause.STOPPED),
        (suspended(SuspensionReason.ABUSE), OfflineCause.STOPPED),
        (replace(SERVICE, status=SubscriptionStatus.PAUSED), OfflineCause.PAUSED),
        (replace(SERVICE, status=SubscriptionStatus.PENDING), OfflineCause.NOT_STARTED),
        (replace(SERVICE, line=None), OfflineCause.NO_LINE),
        (line(router_status=RouterStatus.UNREACHABLE), OfflineCause.ROUTER_DOWN),
        (line(router_status=RouterStatus.AUTH_FAILED), OfflineCause.ROUTER_DOWN),
        (line(is_applied=False), OfflineCause.NOT_WRITTEN),
        (line(drift="no such user"), OfflineCause.NOT_WRITTEN),
        (SERVICE, OfflineCause.LINE_DOWN),
    ],
)
def test_each_cause_has_a_sentence_of_its_own(service: ServiceView, cause: OfflineCause) -> None:
    found = of(service)
    assert found.cause is cause
    assert found.sentence.endswith(".")
    assert "{" not in found.sentence


def test_what_the_router_does_not_tell_is_not_taken_for_offline() -> None:
    assert of(SERVICE, is_online=None).cause is OfflineCause.UNKNOWN


def test_a_bill_comes_before_a_router_that_is_down() -> None:
    service = replace(
        suspended(SuspensionReason.NON_PAYMENT), line=replace(LINE, router_status=RouterStatus.UNREACHABLE)
    )
    found = of(service, overdue=250_000)
    assert found.cause is OfflineCause.UNPAID
    assert found.sentence == (
        "KES 2,500 is overdue, so it is off since 09 Nov 00:30. It is back seconds after payment."
    )


def test_the_evidence_says_what_was_looked_at() -> None:
    assert of(SERVICE).evidence == (
        "The service is active",
        "Router nakuru-core: reachable",
        "The router holds what it should",
        "amina is not online there",
        "Last online 23 Nov 08:00",
    )
