"""Read the ISP's profile and billing policy as values; change them as new versions.

What each figure means for a bill is said where it is used; the values themselves are in `data/values/terms`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from benfex.core.actors import require
from benfex.core.audit import record_audit
from benfex.core.clock import local_date
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from data.models.policy import BillingPolicy, DunningStepRow, IspProfile
from data.queries import policy as policy_queries
from data.values.errors import Conflict, InvalidInput
from data.values.kinds import DunningAction
from data.values.money import check_currency
from data.values.roles import Permission
from data.values.terms import BillingTerms, DunningSchedule, DunningStep

DEFAULT_STEPS = (DunningStep(days_overdue=3, action=DunningAction.SUSPEND),)


@dataclass(frozen=True, slots=True)
class IspProfileView:
    """Who the ISP is, as screens and documents show it."""

    name: str
    currency: str
    timezone: str
    support_phone: str
    accent: str


def isp_profile(snapshot: Snapshot) -> IspProfileView | None:
    """Return the ISP's profile, or None before the first run is finished. Anyone may read it."""
    row = policy_queries.newest_profile(snapshot.session)
    if row is None:
        return None
    return IspProfileView(row.name, row.currency, row.timezone, row.support_phone, row.accent)


def current_terms(snapshot: Snapshot) -> BillingTerms:
    """Return the billing terms in force. Raises Conflict before the first run is finished."""
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
    assert row.id is not None
    record_audit(uow, action="save", entity="isp_profile", entity_id=row.id, changes={"name": row.name})


def save_policy(
    uow: UnitOfWork,
    *,
    invoice_due_days: int = 7,
    grace_days: int = 0,
    debt_tolerated_minor: int = 0,
    invoice_prefix: str = "INV",
    steps: Sequence[DunningStep] = DEFAULT_STEPS,
) -> None:
    """Write a new version of the billing policy. Raises InvalidInput naming the field."""
    require(uow.actor, Permission.EDIT_PROFILE)
    for field, days in (("invoice_due_days", invoice_due_days), ("grace_days", grace_days)):
        if not 0 <= days <= 90:
            raise InvalidInput(field, "Give a number of days from 0 to 90.")
    if not re.fullmatch(r"[A-Z0-9]{1,12}", invoice_prefix):
        raise InvalidInput("invoice_prefix", "Use 1 to 12 capital letters and digits.")
    before = policy_queries.newest_policy(uow.session)
    row = BillingPolicy(
        version=before.version + 1 if before else 1,
        invoice_due_days=invoice_due_days,
        grace_days=grace_days,
        debt_tolerated_minor=debt_tolerated_minor,
        invoice_prefix=invoice_prefix,
    )
    uow.session.add(row)
    uow.session.flush()
    assert row.id is not None
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
    record_audit(uow, action="save", entity="billing_policy", entity_id=row.id)
