"""SELECTs about attempts, payments and pay links for acts. Lists for screens are in `payments_listing`."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, func, or_, select

from data.models.customer import Customer
from data.models.payment import PayLink, Payment, PaymentAllocation, PaymentAttempt, RestorationClock
from data.queries.bulk import BulkInsert, BulkSelect, among, among_named
from data.session import Session
from data.values.kinds import EvidenceGrade
from data.values.states import AttemptStatus, PaymentStatus

OPEN_STATES = (AttemptStatus.CREATED, AttemptStatus.PENDING)


def find_payment(session: Session, payment_id: int) -> Payment | None:
    """Return the payment, or None."""
    return session.get(Payment, payment_id)


def payment_of_transaction(session: Session, *, gateway: str, transaction_id: str) -> Payment | None:
    """Return the payment of a gateway's transaction, or None when it is not booked."""
    found = payments_of_transactions(session, transactions=[(gateway, transaction_id)])
    return found.get((gateway, transaction_id))


def payments_of_transactions(
    session: Session, *, transactions: Collection[tuple[str, str]]
) -> dict[tuple[str, str], Payment]:
    """Return the payments of these transactions, named by gateway and number, that are booked."""
    numbers = {number for _, number in transactions}
    gateways = sorted({gateway for gateway, _ in transactions})
    rows = session.scalars(
        select(Payment).where(
            among(Payment.gateway, gateways), among(Payment.gateway_transaction_id, numbers)
        )
    )
    return {(row.gateway, row.gateway_transaction_id): row for row in rows}


def newest_payment(session: Session, *, gateway: str) -> Payment | None:
    """Return the payment of a gateway that was booked last and stands, or None."""
    return session.scalars(
        select(Payment)
        .where(Payment.gateway == gateway, Payment.status == PaymentStatus.RECEIVED)
        .order_by(Payment.id.desc())
        .limit(1)
    ).first()


def payments_by_receipt(session: Session, *, receipt: str, gateways: Sequence[str]) -> list[Payment]:
    """Return the payments that have this number at one of these gateways."""
    found = payments_of_transactions(session, transactions=[(name, receipt) for name in gateways])
    return list(found.values())


def booked_transactions(session: Session, *, gateway: str, transaction_ids: Sequence[str]) -> set[str]:
    """Return which of these transactions are booked already."""
    return set(
        session.scalars(
            select(Payment.gateway_transaction_id).where(
                Payment.gateway == gateway, Payment.gateway_transaction_id.in_(transaction_ids)
            )
        )
    )


def find_attempt(session: Session, attempt_id: int) -> PaymentAttempt | None:
    """Return the attempt, or None."""
    return session.get(PaymentAttempt, attempt_id)


def attempt_by_callback(session: Session, *, token_hash: str) -> PaymentAttempt | None:
    """Return the attempt whose callback path carries this token, or None."""
    return attempts_by_callbacks(session, token_hashes=[token_hash]).get(token_hash)


def attempts_by_callbacks(session: Session, *, token_hashes: Collection[str]) -> dict[str, PaymentAttempt]:
    """Return the attempts whose callback path carries one of these tokens, by token."""
    found = _attempts(session, PaymentAttempt.callback_token_hash, token_hashes)
    return {row.callback_token_hash: row for row in found}


def attempts_by_references(session: Session, *, references: Collection[str]) -> dict[str, PaymentAttempt]:
    """Return the attempts with one of our own references, by reference."""
    return {row.reference: row for row in _attempts(session, PaymentAttempt.reference, references)}


def attempts_by_gateway_references(
    session: Session, *, references: Collection[str]
) -> dict[tuple[str, str], PaymentAttempt]:
    """Return the attempts that a gateway knows by one of these references, by gateway and reference."""
    found = _attempts(session, PaymentAttempt.gateway_reference, references)
    return {(row.gateway, row.gateway_reference or ""): row for row in found}


def _attempts(session: Session, column: Any, values: Collection[str]) -> list[PaymentAttempt]:
    if not values:
        return []
    return list(session.scalars(select(PaymentAttempt).where(among(column, values))))


def attempt_by_gateway_reference(
    session: Session, *, gateway: str, gateway_reference: str
) -> PaymentAttempt | None:
    """Return the attempt that the gateway knows by this reference, or None."""
    return session.scalars(
        select(PaymentAttempt).where(
            PaymentAttempt.gateway == gateway, PaymentAttempt.gateway_reference == gateway_reference
        )
    ).one_or_none()


def attempt_by_reference(session: Session, *, reference: str) -> PaymentAttempt | None:
    """Return the attempt with our own reference, or None."""
    return session.scalars(select(PaymentAttempt).where(PaymentAttempt.reference == reference)).one_or_none()


def unpaid_attempts(
    session: Session, *, customer_ids: Collection[int], since: datetime
) -> list[PaymentAttempt]:
    """Return recent attempts of these customers that no payment has settled, newest first."""
    return list(
        session.scalars(
            select(PaymentAttempt)
            .where(
                among(PaymentAttempt.customer_id, customer_ids),
                PaymentAttempt.status != AttemptStatus.SUCCEEDED,
                PaymentAttempt.started_at >= since,
            )
            .order_by(PaymentAttempt.id.desc())
        )
    )


