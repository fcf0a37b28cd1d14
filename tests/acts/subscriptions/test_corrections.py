"""What was billed in error is void, billed again or credited, and the service follows at once."""

from datetime import date, timedelta

import pytest

from benfex.billing.crediting import credit_unused
from benfex.core.clock import MovedClock
from benfex.core.events import EventBus
from benfex.core.unit_of_work import Snapshot
from benfex.subscriptions.bill_run import BillRunner
from benfex.subscriptions.corrections import cancel_invoice, credit_invoice, credit_unused_days
from data.models.subscription import Subscription
from data.values.errors import Conflict, InvalidInput
from data.values.identifiers import InvoiceId, SubscriptionId
from data.values.states import SubscriptionStatus
from tests.conftest import Run
from tests.factories.customers import make_service, suspend
from tests.factories.isp import ACCOUNTANT, SYSTEM, kes
from tests.factories.looks import invoices_of, owed, service_state

FIRST = InvoiceId(1)
OVERDUE = timedelta(days=10)
START = date(2026, 11, 23)


def test_a_void_invoice_that_is_billed_again_costs_the_same_once(isp: Run, bus: EventBus) -> None:
    service = make_service(isp)
    before = isp.read(_charging, subscription_id=service.subscription_id)
    isp.by(ACCOUNTANT)(cancel_invoice, invoice_id=FIRST, reason="wrong name on it", bill_again=True)
    assert isp.read(owed, customer_id=service.customer_id) == kes(0)
    for _ in range(2):
        BillRunner(isp.transactor, bus).run_sync(SYSTEM, on=START)
    assert isp.read(_charging, subscription_id=service.subscription_id) == before
    totals = [row[2] for row in isp.read(invoices_of, customer_id=service.customer_id)]
    assert totals == [250_000, 250_000]
    assert isp.read(owed, customer_id=service.customer_id) == kes(2_500)


def test_three_periods_caught_up_in_one_invoice_are_billed_again_as_three(isp: Run, bus: EventBus) -> None:
    service = make_service(isp, starts_on=date(2026, 8, 31))
    before = isp.read(_charging, subscription_id=service.subscription_id)
    isp(cancel_invoice, invoice_id=FIRST, reason="wrong name on it", bill_again=True)
    assert isp.read(_charging, subscription_id=service.subscription_id)[:2] == (
        date(2026, 8, 31),
        date(2026, 9, 30),
    )
    BillRunner(isp.transactor, bus).run_sync(SYSTEM, on=START)
    assert isp.read(_charging, subscription_id=service.subscription_id) == before


def test_a_void_invoice_is_not_billed_again_unless_that_is_asked_for(isp: Run, bus: EventBus) -> None:
    service = make_service(isp)
    isp(cancel_invoice, invoice_id=FIRST, reason="a gift")
    BillRunner(isp.transactor, bus).run_sync(SYSTEM, on=START)
    assert isp.read(owed, customer_id=service.customer_id) == kes(0)


def test_an_invoice_with_later_periods_billed_is_not_billed_again(
    isp: Run, bus: EventBus, clock: MovedClock
) -> None:
    service = make_service(isp)
    clock.advance(timedelta(days=31))
    BillRunner(isp.transactor, bus).run_sync(SYSTEM, on=date(2026, 12, 24))
    with pytest.raises(Conflict, match="Later periods"):
        isp(cancel_invoice, invoice_id=FIRST, reason="x", bill_again=True)
    assert isp.read(owed, customer_id=service.customer_id) == kes(5_000)


def test_an_invoice_with_a_credit_note_cannot_be_void(isp: Run) -> None:
    service = make_service(isp)
    isp(
        credit_unused,
        subscription_id=service.subscription_id,
        from_on=date(2026, 12, 20),
        reason="moved out",
    )
    with pytest.raises(Conflict, match="credit note"):
        isp(cancel_invoice, invoice_id=FIRST, reason="x")


@pytest.mark.parametrize("way", ["void", "credit"])
def test_a_service_comes_back_when_its_debt_is_taken_away(isp: Run, clock: MovedClock, way: str) -> None:
    service = make_service(isp)
    clock.advance(OVERDUE)
    suspend(isp, service)
    if way == "void":
        isp.by(ACCOUNTANT)(cancel_invoice, invoice_id=FIRST, reason="billed in error")
    else:
        isp.by(ACCOUNTANT)(credit_invoice, invoice_id=FIRST, amount=kes(2_500), reason="billed in error")
    assert isp.read(service_state, subscription_id=service.subscription_id) == (
        SubscriptionStatus.ACTIVE,
        None,
    )


def test_a_service_stays_suspended_while_part_of_its_debt_is_left(isp: Run, clock: MovedClock) -> None:
    service = make_service(isp)
    clock.advance(OVERDUE)
    suspend(isp, service)
    isp(credit_invoice, invoice_id=FIRST, amount=kes(1_000), reason="two days down")
    status, _ = isp.read(service_state, subscription_id=service.subscription_id)
    assert status is SubscriptionStatus.SUSPENDED


@pytest.mark.parametrize("reason", ["", " ", "x" * 201])
def test_every_way_of_crediting_wants_a_reason_that_fits_on_the_note(isp: Run, reason: str) -> None:
    service = make_service(isp)
    with pytest.raises(InvalidInput) as refused:
        isp(credit_invoice, invoice_id=FIRST, amount=kes(1_000), reason=reason)
    assert refused.value.field == "reason"
    with pytest.raises(InvalidInput) as refused:
        isp(credit_unused_days, subscription_id=service.subscription_id, from_on=START, reason=reason)
    assert refused.value.field == "reason"
    assert isp.read(owed, customer_id=service.customer_id) == kes(2_500)


def _charging(snapshot: Snapshot, *, subscription_id: SubscriptionId) -> tuple[date | None, ...]:
    """Return charged through, the running period's end and the next billing date."""
    row = snapshot.session.get(Subscription, subscription_id)
    assert row is not None
    return row.charged_through_on, row.period_ends_on, row.bills_on
