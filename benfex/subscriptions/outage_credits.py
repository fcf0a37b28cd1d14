"""Credit outages by themselves, where the owner wants that: each service once, for what it paid and did not get.

The price of the days it was down is shared out to the second, discounts off, and rounded once, half up. A service in
arrears waits for the bill that holds the last of these days, and is credited on it.
"""

from dataclasses import dataclass
from datetime import date, datetime

from benfex.core.actors import require
from benfex.core.clock import local_date
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.network.outages import say_duration
from benfex.notifications.outbox import enqueue_message
from benfex.subscriptions.corrections import credit_invoice_lines
from benfex.usage.allowance import period_begins_at
from data.locks import lock_customer
from data.models.outage import OutageCredit
from data.queries import outages as outage_queries
from data.queries.outages import PriceLine, TouchedService, WaitingCredit
from data.values.identifiers import CreditNoteId, CustomerId, InvoiceId, SubscriptionId
from data.values.money import Money
from data.values.roles import Permission

_AT_ONCE_MAX = 200


@dataclass(frozen=True, slots=True)
class DueCredit:
    """A service that an outage touched and that was not looked at for it yet."""

    outage_id: int
    subscription_id: SubscriptionId
    customer_id: CustomerId
    billed_customer_id: CustomerId
    began_at: datetime
    ended_at: datetime


def outage_credits_due(snapshot: Snapshot) -> tuple[tuple[DueCredit, ...], tuple[int, ...]]:
    """Return services to be credited now, and outages with which nothing more is to be done."""
    require(snapshot.actor, Permission.RUN_BILLING)
    least = current_terms(snapshot).outage_credit_minutes
    due = [_due(one.outage_id, one, one.began_at, one.ended_at) for one in _waiting(snapshot)]
    over: list[int] = []
    for outage_id, router_id, began_at, ended_at in outage_queries.to_credit(snapshot.session, limit=50):
        touched = (
            outage_queries.touched_services(
                snapshot.session,
                outage_id=outage_id,
                router_id=router_id,
                began_at=began_at,
                ended_at=ended_at,
                limit=_AT_ONCE_MAX,
            )
            if least and (ended_at - began_at).total_seconds() >= least * 60
            else []
        )
        if not touched:
            over.append(outage_id)
        due += [_due(outage_id, one, began_at, ended_at) for one in touched]
    return tuple(due), tuple(over)


def _waiting(snapshot: Snapshot) -> list[WaitingCredit]:
    return outage_queries.waiting_credits(snapshot.session, limit=_AT_ONCE_MAX)


def _due(
    outage_id: int, one: TouchedService | WaitingCredit, began_at: datetime, ended_at: datetime
) -> DueCredit:
    return DueCredit(
        outage_id,
        SubscriptionId(one.subscription_id),
        CustomerId(one.customer_id),
        CustomerId(one.billed_customer_id),
        began_at,
        ended_at,
    )


def credit_outage(uow: UnitOfWork, *, due: DueCredit) -> Money | None:
    """Credit one service for an outage, tell its customer, and return how much; None when nothing was billed.

    None too for a service in arrears whose bill is still to come. A second call for the same outage changes nothing and
    returns None.
    """
    require(uow.actor, Permission.RUN_BILLING)
    lock_customer(uow.session, due.billed_customer_id)
    kept = outage_queries.credit_of(uow.session, outage_id=due.outage_id, subscription_id=due.subscription_id)
    if kept is not None and kept.waits_until_on is None:
        return None
    terms = current_terms(uow)
    last = local_date(due.ended_at, terms.timezone)
    if outage_queries.is_billed_later(uow.session, subscription_id=due.subscription_id, day=last):
        if kept is None:
            _keep(uow, due, None, Money(0, terms.currency), waits_until_on=last)
        return None
    duration = say_duration(int((due.ended_at - due.began_at).total_seconds()))
    day = local_date(due.began_at, terms.timezone)
    total, note_id, currency = 0, None, terms.currency
    for line in outage_queries.price_lines(
        uow.session,
        subscription_id=due.subscription_id,
        from_on=day,
        until_on=local_date(due.ended_at, terms.timezone),
    ):
        amount = share_of(line, due.began_at, due.ended_at, zone=terms.timezone)
        if amount <= 0:
            continue
        note_id = credit_invoice_lines(
            uow,
            invoice_id=InvoiceId(line.invoice_id),
            amounts={line.line_id: Money(amount, line.currency)},
            reason=f"no service for {duration} from {day}",
        )
        total, currency = total + amount, line.currency
    given = Money(total, currency)
    if kept is None:
        _keep(uow, due, note_id, given)
    else:
        kept.credit_note_id, kept.waits_until_on = note_id, None
        kept.amount_minor, kept.currency = given.minor, given.currency
        uow.session.flush()
    if not total:
        return None
    enqueue_message(
        uow,
        customer_id=due.customer_id,
        template="outage_credited",
        facts={"amount": given.format(), "duration": duration, "day": f"{day:%d %b %Y}"},
        dedupe_key=f"outage:{due.outage_id}:{due.subscription_id}:credited",
    )
    return given


def close_outage(uow: UnitOfWork, *, outage_id: int) -> None:
    """Note that an outage has been credited, or is not to be."""
    require(uow.actor, Permission.RUN_BILLING)
    outage = outage_queries.find_outage(uow.session, outage_id)
    if outage is not None and outage.credited_at is None:
        outage.credited_at = uow.now
        uow.session.flush()


def share_of(line: PriceLine, began_at: datetime, ended_at: datetime, *, zone: str) -> int:
    """Return what of a billed price lies in an outage, in minor units, half up; never more than may be credited."""
    begins, ends = period_begins_at(line.starts_on, zone), period_begins_at(line.ends_on, zone)
    whole = int((ends - begins).total_seconds())
    down = int((min(ended_at, ends) - max(began_at, begins)).total_seconds())
    if down <= 0 or line.gross_minor <= 0:
        return 0
    share = (2 * line.gross_minor * down + whole) // (2 * whole)
    return max(0, min(share, line.gross_minor, line.left_of_line_minor, line.left_of_invoice_minor))


def _keep(
    uow: UnitOfWork,
    due: DueCredit,
    note_id: CreditNoteId | None,
    given: Money,
    *,
    waits_until_on: date | None = None,
) -> None:
    uow.session.add(
        OutageCredit(
            outage_id=due.outage_id,
            subscription_id=due.subscription_id,
            credit_note_id=note_id,
            amount_minor=given.minor,
            currency=given.currency,
            waits_until_on=waits_until_on,
        )
    )
    uow.session.flush()
