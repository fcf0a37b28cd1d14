"""Customers are warned once for each share of their data, and what they buy beside it counts in that period."""

from datetime import UTC, date, datetime, timedelta

import pytest

from benfex.catalog.extras import create_add_on
from benfex.catalog.plans import PriceTerms, create_plan, publish_price
from benfex.core.actors import SubscriberActor
from benfex.core.clock import MovedClock
from benfex.core.policy import current_terms, save_policy
from benfex.subscriptions.add_ons import AddOnSale
from benfex.subscriptions.cap_access import cap_access_changes, follow_cap
from benfex.subscriptions.data_packs import buy_data_pack, data_packs
from benfex.subscriptions.extras import add_add_on
from benfex.usage.caps import note_cap, usage_news, warn_of_usage
from data.values.errors import Conflict, InvalidInput, NotFound
from data.values.identifiers import AddOnId, CustomerId, UserId
from data.values.kinds import BillingMode, CapAction, Interval
from data.values.states import SubscriptionStatus
from tests.conftest import START, Run
from tests.factories.changes import bill_on
from tests.factories.customers import MadeService, make_customer, make_service
from tests.factories.isp import kes
from tests.factories.looks import owed
from tests.factories.messages import queued, set_up_channels
from tests.factories.money import c2b, settle
from tests.factories.services import lines_of, standing
from tests.factories.usage import move_in_hour

GB = 1_000_000_000
_hours = iter(range(10_000))


def sold(isp: Run, action: CapAction, *, gigabytes: int = 10) -> MadeService:
    """Start a service of so many GB a month; what goes beyond costs KES 50 a gigabyte where it is charged."""
    plan_id = isp(
        create_plan,
        code="CAPPED",
        name="Capped",
        download_bps=10_000_000,
        upload_bps=5_000_000,
        data_cap_bytes=gigabytes * GB,
        cap_action=action,
        throttled_bps=1_000_000 if action is CapAction.THROTTLE else None,
    )
    terms = PriceTerms(overage=kes(50)) if action is CapAction.CHARGE else PriceTerms()
    return make_service(isp, price_id=isp(publish_price, plan_id=plan_id, amount=kes(3_000), terms=terms))


def pack(isp: Run, *, gigabytes: int = 5, price: int = 200) -> AddOnId:
    return isp(
        create_add_on,
        code=f"DATA{gigabytes}",
        name=f"{gigabytes} GB more",
        amount=kes(price),
        is_recurring=False,
        data_bytes=gigabytes * GB,
    )


def use(isp: Run, count: int, *, at: datetime | None = None) -> None:
    """Move so many bytes over the first line, and let everything follow."""

    starts_at = at or START - timedelta(hours=1) + timedelta(minutes=next(_hours))
    isp(move_in_hour, at=starts_at, count=count)
    follow(isp)


def follow(isp: Run) -> None:
    news = isp.read(usage_news)
    for change in news.changes:
        isp(note_cap, change=change)
    for due in news.warnings:
        isp(warn_of_usage, due=due)
    for subscription_id in isp.read(cap_access_changes):
        isp(follow_cap, subscription_id=subscription_id)


def told(isp: Run) -> list[tuple[str, str]]:
    """Return the warnings as (template, percent), those by e-mail only."""
    return [
        (message.template, dict(message.facts)["percent"])
        for message in queued(isp)
        if message.template.startswith("data_") and message.channel == "sms"
    ]


