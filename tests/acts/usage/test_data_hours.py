"""What is used in bonus hours does not count, a cap has effect in fair use hours, and what is left rolls over."""

from datetime import UTC, date, datetime, timedelta

import pytest

from benfex.catalog.plans import DataTerms, PriceTerms, create_plan, publish_price
from benfex.core.clock import MovedClock
from benfex.subscriptions.cap_access import cap_access_changes, follow_cap
from benfex.usage.caps import note_cap, standings, usage_news
from benfex.usage.roll_over import due_periods, roll_over
from benfex.usage.views import usage_of_customer
from data.values.daily_hours import DailyHours
from data.values.errors import InvalidInput
from data.values.kinds import BillingMode, CapAction, Interval
from data.values.states import SubscriptionStatus
from tests.conftest import START, Run
from tests.factories.changes import bill_on
from tests.factories.customers import MadeService, make_service
from tests.factories.isp import kes
from tests.factories.money import c2b, settle
from tests.factories.services import lines_of, standing
from tests.factories.usage import move_in_hour

GB = 1_000_000_000
NIGHT = DailyHours(0, 6)
EVENING = DailyHours(18, 23)


def sold(
    isp: Run, terms: DataTerms, *, action: CapAction = CapAction.THROTTLE, prepaid: bool = False
) -> MadeService:
    """Start a service of 10 GB a month, or a day where it is prepaid; beyond it a gigabyte costs KES 50 or nothing."""
    plan_id = isp(
        create_plan,
        code="HOURS",
        name="Hours",
        download_bps=10_000_000,
        upload_bps=5_000_000,
        data_cap_bytes=10 * GB,
        cap_action=action,
        throttled_bps=1_000_000 if action is CapAction.THROTTLE else None,
        data_terms=terms,
    )
    if prepaid:
        mode, interval = BillingMode.PREPAID, Interval.DAY
        price_id = isp(publish_price, plan_id=plan_id, amount=kes(100), interval=interval, billing_mode=mode)
    else:
        price_terms = PriceTerms(overage=kes(50)) if action is CapAction.CHARGE else PriceTerms()
        price_id = isp(publish_price, plan_id=plan_id, amount=kes(3_000), terms=price_terms)
    return make_service(isp, price_id=price_id)


def use(isp: Run, at: datetime, count: int) -> None:
    """Move so many bytes over the first line in an hour."""

    isp(move_in_hour, at=at, count=count)


def follow(isp: Run) -> None:
    for due in isp.read(due_periods):
        isp(roll_over, due=due)
    for change in isp.read(usage_news).changes:
        isp(note_cap, change=change)
    for subscription_id in isp.read(cap_access_changes):
        isp(follow_cap, subscription_id=subscription_id)


def nairobi(day: int, hour: int, *, month: int = 11) -> datetime:
    """Return an hour of the ISP in UTC."""
    return datetime(2026, month, day, hour, tzinfo=UTC) - timedelta(hours=3)


def counted(isp: Run) -> int:
    return isp.read(standings)[0].used_bytes


def is_marked(isp: Run) -> bool:
    return isp.read(standings)[0].line.is_over_cap


def test_bonus_hours_do_not_count_on_screens_or_for_the_cap(isp: Run, clock: MovedClock) -> None:
    service = sold(isp, DataTerms(bonus_hours=NIGHT))
    for hour, gigabytes in ((23, 1), (0, 20), (5, 40), (6, 2)):
        use(isp, nairobi(25, hour), gigabytes * GB)
    clock.move_to(nairobi(26, 12))
    follow(isp)
    assert counted(isp) == 3 * GB
    assert not is_marked(isp)
    shown = isp.read(usage_of_customer, customer_id=service.customer_id)[service.subscription_id]
    assert (shown.total_bytes, shown.free_bytes, shown.download_bytes) == (3 * GB, 60 * GB, 63 * GB)


def test_bonus_hours_are_not_charged(isp: Run, clock: MovedClock) -> None:
    service = sold(isp, DataTerms(bonus_hours=DailyHours(22, 6)), action=CapAction.CHARGE)
    for hour, gigabytes in ((21, 12), (22, 100), (23, 100), (3, 100), (6, 1)):
        use(isp, nairobi(1, hour, month=12), gigabytes * GB)
    clock.move_to(datetime(2026, 12, 23, 12, tzinfo=UTC))
    bill_on(isp, date(2026, 12, 23))
    lines = isp.read(lines_of, subscription_id=service.subscription_id)
    assert lines[-1] == ("Hours, 3 GB beyond the cap", 15_000)


