"""The ISP's terms, checked where they are made."""

import pytest

from data.values.errors import InvalidInput
from data.values.kinds import DunningAction
from data.values.terms import BillingTerms, DunningSchedule, DunningStep


def test_terms_start_with_a_week_to_pay_and_no_grace() -> None:
    terms = BillingTerms(timezone="Africa/Nairobi", currency="KES")
    assert (terms.invoice_due_days, terms.grace_days, terms.walled_garden_profile) == (
        7,
        0,
        "benfex-suspended",
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"timezone": "Africa/Nakuru"}, "timezone"),
        ({"timezone": "../etc/passwd"}, "timezone"),
        ({"timezone": ""}, "timezone"),
        ({"currency": "KSH"}, "currency"),
        ({"grace_days": -1}, "grace_days"),
        ({"debt_tolerated_minor": -1}, "debt_tolerated_minor"),
    ],
)
def test_impossible_terms_are_refused_and_the_field_named(changes: dict[str, str | int], field: str) -> None:
    given = {"timezone": "Africa/Nairobi", "currency": "KES", **changes}
    with pytest.raises(InvalidInput) as refused:
        BillingTerms(**given)  # type: ignore[arg-type]
    assert refused.value.field == field


def test_dunning_steps_stand_in_the_order_of_their_days() -> None:
    remind = DunningStep(days_overdue=-2, action=DunningAction.REMIND)
    suspend = DunningStep(days_overdue=3, action=DunningAction.SUSPEND)
    assert DunningSchedule(steps=(remind, suspend)).steps == (remind, suspend)
    with pytest.raises(InvalidInput) as refused:
        DunningSchedule(steps=(suspend, remind))
    assert refused.value.field == "steps"


def test_nobody_is_suspended_before_the_bill_is_due() -> None:
    with pytest.raises(InvalidInput):
        DunningStep(days_overdue=-1, action=DunningAction.SUSPEND)
