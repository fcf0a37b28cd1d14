"""The terms of billing and dunning as plain values; the rows they come from are in `data/models`."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from data.values.errors import InvalidInput
from data.values.kinds import DunningAction, TaxBehavior
from data.values.money import CURRENCIES


@dataclass(frozen=True, slots=True)
class BillingTerms:
    """How the ISP bills; days are billing days, tax in basis points (1600 = 16 %).

    `tax_code` is None where no tax is charged by default. Raises InvalidInput naming the field.
    """

    timezone: str
    currency: str
    invoice_due_days: int = 7
    grace_days: int = 0
    debt_tolerated_minor: int = 0
    tax_code: str | None = None
    tax_basis_points: int = 0
    tax_behavior: TaxBehavior = TaxBehavior.INCLUSIVE
    invoice_prefix: str = "INV"
    credit_note_prefix: str = "CN"
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
            tax_basis_points=self.tax_basis_points,
        )


@dataclass(frozen=True, slots=True)
class DunningStep:
    """One step of dunning; `days_overdue` below zero lies before the due date.

    Raises InvalidInput for a step before the due date that does more than remind.
    """

    days_overdue: int
    action: DunningAction

    def __post_init__(self) -> None:
        if self.days_overdue < 0 and self.action is not DunningAction.REMIND:
            raise InvalidInput("days_overdue", "Before the due date a customer may only be reminded.")


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
