"""Whatever is issued, paid, credited, void, written off, refunded or reversed: the books are sound after it."""

from contextlib import suppress
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlmodel import col

from benfex.billing.charges import ChargeLine
from benfex.billing.crediting import credit_unused, issue_credit_note
from benfex.billing.earning import earn_revenue
from benfex.billing.invoicing import issue_invoice, void_invoice
from benfex.billing.write_offs import recover_invoice, write_off_invoice
from benfex.core.clock import MovedClock
from benfex.core.policy import billing_today, isp_profile
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.payments.refund_requests import refund_payment
from benfex.payments.refunds import refundable
from benfex.payments.reversal import reverse_payment
from data.models.invoice import Invoice, InvoiceLine
from data.models.ledger import Posting
from data.queries import policy as policy_queries
from data.values.errors import DomainError
from data.values.identifiers import InvoiceId, PaymentId
from data.values.kinds import LineKind
from data.values.money import Money
from data.values.periods import Period
from data.values.taxes import TaxTerms
from tests.conftest import Run
from tests.factories.customers import MadeService, make_customer, make_service
from tests.factories.isp import make_price, make_router, make_vat, set_up_isp
from tests.factories.looks import assert_books_sound
from tests.factories.money import c2b, receipt, settle
from tests.sizes import over_a_database

ACTS = ("issue", "pay", "credit", "unused", "void", "write off", "recover", "refund", "reverse", "earn")
_numbers = count(1)
_shared: dict[str, Any] = {}
steps = st.tuples(st.sampled_from(ACTS), st.integers(0, 5), st.integers(1, 300_000), st.booleans())


class Story:
    """One customer with a service, and what staff do about their money. What is refused changes nothing."""

    def __init__(self, run: Run, clock: MovedClock, service: MadeService, vat: TaxTerms) -> None:
        self.run, self.clock, self.service, self.vat = run, clock, service, vat
        self.invoices: list[InvoiceId] = [run.read(_first_invoice, customer_id=service.customer_id)]
        self.payments: list[PaymentId] = []

    def step(self, act: str, place: int, minor: int, moves: bool) -> None:
        if moves:
            self.clock.advance(timedelta(days=place))
        with suppress(DomainError):
            self._do(act, place, Money(minor, "KES"))

    def _do(self, act: str, place: int, amount: Money) -> None:
        run, invoice_id = self.run, self.invoices[place % len(self.invoices)]
        payment_id = self.payments[place % len(self.payments)] if self.payments else None
        match act:
            case "issue":
                self.invoices.append(self._issue(amount, discount=place * 10))
            case "pay":
                self.payments.append(self._pay(amount))
            case "credit":
                run(issue_credit_note, invoice_id=invoice_id, amount=amount, reason="goodwill")
            case "unused":
                day = run.read(billing_today) + timedelta(days=place * 4)
                run(
                    credit_unused,
                    subscription_id=self.service.subscription_id,
                    from_on=day,
                    reason="unused",
                )
            case "void":
                run(void_invoice, invoice_id=invoice_id, reason="wrong")
            case "write off":
                run(write_off_invoice, invoice_id=invoice_id, reason="gone")
            case "recover":
                run(recover_invoice, invoice_id=invoice_id)
            case "earn":
                run(earn_revenue)
            case "refund" if payment_id is not None:
                free = run.read(refundable, payment_id=payment_id)
                slip = f"S {next(_numbers)}"
                amount = min(amount, free)
                run(refund_payment, payment_id=payment_id, amount=amount, reason="back", reference=slip)
            case "reverse" if payment_id is not None:
                run(reverse_payment, payment_id=payment_id, reason="bounced")

    def _issue(self, amount: Money, *, discount: int) -> InvoiceId:
        today = self.run.read(billing_today)
        period = Period(today, today + timedelta(days=30))
        common: dict[str, Any] = {
            "description": "Home",
            "tax": self.vat,
            "subscription_id": self.service.subscription_id,
            "period": period,
        }
        lines = [ChargeLine(kind=LineKind.RECURRING, unit=amount, item="price", **common)]
        off = amount.share(discount, 100)
        if off.is_positive:
            lines.append(ChargeLine(kind=LineKind.DISCOUNT, unit=-off, item="discount:1", **common))
        return self.run(issue_invoice, customer_id=self.service.customer_id, lines=lines, issued_on=today)

    def _pay(self, amount: Money) -> PaymentId:
        account = self.service.customer.account_number
        payment_id = settle(self.run, c2b(account, receipt=receipt(next(_numbers)), amount=amount)).payment_id
        assert payment_id is not None
        return payment_id


@pytest.mark.sqlite_only
@over_a_database(usual=15, deep=100)
@given(told=st.lists(steps, min_size=3, max_size=14), defers=st.booleans())
def test_any_sequence_of_corrections_keeps_the_books_sound(
    run: Run, clock: MovedClock, told: list[tuple[str, int, int, bool]], defers: bool
) -> None:
    if run.read(isp_profile) is None:
        set_up_isp(run)
        _shared.clear()
    if not _shared:
        _shared.update(price=make_price(run), router=make_router(run), vat=make_vat(run))
    run(_defer, defers=defers)
    name = f"c{next(_numbers)}"
    customer = make_customer(run, phone=f"07{20_000_000 + next(_numbers)}")
    service = make_service(
        run, customer=customer, price_id=_shared["price"], router_id=_shared["router"], username=name
    )
    story = Story(run, clock, service, _shared["vat"])
    for step in told:
        story.step(*step)
    assert_books_sound(run)
    assert run.read(_sum_of_postings) == 0
    assert run.read(_credited_beyond_billed) == []
    clock.advance(timedelta(days=40))
    run(earn_revenue)
    assert run.read(_still_deferred) == 0
    assert_books_sound(run)


def _first_invoice(snapshot: Snapshot, *, customer_id: int) -> InvoiceId:
    found = snapshot.session.scalars(
        select(col(Invoice.id)).where(col(Invoice.customer_id) == customer_id)
    ).one()
    assert found is not None
    return InvoiceId(found)


def _sum_of_postings(snapshot: Snapshot) -> int:
    total = snapshot.session.execute(select(func.coalesce(func.sum(col(Posting.amount_minor)), 0)))
    return int(total.scalar_one())


def _credited_beyond_billed(snapshot: Snapshot) -> list[int | None]:
    rows = snapshot.session.scalars(select(InvoiceLine))
    return [row.id for row in rows if abs(row.credited_minor) > abs(row.amount_minor + row.tax_minor)]


def _still_deferred(snapshot: Snapshot) -> int:
    rows = snapshot.session.execute(
        select(InvoiceLine)
        .join(Invoice, col(Invoice.id) == col(InvoiceLine.invoice_id))
        .where(col(Invoice.voided_at).is_(None))
    ).scalars()
    return sum(row.deferred_minor - row.earned_minor for row in rows)


def _defer(uow: UnitOfWork, *, defers: bool) -> None:
    policy = policy_queries.newest_policy(uow.session)
    assert policy is not None
    policy.defers_revenue = defers
