"""SELECTs and writes of the second opinion: lines of gateways' records, sums by day, differences, balances."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, bindparam, func, insert, select, update

from data.models.ledger import JournalEntry, LedgerAccount, Posting
from data.models.payment import Payment, Refund
from data.models.reconciliation import (
    GatewayBalance,
    ReconciliationDay,
    ReconciliationDifference,
    StatementCursor,
    StatementLine,
    StatementMapping,
)
from data.queries.bulk import Bulk, among
from data.session import Session
from data.values.kinds import DifferenceKind, EntryKind, EvidenceGrade, RefundWay
from data.values.states import LineStatus, PaymentStatus, RefundStatus

_LINES = cast(Table, vars(StatementLine)["__table__"])
_TIE = Bulk(
    update(StatementLine)
    .where(StatementLine.id == bindparam("line"))
    .values(payment_id=bindparam("payment"), updated_at=bindparam("now"), status=bindparam("status")),
    ("payment", "now", "status", "line"),
)
_SET_FEE = Bulk(
    update(Payment)
    .where(Payment.id == bindparam("payment"))
    .values(fee_minor=bindparam("fee"), updated_at=bindparam("now")),
    ("fee", "now", "payment"),
)


def cursor_of(session: Session, gateway: str) -> StatementCursor | None:
    """Return how far a gateway's record was read, or None."""
    return session.scalars(select(StatementCursor).where(StatementCursor.gateway == gateway)).one_or_none()


def cursors(session: Session) -> dict[str, StatementCursor]:
    """Return how far each gateway's record was read, by gateway."""
    return {row.gateway: row for row in session.scalars(select(StatementCursor))}


def count_mappings(session: Session, *, gateway: str) -> int:
    """Return of how many banks this way to pay is made up."""
    query = select(func.count()).select_from(StatementMapping).where(StatementMapping.gateway == gateway)
    return int(session.execute(query).scalar_one())


class BookedFacts(NamedTuple):
    """A payment as a line of a statement is compared with it."""

    id: int
    amount_minor: int
    fee_minor: int
    currency: str
    status: PaymentStatus
    has_refund: bool


def booked_facts(session: Session, *, gateway: str, transaction_ids: Sequence[str]) -> dict[str, BookedFacts]:
    """Return what is booked of these transactions, by the gateway's number."""
    rows = session.execute(
        select(
            Payment.gateway_transaction_id,
            Payment.id,
            Payment.amount_minor,
            Payment.fee_minor,
            Payment.currency,
            Payment.status,
            select(Refund.id).where(Refund.payment_id == Payment.id).exists(),
        ).where(Payment.gateway == gateway, among(Payment.gateway_transaction_id, list(transaction_ids)))
    )
    return {row[0]: BookedFacts(*tuple(row)[1:]) for row in rows}


class LineFacts(NamedTuple):
    """A line as it stands: its row, and the payment that it is."""

    id: int
    payment_id: int | None


def lines_of(session: Session, *, gateway: str, transaction_ids: Sequence[str]) -> dict[str, LineFacts]:
    """Return which of these transactions have a line, by the gateway's number."""
    rows = session.execute(
        select(StatementLine.transaction_id, StatementLine.id, StatementLine.payment_id).where(
            StatementLine.gateway == gateway, among(StatementLine.transaction_id, list(transaction_ids))
        )
    )
    return {row[0]: LineFacts(row[1], row[2]) for row in rows}


