"""Whatever order things come in, and wherever a process dies, the books are those of the plain order.

A person acts in between: places money that waits, takes a placement back. What they do they do in their order,
each as soon as it can be done; in the plain order that is once everything was told, before a bank takes money back.
"""

from collections import Counter
from collections.abc import Callable
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
from benfex.payments.booking import Told as Message
from benfex.payments.checkout import note_started
from benfex.payments.gateway import (
    ChargeFailed,
    PaidReceiptToFollow,
    PaidWithoutReceipt,
    Pending,
    StartedPayment,
)
from benfex.payments.gateway_events import PaymentTakenBack
from benfex.payments.placing import match_payment, undo_match
from benfex.payments.reconciliation import note_answer
from benfex.payments.settlement import settle_payment, settle_payments
from benfex.payments.taken_back import note_taken_back
from data.models.ledger import LedgerAccount, Posting
from data.models.message import OutboundMessage
from data.models.payment import Payment, PaymentAllocation
from data.queries import payments as payment_queries
from data.values.errors import Conflict
from data.values.identifiers import InvoiceId, PaymentId, hash_token
from data.values.states import AttemptStatus, InvoiceStatus, PaymentStatus
from tests.conftest import START, Run
from tests.factories.customers import MadeCustomer, make_customer, make_invoice
from tests.factories.isp import ACCOUNTANT, kes, set_up_isp
from tests.factories.looks import assert_books_sound, attempt_look, invoice_status, owed
from tests.factories.messages import set_up_channels
from tests.factories.money import MadeAttempt, c2b, make_attempt, receipt, statement, stk
from tests.property.test_settlement_properties import PROMPT
from tests.sizes import over_a_database

# In the plain order: asked for, told of by every door, asked about, found in the record; then doors that do not say
# whose it is; then the person's acts; then it is taken back.
PLAIN = (
    *("start", "callback", "confirmation", "failure", "bare success", "query", "line"),
    *("bare line", "odd confirmation"),
    *("person", "reversal"),
)
MONEY = frozenset(("callback", "confirmation", "line", "bare line", "odd confirmation"))
ACTS = ((), ("match",), ("undo",), ("match", "undo"), ("undo", "match"), ("undo", "match", "undo"))
_numbers = count(1_000_000)


@dataclass(frozen=True)
class Story:
    """What one attempt asks, what is told of it, each word as often as it stands there, and what a person does."""

    shillings: int
    told: tuple[str, ...]
    acts: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """Everything that happens; `person` is when somebody looks at what waits."""
        return ("start", *self.told, *("person" for _ in self.acts))


@dataclass(frozen=True)
class Told:
    """One attempt of one of two twins, the receipt that its money has, and what a person is still to do about it."""

    customer: MadeCustomer
    attempt: MadeAttempt
    receipt: str
    acts: list[str]


@dataclass(frozen=True)
class Books:
    """What the books say of one customer, and of their attempts that a callback of their own told of.

    Which payment pays the invoice first depends on which came first; what all of them pay together does not. Of
    money that was taken back it does not matter whose it was, nor whether it was known in time for a receipt.
    """

    owed: object
    invoice: tuple[InvoiceStatus, int]
    payments: tuple[tuple[int, PaymentStatus, bool], ...]
    allocated: int
    postings: tuple[tuple[str, int], ...]
    succeeded: tuple[bool, ...]
    receipts: int | None


class _Died(Exception):
    """The process ended in the middle of an act."""


