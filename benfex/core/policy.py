"""Read the ISP's profile and billing policy as values; change them as new versions.

What each figure means for a bill is said where it is used; the values themselves are in `data/values/terms`.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypedDict
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from typing_extensions import Unpack

from benfex.core.actors import require
from benfex.core.audit import record_audit
from benfex.core.clock import local_date
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from data.models.policy import BillingPolicy, DunningStepRow, Holiday, IspProfile
from data.queries import policy as policy_queries
from data.values.errors import Conflict, InvalidInput
from data.values.kinds import CycleAlignment, DunningAction
from data.values.money import check_currency
from data.values.roles import Permission
from data.values.terms import BillingTerms, DunningSchedule, DunningStep

_STEP_DAYS_BEFORE_MAX, _STEP_DAYS_AFTER_MAX = 90, 730
_HOLIDAY_DAYS_BACK_MAX, _HOLIDAY_YEARS_AHEAD_MAX = 366, 10
DEFAULT_STEPS = (DunningStep(days_overdue=3, action=DunningAction.SUSPEND),)
# What a new ISP begins with; the owner changes it under Settings.
FIRST_STEPS = (
    DunningStep(-3, DunningAction.REMIND),
    DunningStep(0, DunningAction.PROMPT),
    DunningStep(1, DunningAction.REMIND),
    *DEFAULT_STEPS,
)
_WARNINGS_MAX = 5
_OUTAGE_MINUTES_MAX = 10_080
_TERMS = "billing_terms"  # what a session that has read them holds them by


@dataclass(frozen=True, slots=True)
class IspProfileView:
    """Who the ISP is, as screens and documents show it."""

    name: str
    currency: str
    timezone: str
    support_phone: str
    accent: str


@dataclass(frozen=True, slots=True)
class HolidayView:
    """A day on which nobody is cut off."""

    day: date
    name: str


def isp_profile(snapshot: Snapshot) -> IspProfileView | None:
    """Return the ISP's profile, or None before the first run is finished. Anyone may read it."""
    row = policy_queries.newest_profile(snapshot.session)
    if row is None:
        return None
    return IspProfileView(row.name, row.currency, row.timezone, row.support_phone, row.accent)


def current_terms(snapshot: Snapshot) -> BillingTerms:
    """Return the billing terms in force, read once a transaction. Raises Conflict before the first run is finished."""
    known: BillingTerms | None = snapshot.session.info.get(_TERMS)
    if known is None:
        known = snapshot.session.info[_TERMS] = _read_terms(snapshot)
    return known


def _read_terms(snapshot: Snapshot) -> BillingTerms:
    profile = policy_queries.newest_profile(snapshot.session)
    policy = policy_queries.newest_policy(snapshot.session)
    if profile is None or policy is None:
        raise Conflict("The ISP's profile is not set up yet. Open the first-run page.")
    return BillingTerms(
        timezone=profile.timezone,
        currency=profile.currency,
        invoice_prefix=policy.invoice_prefix,
        credit_note_prefix=policy.credit_note_prefix,
        invoice_due_days=policy.invoice_due_days,
        grace_days=policy.grace_days,
        debt_tolerated_minor=policy.debt_tolerated_minor,
        billing_day=policy.billing_day,
        alignment=policy.alignment,
        fixed_month_days=policy.fixed_month_days,
        bills_while_suspended=policy.bills_while_suspended,
        credits_on_end=policy.credits_on_end,
        credits_on_pause=policy.credits_on_pause,
        defers_revenue=policy.defers_revenue,
        quiet_weekdays=frozenset(int(day) for day in policy.quiet_weekdays.split(",") if day),
        sends_from_hour=policy.sends_from_hour,
        sends_until_hour=policy.sends_until_hour,
        promise_days_max=policy.promise_days_max,
        prepaid_grace_hours=policy.prepaid_grace_hours,
        pays_part_periods=policy.pays_part_periods,
        part_hours_min=policy.part_hours_min,
        rehearsal_hour=policy.rehearsal_hour,
        breaker_suspend_percent=policy.breaker_suspend_percent,
        breaker_invoice_percent=policy.breaker_invoice_percent,
        outage_credit_minutes=policy.outage_credit_minutes,
        usage_warnings=tuple(int(share) for share in policy.usage_warnings.split(",") if share),
    )


