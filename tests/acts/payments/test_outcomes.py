"""What becomes of money that does not come in the plain way: its outcome, and each entry it leaves in the journal."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlmodel import col

from benfex.core.clock import MovedClock
from benfex.core.unit_of_work import Snapshot
from benfex.dunning.runs import run_dunning
from benfex.ledger.chart import AccountCode
from benfex.payments.checkout import note_started
from benfex.payments.disputes import note_dispute
from benfex.payments.gateway import PaymentEvidence, Pending, StartedPayment
from benfex.payments.gateway_events import DisputeChanged, PaymentTakenBack
from benfex.payments.reconciliation import note_answer
from benfex.payments.settlement import Settled
from benfex.payments.taken_back import note_taken_back
from data.models.ledger import JournalEntry, LedgerAccount, Posting
from data.values.kinds import EntryKind
from data.values.money import Money
from data.values.states import AttemptStatus, DisputeStatus, InvoiceStatus, SubscriptionStatus
from tests.conftest import Run
from tests.factories.customers import MadeCustomer, MadeService, make_customer, make_service, suspend
from tests.factories.isp import kes
from tests.factories.looks import (
    assert_books_sound,
    attempt_look,
    invoices_of,
    owed,
    payments,
    service_state,
)
from tests.factories.money import c2b, make_attempt, paystack, receipt, settle, statement, stk

CLEARING, RECEIVABLE, WAITING = AccountCode.CLEARING, AccountCode.RECEIVABLE, AccountCode.UNMATCHED
Sides = tuple[tuple[AccountCode, int], ...]


@pytest.fixture
def service(isp: Run) -> MadeService:
    """A service whose first invoice of KES 2,500 is open."""
    return make_service(isp)


def journal(snapshot: Snapshot) -> list[tuple[EntryKind, Sides]]:
    """Return what was posted about payments: kind, and minor units by the kind of account, debits first."""
    rows = snapshot.session.execute(
        select(
            col(JournalEntry.id), col(JournalEntry.kind), col(LedgerAccount.code), col(Posting.amount_minor)
        )
        .join(Posting, col(Posting.entry_id) == col(JournalEntry.id))
        .join(LedgerAccount, col(LedgerAccount.id) == col(Posting.account_id))
        .where(col(JournalEntry.kind) != EntryKind.INVOICE_ISSUED)
        .order_by(col(JournalEntry.id), col(Posting.amount_minor).desc())
    )
    found: dict[int, tuple[EntryKind, list[tuple[AccountCode, int]]]] = {}
    for entry_id, kind, code, minor in rows:
        found.setdefault(int(entry_id), (kind, []))[1].append((AccountCode(code), minor))
    return [(kind, tuple(sides)) for kind, sides in found.values()]


def received(shillings: int) -> tuple[EntryKind, Sides]:
    minor = shillings * 100
    return (EntryKind.PAYMENT_RECEIVED, ((CLEARING, minor), (RECEIVABLE, -minor)))


def typed(service: MadeService, shillings: int, *, number: int = 1) -> PaymentEvidence:
    return c2b(service.customer.account_number, receipt=receipt(number), amount=kes(shillings))


def first_invoice(run: Run, customer: MadeCustomer) -> tuple[InvoiceStatus, int]:
    ((_, status, _, paid), *_) = run.read(invoices_of, customer_id=customer.customer_id)
    return status, paid


def test_success_after_the_attempt_expired_is_booked_and_the_attempt_succeeds(
    isp: Run, service: MadeService, clock: MovedClock
) -> None:
    attempt = make_attempt(isp, service.customer)
    clock.advance(timedelta(minutes=6))
    isp(note_answer, attempt_id=attempt.attempt_id, outcome=Pending())
    assert isp.read(attempt_look, attempt_id=attempt.attempt_id).status is AttemptStatus.EXPIRED
    assert settle(isp, stk(attempt, receipt=receipt())).settled is Settled.BOOKED
    assert isp.read(attempt_look, attempt_id=attempt.attempt_id).status is AttemptStatus.SUCCEEDED
    assert isp.read(journal) == [received(2_500)]
    assert first_invoice(isp, service.customer) == (InvoiceStatus.PAID, 250_000)


def test_a_callback_before_the_start_call_returned_is_booked_and_the_start_undoes_nothing(
    isp: Run, service: MadeService
) -> None:
    attempt = make_attempt(isp, service.customer, is_answered=False)
    assert settle(isp, stk(attempt, receipt=receipt())).settled is Settled.BOOKED
    isp(note_started, attempt_id=attempt.attempt_id, started=StartedPayment(attempt.gateway_reference))
    assert isp.read(attempt_look, attempt_id=attempt.attempt_id).status is AttemptStatus.SUCCEEDED
    assert isp.read(journal) == [received(2_500)]


@pytest.mark.parametrize("order", [(0, 1, 2, 0), (2, 1, 0, 0), (1, 1, 2, 0)])
def test_duplicates_in_any_order_and_number_are_one_payment(
    isp: Run, service: MadeService, order: Sequence[int]
) -> None:
    attempt = make_attempt(isp, service.customer)
    doors = (
        stk(attempt, receipt=receipt()),
        typed(service, 2_500),
        statement(service.customer.account_number, receipt=receipt(), amount=kes(2_500)),
    )
    told = [settle(isp, doors[place]).settled for place in order]
    assert told == [Settled.BOOKED, Settled.KNOWN, Settled.KNOWN, Settled.KNOWN]
    assert isp.read(journal) == [received(2_500)]
    assert len(isp.read(payments)) == 1


def test_too_little_pays_its_part_and_restores_nothing(
    isp: Run, service: MadeService, clock: MovedClock
) -> None:
    clock.advance(timedelta(days=11))
    suspend(isp, service)
    settle(isp, typed(service, 2_000))
    assert isp.read(journal) == [received(2_000)]
    assert first_invoice(isp, service.customer) == (InvoiceStatus.OPEN, 200_000)
    assert isp.read(service_state, subscription_id=service.subscription_id)[0] is SubscriptionStatus.SUSPENDED


def test_too_much_pays_all_and_the_rest_is_the_customers_credit(isp: Run, service: MadeService) -> None:
    settle(isp, typed(service, 4_000))
    assert isp.read(journal) == [received(4_000)]
    assert first_invoice(isp, service.customer) == (InvoiceStatus.PAID, 250_000)
    assert isp.read(owed, customer_id=service.customer_id) == kes(-1_500)


def test_the_wrong_currency_is_kept_as_it_came_and_waits_for_a_person(isp: Run, service: MadeService) -> None:
    told = replace(
        c2b(service.customer.account_number, receipt=receipt(), amount=kes(1)), amount=Money(2_500, "USD")
    )
    settle(isp, told)
    assert isp.read(journal) == [(EntryKind.PAYMENT_UNMATCHED, ((CLEARING, 2_500), (WAITING, -2_500)))]
    (payment,) = isp.read(payments)
    assert (payment.customer_id, payment.match_reason) == (None, "the account is in another currency")
    assert isp.read(owed, customer_id=service.customer_id) == kes(2_500)


def test_a_reversal_after_the_service_came_back_opens_the_bill_and_dunning_decides_later(
    isp: Run, service: MadeService, clock: MovedClock
) -> None:
    clock.advance(timedelta(days=12))
    assert isp(run_dunning, customer_id=service.customer_id).suspended
    settle(isp, typed(service, 2_500))
    assert isp.read(service_state, subscription_id=service.subscription_id)[0] is SubscriptionStatus.ACTIVE
    isp(
        note_taken_back,
        gateway="mpesa",
        event=PaymentTakenBack(receipt(), None, "The payer had it reversed."),
    )
    assert isp.read(journal) == [
        received(2_500),
        (EntryKind.PAYMENT_REVERSED, ((RECEIVABLE, 250_000), (CLEARING, -250_000))),
    ]
    assert first_invoice(isp, service.customer) == (InvoiceStatus.OPEN, 0)
    # Nobody is cut off on the spot: the rest of this day and all of the next are theirs.
    assert isp.read(service_state, subscription_id=service.subscription_id)[0] is SubscriptionStatus.ACTIVE
    assert not isp(run_dunning, customer_id=service.customer_id).suspended
    clock.advance(timedelta(days=2))
    assert isp(run_dunning, customer_id=service.customer_id).suspended


def test_a_chargeback_moves_money_when_it_is_lost_and_not_before(isp: Run) -> None:
    customer = make_customer(isp)
    attempt = make_attempt(isp, customer, gateway="paystack", amount=kes(3_000))
    settle(isp, paystack(attempt, fee=kes(45)))
    fee = (EntryKind.GATEWAY_FEE, ((AccountCode.PAYMENT_FEES, 4_500), (CLEARING, -4_500)))
    for status in (DisputeStatus.OPEN, DisputeStatus.ANSWERED):
        dispute = DisputeChanged("D1", status, kes(3_000), transaction_id="90001")
        isp(note_dispute, gateway="paystack", event=dispute)
        assert isp.read(journal) == [received(3_000), fee]
    for _ in range(2):
        isp(
            note_dispute,
            gateway="paystack",
            event=DisputeChanged("D1", DisputeStatus.LOST, kes(3_000), transaction_id="90001"),
        )
    assert isp.read(journal) == [
        received(3_000),
        fee,
        (EntryKind.PAYMENT_REVERSED, ((RECEIVABLE, 300_000), (CLEARING, -300_000))),
    ]
    assert isp.read(owed, customer_id=customer.customer_id) == kes(0)
    assert_books_sound(isp)
