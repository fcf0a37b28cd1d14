"""Earn deferred revenue day by day: one entry a currency and day, for all days that are over.

What is earned when is said by `deferral`. A missed day is earned by the next run; a second run of a day finds
the entry of that day and does nothing.
"""

from benfex.billing.deferral import earned_part
from benfex.core.actors import require
from benfex.core.policy import billing_today
from benfex.core.unit_of_work import UnitOfWork
from benfex.ledger import entries
from benfex.ledger.journal import EntryDraft, EntrySource, post_entries
from data.queries import deferrals as deferral_queries
from data.queries import ledger as ledger_queries
from data.values.kinds import EntryKind
from data.values.money import Money
from data.values.roles import Permission


def earn_revenue(uow: UnitOfWork) -> tuple[Money, ...]:
    """Earn what is for days before today, and return it by currency; nothing where today's entry exists."""
    require(uow.actor, Permission.RUN_BILLING)
    today = billing_today(uow)
    earned: dict[str, int] = {}
    done: dict[str, bool] = {}
    rows: list[tuple[int, int]] = []
    for line in deferral_queries.lines_to_earn(uow.session):
        if line.currency not in done:
            source = _source(line.currency, int(f"{today:%Y%m%d}"))
            done[line.currency] = bool(
                ledger_queries.posted_sources(
                    uow.session,
                    kind=EntryKind.REVENUE_EARNED,
                    source_type=source.type,
                    source_ids=[source.id],
                )
            )
        if done[line.currency]:
            continue
        target = earned_part(
            line.deferred_minor,
            starts_on=max(line.starts_on, line.issued_on),
            ends_on=min(line.ends_on, line.credited_from_on or line.ends_on),
            on=today,
        )
        added = target - line.earned_minor
        if added * line.deferred_minor > 0:
            rows.append((line.line_id, target))
            earned[line.currency] = earned.get(line.currency, 0) + added
    deferral_queries.set_earned(uow.session, rows)
    amounts = tuple(Money(minor, currency) for currency, minor in sorted(earned.items()))
    drafts = [
        EntryDraft(
            kind=EntryKind.REVENUE_EARNED,
            source=_source(amount.currency, int(f"{today:%Y%m%d}")),
            postings=entries.revenue_earned(amount),
            occurred_at=uow.now,
            memo=f"Earned until {today}",
        )
        for amount in amounts
        if not amount.is_zero
    ]
    if drafts:
        post_entries(uow, drafts)
    return amounts


def _source(currency: str, day: int) -> EntrySource:
    return EntrySource(f"day.{currency}", day)