def dunning_schedule(snapshot: Snapshot) -> DunningSchedule:
    """Return the dunning schedule in force. Raises Conflict before the first run is finished."""
    policy = policy_queries.newest_policy(snapshot.session)
    if policy is None or policy.id is None:
        raise Conflict("The ISP's profile is not set up yet. Open the first-run page.")
    steps = policy_queries.dunning_steps(snapshot.session, policy_id=policy.id)
    return DunningSchedule(
        steps=tuple(
            DunningStep(step.days_overdue, step.action, step.template, step.amount_minor) for step in steps
        ),
        grace_days=policy.grace_days,
        debt_tolerated_minor=policy.debt_tolerated_minor,
    )


def billing_today(snapshot: Snapshot) -> date:
    """Return the date it is for the ISP, in its timezone."""
    return local_date(snapshot.now, current_terms(snapshot).timezone)


def save_profile(
    uow: UnitOfWork,
    *,
    name: str,
    currency: str,
    timezone: str,
    support_phone: str = "",
    accent: str = "#3e57da",
) -> None:
    """Write a new version of the profile. Raises InvalidInput naming the field."""
    require(uow.actor, Permission.EDIT_PROFILE)
    if not 2 <= len(name.strip()) <= 80:
        raise InvalidInput("name", "Give the ISP a name of 2 to 80 letters.")
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as cause:
        raise InvalidInput("timezone", "Choose a timezone such as Africa/Nairobi.") from cause
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", accent):
        raise InvalidInput("accent", "Write the colour as #rrggbb.")
    before = policy_queries.newest_profile(uow.session)
    row = IspProfile(
        version=before.version + 1 if before else 1,
        name=name.strip(),
        currency=check_currency(currency),
        timezone=timezone,
        support_phone=support_phone.strip()[:40],
        accent=accent,
    )
    uow.session.add(row)
    uow.session.flush()
    uow.session.info.pop(_TERMS, None)
    assert row.id is not None
    record_audit(uow, action="save", entity="isp_profile", entity_id=row.id, changes={"name": row.name})


class PolicyChanges(TypedDict, total=False):
    """What of the billing policy may be changed; days are of the ISP, weekdays ISO (1 is Monday)."""

    invoice_due_days: int
    grace_days: int
    debt_tolerated_minor: int
    invoice_prefix: str
    credit_note_prefix: str
    billing_day: int | None
    alignment: CycleAlignment
    fixed_month_days: int | None
    bills_while_suspended: bool
    credits_on_end: bool
    credits_on_pause: bool
    defers_revenue: bool
    quiet_weekdays: frozenset[int]
    sends_from_hour: int
    sends_until_hour: int
    promise_days_max: int
    prepaid_grace_hours: int
    pays_part_periods: bool
    part_hours_min: int
    rehearsal_hour: int
    breaker_suspend_percent: int
    breaker_invoice_percent: int
    outage_credit_minutes: int
    usage_warnings: tuple[int, ...]
    steps: Sequence[DunningStep]


def save_policy(uow: UnitOfWork, **changes: Unpack[PolicyChanges]) -> None:
    """Write a new version of the billing policy; what is not given stays as it was, at first as it is usual.

    Raises InvalidInput naming the field.
    """
    require(uow.actor, Permission.EDIT_PROFILE)
    _check_policy(changes)
    before = policy_queries.newest_policy(uow.session)
    row = BillingPolicy(version=before.version + 1 if before else 1)
    for name in PolicyChanges.__annotations__:
        if name == "steps":
            continue
        if name in changes:
            value = changes[name]  # type: ignore[literal-required]  # a name of the same dictionary
            setattr(row, name, _WRITTEN[name](value) if name in _WRITTEN else value)
        elif before is not None:
            setattr(row, name, getattr(before, name))
    steps = changes.get("steps")
    if steps is None:
        steps = dunning_schedule(uow).steps if before else DEFAULT_STEPS
    DunningSchedule(tuple(steps), row.grace_days, row.debt_tolerated_minor)
    if sum(1 for step in steps if step.action is DunningAction.LATE_FEE) > 1:
        raise InvalidInput("steps", "A late fee is charged once per invoice: keep one such step.")
    if len({(step.days_overdue, step.action) for step in steps}) < len(steps):
        raise InvalidInput("steps", "The same step stands there twice.")
    uow.session.add(row)
    uow.session.flush()
    uow.session.info.pop(_TERMS, None)
    assert row.id is not None
    if policy_queries.newest_profile(uow.session) is not None:
        current_terms(uow)  # refuses what does not fit together
    for step in steps:
        uow.session.add(
            DunningStepRow(
                policy_id=row.id,
                days_overdue=step.days_overdue,
                action=step.action,
                template=step.template,
                amount_minor=step.amount_minor,
            )
        )
    uow.session.flush()
    told = {name: value for name, value in changes.items() if name != "steps"}
    record_audit(uow, action="save", entity="billing_policy", entity_id=row.id, changes=told)