@pytest.mark.parametrize("action", [CapAction.THROTTLE, CapAction.SUSPEND])
def test_a_used_up_cap_has_effect_in_its_hours_each_day(
    isp: Run, clock: MovedClock, action: CapAction
) -> None:
    service = sold(isp, DataTerms(fair_use_hours=EVENING), action=action)
    use(isp, nairobi(25, 10), 11 * GB)
    seen = []
    for day in (25, 26):
        for hour in (12, 17, 18, 22, 23):
            clock.move_to(nairobi(day, hour))
            follow(isp)
            status = isp.read(standing, subscription_id=service.subscription_id).status
            seen.append((is_marked(isp), status is SubscriptionStatus.SUSPENDED))
    is_off = action is CapAction.SUSPEND
    assert seen == [(False, False), (False, False), (True, is_off), (True, is_off), (False, False)] * 2


def test_bonus_hours_are_at_full_speed_even_when_all_is_used(isp: Run, clock: MovedClock) -> None:
    sold(isp, DataTerms(bonus_hours=NIGHT))
    use(isp, nairobi(25, 10), 11 * GB)
    marks = []
    for at in (nairobi(25, 23), nairobi(26, 0), nairobi(26, 5), nairobi(26, 6)):
        clock.move_to(at)
        follow(isp)
        marks.append(is_marked(isp))
    assert marks == [True, False, False, True]


def test_what_is_left_of_a_month_is_there_in_the_next_one_once_and_then_gone(
    isp: Run, clock: MovedClock
) -> None:
    service = sold(isp, DataTerms(rolls_over=True))
    use(isp, nairobi(25, 10), 4 * GB)
    follow(isp)
    months = []
    for month, used in ((12, 3), (1, 1), (2, 0)):
        year = 2026 if month == 12 else 2027
        day = date(year, month, 23)
        clock.move_to(datetime(year, month, 23, 9, tzinfo=UTC))
        bill_on(isp, day)
        follow(isp)
        follow(isp)
        months.append(isp.read(standings)[0].allowance_bytes)
        if used:
            use(isp, datetime(year, month, 24, 9, tzinfo=UTC), used * GB)
    # 6 left; 3 used of those 6; then 1 of the 10 that were left: what came over is used first, or gone
    assert months == [16 * GB, 20 * GB, 20 * GB]
    shown = isp.read(usage_of_customer, customer_id=service.customer_id)[service.subscription_id]
    assert shown.allowance(10 * GB) == 20 * GB


def test_the_last_minutes_of_a_period_are_waited_for(isp: Run, clock: MovedClock) -> None:
    sold(isp, DataTerms(rolls_over=True))
    follow(isp)
    clock.move_to(nairobi(23, 0, month=12) + timedelta(minutes=5))
    bill_on(isp, date(2026, 12, 23))
    follow(isp)
    assert isp.read(standings)[0].allowance_bytes == 10 * GB
    use(isp, nairobi(22, 23, month=12), 4 * GB)
    clock.move_to(nairobi(23, 0, month=12) + timedelta(minutes=15))
    follow(isp)
    assert isp.read(standings)[0].allowance_bytes == 16 * GB


@pytest.mark.parametrize(("days_between", "allowance"), [(0, 17), (3, 10)])
def test_bought_time_rolls_over_only_where_the_next_follows_it(
    isp: Run, clock: MovedClock, days_between: int, allowance: int
) -> None:
    service = sold(isp, DataTerms(rolls_over=True), action=CapAction.SUSPEND, prepaid=True)
    settle(isp, c2b(service.customer.account_number, receipt="TKA0000001", amount=kes(100)))
    follow(isp)
    use(isp, START, 3 * GB)
    clock.move_to(START + timedelta(days=days_between, hours=20 if not days_between else 0))
    settle(isp, c2b(service.customer.account_number, receipt="TKA0000002", amount=kes(100)))
    follow(isp)
    clock.move_to(clock.now() + timedelta(hours=6))
    follow(isp)
    assert isp.read(standings)[0].allowance_bytes == allowance * GB


@pytest.mark.parametrize(
    ("terms", "action", "cap", "field"),
    [
        (DataTerms(bonus_hours=NIGHT), CapAction.NOTIFY, None, "data_cap_bytes"),
        (DataTerms(rolls_over=True), CapAction.NOTIFY, None, "data_cap_bytes"),
        (DataTerms(fair_use_hours=EVENING), CapAction.NOTIFY, GB, "fair_use_hours"),
        (DataTerms(fair_use_hours=EVENING), CapAction.CHARGE, GB, "fair_use_hours"),
        (DataTerms(DailyHours(17, 0), EVENING), CapAction.SUSPEND, GB, "fair_use_hours"),
    ],
)
def test_terms_that_have_no_meaning_are_refused(
    isp: Run, terms: DataTerms, action: CapAction, cap: int | None, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        isp(
            create_plan,
            code="NO",
            name="No meaning",
            download_bps=10_000_000,
            upload_bps=5_000_000,
            data_cap_bytes=cap,
            cap_action=action,
            data_terms=terms,
        )
    assert refused.value.field == field
