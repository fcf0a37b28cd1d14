"""Where charging is cut: at another price, a pause, a return, or the end. Each gives the lines it makes due.

What lies before the day is billed at the old terms, what was billed for the day and later is credited, and what
follows is charged anew from the day. Who may do it, and when, is said in `plan_changes`, `pausing`, `lifecycle`
and `due_changes`.
"""

from dataclasses import replace
from datetime import date

from benfex.billing.charges import ChargeLine, cycle_boundary, due_charges, once_key
from benfex.billing.crediting import credit_unused
from benfex.catalog.taxes import TaxTable
from benfex.core.clock import local_date
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import UnitOfWork
from benfex.subscriptions.planning import usage_until
from benfex.subscriptions.terms import cycle_terms, move_on, service_terms, standing_after
from benfex.subscriptions.transitions import move_to, sync_line
from data.models.catalog import PlanPrice
from data.models.subscription import Subscription
from data.queries import extras as extra_queries
from data.queries.billing_facts import charges_for_usage
from data.queries.subscriptions import BILLED_STATES, ServiceFacts, SoldPrice
from data.values.identifiers import SubscriptionId
from data.values.kinds import BillingMode, Interval, LineKind, SuspensionReason
from data.values.money import Money
from data.values.periods import add_months, next_boundary
from data.values.states import SubscriptionStatus
from data.values.terms import BillingTerms

PRICE_ITEM = frozenset({"price"})


def bill_before(uow: UnitOfWork, facts: ServiceFacts, *, day: date, on: date) -> list[ChargeLine]:
    """Return what is not billed yet of the days before `day`, and move the service on; taxes are those `on` a date.

    That holds the traffic beyond the cap of periods that were over by then: runs were missed. Nothing is due of a
    service that is paused or prepaid; of one that is suspended where the policy stops billing then, the days
    before the suspension are.
    """
    terms = current_terms(uow)
    if facts.subscription.status not in BILLED_STATES or facts.price.billing_mode is BillingMode.PREPAID:
        return []
    day = min(day, _suspended_on(facts.subscription, terms) or day)
    taxes = TaxTable(uow.session)
    service = service_terms(facts, taxes, on=on, fixed_month_days=terms.fixed_month_days)
    items = tuple(
        replace(item, ends_on=day if item.ends_on is None else min(item.ends_on, day))
        for item in service.items
    )
    due = due_charges(replace(service, items=items, opens_with_full_on=None), on=day)
    begins_on = standing_after(facts, service.cycle, due, on=day).period_starts_on
    used = _used(uow, facts, day=begins_on, on=on)
    move_on(facts, service.cycle, due, on=day)
    used += _leave_what_is_over(uow, facts, day=day, on=on)
    uow.session.flush()
    return [*due.lines, *used]


def switch_price(
    uow: UnitOfWork, facts: ServiceFacts, new: SoldPrice, *, day: date, on: date
) -> list[ChargeLine]:
    """Put another price on a service from a day on, and return what is still due of the old one.

    The running period goes on, unless the new price has another interval: then a cycle begins on the day. Traffic
    beyond the old cap is charged then, and where the new plan charges for none. What was never billed is not
    credited. An agreed price ends with the old plan.
    """
    subscription, old, price = facts.subscription, facts.price, new.price
    assert price.id is not None
    lines = bill_before(uow, facts, day=day, on=on) + _used_before_pause(uow, facts, day=day, on=on)
    has_new_rhythm = (old.interval, old.interval_count) != (price.interval, price.interval_count)
    if has_new_rhythm or not charges_for_usage(new.plan, price):
        lines += _used(uow, facts, day=day, on=on)
    _cut(uow, facts, day=day, with_add_ons=False)
    credit_unused(
        uow, subscription_id=_id_of(subscription), from_on=day, reason="Change of plan", items=PRICE_ITEM
    )
    if charges_for_usage(new.plan, price) and not charges_for_usage(facts.plan, old):
        subscription.metered_from_on = day
    subscription.plan_price_id = price.id
    subscription.agreed_price_minor = None
    subscription.pending_plan_price_id = subscription.pending_change_on = None
    subscription.segment += 1
    subscription.version += 1
    begins_on = max(day, subscription.charged_through_on)
    if has_new_rhythm and price.billing_mode is not BillingMode.PREPAID:
        # The time of a prepaid one begins with the next money.
        subscription.anchor_day = _anchor(current_terms(uow), subscription, old, price, begins_on)
        _begin_cycle(subscription, price, begins_on)
        for row in facts.discounts:  # the cycle that is cut was counted; those of the new rhythm count anew
            if row.counted_until_on is not None:
                row.counted_until_on = min(row.counted_until_on, begins_on)
    if price.minimum_term_months:
        bound_to = add_months(begins_on, price.minimum_term_months, begins_on.day)
        subscription.minimum_term_ends_on = max(subscription.minimum_term_ends_on or bound_to, bound_to)
    uow.session.flush()
    sync_line(uow, _id_of(subscription), urgent=False)
    return lines


