"""Plans with bursts and caps, and prices with terms of their own."""

from datetime import date, timedelta

import pytest

from benfex.catalog.plans import PriceTerms, archive_plan, create_plan, publish_price
from benfex.catalog.views import catalog
from benfex.core.clock import MovedClock
from benfex.core.unit_of_work import Snapshot
from data.models.catalog import PlanPrice
from data.values.errors import Conflict, InvalidInput
from data.values.identifiers import PlanId, PlanPriceId
from data.values.kinds import CapAction, ChargeTiming
from data.values.money import Money
from data.values.traffic import Burst, Rate
from tests.conftest import Run
from tests.factories.customers import make_customer, make_service
from tests.factories.isp import kes, make_router

pytestmark = pytest.mark.sqlite_only
BURST = Burst(Rate(30_000_000, 8_000_000), Rate(8_000_000, 4_000_000), 10)


def make_plan(isp: Run, code: str = "HOME", **more: object) -> PlanId:
    return isp(
        create_plan,
        code=code,
        name=code.title(),
        download_bps=10_000_000,
        upload_bps=5_000_000,
        **more,  # type: ignore[arg-type]  # each test names what it gives
    )


def terms_of(snapshot: Snapshot, *, price_id: PlanPriceId) -> tuple[ChargeTiming, int, int, int]:
    price = snapshot.session.get(PlanPrice, price_id)
    assert price is not None
    fee = price.early_termination_fee_minor
    return price.timing, price.trial_days, price.minimum_term_months, fee


def test_a_price_keeps_its_terms(isp: Run) -> None:
    terms = PriceTerms(ChargeTiming.ARREARS, 14, 12, kes(1_000))
    price_id = isp(publish_price, plan_id=make_plan(isp), amount=kes(3_000), terms=terms)
    assert isp.read(terms_of, price_id=price_id) == (ChargeTiming.ARREARS, 14, 12, 100_000)


def test_a_price_that_is_announced_is_sold_from_its_day(isp: Run, clock: MovedClock) -> None:
    plan_id = make_plan(isp)
    now = isp(publish_price, plan_id=plan_id, amount=kes(3_000))
    later = isp(publish_price, plan_id=plan_id, amount=kes(3_500), valid_from_on=date(2026, 12, 1))
    customer, router_id = make_customer(isp), make_router(isp)
    with pytest.raises(Conflict):
        make_service(isp, price_id=later, customer=customer, router_id=router_id)
    assert [price.plan_price_id for price in isp.read(catalog).plans[0].prices] == [now]
    clock.advance(timedelta(days=7, hours=13))  # midnight of 1 December in Nairobi
    assert [price.plan_price_id for price in isp.read(catalog).plans[0].prices] == [later]
    make_service(isp, price_id=later, customer=customer, router_id=router_id)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (PriceTerms(trial_days=-1), "trial_days"),
        (PriceTerms(minimum_term_months=61), "minimum_term_months"),
        (PriceTerms(early_termination_fee=kes(1)), "early_termination_fee"),
        (PriceTerms(overage=kes(1)), "overage"),
        (PriceTerms(minimum_term_months=1, early_termination_fee=Money(1, "USD")), "early_termination_fee"),
    ],
)
def test_terms_that_make_no_sense_are_refused(isp: Run, terms: PriceTerms, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        isp(publish_price, plan_id=make_plan(isp), amount=kes(3_000), terms=terms)
    assert refused.value.field == field


def test_a_plan_that_charges_beyond_its_cap_needs_the_price_of_a_gigabyte(isp: Run) -> None:
    with pytest.raises(InvalidInput):
        make_plan(isp, "NOCAP", cap_action=CapAction.CHARGE)
    plan_id = make_plan(isp, data_cap_bytes=10**9, cap_action=CapAction.CHARGE)
    with pytest.raises(InvalidInput):
        isp(publish_price, plan_id=plan_id, amount=kes(3_000))
    isp(publish_price, plan_id=plan_id, amount=kes(3_000), terms=PriceTerms(overage=kes(50)))


@pytest.mark.parametrize(
    ("burst", "field"),
    [
        (Burst(Rate(9_000_000, 8_000_000), BURST.threshold, 10), "burst_download_bps"),
        (Burst(BURST.rate, Rate(8_000_000, 6_000_000), 10), "burst_threshold_upload_bps"),
        (Burst(BURST.rate, BURST.threshold, 0), "burst_seconds"),
    ],
)
def test_a_burst_that_a_router_would_not_give_is_refused(isp: Run, burst: Burst, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        make_plan(isp, burst=burst)
    assert refused.value.field == field


def test_an_archived_plan_is_sold_no_more(isp: Run) -> None:
    plan_id = make_plan(isp, burst=BURST)
    price_id = isp(publish_price, plan_id=plan_id, amount=kes(3_000))
    isp(archive_plan, plan_id=plan_id)
    with pytest.raises(Conflict):
        isp(archive_plan, plan_id=plan_id)
    with pytest.raises(Conflict):
        make_service(isp, price_id=price_id)
