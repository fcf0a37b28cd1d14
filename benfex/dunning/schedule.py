"""Which dunning steps are due for an invoice, and on which day a step can be taken. Pure.

Reminders count from the due date. What hurts (late fee, throttling, suspending, ending) counts from the due date
and the days of grace, and never on the due date itself. What touches access is not done on a quiet day: the step
waits for the next day that is not quiet. A late fee is taken once, however many steps of the kind there are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from data.values.kinds import DunningAction
from data.values.terms import DunningSchedule, DunningStep

GENTLE = frozenset((DunningAction.REMIND, DunningAction.PROMPT))
ACCESS = frozenset((DunningAction.THROTTLE, DunningAction.SUSPEND, DunningAction.END))
_QUIET_DAYS_MAX = 60  # a calendar of nothing but holidays must not keep anybody busy


@dataclass(frozen=True, slots=True)
class QuietDays:
    """Days on which nobody is cut off: ISO weekdays and dates."""

    weekdays: frozenset[int] = frozenset()
    holidays: frozenset[date] = frozenset()

    def __contains__(self, day: object) -> bool:
        """Return whether the day is quiet."""
        return isinstance(day, date) and (day.isoweekday() in self.weekdays or day in self.holidays)


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step on its day; `waited_since` is the day it would have been taken were that not quiet."""

    step: DunningStep
    on: date
    waited_since: date | None = None


def step_key(step: DunningStep) -> str:
    """Return what names a step, so that each is taken once per invoice."""
    return f"{step.action.value}:{step.days_overdue}"


def due_steps(
    schedule: DunningSchedule, *, days_overdue: int, taken: frozenset[str]
) -> tuple[DunningStep, ...]:
    """Return the steps that are due and not taken yet, earliest first.

    `days_overdue` counts from the due date: 1 on the day after it, -1 on the day before.
    """
    fee_taken = any(key.startswith(f"{DunningAction.LATE_FEE.value}:") for key in taken)
    due: list[DunningStep] = []
    for step in sorted(schedule.steps, key=lambda step: step.days_overdue):
        if step_key(step) in taken or days_overdue < _first_day(schedule, step):
            continue
        if step.action is DunningAction.LATE_FEE:
            if fee_taken:
                continue
            fee_taken = True
        due.append(step)
    return tuple(due)


def told_steps(steps: Sequence[DunningStep]) -> tuple[DunningStep, ...]:
    """Return which of the steps that are taken at once the customer hears of.

    The last one says it all, so days that were missed do not fill a phone; a late fee is told in any case.
    """
    fees = [step for step in steps if step.action is DunningAction.LATE_FEE]
    others = [step for step in steps if step.action is not DunningAction.LATE_FEE]
    return (*fees, *others[-1:])


def template_of(step: DunningStep) -> str:
    """Return the message that tells of a step, unless the step names its own."""
    if step.template:
        return step.template
    match step.action:
        case DunningAction.REMIND:
            if step.days_overdue < 0:
                return "reminder_before_due"
            return "reminder_due" if step.days_overdue == 0 else "reminder_overdue"
        case DunningAction.PROMPT:
            return "payment_prompt"
        case DunningAction.LATE_FEE:
            return "late_fee"
        case DunningAction.THROTTLE:
            return "throttled"
        case DunningAction.SUSPEND:
            return "suspended"
        case DunningAction.END:
            return "ended"


def planned_steps(
    schedule: DunningSchedule, *, due_on: date, quiet: QuietDays = QuietDays()
) -> tuple[PlannedStep, ...]:
    """Return what happens on which day to an invoice that is never paid, by day."""
    planned: list[PlannedStep] = []
    for step in due_steps(schedule, days_overdue=10_000, taken=frozenset()):
        on = wanted = due_on + timedelta(days=_first_day(schedule, step))
        for _ in range(_QUIET_DAYS_MAX):
            if step.action not in ACCESS or on not in quiet:
                break
            on += timedelta(days=1)
        planned.append(PlannedStep(step, on, wanted if on != wanted else None))
    return tuple(sorted(planned, key=lambda plan: plan.on))


def days_ahead(schedule: DunningSchedule) -> int:
    """Return how many days before the due date the first step may be due."""
    return max(0, -min((step.days_overdue for step in schedule.steps), default=0))


def _first_day(schedule: DunningSchedule, step: DunningStep) -> int:
    if step.action in GENTLE:
        return step.days_overdue
    return max(step.days_overdue, 1) + schedule.grace_days