def save_holiday(uow: UnitOfWork, *, day: date, name: str) -> None:
    """Keep a day on which nobody is cut off; a name that is given again replaces the one before."""
    require(uow.actor, Permission.EDIT_PROFILE)
    name = " ".join(name.split())
    if not 2 <= len(name) <= 80:
        raise InvalidInput("name", "Give the holiday a name of 2 to 80 letters.")
    today = billing_today(uow)
    if (today - day).days > _HOLIDAY_DAYS_BACK_MAX or day.year > today.year + _HOLIDAY_YEARS_AHEAD_MAX:
        raise InvalidInput("day", f"Give a day of the next {_HOLIDAY_YEARS_AHEAD_MAX} years.")
    row = policy_queries.find_holiday(uow.session, day)
    if row is None:
        row = Holiday(day=day, name=name)
        uow.session.add(row)
    row.name = name
    uow.session.flush()
    assert row.id is not None
    record_audit(uow, action="save", entity="holiday", entity_id=row.id, changes={"day": day, "name": name})


def remove_holiday(uow: UnitOfWork, *, day: date) -> None:
    """Forget a holiday; nothing to do when the day is none."""
    require(uow.actor, Permission.EDIT_PROFILE)
    row = policy_queries.find_holiday(uow.session, day)
    if row is None or row.id is None:
        return
    record_audit(uow, action="remove", entity="holiday", entity_id=row.id, changes={"day": day})
    uow.session.delete(row)


def holidays(snapshot: Snapshot, *, from_on: date | None = None) -> tuple[HolidayView, ...]:
    """Return the holidays by day, from a day on when one is given. Anyone may read them."""
    rows = policy_queries.holidays(snapshot.session, from_on=from_on)
    return tuple(HolidayView(row.day, row.name) for row in rows)


def _check_policy(changes: PolicyChanges) -> None:
    """Refuse what no ISP means. Raises InvalidInput naming the field."""
    for field in ("invoice_due_days", "grace_days", "promise_days_max"):
        if not 0 <= changes.get(field, 0) <= 90:  # type: ignore[operator]  # all three are numbers
            raise InvalidInput(field, "Give a number of days from 0 to 90.")
    for field in ("invoice_prefix", "credit_note_prefix"):
        prefix = changes.get(field, "A")
        if not isinstance(prefix, str) or not re.fullmatch(r"[A-Z0-9]{1,12}", prefix):
            raise InvalidInput(field, "Use 1 to 12 capital letters and digits.")
    for field, most in (("breaker_suspend_percent", 100), ("breaker_invoice_percent", 1_000)):
        if not 0 <= changes.get(field, 0) <= most:  # type: ignore[operator]  # both are numbers
            raise InvalidInput(field, f"Give a share from 0 to {most:,} percent.")
    if not 0 <= changes.get("outage_credit_minutes", 0) <= _OUTAGE_MINUTES_MAX:
        raise InvalidInput("outage_credit_minutes", "Give minutes up to a week, 0 for never.")
    for step in changes.get("steps", ()):
        if not -_STEP_DAYS_BEFORE_MAX <= step.days_overdue <= _STEP_DAYS_AFTER_MAX:
            span = f"{_STEP_DAYS_BEFORE_MAX} days before the due date, {_STEP_DAYS_AFTER_MAX} after it"
            raise InvalidInput("steps", f"A step is at most {span}.")


def _written(weekdays: object) -> str:
    if not isinstance(weekdays, frozenset):
        raise InvalidInput("quiet_weekdays", "Weekdays go from 1, Monday, to 7, Sunday.")
    return ",".join(str(day) for day in sorted(weekdays))


def _shares(shares: object) -> str:
    if not isinstance(shares, tuple) or len(shares) > _WARNINGS_MAX:
        raise InvalidInput(
            "usage_warnings", f"Give at most {_WARNINGS_MAX} shares in percent, such as 80, 95."
        )
    return ",".join(str(share) for share in shares)


_WRITTEN: dict[str, Callable[[object], str]] = {"quiet_weekdays": _written, "usage_warnings": _shares}
