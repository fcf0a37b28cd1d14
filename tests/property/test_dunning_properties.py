"""Dunning takes each step once, on its day or on the first run after it, whatever days the runs fall on."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from benfex.dunning.cases import Case, DunningRules, decide
from benfex.dunning.schedule import ACCESS, QuietDays, planned_steps, step_key, told_steps
from data.queries.dunning import ChasedCustomer, ChasedInvoice, ChasedService
from data.values.kinds import DunningAction
from data.values.states import SubscriptionStatus
from data.values.terms import DunningSchedule, DunningStep

DUE = date(2026, 11, 30)
DAYS = range(-12, 60)
GENTLE = (DunningAction.REMIND, DunningAction.PROMPT)


@st.composite
def schedules(draw: st.DrawFn) -> DunningSchedule:
    chosen = draw(
        st.lists(
            st.tuples(st.integers(-10, 30), st.sampled_from(list(DunningAction))), unique=True, max_size=8
        )
    )
    steps, has_fee = [], False
    for days, action in sorted(chosen):
        if (days < 0 and action not in GENTLE) or (action is DunningAction.LATE_FEE and has_fee):
            continue
        has_fee = has_fee or action is DunningAction.LATE_FEE
        steps.append(DunningStep(days, action, "", 100 if action is DunningAction.LATE_FEE else 0))
    return DunningSchedule(tuple(steps), grace_days=draw(st.integers(0, 5)))


quiets = st.builds(
    QuietDays,
    st.frozensets(st.integers(1, 7), max_size=3),
    st.frozensets(st.integers(0, 40).map(lambda days: DUE + timedelta(days=days)), max_size=4),
)


def walk(rules: DunningRules, days: list[int]) -> dict[str, date]:
    """Run on these days from the due date, for an invoice nobody pays; return when each step was taken."""
    taken: dict[str, date] = {}
    for offset in days:
        on = DUE + timedelta(days=offset)
        case = Case(
            ChasedCustomer(1, "Amina", None, None),
            (ChasedInvoice(7, 1, "INV-1", DUE, 1_000, "KES", False),),
            (frozenset(taken),),
            (ChasedService(3, 1, 1, SubscriptionStatus.ACTIVE, None, False),),
        )
        for _, steps in decide(case, rules, on=on).steps:
            for step in steps:
                assert step_key(step) not in taken, "a step was taken twice"
                taken[step_key(step)] = on
    return taken


@given(schedules(), quiets)
def test_daily_runs_do_what_the_calendar_says(schedule: DunningSchedule, quiet: QuietDays) -> None:
    taken = walk(DunningRules(schedule, quiet), list(DAYS))
    planned = {step_key(plan.step): plan.on for plan in planned_steps(schedule, due_on=DUE, quiet=quiet)}
    assert taken == planned


@given(schedules(), quiets, st.integers(-12, 40), st.integers(1, 15))
def test_days_off_are_caught_up_with_the_same_steps(
    schedule: DunningSchedule, quiet: QuietDays, off_from: int, off_days: int
) -> None:
    rules = DunningRules(schedule, quiet)
    daily = walk(rules, list(DAYS))
    with_gap = walk(rules, [day for day in DAYS if not off_from <= day < off_from + off_days])
    assert daily.keys() == with_gap.keys()
    back = DUE + timedelta(days=off_from + off_days)
    for key, on in daily.items():
        missed = off_from <= (on - DUE).days < off_from + off_days
        is_access = key.partition(":")[0] in {action.value for action in ACCESS}
        if not missed:
            assert with_gap[key] == on
        elif not is_access or back not in quiet:
            assert with_gap[key] == back
        else:
            assert with_gap[key] > back  # the first day that is not quiet
            assert with_gap[key] not in quiet


@given(schedules())
def test_steps_taken_at_once_are_told_in_one_word_and_a_fee(schedule: DunningSchedule) -> None:
    told = told_steps(schedule.steps)
    assert len([step for step in told if step.action is not DunningAction.LATE_FEE]) <= 1
    fees = [step for step in schedule.steps if step.action is DunningAction.LATE_FEE]
    assert [step for step in told if step.action is DunningAction.LATE_FEE] == fees
