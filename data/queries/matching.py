"""SELECTs that find whose money it may be: few rows by an index, however many customers there are."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, or_, select

from data.models.cashier import MatchDecision, MatchHint, ReceiptClaim
from data.models.customer import Customer
from data.models.invoice import Invoice
from data.models.payment import PaymentAttempt
from data.queries.bulk import BulkSelect, among_named, unindexed
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


_ASKED_STATES = (*OPEN_STATES, AttemptStatus.EXPIRED, AttemptStatus.FAILED)
_BY_ACCOUNT = BulkSelect(
    select(*_COLUMNS).where(among_named(Customer.account_number, "numbers")).order_by(Customer.id)
)
_BY_ID = BulkSelect(select(*_COLUMNS).where(among_named(Customer.id, "ids")).order_by(Customer.id))
_BY_PHONE = BulkSelect(
    select(*_COLUMNS)
    .where(Customer.phone_sha256 >= bindparam("first"), Customer.phone_sha256 < bindparam("beyond"))
    .order_by(Customer.id)
)
_BY_PHONE_END = BulkSelect(
    select(*_COLUMNS).where(Customer.phone_end == bindparam("end")).order_by(Customer.id).limit(_NEAR_MAX + 1)
)
_BY_INVOICE = BulkSelect(
    select(Invoice.number, Invoice.customer_id).where(
        among_named(Invoice.number, "numbers"), unindexed(Invoice.status) == InvoiceStatus.OPEN.value
    )
)
_HINTS = BulkSelect(
    select(MatchHint.kind, MatchHint.customer_id).where(
        or_(
            and_(MatchHint.kind == HintKind.ACCOUNT, MatchHint.value == bindparam("account")),
            and_(MatchHint.kind == HintKind.PHONE, MatchHint.value == bindparam("phone")),
        ),
        MatchHint.confirmations > 0,
    )
)
_OWING = BulkSelect(
    select(Invoice.customer_id).where(
        among_named(Invoice.customer_id, "ids"),
        unindexed(Invoice.status) == InvoiceStatus.OPEN.value,
        Invoice.total_minor - Invoice.paid_minor == bindparam("amount"),
    )
)
_ASKED = BulkSelect(
    select(PaymentAttempt.customer_id).where(
        among_named(PaymentAttempt.customer_id, "ids"),
        PaymentAttempt.amount_minor == bindparam("amount"),
        or_(*(PaymentAttempt.status == status for status in _ASKED_STATES)),
        PaymentAttempt.started_at >= bindparam("since"),
    )
)


def customers_by_accounts(session: Session, account_numbers: Sequence[str]) -> list[NearCustomer]:
    """Return the customers with one of these account numbers."""
    return _near(_BY_ACCOUNT.rows(session, numbers=list(account_numbers))) if account_numbers else []


def customers_by_phone(session: Session, phone_sha256: str) -> list[NearCustomer]:
    """Return the customers whose phone has this SHA-256, which may have been cut short at its end."""
    # "g" comes after the last letter of hexadecimal, so that all that begin alike are between the two.
    return _near(_BY_PHONE.rows(session, first=phone_sha256, beyond=f"{phone_sha256}g"))


def customers_by_phone_end(session: Session, *, start: str, end: str) -> list[NearCustomer]:
    """Return the customers whose phone begins and ends with these digits, none where there are too many."""
    found = _near(_BY_PHONE_END.rows(session, end=end[-3:]))
    fitting = [one for one in found if one.phone[1:].startswith(start) and one.phone.endswith(end)]
    return fitting if len(found) <= _NEAR_MAX else []


def customers_by_ids(session: Session, customer_ids: Collection[int]) -> list[NearCustomer]:
    """Return these customers."""
    return _near(_BY_ID.rows(session, ids=list(customer_ids))) if customer_ids else []


def customers_of_open_invoices(session: Session, numbers: Collection[str]) -> dict[str, int]:
    """Return whose each of these numbers of an open invoice is, by number."""
    return {row[0]: row[1] for row in _BY_INVOICE.rows(session, numbers=list(numbers))} if numbers else {}


def hints(session: Session, wanted: Mapping[HintKind, str]) -> list[tuple[HintKind, int]]:
    """Return (kind, customer) of what people confirmed about an account as it was written, or a phone."""
    if not wanted:
        return []
    account, phone = wanted.get(HintKind.ACCOUNT, ""), wanted.get(HintKind.PHONE, "")
    return [(row[0], row[1]) for row in _HINTS.rows(session, account=account, phone=phone)]


_CLAIMERS = BulkSelect(select(ReceiptClaim.customer_id).where(ReceiptClaim.receipt == bindparam("receipt")))


def claimers(session: Session, *, receipt: str) -> list[int]:
    """Return which customers say that this receipt is theirs."""
    return [row[0] for row in _CLAIMERS.rows(session, receipt=receipt)]


def claims_since(session: Session, *, customer_id: int, since: datetime) -> list[str]:
    """Return the receipts that a customer gave since."""
    return list(
        session.scalars(
            select(ReceiptClaim.receipt).where(
                ReceiptClaim.customer_id == customer_id, ReceiptClaim.claimed_at >= since
            )
        )
    )


def owing_exactly(session: Session, *, customer_ids: Collection[int], amount_minor: int) -> set[int]:
    """Return which of these customers have an open invoice that needs just this amount."""
    return {row[0] for row in _OWING.rows(session, ids=list(customer_ids), amount=amount_minor)}


def asked_exactly(
    session: Session, *, customer_ids: Collection[int], amount_minor: int, since: datetime
) -> set[int]:
    """Return which of these customers asked to pay just this amount since, and nothing came of it yet."""
    rows = _ASKED.rows(session, ids=list(customer_ids), amount=amount_minor, since=since)
    return {row[0] for row in rows}


def find_hint(session: Session, *, kind: HintKind, value: str, customer_id: int) -> MatchHint | None:
    """Return what was confirmed about one fact and customer, or None."""
    return session.scalars(
        select(MatchHint).where(
            MatchHint.kind == kind, MatchHint.value == value, MatchHint.customer_id == customer_id
        )
    ).one_or_none()


def standing_decision(session: Session, *, payment_id: int) -> MatchDecision | None:
    """Return the decision whose a payment is that was not undone, or None where none was needed."""
    return session.scalars(
        select(MatchDecision)
        .where(MatchDecision.payment_id == payment_id, MatchDecision.undone_at.is_(None))
        .order_by(MatchDecision.id.desc())
        .limit(1)
    ).first()


def was_undone(session: Session, *, payment_id: int) -> bool:
    """Return whether a person ever took this payment from a customer again."""
    found = session.scalars(
        select(MatchDecision.id)
        .where(MatchDecision.payment_id == payment_id, MatchDecision.undone_at.is_not(None))
        .limit(1)
    )
    return found.first() is not None


def _near(rows: Sequence[tuple[Any, ...]]) -> list[NearCustomer]:
    return [NearCustomer._make(row) for row in rows]
