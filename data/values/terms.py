"""The terms of billing and dunning as plain values; the rows they come from are in `data/models`."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from data.values.errors import InvalidInput
from data.values.kinds import CycleAlignment, DunningAction
from data.values.money import CURRENCIES


@dataclass(frozen=True, slots=True)
class BillingTerms:
    """How the ISP bills; days are billing days, weekdays ISO (1 is Monday), the breakers in percent.

    `billing_day` is the common day of new services, None for each their own; `fixed_month_days` counts every
    month as so many days, None as it is. Raises InvalidInput naming the field.
    """

    timezone: str
    currency: str
    invoice_due_days: int = 7
    grace_days: int = 0
    debt_tolerated_minor: int = 0
    invoice_prefix: str = "INV"
    credit_note_prefix: str = "CN"
    billing_day: int | None = None
    alignment: CycleAlignment = CycleAlignment.ANNIVERSARY
    fixed_month_days: int | None = None
    bills_while_suspended: bool = True
    credits_on_end: bool = True
    credits_on_pause: bool = True
    defers_revenue: bool = False
    quiet_weekdays: frozenset[int] = frozenset()
    sends_from_hour: int = 8
    sends_until_hour: int = 20
    promise_days_max: int = 7
    prepaid_grace_hours: int = 0
    pays_part_periods: bool = False
    part_hours_min: int = 24
    rehearsal_hour: int = 18
    breaker_suspend_percent: int = 20
    breaker_invoice_percent: int = 30
    outage_credit_minutes: int = 0
    usage_warnings: tuple[int, ...] = (80, 95)
    walled_garden_profile: str = "benfex-suspended"

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError) as cause:
            raise InvalidInput("timezone", f"{self.timezone!r} is not a time zone we know.") from cause
        if self.currency not in CURRENCIES:
            raise InvalidInput("currency", f"{self.currency!r} is not a currency we know.")
        _require_none_negative(
            invoice_due_days=self.invoice_due_days,
            grace_days=self.grace_days,
            debt_tolerated_minor=self.debt_tolerated_minor,
            promise_days_max=self.promise_days_max,
            prepaid_grace_hours=self.prepaid_grace_hours,
            part_hours_min=self.part_hours_min,
            breaker_suspend_percent=self.breaker_suspend_percent,
            breaker_invoice_percent=self.breaker_invoice_percent,
            outage_credit_minutes=self.outage_credit_minutes,
        )
        if self.billing_day is not None and not 1 <= self.billing_day <= 31:
            raise InvalidInput("billing_day", "The billing day must be from 1 to 31.")
        if self.fixed_month_days is not None and not 28 <= self.fixed_month_days <= 31:
            raise InvalidInput("fixed_month_days", "A month has 28 to 31 days.")
        if self.alignment is not CycleAlignment.ANNIVERSARY and self.billing_day is None:
            raise InvalidInput("billing_day", "Say on which day of the month everybody is billed.")
        if not self.quiet_weekdays <= frozenset(range(1, 8)):
            raise InvalidInput("quiet_weekdays", "Weekdays go from 1, Monday, to 7, Sunday.")
        shares = self.usage_warnings
        if list(shares) != sorted(set(shares)) or not all(1 <= share <= 99 for share in shares):
            raise InvalidInput("usage_warnings", "Give shares from 1 to 99 percent, rising, such as 80, 95.")
        for field, hour in (
            ("sends_from_hour", self.sends_from_hour),
            ("sends_until_hour", self.sends_until_hour),
            ("rehearsal_hour", self.rehearsal_hour),
        ):
            if not 0 <= hour <= 24:
                raise InvalidInput(field, "Give an hour from 0 to 24.")


@dataclass(frozen=True, slots=True)
class DunningStep:
    """One step of dunning; `days_overdue` below zero lies before the due date.

    Raises InvalidInput for a step before the due date that does more than remind.
    """

    days_overdue: int
    action: DunningAction
    template: str = ""
    amount_minor: int = 0

    def __post_init__(self) -> None:
        gentle = (DunningAction.REMIND, DunningAction.PROMPT)
        if self.days_overdue < 0 and self.action not in gentle:
            raise InvalidInput("days_overdue", "Before the due date a customer may only be reminded.")
        if (self.action is DunningAction.LATE_FEE) != (self.amount_minor > 0):
            raise InvalidInput("amount_minor", "A late fee needs an amount, and nothing else has one.")


@dataclass(frozen=True, slots=True)
class DunningSchedule:
    """The steps of dunning, earliest first, with the grace and the debt that is let pass.

    Raises InvalidInput when the steps are out of order or a number is negative.
    """

    steps: tuple[DunningStep, ...]
    grace_days: int = 0
    debt_tolerated_minor: int = 0

    def __post_init__(self) -> None:
        days = [step.days_overdue for step in self.steps]
        if days != sorted(days):
            raise InvalidInput("steps", "The steps must stand in the order of their days.")
        _require_none_negative(grace_days=self.grace_days, debt_tolerated_minor=self.debt_tolerated_minor)


def _require_none_negative(**numbers: int) -> None:
    for field, number in numbers.items():
        if number < 0:
            raise InvalidInput(field, f"{field} must not be below zero.")
