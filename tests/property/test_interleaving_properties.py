"""Whatever order things come in, and wherever a process dies, the books are those of the plain order."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlmodel import col

from benfex.core.clock import MovedClock
from benfex.core.policy import isp_profile
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.payments.attempts import fail_attempt, note_paid_without_receipt
from benfex.payments.checkout import note_started
from benfex.payments.gateway import (
    ChargeFailed,
    PaidReceiptToFollow,
    PaidWithoutReceipt,
    Pending,
    StartedPayment,
)
from benfex.payments.gateway_events import PaymentTakenBack
from benfex.payments.reconciliation import note_answer
from benfex.payments.settlement import settle_payment
from benfex.payments.taken_back import note_taken_back
from data.models.ledger import LedgerAccount, Posting
from data.models.message import OutboundMessage
from data.models.payment import Payment, PaymentAllocation
from data.values.identifiers import InvoiceId, hash_token
from data.values.states import AttemptStatus, InvoiceStatus, PaymentStatus
from tests.conftest import START, Run
from tests.factories.customers import MadeCustomer, make_customer, make_invoice
from tests.factories.isp import kes, set_up_isp
from tests.factories.looks import assert_books_sound, attempt_look, invoice_status, owed
from tests.factories.messages import set_up_channels
from tests.factories.money import MadeAttempt, c2b, make_attempt, receipt, statement, stk
from tests.property.test_settlement_properties import PROMPT
from tests.sizes import over_a_database

# In the plain order: asked for, told of by every door, asked about, found in the record, taken back.
PLAIN = ("start", "callback", "confirmation", "failure", "bare success", "query", "line", "reversal")
BOOKING = frozenset({"callback", "confirmation", "line"})
_numbers = count(1_000_000)


@dataclass(frozen=True)
class Story:
    """What one attempt asks and what is told of it, each word as often as it stands there."""

    shillings: int
    told: tuple[str, ...]


@dataclass(frozen=True)
class Told:
    """One attempt of one of two twins, and the receipt that its money has."""

    customer: MadeCustomer
    attempt: MadeAttempt
    receipt: str


@dataclass(frozen=True)
class Books:
    """What the books say of one customer, and of their attempts that a callback of their own told of.

    Which payment pays the invoice first depends on which came first; what all of them pay together does not.
    """

    owed: object
    invoice: tuple[InvoiceStatus, int]
    payments: tuple[tuple[int, PaymentStatus], ...]
    allocated: int
    postings: tuple[tuple[str, int], ...]
    succeeded: tuple[bool, ...]
    receipts: int


class _Died(Exception):
    """The process ended in the middle of an act."""


stories = st.builds(
    Story,
    shillings=st.sampled_from([500, 1_500, 4_000]),
    told=st.lists(st.sampled_from(PLAIN[1:]), max_size=7).map(tuple),
)


@over_a_database(usual=6, deep=300)
@given(told=st.lists(stories, min_size=1, max_size=3), seed=st.integers(0, 2**32))
def test_any_interleaving_with_crashes_leaves_the_books_of_the_plain_order(
    run: Run, clock: MovedClock, told: list[Story], seed: int
) -> None:
    if run.read(isp_profile) is None:
        set_up_isp(run)
        set_up_channels(run)
    odd = Random(seed)
    plain, mixed = _begin(run, clock, told), _begin(run, clock, told)
    for story, one in zip(told, plain[1], strict=True):
        for word in sorted(("start", *story.told), key=PLAIN.index):
            assert run(_tell, one=one, word=word) is None or word == "reversal"
    words = [(number, word) for number, story in enumerate(told) for word in ("start", *story.told)]
    odd.shuffle(words)
    _tell_all(run, odd, mixed[1], words)
    assert _books(run, told, *mixed) == _books(run, told, *plain)
    assert_books_sound(run)


def _begin(
    run: Run, clock: MovedClock, told: list[Story]
) -> tuple[MadeCustomer, tuple[Told, ...], InvoiceId]:
    """Return a twin: a customer with an invoice of 2,500 and the attempts of the stories, none answered yet."""
    customer = make_customer(run, phone=f"07{10_000_000 + next(_numbers)}")
    invoice_id = make_invoice(run, customer, amount=kes(2_500))
    attempts = []
    for story in told:
        clock.advance(PROMPT)  # a phone shows one prompt at a time
        attempt = make_attempt(run, customer, amount=kes(story.shillings), is_answered=False)
        attempts.append(Told(customer, attempt, receipt(next(_numbers))))
    return customer, tuple(attempts), invoice_id


def _tell_all(run: Run, odd: Random, told: tuple[Told, ...], words: list[tuple[int, str]]) -> None:
    """Tell everything in this order; a process may die in any act, and after it, so that it is told again.

    What cannot be placed yet waits and is tried again, as the inbox does.
    """
    waiting: list[tuple[int, str]] = []
    for number, word in words:
        if odd.random() < 0.3:
            with suppress(_Died):
                run(_die_after, one=told[number], word=word)
        again = 2 if odd.random() < 0.3 else 1
        for _ in range(again):
            if run(_tell, one=told[number], word=word) is not None:
                waiting.append((number, word))
    for number, word in waiting:
        run(_tell, one=told[number], word=word)


def _die_after(uow: UnitOfWork, *, one: Told, word: str) -> None:
    _tell(uow, one=one, word=word)
    raise _Died


def _tell(uow: UnitOfWork, *, one: Told, word: str) -> str | None:
    """Do what a word says; return why that cannot be done yet."""
    attempt, token = one.attempt, hash_token(one.attempt.token)
    match word:
        case "start":
            named = StartedPayment(attempt.gateway_reference)
            note_started(uow, attempt_id=attempt.attempt_id, started=named)
        case "callback":
            settle_payment(uow, evidence=stk(attempt, receipt=one.receipt), evidence_at=START, source="stk")
        case "confirmation":
            told = c2b(one.customer.account_number, receipt=one.receipt, amount=attempt.amount)
            settle_payment(uow, evidence=told, evidence_at=START, source="c2b")
        case "line":
            told = statement(one.customer.account_number, receipt=one.receipt, amount=attempt.amount)
            settle_payment(uow, evidence=told, evidence_at=START, source="statement")
        case "failure":
            return fail_attempt(
                uow, gateway="mpesa", failure=ChargeFailed(None, token, "1037", "Not reached.")
            )
        case "bare success":
            return note_paid_without_receipt(uow, gateway="mpesa", event=PaidWithoutReceipt(None, token))
        case "query":
            note_answer(uow, attempt_id=attempt.attempt_id, outcome=PaidReceiptToFollow())
            note_answer(uow, attempt_id=attempt.attempt_id, outcome=Pending())
        case _:
            return note_taken_back(
                uow, gateway="mpesa", event=PaymentTakenBack(one.receipt, None, "The bank took it back.")
            )
    return None


def _books(
    run: Run, stories_told: list[Story], customer: MadeCustomer, told: tuple[Told, ...], invoice_id: InvoiceId
) -> Books:
    numbers = [one.receipt for one in told]
    rows = run.read(_payments, numbers=numbers)
    assert max(Counter(row[0] for row in rows).values(), default=1) == 1, "each receipt is booked once"
    looks = [
        run.read(attempt_look, attempt_id=one.attempt.attempt_id)
        for story, one in zip(stories_told, told, strict=True)
        if "callback" in story.told
    ]
    return Books(
        owed=run.read(owed, customer_id=customer.customer_id),
        invoice=run.read(invoice_status, invoice_id=invoice_id),
        payments=tuple(row[1:3] for row in sorted(rows, key=lambda row: numbers.index(row[0]))),
        allocated=sum(row[3] for row in rows),
        postings=run.read(_postings, customer_id=customer.customer_id),
        succeeded=tuple(look.status is AttemptStatus.SUCCEEDED for look in looks),
        receipts=run.read(_receipts, customer_id=customer.customer_id),
    )


def _payments(snapshot: Snapshot, *, numbers: list[str]) -> tuple[tuple[str, int, PaymentStatus, int], ...]:
    """Return number, amount, state and what of it is allocated of each of these payments."""
    held = (
        select(func.coalesce(func.sum(col(PaymentAllocation.amount_minor)), 0))
        .where(
            col(PaymentAllocation.payment_id) == col(Payment.id), col(PaymentAllocation.reversed_at).is_(None)
        )
        .scalar_subquery()
    )
    rows = snapshot.session.execute(
        select(
            col(Payment.gateway_transaction_id), col(Payment.amount_minor), col(Payment.status), held
        ).where(col(Payment.gateway_transaction_id).in_(numbers))
    )
    return tuple((row[0], row[1], row[2], int(row[3])) for row in rows)


def _postings(snapshot: Snapshot, *, customer_id: int) -> tuple[tuple[str, int], ...]:
    """Return the sum on each ledger account of a customer."""
    rows = snapshot.session.execute(
        select(col(LedgerAccount.code), func.sum(col(Posting.amount_minor)))
        .join(Posting, col(Posting.account_id) == col(LedgerAccount.id))
        .where(col(LedgerAccount.owner) == f"customer:{customer_id}")
        .group_by(col(LedgerAccount.code))
        .order_by(col(LedgerAccount.code))
    )
    return tuple((str(row[0]), int(row[1])) for row in rows)


def _receipts(snapshot: Snapshot, *, customer_id: int) -> int:
    """Return how many receipts a customer was sent."""
    return int(
        snapshot.session.execute(
            select(func.count())
            .select_from(OutboundMessage)
            .where(
                col(OutboundMessage.customer_id) == customer_id,
                col(OutboundMessage.template) == "payment_received",
            )
        ).scalar_one()
    )
