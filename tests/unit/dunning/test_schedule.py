"""Which step of a dunning schedule is due."""

from benfex.dunning.schedule import due_steps, step_key
from data.values.kinds import DunningAction
from data.values.terms import DunningSchedule, DunningStep

REMIND = DunningStep(1, DunningAction.REMIND)
SUSPEND = DunningStep(3, DunningAction.SUSPEND)
SCHEDULE = DunningSchedule((REMIND, SUSPEND))
NONE_TAKEN: frozenset[str] = frozenset()


def test_nothing_is_due_on_the_due_date() -> None:
    assert due_steps(SCHEDULE, days_overdue=0, taken=NONE_TAKEN) == ()


def test_steps_come_due_with_their_day() -> None:
    assert due_steps(SCHEDULE, days_overdue=2, taken=NONE_TAKEN) == (REMIND,)
    assert due_steps(SCHEDULE, days_overdue=3, taken=NONE_TAKEN) == (REMIND, SUSPEND)


def test_a_missed_day_is_caught_up() -> None:
    assert due_steps(SCHEDULE, days_overdue=40, taken=NONE_TAKEN) == (REMIND, SUSPEND)


def test_a_step_that_was_taken_is_not_due_again() -> None:
    assert due_steps(SCHEDULE, days_overdue=40, taken=frozenset({step_key(REMIND)})) == (SUSPEND,)


def test_grace_pushes_back_what_hurts_and_no_reminder() -> None:
    patient = DunningSchedule((REMIND, SUSPEND), grace_days=5)
    assert due_steps(patient, days_overdue=7, taken=NONE_TAKEN) == (REMIND,)
    assert due_steps(patient, days_overdue=8, taken=NONE_TAKEN) == (REMIND, SUSPEND)