def open_attempts_of(session: Session, *, customer_id: int, gateway: str, payer: str) -> list[PaymentAttempt]:
    """Return attempts that still wait, of this customer or this payer, newest first."""
    same_payer = (PaymentAttempt.payer == payer) & (PaymentAttempt.payer != "")
    same = or_(PaymentAttempt.customer_id == customer_id, same_payer)
    return list(
        session.scalars(
            select(PaymentAttempt)
            .where(PaymentAttempt.gateway == gateway, PaymentAttempt.status.in_(OPEN_STATES), same)
            .order_by(PaymentAttempt.id.desc())
        )
    )


def attempts_due(session: Session, *, now: datetime, limit: int) -> list[PaymentAttempt]:
    """Return attempts whose next check is due, longest due first."""
    return list(
        session.scalars(
            select(PaymentAttempt)
            .where(PaymentAttempt.next_check_at <= now)
            .order_by(PaymentAttempt.next_check_at, PaymentAttempt.id)
            .limit(limit)
        )
    )


def allocations_of(session: Session, *, payment_id: int) -> list[PaymentAllocation]:
    """Return what the payment pays, first to last, without what was reversed."""
    return list(
        session.scalars(
            select(PaymentAllocation)
            .where(PaymentAllocation.payment_id == payment_id, PaymentAllocation.reversed_at.is_(None))
            .order_by(PaymentAllocation.id)
        )
    )


def customer_by_account(session: Session, *, account_number: str) -> Customer | None:
    """Return the customer with this account number, or None."""
    return session.scalars(select(Customer).where(Customer.account_number == account_number)).one_or_none()


def customers_by_phone_hash(session: Session, *, phone_sha256: str) -> list[Customer]:
    """Return the customers whose phone has this SHA-256; at most 2, to tell one from several."""
    return list(session.scalars(select(Customer).where(Customer.phone_sha256 == phone_sha256).limit(2)))


def pay_link_by_hash(session: Session, *, token_hash: str) -> PayLink | None:
    """Return the pay link of a token, or None."""
    return session.scalars(select(PayLink).where(PayLink.token_hash == token_hash)).one_or_none()


def purge_pay_links(session: Session, *, before: datetime) -> None:
    """Delete pay links that ended before the instant, nothing was asked for by, and no other program made."""
    is_used = select(PaymentAttempt.id).where(PaymentAttempt.pay_link_id == PayLink.id).exists()
    session.execute(
        delete(PayLink).where(PayLink.expires_at < before, PayLink.is_checkout.is_(False), ~is_used)
    )


def restoration_times(
    session: Session, *, since: datetime
) -> list[tuple[datetime, datetime | None, datetime | None]]:
    """Return (evidence, read back, first session) of restorations whose evidence came since, oldest first."""
    rows = session.execute(
        select(RestorationClock.evidence_at, RestorationClock.read_back_at, RestorationClock.session_at)
        .where(RestorationClock.evidence_at >= since)
        .order_by(RestorationClock.evidence_at)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def received_between(session: Session, *, since: datetime, until: datetime) -> int:
    """Return how many payments came in `[since, until)` and were not reversed."""
    return session.execute(
        select(func.count())
        .select_from(Payment)
        .where(
            Payment.received_at >= since,
            Payment.received_at < until,
            Payment.status == PaymentStatus.RECEIVED,
        )
    ).scalar_one()


_RECEIPTS = BulkSelect(
    select(Payment.attempt_id, Payment.gateway_transaction_id).where(
        among_named(Payment.attempt_id, "attempt_ids"), Payment.match_reason == bindparam("reason")
    )
)


def receipts_of_attempts(
    session: Session, *, attempt_ids: Collection[int], match_reason: str
) -> dict[int, set[str]]:
    """Return the transactions that each of these attempts brought and that were matched for this reason."""
    found: dict[int, set[str]] = {}
    for attempt_id, number in _RECEIPTS.rows(session, attempt_ids=list(attempt_ids), reason=match_reason):
        found.setdefault(attempt_id, set()).add(number)
    return found


class NewPayment(NamedTuple):
    """A payment as it is booked, with the id that was reserved for it."""

    id: int
    customer_id: int | None
    sent_by_customer_id: int | None
    attempt_id: int | None
    gateway: str
    gateway_transaction_id: str
    amount_minor: int
    fee_minor: int
    currency: str
    status: PaymentStatus
    grade: EvidenceGrade
    source: str
    received_at: datetime
    payer_name: str
    payer_phone: str
    account_reference: str
    match_reason: str
    match_score: int | None
    match_reasons: str
    matched_by: str
    matched_at: datetime | None


_ADD = BulkInsert(Payment, NewPayment._fields)


def add_payments(session: Session, payments: Sequence[NewPayment]) -> None:
    """Add payments, in one statement."""
    _ADD.run(session, payments)


def payments_of_attempt(session: Session, *, attempt_id: int) -> list[Payment]:
    """Return the payments that an attempt brought, first to last."""
    return list(session.scalars(select(Payment).where(Payment.attempt_id == attempt_id).order_by(Payment.id)))


def payment_of_attempt(session: Session, *, attempt_id: int) -> Payment | None:
    """Return the first payment that an attempt brought, or None."""
    return session.scalars(
        select(Payment).where(Payment.attempt_id == attempt_id).order_by(Payment.id).limit(1)
    ).first()
