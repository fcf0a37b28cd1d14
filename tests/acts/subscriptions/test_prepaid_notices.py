"""Prepaid customers are told in time that their time runs out, once, and when it is over."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from benfex.core.clock import MovedClock
from benfex.core.unit_of_work import Snapshot
from benfex.subscriptions.prepaid_notices import (
    end_prepaid_time,
    leads_of,
    services_to_warn,
    warn_of_end,
)
from data.models.message import OutboundMessage
from tests.acts.subscriptions.test_prepaid import pay, prepaid, until
from tests.conftest import Run
from tests.factories.isp import VAULT


def templates(snapshot: Snapshot) -> list[str]:
    rows = snapshot.session.scalars(select(OutboundMessage).order_by(col(OutboundMessage.id)))
    return [row.template for row in rows if row.template.startswith("prepaid")]


@pytest.fixture(autouse=True)
def texting(isp: Run) -> None:
    from benfex.notifications.accounts import save_channel_account
    from data.values.kinds import MessageChannel

    isp(
        save_channel_account,
        channel=MessageChannel.SMS,
        settings={"username": "sandbox", "api_key": "k", "base_url": "http://127.0.0.1:9", "sender": ""},
        vault=VAULT,
    )


@pytest.mark.parametrize(
    ("period", "leads"),
    [
        (timedelta(days=30), (timedelta(days=3), timedelta(days=1))),
        (timedelta(days=7), (timedelta(days=1),)),
        (timedelta(days=1), (timedelta(hours=2),)),
        (timedelta(hours=3), (timedelta(minutes=10),)),
    ],
)
def test_longer_periods_are_warned_of_earlier(period: timedelta, leads: tuple[timedelta, ...]) -> None:
    assert leads_of(period) == leads


def test_a_day_plan_is_warned_of_two_hours_before_and_once(isp: Run, clock: MovedClock) -> None:
    service = prepaid(isp)
    pay(isp, service, 100, "RA1")
    end = isp.read(until, subscription_id=service.subscription_id)
    assert end is not None
    clock.move_to(end - timedelta(hours=3))
    assert isp.read(services_to_warn) == ()
    clock.move_to(end - timedelta(hours=2))
    ((subscription_id, key),) = isp.read(services_to_warn)
    isp(warn_of_end, subscription_id=subscription_id, key=key)
    isp(warn_of_end, subscription_id=subscription_id, key=key)
    assert isp.read(services_to_warn) == ()
    assert isp.read(templates) == ["prepaid_expiring"]


def test_who_has_the_money_with_us_is_not_warned(isp: Run, clock: MovedClock) -> None:
    service = prepaid(isp)
    pay(isp, service, 200, "RA1")
    end = isp.read(until, subscription_id=service.subscription_id)
    assert end is not None
    clock.move_to(end - timedelta(hours=2))
    ((subscription_id, key),) = isp.read(services_to_warn)
    assert isp(warn_of_end, subscription_id=subscription_id, key=key) == 0


def test_the_end_is_told_in_the_act_that_ends_it(isp: Run, clock: MovedClock) -> None:
    service = prepaid(isp)
    pay(isp, service, 100, "RA1")
    clock.advance(timedelta(days=2))
    isp(end_prepaid_time, subscription_id=service.subscription_id)
    isp(end_prepaid_time, subscription_id=service.subscription_id)
    assert isp.read(templates) == ["prepaid_expired"]