def stop_charging(uow: UnitOfWork, facts: ServiceFacts, *, day: date, on: date) -> list[ChargeLine]:
    """Credit everything that was billed for the day and later, and return what is due of the days before."""
    lines = bill_before(uow, facts, day=day, on=on)
    if current_terms(uow).credits_on_pause:
        _cut(uow, facts, day=day, with_add_ons=True)
        credit_unused(uow, subscription_id=_id_of(facts.subscription), from_on=day, reason="Pause")
    uow.session.flush()
    return lines


def restart(uow: UnitOfWork, facts: ServiceFacts, *, day: date, reason: str, on: date) -> list[ChargeLine]:
    """Bring a paused service back; it is charged from the day on, or from where it was billed to.

    Return the traffic beyond the cap of the period in which it was paused, when that is over by then.
    """
    subscription = facts.subscription
    lines: list[ChargeLine] = []
    move_to(uow, subscription, SubscriptionStatus.ACTIVE, reason)
    subscription.charged_through_on = max(subscription.charged_through_on, day)
    for row in facts.add_ons:
        row.charged_through_on = max(row.charged_through_on, day)
    ended_on = _end_of_paused_period(uow, facts, day=day)
    subscription.paused_at = subscription.resumes_on = None
    if day >= ended_on:
        lines = _used(uow, facts, day=ended_on, on=on)
        _begin_cycle(subscription, facts.price, day)
    subscription.segment += 1
    uow.session.flush()
    sync_line(uow, _id_of(subscription), urgent=True)
    return lines


def leave_out(uow: UnitOfWork, facts: ServiceFacts, *, since: date, day: date) -> list[ChargeLine]:
    """Let the days from `since` to the day stay free that are not billed yet; return what is due of those before.

    For a service that is back from a suspension where the policy stops billing then.
    """
    subscription = facts.subscription
    lines = bill_before(uow, facts, day=since, on=day)
    cycle_ends_on = cycle_boundary(
        cycle_terms(facts), after=since, period_ends_on=subscription.period_ends_on
    )
    subscription.charged_through_on = max(subscription.charged_through_on, day)
    for row in facts.add_ons:
        row.charged_through_on = max(row.charged_through_on, day)
    if day >= cycle_ends_on:
        lines += _used(uow, facts, day=cycle_ends_on, on=day)
        _begin_cycle(subscription, facts.price, day)
    subscription.segment += 1
    uow.session.flush()
    return lines


def finish(uow: UnitOfWork, facts: ServiceFacts, *, day: date, reason: str, on: date) -> list[ChargeLine]:
    """End a service with a day that is not served any more; return its last charges.

    They hold what was used beyond the cap in the last period, and the early-termination fee when the day lies
    before the end of the minimum term, but not in a trial.
    """
    subscription, terms = facts.subscription, current_terms(uow)
    lines = bill_before(uow, facts, day=day, on=on)
    lines += _used(uow, facts, day=day, on=on)
    if terms.credits_on_end:
        _cut(uow, facts, day=day, with_add_ons=True)
        credit_unused(uow, subscription_id=_id_of(subscription), from_on=day, reason="End of the service")
    fee = _termination_fee(uow, facts, day=day, on=on)
    move_to(uow, subscription, SubscriptionStatus.ENDED, reason)
    subscription.ended_at = uow.now
    subscription.ends_on = day
    subscription.pending_plan_price_id = subscription.pending_change_on = None
    subscription.resumes_on = subscription.bills_on = None
    uow.session.flush()
    sync_line(uow, _id_of(subscription), urgent=False)
    return [*lines, fee] if fee is not None else lines


def _used(uow: UnitOfWork, facts: ServiceFacts, *, day: date, on: date) -> list[ChargeLine]:
    """Return the charges for traffic beyond the cap up to a day with which the running period ends."""
    return usage_until(
        uow.session, facts, day=day, on=on, terms=current_terms(uow), taxes=TaxTable(uow.session)
    )


