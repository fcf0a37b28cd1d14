"""SELECTs and writes about what other programs are told: endpoints, and deliveries that wait, left or failed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, func, insert, select, update

from data.models.customer import Customer
from data.models.invoice import Invoice
from data.models.payment import PayLink, Payment, PaymentAttempt
from data.models.subscription import Subscription
from data.models.webhook import OutboundWebhook, WebhookEndpoint
from data.queries.bulk import BulkSelect, among
from data.session import Session
from data.values.states import MessageStatus, PaymentStatus

_OUTBOUND = cast(Table, vars(OutboundWebhook)["__table__"])


def endpoints(session: Session) -> list[WebhookEndpoint]:
    """Return the endpoints that were not removed, oldest first."""
    query = select(WebhookEndpoint).where(WebhookEndpoint.removed_at.is_(None))
    return list(session.scalars(query.order_by(WebhookEndpoint.id)))


class Listener(NamedTuple):
    """An endpoint that is on, and what it wants to hear."""

    id: int
    events: frozenset[str]


# Asked at the end of each act that emitted something, so it is made once.
_LISTENERS = BulkSelect(
    select(WebhookEndpoint.id, WebhookEndpoint.events)
    .where(WebhookEndpoint.is_enabled, WebhookEndpoint.removed_at.is_(None))
    .order_by(WebhookEndpoint.id)
)


def listeners(session: Session) -> list[Listener]:
    """Return the endpoints that are on, with what each wants to hear."""
    return [Listener(row[0], frozenset(row[1].split(","))) for row in _LISTENERS.rows(session)]


def find_endpoint(session: Session, endpoint_id: int) -> WebhookEndpoint | None:
    """Return an endpoint that was not removed, or None."""
    row = session.get(WebhookEndpoint, endpoint_id)
    return row if row is not None and row.removed_at is None else None


def known_keys(session: Session, *, keys: Sequence[str]) -> set[tuple[int, str]]:
    """Return which facts were written for which endpoint before."""
    rows = session.execute(
        select(OutboundWebhook.endpoint_id, OutboundWebhook.dedupe_key).where(
            OutboundWebhook.dedupe_key.in_(keys)
        )
    )
    return {(row[0], row[1]) for row in rows}


def insert_outbound(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write facts to be told, many at once."""
    if rows:
        session.execute(insert(_OUTBOUND), list(rows))


class DueDelivery(NamedTuple):
    """A delivery that is due, and the endpoint it goes to."""

    id: int
    endpoint_id: int
    url: str
    secret_sealed: str
    former_secret_sealed: str | None
    rotated_at: datetime | None
    payload: str


_DUE = select(
    OutboundWebhook.id,
    OutboundWebhook.endpoint_id,
    WebhookEndpoint.url,
    WebhookEndpoint.secret_sealed,
    WebhookEndpoint.former_secret_sealed,
    WebhookEndpoint.rotated_at,
    OutboundWebhook.payload,
).join(WebhookEndpoint, WebhookEndpoint.id == OutboundWebhook.endpoint_id)


def due_deliveries(session: Session, *, now: datetime, per_endpoint: int) -> list[DueDelivery]:
    """Return what is due, the oldest first, at most so many of each endpoint that is on."""
    place = (
        func.row_number()
        .over(partition_by=OutboundWebhook.endpoint_id, order_by=OutboundWebhook.id)
        .label("place")
    )
    due = (
        select(OutboundWebhook.id.label("id"), place)
        .where(OutboundWebhook.status == MessageStatus.PENDING, OutboundWebhook.next_try_at <= now)
        .subquery()
    )
    rows = session.execute(
        _DUE.join(due, due.c.id == OutboundWebhook.id)
        .where(
            due.c.place <= per_endpoint,
            WebhookEndpoint.is_enabled,
            WebhookEndpoint.removed_at.is_(None),
        )
        .order_by(OutboundWebhook.id)
    )
    return [DueDelivery(*row) for row in rows]


def delivery_to_make(session: Session, outbound_id: int) -> DueDelivery:
    """Return one delivery as it is made, whether it is due or not."""
    return DueDelivery(*session.execute(_DUE.where(OutboundWebhook.id == outbound_id)).one())


def put_off(session: Session, *, outbound_ids: Sequence[int], until: datetime) -> None:
    """Have what waits tried at an instant and not before."""
    session.execute(
        update(OutboundWebhook)
        .where(among(OutboundWebhook.id, list(outbound_ids)), OutboundWebhook.status == MessageStatus.PENDING)
        .values(next_try_at=until)
    )


def find_outbound(session: Session, outbound_id: int) -> OutboundWebhook | None:
    """Return the delivery, or None."""
    return session.get(OutboundWebhook, outbound_id)


