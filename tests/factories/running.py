"""The nights of an ISP: the bill run under a moved clock, and what came of it by date."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import col

from benfex.core.clock import MovedClock
from benfex.core.events import EventBus
from benfex.core.unit_of_work import Snapshot
from benfex.subscriptions.bill_run import BillRunner
from data.models.invoice import CreditNote, Invoice
from data.models.payment import Payment
from data.models.subscription import SubscriptionTransition
from data.values.identifiers import CustomerId
from tests.conftest import Run
from tests.factories.isp import SYSTEM

NAIROBI = "Africa/Nairobi"


def run_bills(run: Run, on: date) -> int:
    """Run the bills of a date as the nightly job does, and return how many invoices were issued."""
    result = BillRunner(run.transactor, EventBus()).run_sync(SYSTEM, on=on)
    assert not result.parked, result.parked
    return result.invoices


def wake_at(clock: MovedClock, day: date, *, hour: int = 10, zone: str = NAIROBI) -> None:
    """Move the clock to an hour of a local day."""
    local = datetime.combine(day, time(hour), tzinfo=ZoneInfo(zone))
    clock.move_to(max(clock.now(), local.astimezone(UTC)))


def live_until(run: Run, clock: MovedClock, day: date, *, zone: str = NAIROBI) -> None:
    """Let the days pass, with a bill run on the morning of each, the last one included."""
    local = clock.now().astimezone(ZoneInfo(zone)).date()
    while local < day:
        local += timedelta(days=1)
        wake_at(clock, local, zone=zone)
        run_bills(run, local)


def events_of(
    snapshot: Snapshot, *, customer_id: CustomerId, zone: str = NAIROBI
) -> list[tuple[str, str, int]]:
    """Return (date, what happened, minor units) of a customer's bills, credits, money and states, by date.

    Within a day: credit notes, invoices, states, money.
    """
    session, local = snapshot.session, ZoneInfo(zone)
    found: list[tuple[str, int, str, int]] = []
    for note in session.scalars(select(CreditNote).where(col(CreditNote.customer_id) == customer_id)):
        found.append((str(note.issued_on), 0, "credited", note.total_minor))
    for invoice in session.scalars(
        select(Invoice).where(col(Invoice.customer_id) == customer_id).order_by(col(Invoice.id))
    ):
        found.append((str(invoice.issued_on), 1, "billed", invoice.total_minor))
    for moved in session.scalars(select(SubscriptionTransition).order_by(col(SubscriptionTransition.id))):
        found.append((str(moved.at.astimezone(local).date()), 2, moved.to_status.value, 0))
    for payment in session.scalars(select(Payment).where(col(Payment.customer_id) == customer_id)):
        found.append((str(payment.received_at.astimezone(local).date()), 3, "paid", payment.amount_minor))
    found.sort(key=lambda event: event[:2])
    return [(day, what, amount) for day, _, what, amount in found]
