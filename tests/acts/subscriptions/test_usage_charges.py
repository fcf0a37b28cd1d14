"""Traffic beyond the cap is charged once the period is over: once, and whatever becomes of the service."""

from datetime import UTC, date, datetime

import pytest

from benfex.catalog.plans import PriceTerms, create_plan, publish_price
from benfex.core.clock import MovedClock
from benfex.core.unit_of_work import UnitOfWork
from benfex.subscriptions.corrections import cancel_invoice
from benfex.subscriptions.lifecycle import end_subscription
from benfex.subscriptions.pausing import pause_subscription, resume_subscription
from benfex.subscriptions.plan_changes import change_plan
from data.values.identifiers import InvoiceId, PlanId, PlanPriceId
from data.values.kinds import CapAction, ChangeTiming, ChargeTiming, CycleAlignment
from tests.conftest import Run
from tests.factories.changes import bill_on, change, go_to
from tests.factories.customers import MadeService, make_service
from tests.factories.isp import kes, make_price
from tests.factories.services import lines_of, set_terms, standing
from tests.factories.usage import move_in_hour

FIRST = date(2026, 12, 1)
NEXT = date(2026, 12, 23)
GIGABYTES = 1_000_000_000


def metered(isp: Run, *, timing: ChargeTiming = ChargeTiming.ADVANCE) -> MadeService:
    """Start a service of 10 GB a month from 23 November, KES 50 a gigabyte more."""
    plan_id = isp(
        create_plan,
        code="METERED",
        name="Metered",
        download_bps=10_000_000,
        upload_bps=5_000_000,
        data_cap_bytes=10 * GIGABYTES,
        cap_action=CapAction.CHARGE,
    )
    terms = PriceTerms(timing=timing, overage=kes(50))
    return make_service(isp, price_id=isp(publish_price, plan_id=plan_id, amount=kes(3_000), terms=terms))


@pytest.fixture
def service(isp: Run) -> MadeService:
    """A metered service of which 13 GB were used by December."""
    made = metered(isp)
    isp(_use, at=datetime(2026, 12, 1, 12, tzinfo=UTC), gigabytes=13)
    return made


def _use(uow: UnitOfWork, *, at: datetime, gigabytes: int) -> None:
    move_in_hour(uow, at=at, count=gigabytes * GIGABYTES)


def test_what_was_used_beyond_the_cap_is_billed_with_the_next_period(isp: Run, service: MadeService) -> None:
    for _ in range(2):
        bill_on(isp, NEXT)
    assert isp.read(lines_of, subscription_id=service.subscription_id)[1:] == [
        ("Metered", 300_000),
        ("Metered, 3 GB beyond the cap", 15_000),
    ]


def test_an_invoice_billed_again_has_what_was_used_beyond_the_cap(isp: Run, service: MadeService) -> None:
    bill_on(isp, NEXT)
    isp(cancel_invoice, invoice_id=InvoiceId(2), reason="wrong name on it", bill_again=True)
    bill_on(isp, NEXT)
    assert isp.read(lines_of, subscription_id=service.subscription_id)[3:] == [
        ("Metered", 300_000),
        ("Metered, 3 GB beyond the cap", 15_000),
    ]


@pytest.mark.parametrize("when", list(ChangeTiming))
def test_the_last_bill_has_what_was_used_beyond_the_cap(
    isp: Run, clock: MovedClock, service: MadeService, when: ChangeTiming
) -> None:
    go_to(isp, clock, date(2026, 12, 8))
    change(isp, end_subscription, subscription_id=service.subscription_id, reason="moves away", when=when)
    bill_on(isp, NEXT)
    lines = isp.read(lines_of, subscription_id=service.subscription_id)
    assert lines[1:] == [("Metered, 3 GB beyond the cap", 15_000)]


def usage_lines(isp: Run, service: MadeService) -> list[tuple[str, int]]:
    lines = isp.read(lines_of, subscription_id=service.subscription_id)
    return [line for line in lines if "beyond the cap" in line[0]]


def test_a_pause_into_another_period_leaves_no_traffic_uncharged(
    isp: Run, clock: MovedClock, service: MadeService
) -> None:
    go_to(isp, clock, date(2026, 12, 8))
    change(isp, pause_subscription, subscription_id=service.subscription_id)
    go_to(isp, clock, date(2027, 1, 10))
    change(isp, resume_subscription, subscription_id=service.subscription_id)
    for day in (date(2027, 1, 10), date(2027, 1, 23)):
        bill_on(isp, day)
    assert usage_lines(isp, service) == [("Metered, 3 GB beyond the cap", 15_000)]


def test_a_pause_that_ends_by_itself_leaves_no_traffic_uncharged(
    isp: Run, clock: MovedClock, service: MadeService
) -> None:
    go_to(isp, clock, date(2026, 12, 8))
    back_on = date(2027, 1, 10)
    change(isp, pause_subscription, subscription_id=service.subscription_id, resumes_on=back_on)
    for _ in range(2):
        bill_on(isp, back_on)
    assert usage_lines(isp, service) == [("Metered, 3 GB beyond the cap", 15_000)]


