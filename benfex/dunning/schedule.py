"""Which dunning steps are due for an invoice. Pure."""

from data.values.terms import DunningSchedule, DunningStep


def step_key(step: DunningStep) -> str:
    """Return what names a step, so that each is taken once per invoice."""
    return f"{step.action.value}:{step.days_overdue}"


def due_steps(
    schedule: DunningSchedule, *, days_overdue: int, taken: frozenset[str]
) -> tuple[DunningStep, ...]:
    """Return the steps that are due and not taken yet, earliest first.

    `days_overdue` counts from the due date: 1 on the day after it. Grace days push every step back.
    """
    late = days_overdue - schedule.grace_days
    return tuple(
        step
        for step in sorted(schedule.steps, key=lambda step: step.days_overdue)
        if late > 0 and late >= step.days_overdue and step_key(step) not in taken
    )
