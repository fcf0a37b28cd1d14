"""Whatever is asked, approved, told and taken back, in any order and as often as you like: no shilling goes twice."""

from contextlib import suppress
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlmodel import col

from benfex.core.actors import StaffActor
from benfex.core.policy import isp_profile
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.payments.disputes import note_dispute
from benfex.payments.gateway_events import (
    DisputeChanged,
    PaymentTakenBack,
    RefundChanged,
    RefundDone,
    RefundFailed,
    RefundOutcome,
    RefundUnderWay,
)
from benfex.payments.refund_news import note_refund_changed
from benfex.payments.refund_requests import NewRefund, approve_refund, ask_refund, decline_refund
from benfex.payments.refund_steps import begin_sending, note_refund
from benfex.payments.taken_back import note_taken_back
from data.models.payment import Payment, PaymentAllocation, Refund
from data.values.errors import DomainError
from data.values.identifiers import CustomerId, RefundId, UserId
from data.values.kinds import RefundWay
from data.values.roles import Role
from data.values.states import DisputeStatus, PaymentStatus, RefundStatus
from tests.conftest import Run
from tests.factories.customers import make_customer, make_invoice
from tests.factories.isp import ACCOUNTANT, VAULT, kes, set_up_isp
from tests.factories.looks import assert_books_sound
from tests.factories.refunding import NAME, KeshoGateway, pay, transaction_of
from tests.sizes import over_a_database

OTHER = StaffActor(UserId(9), Role.ADMIN, "Wafula")
ACTS = (
    "ask",
    "approve",
    "decline",
    "send",
    "call",
    "word",
    "nameless",
    "nameless",
    "taken",
    "dispute",
    "dispute",
    "invoice",
)
OUTCOMES: tuple[RefundOutcome, ...] = (
    RefundDone("K1"),
    RefundUnderWay("K1"),
    RefundFailed("E1", "no"),
    RefundDone(),
)
_phones = count(708_000_000)
steps = st.tuples(
    st.sampled_from(ACTS), st.integers(0, 4), st.sampled_from([500, 2_000, 6_000, 9_000]), st.integers(0, 3)
)


class Story:
    """One customer with two payments, and what people and the gateway do; what is refused changes nothing."""

    def __init__(self, run: Run) -> None:
        self.run, self.gateway = run, KeshoGateway("http://127.0.0.1:9")
        self.customer = make_customer(run, phone=f"+254{next(_phones)}")
        self.payments = [pay(run, self.customer, kes(9_000)) for _ in range(2)]

    def do(self, act: str, place: int, shillings: int, variant: int) -> None:
        run, amount = self.run, kes(shillings)
        payment_id = self.payments[place % 2]
        paid = run.read(transaction_of, payment_id=payment_id)
        refund_id, outcome = self.refund(place), OUTCOMES[variant]
        match act:
            case "ask":
                way = (RefundWay.GATEWAY, RefundWay.PAYOUT, RefundWay.BY_HAND)[variant % 3]
                wish = NewRefund(amount, "back", way, slip=f"S {next(_phones)}")
                gateways = {NAME: self.gateway}
                run.by(ACCOUNTANT)(ask_refund, payment_id=payment_id, wish=wish, gateways=gateways)
            case "approve" if refund_id:
                run.by(OTHER)(approve_refund, refund_id=refund_id)
            case "decline" if refund_id:
                run.by(OTHER)(decline_refund, refund_id=refund_id, reason="no")
            case "send" if refund_id:
                run(
                    begin_sending,
                    refund_id=refund_id,
                    gateway=self.gateway,
                    vault=VAULT,
                    public_url="https://x",
                )
            case "call" if refund_id:
                run(_answer, refund_id=refund_id, outcome=outcome)
            case "word" if refund_id:
                reference = run.read(reference_of_refund, refund_id=refund_id)
                run(note_refund_changed, gateway=NAME, event=RefundChanged(outcome, reference=reference))
            case "nameless":
                told = RefundChanged(outcome, transaction_id=paid, amount=amount)
                run(note_refund_changed, gateway=NAME, event=told)
            case "taken" if variant == 0:
                run(note_taken_back, gateway=NAME, event=PaymentTakenBack(paid, None, "bounced"))
            case "dispute":
                status = (DisputeStatus.OPEN, DisputeStatus.ANSWERED, DisputeStatus.WON, DisputeStatus.LOST)[
                    variant
                ]
                name = f"D{payment_id} {shillings}"
                run(note_dispute, gateway=NAME, event=DisputeChanged(name, status, amount, paid))
            case "invoice":
                make_invoice(run, self.customer, amount=amount)

    def refund(self, place: int) -> RefundId | None:
        ids = self.run.read(refund_ids, customer_id=self.customer.customer_id)
        return ids[place % len(ids)] if ids else None


@given(st.lists(steps, min_size=6, max_size=14), st.sampled_from([0, 4_000, 12_000, 18_000]))
@over_a_database(usual=15, deep=150)
@pytest.mark.sqlite_only
def test_no_shilling_goes_twice(run: Run, told: list[tuple[str, int, int, int]], owes: int) -> None:
    if not run.read(has_isp):
        set_up_isp(run)
    story = Story(run)
    if owes:
        make_invoice(run, story.customer, amount=kes(owes))
    for step in told:
        with suppress(DomainError):
            story.do(*step)
        assert run.read(overused, customer_id=story.customer.customer_id) == []
    assert_books_sound(run)


def overused(snapshot: Snapshot, *, customer_id: CustomerId) -> list[str]:
    """Return the payments of which more went or is promised than came."""
    found = []
    for payment in snapshot.session.scalars(select(Payment).where(col(Payment.customer_id) == customer_id)):
        held = sum(
            row.amount_minor
            for row in snapshot.session.scalars(select(Refund).where(col(Refund.payment_id) == payment.id))
            if row.status not in (RefundStatus.FAILED, RefundStatus.DECLINED)
        )
        used = sum(
            row.amount_minor
            for row in snapshot.session.scalars(
                select(PaymentAllocation).where(
                    col(PaymentAllocation.payment_id) == payment.id,
                    col(PaymentAllocation.reversed_at).is_(None),
                )
            )
        )
        kept = payment.amount_minor if payment.status is PaymentStatus.RECEIVED else 0
        if held + used > kept:
            found.append(f"payment {payment.id}: {held} back and {used} used of {kept}")
    return found


def has_isp(snapshot: Snapshot) -> bool:
    return isp_profile(snapshot) is not None


def reference_of_refund(snapshot: Snapshot, *, refund_id: RefundId) -> str:
    row = snapshot.session.get(Refund, refund_id)
    assert row is not None
    return row.reference or "unknown"


def refund_ids(snapshot: Snapshot, *, customer_id: CustomerId) -> tuple[RefundId, ...]:
    rows = snapshot.session.scalars(
        select(col(Refund.id)).where(col(Refund.customer_id) == customer_id).order_by(col(Refund.id))
    )
    return tuple(RefundId(row) for row in rows if row is not None)


def _answer(uow: UnitOfWork, *, refund_id: RefundId, outcome: RefundOutcome) -> None:
    """Note what the call answered, as the flow does: only of what was sent."""
    row = uow.session.get(Refund, refund_id)
    if row is not None and row.sent_at is not None:
        note_refund(uow, refund_id=refund_id, outcome=outcome)