def test_a_customer_is_warned_once_for_each_share(isp: Run) -> None:
    set_up_channels(isp)
    sold(isp, CapAction.NOTIFY)
    use(isp, 8 * GB - 1)
    assert told(isp) == []
    use(isp, 1)
    assert told(isp) == [("data_warning", "80")]
    follow(isp)
    use(isp, GB)
    assert told(isp) == [("data_warning", "80")]
    use(isp, GB // 2)
    assert told(isp)[1:] == [("data_warning", "95")]
    use(isp, GB // 2)
    assert len(told(isp)) == 2  # the last byte belongs to the data
    use(isp, 1)
    assert told(isp)[2:] == [("data_used_up", "100")]


def test_of_shares_reached_at_once_the_largest_is_told_and_the_next_period_begins_anew(
    isp: Run, clock: MovedClock
) -> None:
    set_up_channels(isp)
    sold(isp, CapAction.NOTIFY)
    use(isp, 11 * GB)
    assert told(isp) == [("data_used_up", "100")]
    clock.move_to(datetime(2026, 12, 24, 9, tzinfo=UTC))
    bill_on(isp, date(2026, 12, 23))
    use(isp, 9 * GB, at=datetime(2026, 12, 23, 9, tzinfo=UTC))
    assert told(isp)[1:] == [("data_warning", "80")]


def test_the_shares_are_the_owners(isp: Run) -> None:
    isp(save_policy, usage_warnings=(50,))
    assert isp.read(current_terms).usage_warnings == (50,)
    set_up_channels(isp)
    sold(isp, CapAction.NOTIFY)
    use(isp, 5 * GB)
    assert told(isp) == [("data_warning", "50")]
    for wrong in ((95, 80), (0,), (100,), (80, 80), tuple(range(1, 8))):
        with pytest.raises(InvalidInput) as refused:
            isp(save_policy, usage_warnings=wrong)
        assert refused.value.field == "usage_warnings"


@pytest.mark.parametrize("action", [CapAction.THROTTLE, CapAction.SUSPEND])
def test_data_that_is_bought_gives_back_what_the_cap_took(isp: Run, action: CapAction) -> None:
    set_up_channels(isp)
    service = sold(isp, action)
    use(isp, 11 * GB)
    before = isp.read(standing, subscription_id=service.subscription_id)
    is_off = action is CapAction.SUSPEND
    assert before.status is (SubscriptionStatus.SUSPENDED if is_off else SubscriptionStatus.ACTIVE)
    isp(add_add_on, subscription_id=service.subscription_id, sale=AddOnSale(pack(isp)))
    after = isp.read(standing, subscription_id=service.subscription_id)
    assert after.status is SubscriptionStatus.ACTIVE
    assert isp.read(usage_news).changes == ()
    assert isp.read(lines_of, subscription_id=service.subscription_id)[-1] == ("5 GB more", 20_000)
    use(isp, 4 * GB)  # 15 of 15: told anew of the larger data
    use(isp, 1)
    assert told(isp) == [("data_used_up", "100"), ("data_warning", "95"), ("data_used_up", "100")]


def test_data_that_is_bought_is_not_charged_as_overage_and_ends_with_its_period(
    isp: Run, clock: MovedClock
) -> None:
    service = sold(isp, CapAction.CHARGE)
    isp(add_add_on, subscription_id=service.subscription_id, sale=AddOnSale(pack(isp), 2))
    use(isp, 23 * GB, at=datetime(2026, 12, 1, 12, tzinfo=UTC))
    clock.move_to(datetime(2026, 12, 23, 12, tzinfo=UTC))
    bill_on(isp, date(2026, 12, 23))
    lines = isp.read(lines_of, subscription_id=service.subscription_id)
    assert lines[1:] == [
        ("5 GB more", 40_000),
        ("Capped", 300_000),
        ("Capped, 3 GB beyond the cap", 15_000),
    ]
    use(isp, 12 * GB, at=datetime(2026, 12, 24, 12, tzinfo=UTC))
    clock.move_to(datetime(2027, 1, 23, 12, tzinfo=UTC))
    bill_on(isp, date(2027, 1, 23))
    assert isp.read(lines_of, subscription_id=service.subscription_id)[-1] == (
        "Capped, 2 GB beyond the cap",
        10_000,
    )


def test_a_subscriber_buys_from_credit_only_and_for_themselves_only(isp: Run) -> None:
    service = sold(isp, CapAction.SUSPEND)
    add_on_id = pack(isp)
    settle(isp, c2b(service.customer.account_number, receipt="TKA0000001", amount=kes(3_100)))
    use(isp, 11 * GB)
    amina = isp.by(SubscriberActor(UserId(7), service.customer_id, "Amina"))
    assert [(one.name, one.data_bytes) for one in amina.read(data_packs)] == [("5 GB more", 5 * GB)]

    def buy(who: Run, customer_id: CustomerId) -> None:
        who(
            buy_data_pack,
            customer_id=customer_id,
            subscription_id=service.subscription_id,
            add_on_id=add_on_id,
        )

    with pytest.raises(Conflict, match="KES 100 is missing"):
        buy(amina, service.customer_id)
    assert isp.read(owed, customer_id=service.customer_id) == kes(-100)  # nothing was put on account
    settle(isp, c2b(service.customer.account_number, receipt="TKA0000002", amount=kes(100)))
    buy(amina, service.customer_id)
    assert isp.read(standing, subscription_id=service.subscription_id).status is SubscriptionStatus.ACTIVE
    other = make_customer(isp, phone="0722000111")
    brian = isp.by(SubscriberActor(UserId(8), other.customer_id, "Brian"))
    for customer_id in (other.customer_id, service.customer_id, CustomerId(99)):
        with pytest.raises(NotFound):
            buy(brian, customer_id)


def test_prepaid_time_takes_data_too_paid_from_credit(isp: Run, clock: MovedClock) -> None:
    plan_id = isp(
        create_plan,
        code="DAY",
        name="Day",
        download_bps=10_000_000,
        upload_bps=5_000_000,
        data_cap_bytes=10 * GB,
        cap_action=CapAction.SUSPEND,
    )
    price_id = isp(
        publish_price,
        plan_id=plan_id,
        amount=kes(100),
        interval=Interval.DAY,
        billing_mode=BillingMode.PREPAID,
    )
    service = make_service(isp, price_id=price_id)
    settle(isp, c2b(service.customer.account_number, receipt="TKA0000003", amount=kes(100)))
    use(isp, 11 * GB, at=START)
    assert isp.read(standing, subscription_id=service.subscription_id).status is SubscriptionStatus.SUSPENDED
    settle(isp, c2b(service.customer.account_number, receipt="TKA0000004", amount=kes(60)))
    isp(
        buy_data_pack,
        customer_id=service.customer_id,
        subscription_id=service.subscription_id,
        add_on_id=pack(isp, price=60),
    )
    assert isp.read(standing, subscription_id=service.subscription_id).status is SubscriptionStatus.ACTIVE
    assert isp.read(owed, customer_id=service.customer_id) == kes(0)


def test_what_is_no_pack_of_data_or_has_no_use_is_refused(isp: Run) -> None:
    with pytest.raises(InvalidInput) as refused:
        isp(create_add_on, code="X", name="Monthly data", amount=kes(1), is_recurring=True, data_bytes=GB)
    assert refused.value.field == "data_bytes"
    service = make_service(isp)  # a plan without a limit
    with pytest.raises(Conflict, match="no limit of data"):
        isp(add_add_on, subscription_id=service.subscription_id, sale=AddOnSale(pack(isp)))
    fixed = isp(create_add_on, code="IP", name="Fixed address", amount=kes(500), is_recurring=True)
    with pytest.raises(InvalidInput):
        isp(
            buy_data_pack,
            customer_id=service.customer_id,
            subscription_id=service.subscription_id,
            add_on_id=fixed,
        )