def test_a_pause_within_its_period_counts_the_whole_period_once(
    isp: Run, clock: MovedClock, service: MadeService
) -> None:
    go_to(isp, clock, date(2026, 12, 8))
    change(isp, pause_subscription, subscription_id=service.subscription_id)
    go_to(isp, clock, date(2026, 12, 12))
    change(isp, resume_subscription, subscription_id=service.subscription_id)
    isp(_use, at=datetime(2026, 12, 20, 12, tzinfo=UTC), gigabytes=2)
    bill_on(isp, NEXT)
    assert usage_lines(isp, service) == [("Metered, 5 GB beyond the cap", 25_000)]


def test_a_pause_after_missed_runs_charges_the_periods_before(
    isp: Run, clock: MovedClock, service: MadeService
) -> None:
    go_to(isp, clock, date(2026, 12, 28))
    change(isp, pause_subscription, subscription_id=service.subscription_id)
    assert usage_lines(isp, service) == [("Metered, 3 GB beyond the cap", 15_000)]


def test_a_change_in_arrears_charges_traffic_once(isp: Run, clock: MovedClock) -> None:
    service = metered(isp, timing=ChargeTiming.ARREARS)
    isp(_use, at=datetime(2026, 12, 18, 12, tzinfo=UTC), gigabytes=13)
    go_to(isp, clock, date(2026, 12, 8))
    dearer = isp(
        publish_price,
        plan_id=PlanId(1),
        amount=kes(4_000),
        terms=PriceTerms(timing=ChargeTiming.ARREARS, overage=kes(50)),
    )
    change(isp, change_plan, subscription_id=service.subscription_id, plan_price_id=dearer)
    bill_on(isp, NEXT)
    assert usage_lines(isp, service) == [("Metered, 3 GB beyond the cap", 15_000)]


def test_a_plan_without_a_charge_for_traffic_leaves_none_of_the_old_uncharged(
    isp: Run, clock: MovedClock, service: MadeService
) -> None:
    go_to(isp, clock, date(2026, 12, 8))
    change(isp, change_plan, subscription_id=service.subscription_id, plan_price_id=make_price(isp))
    bill_on(isp, NEXT)
    assert usage_lines(isp, service) == [("Metered, 3 GB beyond the cap", 15_000)]


def test_a_part_and_the_full_period_billed_with_it_follow_one_another(isp: Run) -> None:
    set_terms(isp, billing_day=1, alignment=CycleAlignment.PART_PLUS_FULL)
    service = metered(isp)
    isp(_use, at=datetime(2026, 11, 27, 12, tzinfo=UTC), gigabytes=12)
    isp(_use, at=datetime(2026, 12, 27, 12, tzinfo=UTC), gigabytes=13)
    seen = []
    for day in (date(2026, 11, 30), FIRST, FIRST, date(2027, 1, 1)):
        bill_on(isp, day)
        seen.append(isp.read(standing, subscription_id=service.subscription_id).period)
    assert seen == [
        (date(2026, 11, 1), FIRST),
        (FIRST, date(2027, 1, 1)),
        (FIRST, date(2027, 1, 1)),
        (date(2027, 1, 1), date(2027, 2, 1)),
    ]
    assert isp.read(lines_of, subscription_id=service.subscription_id)[2:] == [
        ("Metered, 2 GB beyond the cap", 10_000),
        ("Metered", 300_000),
        ("Metered, 3 GB beyond the cap", 15_000),
    ]


def test_a_full_period_billed_ahead_is_charged_for_its_traffic_after_a_missed_run(isp: Run) -> None:
    set_terms(isp, billing_day=1, alignment=CycleAlignment.PART_PLUS_FULL)
    service = metered(isp)
    isp(_use, at=datetime(2026, 11, 27, 12, tzinfo=UTC), gigabytes=12)
    isp(_use, at=datetime(2026, 12, 27, 12, tzinfo=UTC), gigabytes=13)
    bill_on(isp, date(2027, 1, 1))
    assert usage_lines(isp, service) == [
        ("Metered, 2 GB beyond the cap", 10_000),
        ("Metered, 3 GB beyond the cap", 15_000),
    ]


def test_traffic_that_was_charged_is_not_charged_again_with_its_period(isp: Run) -> None:
    set_terms(isp, billing_day=1, alignment=CycleAlignment.PART_PLUS_FULL)
    service = metered(isp)
    isp(_use, at=datetime(2026, 11, 27, 12, tzinfo=UTC), gigabytes=12)
    bill_on(isp, FIRST)
    isp(cancel_invoice, invoice_id=InvoiceId(1), reason="wrong name on it", bill_again=True)
    bill_on(isp, FIRST)
    assert usage_lines(isp, service) == [("Metered, 2 GB beyond the cap", 10_000)]
    assert isp.read(standing, subscription_id=service.subscription_id).period == (FIRST, date(2027, 1, 1))