stories = st.builds(
    Story,
    shillings=st.sampled_from([500, 1_500, 4_000]),
    told=st.lists(st.sampled_from([word for word in PLAIN[1:] if word != "person"]), max_size=7).map(tuple),
    acts=st.sampled_from(ACTS),
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
        for word in sorted(story.words, key=PLAIN.index):
            if word == "person":
                run.by(ACCOUNTANT)(_act, one=one, aim=one.acts.pop(0))
            else:
                assert run(_tell, one=one, word=word) is None or word == "reversal"
    words = [(number, word) for number, story in enumerate(told) for word in story.words]
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
        attempts.append(Told(customer, attempt, receipt(next(_numbers)), list(story.acts)))
    return customer, tuple(attempts), invoice_id


def _tell_all(run: Run, odd: Random, told: tuple[Told, ...], words: list[tuple[int, str]]) -> None:
    """Tell everything in this order; a process may die in any act, and after it, so that it is told again.

    What cannot be placed yet waits and is tried again, as the inbox does.
    """
    waiting: list[tuple[int, str]] = []
    for group in _grouped(odd, words):
        (number, word), times, dies = group[0], 2 if odd.random() < 0.3 else 1, odd.random() < 0.3
        one = told[number]
        if word == "person":
            _let_act(run, one, dies=dies, times=times)
            continue
        some = [(told[number], word) for number, word in group]
        if dies:
            with suppress(_Died):
                run(_die_after, _tell_together, some=some)
        for _ in range(times):
            if run(_tell_together, some=some) is not None:
                waiting.append((number, word))
    for number, word in waiting:
        run(_tell, one=told[number], word=word)
    for one in told:
        for aim in one.acts:  # what could not be done yet
            run.by(ACCOUNTANT)(_act, one=one, aim=aim)


def _grouped(odd: Random, words: list[tuple[int, str]]) -> list[list[tuple[int, str]]]:
    """Return the words one by one, but some messages of money that come after each other together."""
    groups: list[list[tuple[int, str]]] = []
    for word in words:
        follows = bool(groups) and {groups[-1][-1][1], word[1]} <= MONEY
        if follows and odd.random() < 0.5:
            groups[-1].append(word)
        else:
            groups.append([word])
    return groups


def _let_act(run: Run, one: Told, *, dies: bool, times: int) -> None:
    """Let a person do what is next for them, if it can be done yet; they may press more than once."""
    person = run.by(ACCOUNTANT)
    if not one.acts:
        return
    if dies:
        with suppress(_Died):
            person(_die_after, _act, one=one, aim=one.acts[0])
    if person(_act, one=one, aim=one.acts[0]):
        aim = one.acts.pop(0)
        for _ in range(times - 1):
            person(_act, one=one, aim=aim)


def _die_after(uow: UnitOfWork, happens: Callable[..., object], /, **words: object) -> None:
    happens(uow, **words)
    raise _Died


def _act(uow: UnitOfWork, *, one: Told, aim: str) -> bool:
    """Do what a person means to do with money, and return whether nothing is left to do of it."""
    found = payment_queries.payment_of_transaction(uow.session, gateway="mpesa", transaction_id=one.receipt)
    if found is None or found.id is None:
        return False
    if aim == "match" and found.customer_id is not None:
        return True
    try:
        if aim == "match":
            match_payment(uow, payment_id=PaymentId(found.id), customer_id=one.customer.customer_id)
        else:
            undo_match(uow, payment_id=PaymentId(found.id), reason="They say it is not theirs.")
    except Conflict:
        return False
    return True


def _tell(uow: UnitOfWork, *, one: Told, word: str) -> str | None:
    """Do what a word says; return why that cannot be done yet."""
    attempt, token = one.attempt, hash_token(one.attempt.token)
    if word in MONEY:
        told = _evidence(one, word)
        settle_payment(uow, evidence=told.evidence, evidence_at=told.at, source=told.source)
        return None
    match word:
        case "start":
            named = StartedPayment(attempt.gateway_reference)
            note_started(uow, attempt_id=attempt.attempt_id, started=named)
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


def _tell_together(uow: UnitOfWork, *, some: list[tuple[Told, str]]) -> str | None:
    """Do what one word says, or what several messages of money say, in one act as the inbox does."""
    if len(some) == 1:
        return _tell(uow, one=some[0][0], word=some[0][1])
    settle_payments(uow, told=[_evidence(one, word) for one, word in some])
    return None


def _evidence(one: Told, word: str) -> Message:
    account, amount = one.customer.account_number, one.attempt.amount
    match word:
        case "callback":
            return Message(stk(one.attempt, receipt=one.receipt), START, "stk")
        case "confirmation":
            return Message(c2b(account, receipt=one.receipt, amount=amount), START, "c2b")
        case "odd confirmation":
            return Message(c2b(_odd_word(one), receipt=one.receipt, amount=amount), START, "c2b")
        case "line":
            return Message(statement(account, receipt=one.receipt, amount=amount), START, "statement")
        case _:
            return Message(statement(None, receipt=one.receipt, amount=amount), START, "statement")


def _odd_word(one: Told) -> str:
    """Return what somebody writes where an account number belongs; nobody else writes it."""
    return "WIFI " + one.receipt.translate(str.maketrans("0123456789", "ABCDEFGHIJ"))


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
        payments=tuple(
            (row[1], row[2], row[2] is PaymentStatus.RECEIVED and row[4] == customer.customer_id)
            for row in sorted(rows, key=lambda row: numbers.index(row[0]))
        ),
        allocated=sum(row[3] for row in rows),
        postings=run.read(_postings, customer_id=customer.customer_id),
        succeeded=tuple(look.status is AttemptStatus.SUCCEEDED for look in looks),
        receipts=None
        if any("reversal" in story.told for story in stories_told)
        else run.read(_receipts, customer_id=customer.customer_id),
    )


def _payments(
    snapshot: Snapshot, *, numbers: list[str]
) -> tuple[tuple[str, int, PaymentStatus, int, int | None], ...]:
    """Return number, amount, state, what of it is allocated and whose it is, of each of these payments."""
    held = (
        select(func.coalesce(func.sum(col(PaymentAllocation.amount_minor)), 0))
        .where(
            col(PaymentAllocation.payment_id) == col(Payment.id), col(PaymentAllocation.reversed_at).is_(None)
        )
        .scalar_subquery()
    )
    rows = snapshot.session.execute(
        select(
            col(Payment.gateway_transaction_id),
            col(Payment.amount_minor),
            col(Payment.status),
            held,
            col(Payment.customer_id),
        ).where(col(Payment.gateway_transaction_id).in_(numbers))
    )
    return tuple((row[0], row[1], row[2], int(row[3]), row[4]) for row in rows)


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
