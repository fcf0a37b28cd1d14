"""What each step of dunning does, what holds it off, and what lifts it again."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from benfex.core.actors import SubscriberActor
from benfex.core.clock import MovedClock
from benfex.core.policy import save_holiday, save_policy
from benfex.core.unit_of_work import Snapshot
from benfex.dunning.promises import defer_dunning, make_promise, promise_offer, promises
from benfex.dunning.runner import DunningRunner, Word, answer_breaker, breaker
from benfex.dunning.runs import customers_to_chase, foreseen_suspensions, run_dunning
from benfex.subscriptions.lifecycle import suspend_subscription
from data.models.subscription import Subscription
from data.queries import invoices as invoice_queries
from data.values.errors import Conflict, InvalidInput
from data.values.identifiers import CustomerId, UserId
from data.values.kinds import DunningAction, LineKind, MessageChannel, SuspensionReason
from data.values.states import InvoiceStatus, PromiseStatus, SubscriptionStatus
from data.values.terms import DunningStep
from tests.conftest import Run
from tests.factories.customers import MadeService, make_customer, make_service
from tests.factories.isp import SYSTEM, kes, make_price, make_router, set_policy
from tests.factories.looks import service_state
from tests.factories.messages import set_up_channels, templates_of
from tests.factories.money import c2b, settle

STEPS = (
    DunningStep(-3, DunningAction.REMIND),
    DunningStep(0, DunningAction.PROMPT),
    DunningStep(2, DunningAction.LATE_FEE, amount_minor=200_00),
    DunningStep(3, DunningAction.THROTTLE),
    DunningStep(7, DunningAction.SUSPEND),
    DunningStep(30, DunningAction.END),
)
DUE_IN = 7  # days: what is billed on Monday 23 November is due on Monday 30


@pytest.fixture
def service(isp: Run) -> MadeService:
    set_policy(isp, steps=STEPS)
    service = make_service(isp)
    set_up_channels(isp, MessageChannel.SMS)
    return service


def day(isp: Run, clock: MovedClock, days: int) -> None:
    """Go to so many days after the due date, running every day on the way."""
    due = date(2026, 11, 23) + timedelta(days=DUE_IN)
    while (clock.now().date() - due).days < days:
        clock.advance(timedelta(days=1))
        chase(isp)


def chase(isp: Run) -> None:
    for customer_id in isp.read(customers_to_chase):
        isp(run_dunning, customer_id=customer_id)


def state(isp: Run, service: MadeService) -> SubscriptionStatus:
    return isp.read(service_state, subscription_id=service.subscription_id)[0]


def is_throttled(isp: Run, service: MadeService) -> bool:
    return isp.read(_throttled, subscription_id=service.subscription_id)


def pay(isp: Run, service: MadeService, shillings: int, receipt: str = "TKN4QX71SV") -> None:
    settle(isp, c2b(service.customer.account_number, receipt=receipt, amount=kes(shillings)))


def test_every_step_comes_on_its_day_and_is_told(isp: Run, clock: MovedClock, service: MadeService) -> None:
    seen = []
    for days in (-4, -3, 0, 2, 3, 7, 30):
        day(isp, clock, days)
        seen.append((days, templates_of(isp)[-1:], state(isp, service), is_throttled(isp, service)))
    active, late = SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE
    assert seen == [
        (-4, [], active, False),
        (-3, ["reminder_before_due"], active, False),
        (0, ["payment_prompt"], active, False),
        (2, ["late_fee"], late, False),
        (3, ["throttled"], late, True),
        (7, ["suspended"], SubscriptionStatus.SUSPENDED, True),
        (30, ["ended"], SubscriptionStatus.ENDED, True),
    ]


def test_a_late_fee_is_an_invoice_of_its_own_and_bears_none_itself(
    isp: Run, clock: MovedClock, service: MadeService
) -> None:
    set_policy(isp, steps=[DunningStep(1, DunningAction.LATE_FEE, amount_minor=200_00)])
    day(isp, clock, 20)
    assert isp.read(_lines, customer_id=service.customer_id) == [
        (LineKind.RECURRING, 250_000),
        (LineKind.LATE_FEE, 20_000),
    ]


def test_money_lifts_what_dunning_did_and_only_that(
    isp: Run, clock: MovedClock, service: MadeService
) -> None:
    other = make_service(
        isp,
        customer=service.customer,
        price_id=service.price_id,
        router_id=service.router_id,
        username="amina2",
    )
    isp(suspend_subscription, subscription_id=other.subscription_id, reason=SuspensionReason.ABUSE)
    day(isp, clock, 8)
    assert state(isp, service) is SubscriptionStatus.SUSPENDED
    pay(isp, service, 5_500)  # two bills and two late fees, with something left
    assert (state(isp, service), is_throttled(isp, service)) == (SubscriptionStatus.ACTIVE, False)
    assert isp.read(service_state, subscription_id=other.subscription_id) == (
        SubscriptionStatus.SUSPENDED,
        SuspensionReason.ABUSE,
    )
    assert {"payment_received", "restored"} <= set(templates_of(isp))


def test_nobody_is_cut_off_on_a_quiet_day_and_reminders_still_go(
    isp: Run, clock: MovedClock, service: MadeService
) -> None:
    isp(
        save_policy,
        quiet_weekdays=frozenset({6, 7}),
        steps=[DunningStep(5, DunningAction.SUSPEND), DunningStep(6, DunningAction.REMIND)],
    )
    isp(save_holiday, day=date(2026, 12, 7), name="A holiday")
    day(isp, clock, 6)  # Sunday 6 December; the cut was due on Saturday
    assert templates_of(isp) == ["reminder_overdue"]
    assert state(isp, service) is SubscriptionStatus.PAST_DUE
    day(isp, clock, 7)  # the holiday
    assert state(isp, service) is SubscriptionStatus.PAST_DUE
    day(isp, clock, 8)
    assert state(isp, service) is SubscriptionStatus.SUSPENDED


@pytest.mark.parametrize("days", [-91, 731])
def test_a_step_years_away_from_the_due_date_is_refused(isp: Run, days: int) -> None:
    with pytest.raises(InvalidInput, match="90 days before"):
        isp(save_policy, steps=[DunningStep(days, DunningAction.REMIND)])


@pytest.mark.parametrize("absurd", [date(1, 1, 1), date(9999, 12, 31)])
def test_a_holiday_in_another_age_is_refused(isp: Run, absurd: date) -> None:
    with pytest.raises(InvalidInput, match="next 10 years"):
        isp(save_holiday, day=absurd, name="A slip of the finger")


def test_a_payer_is_chased_for_the_services_of_others(
    isp: Run, clock: MovedClock, service: MadeService
) -> None:
    other = make_service(
        isp,
        customer=make_customer(isp, phone="0708374150"),
        price_id=service.price_id,
        router_id=service.router_id,
        username="brian",
    )
    isp(_bill_to, subscription_id=other.subscription_id, payer_id=service.customer_id)
    pay(isp, other, 2_500, "TKN0000001")
    day(isp, clock, 8)
    assert state(isp, other) is SubscriptionStatus.SUSPENDED
    pay(isp, service, 2_700, "TKN0000002")
    assert state(isp, other) is SubscriptionStatus.ACTIVE


def test_a_deferral_holds_everything_off_until_its_day(
    isp: Run, clock: MovedClock, service: MadeService
) -> None:
    day(isp, clock, 1)
    until = clock.now().date() + timedelta(days=20)
    isp(defer_dunning, customer_id=service.customer_id, until_on=until)
    day(isp, clock, 20)
    assert (state(isp, service), is_throttled(isp, service)) == (SubscriptionStatus.PAST_DUE, False)
    day(isp, clock, 21)
    assert state(isp, service) is SubscriptionStatus.SUSPENDED
    with pytest.raises(InvalidInput):
        isp(defer_dunning, customer_id=service.customer_id, until_on=clock.now().date())


def test_a_promise_restores_holds_off_and_cuts_again_when_it_is_broken(
    isp: Run, clock: MovedClock, service: MadeService
) -> None:
    day(isp, clock, 8)
    until = clock.now().date() + timedelta(days=4)
    isp(make_promise, customer_id=service.customer_id, until_on=until)
    assert (state(isp, service), is_throttled(isp, service)) == (SubscriptionStatus.ACTIVE, False)
    day(isp, clock, 12)
    assert state(isp, service) is SubscriptionStatus.PAST_DUE
    day(isp, clock, 13)
    assert state(isp, service) is SubscriptionStatus.SUSPENDED
    assert [one.status for one in isp.read(promises, customer_id=service.customer_id)] == [
        PromiseStatus.BROKEN
    ]
    assert templates_of(isp)[-1] == "suspended"
    pay(isp, service, 2_700)
    assert state(isp, service) is SubscriptionStatus.ACTIVE


def test_a_promise_that_is_paid_in_time_is_kept(isp: Run, clock: MovedClock, service: MadeService) -> None:
    day(isp, clock, 8)
    isp(make_promise, customer_id=service.customer_id, until_on=clock.now().date() + timedelta(days=4))
    pay(isp, service, 2_700)
    assert [one.status for one in isp.read(promises, customer_id=service.customer_id)] == [PromiseStatus.KEPT]
    day(isp, clock, 20)
    assert state(isp, service) is SubscriptionStatus.ACTIVE


def test_a_promise_must_be_earned_unless_staff_takes_it(
    isp: Run, clock: MovedClock, service: MadeService
) -> None:
    subscriber = isp.by(SubscriberActor(UserId(9), service.customer_id, "Amina"))
    until = date(2026, 12, 9)
    day(isp, clock, 8)
    assert "More is open than you paid" in offer_of(subscriber, service.customer_id)
    with pytest.raises(Conflict):
        subscriber(make_promise, customer_id=service.customer_id, until_on=until)
    isp(make_promise, customer_id=service.customer_id, until_on=until)
    assert "A promise runs" in offer_of(subscriber, service.customer_id)
    day(isp, clock, 12)
    assert "not kept" in offer_of(subscriber, service.customer_id)
    pay(isp, service, 2_700)
    assert offer_of(subscriber, service.customer_id) == "Nothing is overdue."


def test_who_paid_as_much_lately_may_promise_by_themselves(
    isp: Run, clock: MovedClock, service: MadeService
) -> None:
    pay(isp, service, 2_500)
    extra = make_service(
        isp,
        customer=service.customer,
        price_id=make_price(isp, code="CHEAP", amount=kes(900)),
        router_id=service.router_id,
        username="amina3",
    )
    day(isp, clock, 8)
    subscriber = isp.by(SubscriberActor(UserId(9), service.customer_id, "Amina"))
    latest = subscriber.read(promise_offer, customer_id=service.customer_id).latest_on
    with pytest.raises(InvalidInput):
        subscriber(make_promise, customer_id=service.customer_id, until_on=latest + timedelta(days=1))
    subscriber(make_promise, customer_id=service.customer_id, until_on=latest)
    assert state(isp, extra) is SubscriptionStatus.ACTIVE


@pytest.mark.parametrize("answer", [True, False])
async def test_a_run_that_would_cut_off_many_asks_first(isp: Run, clock: MovedClock, answer: bool) -> None:
    set_policy(isp, steps=[DunningStep(3, DunningAction.SUSPEND), DunningStep(5, DunningAction.REMIND)])
    services = crowd(isp, 6)
    clock.advance(timedelta(days=DUE_IN + 5))
    assert len(isp.read(foreseen_suspensions, clock.now().date())) == 6
    runner = DunningRunner(isp.transactor)
    await isp.transactor.start()
    held = await runner.run(SYSTEM)
    assert (held.is_held, held.suspended, held.steps) == (True, 0, 6)  # the reminders went
    view = isp.read(breaker)
    assert (view.word, view.foreseen, view.active) == (Word.ASKED, 6, 6)
    isp(answer_breaker, is_allowed=answer)
    assert (await runner.run(SYSTEM)).suspended == (6 if answer else 0)
    wanted = SubscriptionStatus.SUSPENDED if answer else SubscriptionStatus.PAST_DUE
    assert {state(isp, service) for service in services} == {wanted}


def test_a_policy_keeps_what_is_not_given(isp: Run) -> None:
    from benfex.core.policy import current_terms, dunning_schedule

    isp(save_policy, grace_days=4, quiet_weekdays=frozenset({7}), breaker_suspend_percent=35)
    isp(save_policy, promise_days_max=3)
    terms = isp.read(current_terms)
    assert (terms.grace_days, terms.quiet_weekdays, terms.breaker_suspend_percent) == (4, frozenset({7}), 35)
    assert terms.promise_days_max == 3
    assert [step.action for step in isp.read(dunning_schedule).steps] == [DunningAction.SUSPEND]
    for wrong in ({"sends_from_hour": 25}, {"billing_day": 32}, {"grace_days": -1}):
        with pytest.raises(InvalidInput):
            isp(save_policy, **wrong)  # type: ignore[arg-type]  # one of its fields


def crowd(isp: Run, count: int) -> Sequence[MadeService]:
    price_id, router_id = make_price(isp), make_router(isp)
    return [
        make_service(
            isp,
            customer=make_customer(isp, phone=f"07083742{number:02d}"),
            price_id=price_id,
            router_id=router_id,
            username=f"home{number}",
        )
        for number in range(count)
    ]


def offer_of(run: Run, customer_id: CustomerId) -> str:
    return run.read(promise_offer, customer_id=customer_id).why_not


def _throttled(snapshot: Snapshot, *, subscription_id: int) -> bool:
    row = snapshot.session.get(Subscription, subscription_id)
    assert row is not None
    return row.is_throttled


def _bill_to(snapshot: Snapshot, *, subscription_id: int, payer_id: int) -> None:
    row = snapshot.session.get(Subscription, subscription_id)
    assert row is not None
    row.billed_customer_id = payer_id


def _lines(snapshot: Snapshot, *, customer_id: int) -> list[tuple[LineKind, int]]:
    open_ones = invoice_queries.open_invoices(snapshot.session, customer_id=customer_id, currency="KES")
    assert all(invoice.status is InvoiceStatus.OPEN for invoice in open_ones)
    return [
        (line.kind, line.amount_minor)
        for invoice in open_ones
        for line in invoice_queries.lines_of(snapshot.session, invoice.id or 0)
    ]