def _used_before_pause(uow: UnitOfWork, facts: ServiceFacts, *, day: date, on: date) -> list[ChargeLine]:
    """Return the traffic beyond the cap of the period in which a service was paused, when that is over by the day.

    A return counts none of it again.
    """
    subscription = facts.subscription
    if subscription.status is not SubscriptionStatus.PAUSED:
        return []
    ended_on = _end_of_paused_period(uow, facts, day=day)
    if day < ended_on:
        return []
    lines = _used(uow, facts, day=ended_on, on=on)
    subscription.metered_from_on = max(subscription.metered_from_on or ended_on, ended_on)
    return lines


def _end_of_paused_period(uow: UnitOfWork, facts: ServiceFacts, *, day: date) -> date:
    """Return where the period ends in which a service was paused."""
    paused_on = local_date(facts.subscription.paused_at or uow.now, current_terms(uow).timezone)
    return cycle_boundary(
        cycle_terms(facts), after=min(paused_on, day), period_ends_on=facts.subscription.period_ends_on
    )


def _leave_what_is_over(uow: UnitOfWork, facts: ServiceFacts, *, day: date, on: date) -> list[ChargeLine]:
    """Move on from a period that is over by the day though nothing was due; return its traffic beyond the cap.

    In advance a change on a boundary finds the old period still the running one: its traffic is of the old plan.
    """
    subscription, cycle = facts.subscription, cycle_terms(facts)
    starts_on, ends_on = subscription.period_starts_on, subscription.period_ends_on
    while ends_on <= day:
        starts_on, ends_on = ends_on, cycle_boundary(cycle, after=ends_on, period_ends_on=ends_on)
    if starts_on == subscription.period_starts_on:
        return []
    lines = _used(uow, facts, day=starts_on, on=on)
    subscription.period_starts_on, subscription.period_ends_on = starts_on, ends_on
    return lines


def _suspended_on(subscription: Subscription, terms: BillingTerms) -> date | None:
    """Return since when a suspension stops billing, None when none does."""
    taken_at = subscription.suspended_at
    if subscription.status is not SubscriptionStatus.SUSPENDED or taken_at is None:
        return None
    if terms.bills_while_suspended or subscription.suspension_reason is SuspensionReason.DATA_CAP:
        return None
    return local_date(taken_at, terms.timezone)


def _cut(uow: UnitOfWork, facts: ServiceFacts, *, day: date, with_add_ons: bool) -> None:
    """Let charging begin anew on the day for what was charged beyond it; what is free beyond it stays so."""
    subscription = facts.subscription
    charged = extra_queries.charged_items_beyond(uow.session, subscription_id=_id_of(subscription), day=day)
    if "price" in charged:
        subscription.charged_through_on = min(subscription.charged_through_on, day)
    for row in facts.add_ons if with_add_ons else ():
        if f"addon:{row.id}" in charged:
            row.charged_through_on = min(row.charged_through_on, day)


def _begin_cycle(subscription: Subscription, price: PlanPrice, day: date) -> None:
    subscription.period_starts_on = day
    subscription.period_ends_on = next_boundary(
        day, price.interval, price.interval_count, subscription.anchor_day
    )


def _anchor(
    terms: BillingTerms, subscription: Subscription, old: PlanPrice, new: PlanPrice, begins_on: date
) -> int:
    if terms.billing_day is None or new.interval is not Interval.MONTH:
        return begins_on.day
    return subscription.anchor_day if old.interval is Interval.MONTH else terms.billing_day


def _termination_fee(uow: UnitOfWork, facts: ServiceFacts, *, day: date, on: date) -> ChargeLine | None:
    subscription, price = facts.subscription, facts.price
    bound_to, trial_ends_on = subscription.minimum_term_ends_on, subscription.trial_ends_on
    if bound_to is None or day >= bound_to or price.early_termination_fee_minor == 0:
        return None
    if trial_ends_on is not None and day < trial_ends_on:
        return None
    return ChargeLine(
        kind=LineKind.TERMINATION_FEE,
        description=f"Early end of {facts.plan.name}, agreed until {bound_to}",
        unit=Money(price.early_termination_fee_minor, price.currency),
        tax=TaxTable(uow.session).terms(price.tax_group_id, price.tax_behavior, on=on),
        subscription_id=_id_of(subscription),
        billing_key=once_key(_id_of(subscription), "termination"),
        item="termination",
    )


def _id_of(subscription: Subscription) -> SubscriptionId:
    assert subscription.id is not None
    return SubscriptionId(subscription.id)