def last_delivered_at(session: Session, *, endpoint_id: int) -> datetime | None:
    """Return when an endpoint last took something, or None."""
    query = select(func.max(OutboundWebhook.delivered_at)).where(OutboundWebhook.endpoint_id == endpoint_id)
    return session.execute(query).scalar_one()


def last_deliveries(session: Session) -> dict[int, datetime]:
    """Return when each endpoint last took something, by endpoint."""
    rows = session.execute(
        select(OutboundWebhook.endpoint_id, func.max(OutboundWebhook.delivered_at))
        .where(OutboundWebhook.delivered_at.is_not(None))
        .group_by(OutboundWebhook.endpoint_id)
    )
    return {row[0]: row[1] for row in rows}


def outbound_page(
    session: Session, *, endpoint_id: int | None, status: MessageStatus | None, limit: int, offset: int
) -> list[OutboundWebhook]:
    """Return one page of deliveries, newest first."""
    query = _outbound(endpoint_id, status).order_by(OutboundWebhook.id.desc())
    return list(session.scalars(query.limit(limit).offset(offset)))


def count_outbound(session: Session, *, endpoint_id: int | None, status: MessageStatus | None) -> int:
    """Return how many deliveries fit."""
    query = select(func.count()).select_from(_outbound(endpoint_id, status).subquery())
    return int(session.execute(query).scalar_one())


def outbound_after(
    session: Session,
    *,
    endpoint_id: int | None,
    status: MessageStatus | None,
    after_id: int | None,
    limit: int,
) -> list[OutboundWebhook]:
    """Return deliveries, newest first, that follow one in that order."""
    query = _outbound(endpoint_id, status)
    if after_id is not None:
        query = query.where(OutboundWebhook.id < after_id)
    return list(session.scalars(query.order_by(OutboundWebhook.id.desc()).limit(limit)))


def release_endpoint(session: Session, *, endpoint_id: int, now: datetime) -> None:
    """Have what waits for an endpoint tried now."""
    session.execute(
        update(OutboundWebhook)
        .where(OutboundWebhook.endpoint_id == endpoint_id, OutboundWebhook.status == MessageStatus.PENDING)
        .values(next_try_at=now, updated_at=now)
    )


class PaymentFact(NamedTuple):
    """A payment as another program hears of it."""

    id: int
    gateway: str
    transaction_id: str
    amount_minor: int
    currency: str
    status: PaymentStatus
    received_at: datetime
    customer_id: int | None
    account_number: str | None
    checkout_id: int | None
    client_reference: str | None


def payment_facts(session: Session, *, payment_ids: Sequence[int]) -> dict[int, PaymentFact]:
    """Return these payments, by id."""
    rows = session.execute(
        select(
            Payment.id,
            Payment.gateway,
            Payment.gateway_transaction_id,
            Payment.amount_minor,
            Payment.currency,
            Payment.status,
            Payment.received_at,
            Payment.customer_id,
            Customer.account_number,
            PayLink.id,
            PayLink.client_reference,
        )
        .outerjoin(Customer, Customer.id == Payment.customer_id)
        .outerjoin(PaymentAttempt, PaymentAttempt.id == Payment.attempt_id)
        .outerjoin(PayLink, (PayLink.id == PaymentAttempt.pay_link_id) & PayLink.is_checkout)
        .where(Payment.id.in_(payment_ids))
    )
    return {row[0]: PaymentFact(*row) for row in rows}


class InvoiceFact(NamedTuple):
    """An invoice as another program hears of it."""

    id: int
    number: str | None
    customer_id: int
    total_minor: int
    currency: str


def invoice_facts(session: Session, *, invoice_ids: Sequence[int]) -> dict[int, InvoiceFact]:
    """Return these invoices, by id."""
    rows = session.execute(
        select(Invoice.id, Invoice.number, Invoice.customer_id, Invoice.total_minor, Invoice.currency).where(
            Invoice.id.in_(invoice_ids)
        )
    )
    return {row[0]: InvoiceFact(*row) for row in rows}


def service_facts(session: Session, *, subscription_ids: Sequence[int]) -> dict[int, tuple[int, str]]:
    """Return (customer, state) of these services, by id."""
    rows = session.execute(
        select(Subscription.id, Subscription.customer_id, Subscription.status).where(
            Subscription.id.in_(subscription_ids)
        )
    )
    return {row[0]: (row[1], row[2].value) for row in rows}


def _outbound(endpoint_id: int | None, status: MessageStatus | None) -> Any:
    query = select(OutboundWebhook)
    if endpoint_id is not None:
        query = query.where(OutboundWebhook.endpoint_id == endpoint_id)
    if status is not None:
        query = query.where(OutboundWebhook.status == status)
    return query
