"""SELECTs that find whose money it may be: few rows by an index, however many customers there are."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, or_, select

from data.models.cashier import MatchDecision, MatchHint
from data.models.customer import Customer
from data.models.invoice import Invoice
from data.models.payment import PaymentAttempt
from data.queries.payments import OPEN_STATES
from data.session import Session
from data.values.kinds import HintKind
from data.values.states import AttemptStatus, InvoiceStatus

_NEAR_MAX = 100  # customers whose phone ends alike; more would say nothing


class NearCustomer(NamedTuple):
    """A customer that something points to."""

    id: int
    name: str
    account_number: str
    phone: str
    phone_sha256: str
    currency: str


_COLUMNS = (
    Customer.id,
    Customer.name,
    Customer.account_number,
    Customer.phone,
    Customer.phone_sha256,
    Customer.currency,
)


def customers_by_accounts(session: Session, account_numbers: Sequence[str]) -> list[NearCustomer]:
    """Return the customers with one of these account numbers."""
    return _customers(session, Customer.account_number.in_(account_numbers)) if account_numbers else []


def customers_by_phone(session: Session, phone_sha256: str) -> list[NearCustomer]:
    """Return the customers whose phone has this SHA-256, which may have been cut short at its end."""
    if len(phone_sha256) == 64:
        return _customers(session, Customer.phone_sha256 == phone_sha256)
    beyond = phone_sha256 + "g"  # the letter after the last of hexadecimal
    return _customers(session, (Customer.phone_sha256 >= phone_sha256) & (Customer.phone_sha256 < beyond))


def customers_by_phone_end(session: Session, *, start: str, end: str) -> list[NearCustomer]:
    """Return the customers whose phone begins and ends with these digits, none where there are too many."""
    found = _customers(session, Customer.phone_end == end[-3:], limit=_NEAR_MAX + 1)
    fitting = [one for one in found if one.phone[1:].startswith(start) and one.phone.endswith(end)]
    return fitting if len(found) <= _NEAR_MAX else []


def customers_by_ids(session: Session, customer_ids: Collection[int]) -> list[NearCustomer]:
    """Return these customers."""
    return _customers(session, Customer.id.in_(customer_ids)) if customer_ids else []


def customer_of_open_invoice(session: Session, *, number: str) -> int | None:
    """Return whose open invoice has this number, or None."""
    return session.execute(
        select(Invoice.customer_id).where(Invoice.number == number, Invoice.status == InvoiceStatus.OPEN)
    ).scalar_one_or_none()


def hints(session: Session, wanted: Collection[tuple[HintKind, str]]) -> list[tuple[HintKind, int]]:
    """Return (kind, customer) of what people confirmed about these facts."""
    if not wanted:
        return []
    same: list[ColumnElement[bool]] = [
        (MatchHint.kind == kind) & (MatchHint.value == value) for kind, value in wanted
    ]
    rows = session.execute(
        select(MatchHint.kind, MatchHint.customer_id).where(or_(*same), MatchHint.confirmations > 0)
    )
    return [(kind, customer_id) for kind, customer_id in rows]


def find_hint(session: Session, *, kind: HintKind, value: str, customer_id: int) -> MatchHint | None:
    """Return what was confirmed about one fact and customer, or None."""
    return session.scalars(
        select(MatchHint).where(
            MatchHint.kind == kind, MatchHint.value == value, MatchHint.customer_id == customer_id
        )
    ).one_or_none()


def owing_exactly(session: Session, *, customer_ids: Collection[int], amount_minor: int) -> set[int]:
    """Return which of these customers have an open invoice that needs just this amount."""
    return set(
        session.scalars(
            select(Invoice.customer_id).where(
                Invoice.customer_id.in_(customer_ids),
                Invoice.status == InvoiceStatus.OPEN,
                Invoice.total_minor - Invoice.paid_minor == amount_minor,
            )
        )
    )


def asked_exactly(
    session: Session, *, customer_ids: Collection[int], amount_minor: int, since: datetime
) -> set[int]:
    """Return which of these customers asked to pay just this amount since, and nothing came of it yet."""
    return set(
        session.scalars(
            select(PaymentAttempt.customer_id).where(
                PaymentAttempt.customer_id.in_(customer_ids),
                PaymentAttempt.amount_minor == amount_minor,
                PaymentAttempt.status.in_((*OPEN_STATES, AttemptStatus.EXPIRED, AttemptStatus.FAILED)),
                PaymentAttempt.started_at >= since,
            )
        )
    )


def standing_decision(session: Session, *, payment_id: int) -> MatchDecision | None:
    """Return the decision whose a payment is that was not undone, or None where none was needed."""
    return session.scalars(
        select(MatchDecision)
        .where(MatchDecision.payment_id == payment_id, MatchDecision.undone_at.is_(None))
        .order_by(MatchDecision.id.desc())
        .limit(1)
    ).first()


def _customers(
    session: Session, condition: ColumnElement[bool], *, limit: int | None = None
) -> list[NearCustomer]:
    rows = session.execute(select(*_COLUMNS).where(condition).order_by(Customer.id).limit(limit))
    return [NearCustomer(*row) for row in rows]