def test_an_invoice_of_traffic_alone_can_be_billed_again(isp: Run) -> None:
    set_terms(isp, billing_day=1, alignment=CycleAlignment.PART_PLUS_FULL)
    service = metered(isp)
    isp(_use, at=datetime(2026, 11, 27, 12, tzinfo=UTC), gigabytes=12)
    bill_on(isp, FIRST)
    isp(cancel_invoice, invoice_id=InvoiceId(2), reason="wrong name on it", bill_again=True)
    for _ in range(2):
        bill_on(isp, FIRST)
    assert (
        usage_lines(isp, service) == [("Metered, 2 GB beyond the cap", 10_000)] * 2
    )  # one is of the void one
    assert isp.read(standing, subscription_id=service.subscription_id).period == (FIRST, date(2027, 1, 1))


def test_a_change_when_the_period_is_over_charges_the_old_period_by_the_old_plan(
    isp: Run, clock: MovedClock, service: MadeService
) -> None:
    smaller = _metered_price(isp, code="SMALL", gigabytes=1)
    go_to(isp, clock, date(2026, 12, 8))
    change(
        isp,
        change_plan,
        subscription_id=service.subscription_id,
        plan_price_id=smaller,
        when=ChangeTiming.PERIOD_END,
    )
    bill_on(isp, NEXT)
    isp(_use, at=datetime(2026, 12, 30, 12, tzinfo=UTC), gigabytes=3)
    bill_on(isp, date(2027, 1, 23))
    assert usage_lines(isp, service) == [
        ("Metered, 3 GB beyond the cap", 15_000),
        ("Small, 2 GB beyond the cap", 10_000),
    ]


def test_traffic_of_an_unmetered_plan_is_free_after_a_change_at_period_end_too(
    isp: Run, clock: MovedClock
) -> None:
    service = make_service(isp, price_id=make_price(isp, amount=kes(3_000)))
    isp(_use, at=datetime(2026, 12, 1, 12, tzinfo=UTC), gigabytes=90)
    go_to(isp, clock, date(2026, 12, 8))
    change(
        isp,
        change_plan,
        subscription_id=service.subscription_id,
        plan_price_id=_metered_price(isp, code="SMALL", gigabytes=1),
        when=ChangeTiming.PERIOD_END,
    )
    for day in (NEXT, date(2027, 1, 23)):
        bill_on(isp, day)
    assert usage_lines(isp, service) == []


def test_a_change_in_a_pause_charges_the_traffic_before_it_by_the_old_plan(
    isp: Run, clock: MovedClock, service: MadeService
) -> None:
    go_to(isp, clock, date(2026, 12, 8))
    change(isp, pause_subscription, subscription_id=service.subscription_id)
    smaller = _metered_price(isp, code="SMALL", gigabytes=1)
    go_to(isp, clock, date(2027, 1, 5))
    change(isp, change_plan, subscription_id=service.subscription_id, plan_price_id=smaller)
    go_to(isp, clock, date(2027, 1, 10))
    change(isp, resume_subscription, subscription_id=service.subscription_id)
    bill_on(isp, date(2027, 1, 23))
    assert usage_lines(isp, service) == [("Metered, 3 GB beyond the cap", 15_000)]


def test_leaving_a_metered_plan_and_coming_back_charges_no_traffic_twice(
    isp: Run, clock: MovedClock, service: MadeService
) -> None:
    flat = make_price(isp, code="FLAT", amount=kes(5_000))
    metered_again = isp(
        publish_price, plan_id=PlanId(1), amount=kes(3_100), terms=PriceTerms(overage=kes(50))
    )
    for day, price_id in ((date(2026, 12, 8), flat), (date(2026, 12, 15), metered_again)):
        go_to(isp, clock, day)
        change(isp, change_plan, subscription_id=service.subscription_id, plan_price_id=price_id)
        isp(_use, at=datetime(day.year, day.month, day.day, 12, tzinfo=UTC), gigabytes=11)
    bill_on(isp, NEXT)
    assert usage_lines(isp, service) == [
        ("Metered, 3 GB beyond the cap", 15_000),
        ("Metered, 1 GB beyond the cap", 5_000),
    ]


def _metered_price(isp: Run, *, code: str, gigabytes: int) -> PlanPriceId:
    plan_id = isp(
        create_plan,
        code=code,
        name=code.title(),
        download_bps=10_000_000,
        upload_bps=5_000_000,
        data_cap_bytes=gigabytes * GIGABYTES,
        cap_action=CapAction.CHARGE,
    )
    return isp(publish_price, plan_id=plan_id, amount=kes(2_000), terms=PriceTerms(overage=kes(50)))