def insert_lines(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add lines, many at once."""
    if rows:
        session.execute(insert(_LINES), list(rows))


def tie_lines(session: Session, payments: Mapping[int, int], *, now: datetime) -> None:
    """Note of lines, by their id, which payment each is."""
    _TIE.run(
        session, [(payment_id, now, LineStatus.BOOKED, line_id) for line_id, payment_id in payments.items()]
    )


def set_fees(session: Session, fees: Mapping[int, int], *, now: datetime) -> None:
    """Note of payments, by their id, which fee the gateway kept."""
    _SET_FEE.run(session, [(minor, now, payment_id) for payment_id, minor in fees.items()])


class DaySums(NamedTuple):
    """What a side says of a day in one currency: how many payments, how much, and fees where it tells them."""

    day: date
    currency: str
    number: int
    minor: int
    fees_minor: int | None


def sums_of_lines(session: Session, *, gateway: str, first: date, last: date) -> list[DaySums]:
    """Return what the gateway says came on each of the days."""
    rows = session.execute(
        select(
            StatementLine.day,
            StatementLine.currency,
            func.count(),
            func.sum(StatementLine.amount_minor),
            func.sum(StatementLine.fee_minor),
        )
        .where(
            StatementLine.gateway == gateway,
            StatementLine.day.between(first, last),
            StatementLine.amount_minor > 0,
            StatementLine.sweep_id.is_(None),
        )
        .group_by(StatementLine.day, StatementLine.currency)
    )
    return [_day_sums(row) for row in rows]


def sums_of_payments(session: Session, *, gateway: str, first: date, last: date) -> list[DaySums]:
    """Return what of our payments has a line on each of the days."""
    rows = session.execute(
        select(
            StatementLine.day,
            StatementLine.currency,
            func.count(),
            func.sum(Payment.amount_minor),
            func.sum(Payment.fee_minor),
        )
        .join(Payment, Payment.id == StatementLine.payment_id)
        .where(StatementLine.gateway == gateway, StatementLine.day.between(first, last))
        .group_by(StatementLine.day, StatementLine.currency)
    )
    return [
        DaySums(day, currency, int(count), int(minor), int(fees))
        for day, currency, count, minor, fees in rows
    ]


def sums_of_missing(session: Session, *, gateway: str, first: date, last: date) -> list[DaySums]:
    """Return what of our payments was missed in the gateway's record of each of the days, and still is."""
    line = select(StatementLine.id).where(StatementLine.payment_id == Payment.id).exists()
    rows = session.execute(
        select(
            ReconciliationDifference.day,
            ReconciliationDifference.currency,
            func.count(),
            func.sum(Payment.amount_minor),
            func.sum(Payment.fee_minor),
        )
        .join(Payment, Payment.id == ReconciliationDifference.payment_id)
        .where(
            ReconciliationDifference.gateway == gateway,
            ReconciliationDifference.kind == DifferenceKind.MISSING_THERE,
            ReconciliationDifference.day.between(first, last),
            ~line,
        )
        .group_by(ReconciliationDifference.day, ReconciliationDifference.currency)
    )
    return [_day_sums(row) for row in rows]


def _day_sums(row: Sequence[Any]) -> DaySums:
    day, currency, number, minor, fees = row
    return DaySums(day, currency, int(number), int(minor), None if fees is None else int(fees))


class LonePayment(NamedTuple):
    """A payment that no line of its gateway's record names."""

    id: int
    transaction_id: str
    amount_minor: int
    currency: str
    received_at: datetime


def payments_without_line(
    session: Session, *, gateways: Sequence[str], since: datetime, until: datetime, by_hand: bool
) -> list[LonePayment]:
    """Return payments received in `[since, until)` that stand and have no line; those of staff where `by_hand`."""
    line = select(StatementLine.id).where(StatementLine.payment_id == Payment.id).exists()
    grade = Payment.grade == EvidenceGrade.STAFF
    rows = session.execute(
        select(
            Payment.id,
            Payment.gateway_transaction_id,
            Payment.amount_minor,
            Payment.currency,
            Payment.received_at,
        )
        .where(
            Payment.gateway.in_(gateways),
            Payment.received_at >= since,
            Payment.received_at < until,
            Payment.status == PaymentStatus.RECEIVED,
            grade if by_hand else ~grade,
            ~line,
        )
        .order_by(Payment.received_at, Payment.id)
    )
    return [LonePayment(*row) for row in rows]


def differences_named(
    session: Session, *, gateway: str, transaction_ids: Sequence[str]
) -> dict[tuple[str, DifferenceKind], ReconciliationDifference]:
    """Return the differences about these transactions, open and settled, by number and kind."""
    rows = session.scalars(
        select(ReconciliationDifference).where(
            ReconciliationDifference.gateway == gateway,
            among(ReconciliationDifference.transaction_id, list(transaction_ids)),
        )
    )
    return {(row.transaction_id, row.kind): row for row in rows}


def find_difference(session: Session, difference_id: int) -> ReconciliationDifference | None:
    """Return the difference, or None."""
    return session.get(ReconciliationDifference, difference_id)


def open_balance(session: Session, *, gateway: str, currency: str) -> ReconciliationDifference | None:
    """Return the open difference of a gateway's balance, or None."""
    return session.scalars(
        select(ReconciliationDifference).where(
            ReconciliationDifference.gateway == gateway,
            ReconciliationDifference.currency == currency,
            ReconciliationDifference.kind == DifferenceKind.BALANCE,
            ReconciliationDifference.resolved_at.is_(None),
        )
    ).one_or_none()


def open_of_reversed(session: Session, *, gateway: str) -> list[ReconciliationDifference]:
    """Return the open differences of payments that were taken out of the books since, oldest day first."""
    return list(
        session.scalars(
            select(ReconciliationDifference)
            .join(Payment, Payment.id == ReconciliationDifference.payment_id)
            .where(
                ReconciliationDifference.gateway == gateway,
                ReconciliationDifference.resolved_at.is_(None),
                Payment.status == PaymentStatus.REVERSED,
            )
            .order_by(ReconciliationDifference.day)
        )
    )


class OpenSum(NamedTuple):
    """How many differences of a kind are open on a day."""

    day: date
    currency: str
    kind: DifferenceKind
    number: int


def open_sums(session: Session, *, gateway: str, last: date) -> list[OpenSum]:
    """Return what is open at a gateway up to a day."""
    rows = session.execute(
        select(
            ReconciliationDifference.day,
            ReconciliationDifference.currency,
            ReconciliationDifference.kind,
            func.count(),
        )
        .where(
            ReconciliationDifference.gateway == gateway,
            ReconciliationDifference.day <= last,
            ReconciliationDifference.resolved_at.is_(None),
        )
        .group_by(
            ReconciliationDifference.day, ReconciliationDifference.currency, ReconciliationDifference.kind
        )
        .order_by(ReconciliationDifference.day, ReconciliationDifference.kind)
    )
    return [OpenSum(*row) for row in rows]


def days_between(
    session: Session, *, gateway: str, first: date, last: date
) -> dict[tuple[date, str], ReconciliationDay]:
    """Return the days of a gateway that were compared, by day and currency."""
    rows = session.scalars(
        select(ReconciliationDay).where(
            ReconciliationDay.gateway == gateway, ReconciliationDay.day.between(first, last)
        )
    )
    return {(row.day, row.currency): row for row in rows}


def newest_balances(session: Session, *, gateway: str, currency: str, limit: int) -> list[GatewayBalance]:
    """Return what a gateway told last of what it holds, newest first."""
    return list(
        session.scalars(
            select(GatewayBalance)
            .where(GatewayBalance.gateway == gateway, GatewayBalance.currency == currency)
            .order_by(GatewayBalance.id.desc())
            .limit(limit)
        )
    )


def balance_by(session: Session, *, gateway: str, currency: str, until: datetime) -> GatewayBalance | None:
    """Return the last balance that was told before an instant, or None."""
    return session.scalars(
        select(GatewayBalance)
        .where(
            GatewayBalance.gateway == gateway, GatewayBalance.currency == currency, GatewayBalance.at < until
        )
        .order_by(GatewayBalance.at.desc(), GatewayBalance.id.desc())
        .limit(1)
    ).one_or_none()


def clearing_minor(
    session: Session, *, code: str, owner: str, currency: str, until: datetime | None = None
) -> int:
    """Return what an account held in all, or by what happened before an instant."""
    query = (
        select(func.coalesce(func.sum(Posting.amount_minor), 0))
        .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .where(LedgerAccount.code == code, LedgerAccount.owner == owner, LedgerAccount.currency == currency)
    )
    if until is not None:
        query = query.join(JournalEntry, JournalEntry.id == Posting.entry_id).where(
            JournalEntry.occurred_at < until
        )
    return int(session.execute(query).scalar_one())


def refunds_under_way_minor(session: Session, *, gateway: str, currency: str) -> int:
    """Return what this gateway was asked to give back and has not finished."""
    query = (
        select(func.coalesce(func.sum(Refund.amount_minor), 0))
        .join(Payment, Payment.id == Refund.payment_id)
        .where(
            Payment.gateway == gateway,
            Refund.currency == currency,
            Refund.way != RefundWay.BY_HAND,
            Refund.status == RefundStatus.PENDING,
            Refund.sent_at.is_not(None),
        )
    )
    return int(session.execute(query).scalar_one())


def has_opening(session: Session, *, code: str, owner: str, currency: str) -> bool:
    """Return whether an opening balance was posted to an account."""
    query = (
        select(JournalEntry.id)
        .join(Posting, Posting.entry_id == JournalEntry.id)
        .join(LedgerAccount, LedgerAccount.id == Posting.account_id)
        .where(
            JournalEntry.kind == EntryKind.OPENING_BALANCE,
            LedgerAccount.code == code,
            LedgerAccount.owner == owner,
            LedgerAccount.currency == currency,
        )
        .limit(1)
    )
    return session.execute(query).first() is not None
