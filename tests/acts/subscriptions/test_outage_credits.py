"""An outage that lasted is credited by itself, once, for what was paid and not had."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benfex.catalog.plans import PriceTerms
from benfex.core.clock import MovedClock
from benfex.core.policy import save_policy
from benfex.ledger.verification import verify_ledger
from benfex.network.health import note_router_status
from benfex.subscriptions.outage_credits import (
    close_outage,
    credit_outage,
    outage_credits_due,
    share_of,
)
from data.queries.outages import PriceLine
from data.values.kinds import ChargeTiming
from data.values.money import Money
from data.values.states import RouterStatus
from tests.conftest import Run
from tests.factories.changes import bill_on
from tests.factories.customers import MadeService, make_customer, make_service, suspend
from tests.factories.isp import kes, make_price
from tests.factories.looks import owed
from tests.factories.messages import queued, set_up_channels
from tests.factories.money import c2b, settle

HOUR = timedelta(hours=1)


def router_is_down(isp: Run, clock: MovedClock, service: MadeService, *, for_: timedelta) -> None:
    clock.move_to(datetime(2026, 11, 25, 8, tzinfo=UTC))
    isp(note_router_status, router_id=service.router_id, status=RouterStatus.UNREACHABLE)
    clock.advance(for_)
    isp(note_router_status, router_id=service.router_id, status=RouterStatus.REACHABLE)


def credit_all(isp: Run) -> list[Money | None]:
    """Do what the clock does, and return what was credited."""
    due, over = isp.read(outage_credits_due)
    given = [isp(credit_outage, due=one) for one in due]
    assert [isp(credit_outage, due=one) for one in due] == [None] * len(due)  # never twice
    for outage_id in over:
        isp(close_outage, outage_id=outage_id)
    return given


@pytest.fixture
def service(isp: Run) -> MadeService:
    """A service of KES 2,500 a month from 23 November, invoiced; outages of an hour are credited."""
    set_up_channels(isp)
    isp(save_policy, outage_credit_minutes=60)
    return make_service(isp)


def test_a_day_and_a_half_of_thirty_is_a_twentieth_of_the_price(
    isp: Run, clock: MovedClock, service: MadeService
) -> None:
    before = isp.read(owed, customer_id=service.customer_id)
    router_is_down(isp, clock, service, for_=36 * HOUR)
    assert credit_all(isp) == [kes(125)]
    assert credit_all(isp) == []
    assert isp.read(outage_credits_due) == ((), ())
    assert isp.read(owed, customer_id=service.customer_id) == before - kes(125)
    (told,) = [row for row in queued(isp) if row.template == "outage_credited" and row.channel == "sms"]
    facts = dict(told.facts)
    assert (facts["amount"], facts["duration"]) == ("KES 125", "36 h")
    assert isp.read(verify_ledger).is_sound


def test_what_was_paid_becomes_credit(isp: Run, clock: MovedClock, service: MadeService) -> None:
    settle(isp, c2b(service.customer.account_number, receipt="TKB0000001", amount=kes(2_500)))
    router_is_down(isp, clock, service, for_=36 * HOUR)
    credit_all(isp)
    assert isp.read(owed, customer_id=service.customer_id) == kes(-125)


def test_a_service_in_arrears_is_credited_on_the_bill_that_holds_the_outage(
    isp: Run, clock: MovedClock
) -> None:
    set_up_channels(isp)
    isp(save_policy, outage_credit_minutes=60)
    service = make_service(isp, price_id=make_price(isp, terms=PriceTerms(timing=ChargeTiming.ARREARS)))
    router_is_down(isp, clock, service, for_=36 * HOUR)
    assert credit_all(isp) == [None]
    assert credit_all(isp) == []
    assert isp.read(outage_credits_due) == ((), ())  # it waits
    clock.move_to(datetime(2026, 12, 23, 9, tzinfo=UTC))
    bill_on(isp, date(2026, 12, 23))
    before = isp.read(owed, customer_id=service.customer_id)
    assert credit_all(isp) == [kes(125)]
    assert isp.read(owed, customer_id=service.customer_id) == before - kes(125)
    assert isp.read(outage_credits_due) == ((), ())
    assert [row.template for row in queued(isp) if row.channel == "sms"].count("outage_credited") == 1
    assert isp.read(verify_ledger).is_sound


@pytest.mark.parametrize("why", ["too short", "switched off", "suspended before", "came later"])
def test_nothing_is_credited_where_nothing_was_lost(
    isp: Run, clock: MovedClock, service: MadeService, why: str
) -> None:
    if why == "switched off":
        isp(save_policy, outage_credit_minutes=0)
    if why == "suspended before":
        suspend(isp, service)
    router_is_down(isp, clock, service, for_=HOUR / 2 if why == "too short" else 36 * HOUR)
    if why == "came later":
        other = make_service(
            isp,
            customer=make_customer(isp, phone="0722000111"),
            price_id=service.price_id,
            router_id=service.router_id,
            username="brian",
        )
        credit_all(isp)
        assert isp.read(owed, customer_id=other.customer_id) == kes(2_500)
        return
    assert credit_all(isp) == []
    assert isp.read(outage_credits_due) == ((), ())


def line(gross: int, *, left: int | None = None) -> PriceLine:
    starts_on = datetime(2026, 11, 1, tzinfo=UTC).date()
    left = gross if left is None else left
    return PriceLine(1, 1, "KES", gross, left, left, starts_on, starts_on + timedelta(days=30))


@given(
    gross=st.integers(0, 10**9),
    cuts=st.lists(st.integers(0, 30 * 86_400), min_size=2, max_size=6),
)
def test_outages_of_a_period_never_come_to_more_than_its_price(gross: int, cuts: list[int]) -> None:
    midnight = datetime(2026, 10, 31, 21, tzinfo=UTC)
    at = sorted(midnight + timedelta(seconds=cut) for cut in cuts)
    left = gross
    for begins, ends in pairwise(at):
        share = share_of(line(gross, left=left), begins, ends, zone="Africa/Nairobi")
        assert 0 <= share <= left
        left -= share
    whole = share_of(line(gross), midnight, midnight + timedelta(days=30), zone="Africa/Nairobi")
    assert whole == gross
    assert share_of(line(gross), midnight - HOUR, midnight, zone="Africa/Nairobi") == 0
