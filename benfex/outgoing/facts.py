"""Turn what an act emitted into facts for other programs, in the act's own transaction: both are kept, or neither."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from benfex.core.events import (
    CheckoutEnded,
    Event,
    InvoiceIssued,
    PaymentRefunded,
    PaymentReversed,
    PaymentSettled,
    ProgramsToTell,
    SubscriptionReactivated,
    SubscriptionSuspended,
)
from benfex.core.unit_of_work import UnitOfWork
from data.queries import hosted_checkouts as checkout_queries
from data.queries import outgoing as queries
from data.queries.outgoing import Listener, PaymentFact
from data.values.kinds import PublicEvent
from data.values.states import CheckoutStatus, MessageStatus

_log = structlog.get_logger("webhooks.out")
_CHECKOUT = {
    CheckoutStatus.PAID: PublicEvent.CHECKOUT_PAID,
    CheckoutStatus.CLOSED: PublicEvent.CHECKOUT_CLOSED,
    CheckoutStatus.EXPIRED: PublicEvent.CHECKOUT_EXPIRED,
}
_PAYMENT = {
    PaymentSettled: PublicEvent.PAYMENT_SETTLED,
    PaymentReversed: PublicEvent.PAYMENT_REVERSED,
    PaymentRefunded: PublicEvent.PAYMENT_REFUNDED,
}
_SERVICE = {
    SubscriptionSuspended: PublicEvent.SERVICE_SUSPENDED,
    SubscriptionReactivated: PublicEvent.SERVICE_RESTORED,
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing to be told. `key` is the same for the same fact; `only_to` is the endpoint it is for, None for all."""

    event: PublicEvent
    key: str
    data: Mapping[str, Any]
    only_to: int | None = None


def tell_programs(uow: UnitOfWork) -> None:
    """Write down what other programs are to hear of what an act emitted; without an endpoint this is one SELECT."""
    told = [event for event in uow.events if isinstance(event, _TELLING)]
    if not told:
        return
    listeners = queries.listeners(uow.session)
    if not listeners:
        return
    try:
        with uow.session.begin_nested():
            _write_down(uow, told, listeners)
    except (LookupError, TypeError, ValueError) as cause:
        # A fact that we cannot put in words must not undo the money that it is about.
        _log.error(
            "not written down for programs", events=[type(one).__name__ for one in told], exc_info=cause
        )


def _write_down(uow: UnitOfWork, told: Sequence[Event], listeners: Sequence[Listener]) -> None:
    rows = []
    for fact in _facts(uow, told):
        rows += [
            outbound_row(fact, endpoint_id=one.id, now=uow.now)
            for one in listeners
            if fact.event.value in one.events and fact.only_to in {None, one.id}
        ]
    known = queries.known_keys(uow.session, keys=sorted({str(row["dedupe_key"]) for row in rows}))
    fresh = {(row["endpoint_id"], row["dedupe_key"]): row for row in rows}
    queries.insert_outbound(uow.session, [row for key, row in fresh.items() if key not in known])
    if fresh:
        uow.emit(ProgramsToTell())


def outbound_row(fact: Fact, *, endpoint_id: int, now: datetime) -> Mapping[str, Any]:
    """Return the row of a fact for one endpoint; its body is of Standard Webhooks: type, timestamp, data."""
    body = {"type": fact.event.value, "timestamp": now.isoformat(), "data": fact.data}
    return {
        "created_at": now,
        "updated_at": now,
        "endpoint_id": endpoint_id,
        "event": fact.event.value,
        "dedupe_key": fact.key[:120],
        "payload": json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        "status": MessageStatus.PENDING,
        "attempts": 0,
        "next_try_at": now,
    }


def _facts(uow: UnitOfWork, events: Iterable[Event]) -> Iterator[Fact]:
    events = list(events)
    uow.session.flush()
    payments = queries.payment_facts(
        uow.session,
        payment_ids=[one.payment_id for one in events if isinstance(one, _PAYMENTS)],
    )
    invoices = queries.invoice_facts(
        uow.session, invoice_ids=[one.invoice_id for one in events if isinstance(one, InvoiceIssued)]
    )
    services = queries.service_facts(
        uow.session,
        subscription_ids=[one.subscription_id for one in events if isinstance(one, _SERVICES)],
    )
    for one in events:
        if isinstance(one, CheckoutEnded):
            yield _checkout(uow, one)
        elif isinstance(one, _PAYMENTS):
            yield _payment(uow, one, payments[one.payment_id])
        elif isinstance(one, InvoiceIssued):
            found = invoices[one.invoice_id]
            data = {
                "invoice_id": found.id,
                "number": found.number,
                "customer_id": found.customer_id,
                "total": _money(found.total_minor, found.currency),
            }
            yield Fact(PublicEvent.INVOICE_ISSUED, f"invoice:{found.id}", data)
        elif isinstance(one, _SERVICES):
            customer_id, status = services[one.subscription_id]
            facts = {"subscription_id": one.subscription_id, "customer_id": customer_id, "status": status}
            key = f"service:{one.subscription_id}:{uow.now.isoformat()}"
            yield Fact(_SERVICE[type(one)], key, facts)


def _payment(uow: UnitOfWork, event: Event, found: PaymentFact) -> Fact:
    what = _PAYMENT[type(event)]
    data = {
        "payment_id": found.id,
        "gateway": found.gateway,
        "transaction_id": found.transaction_id,
        "amount": _money(found.amount_minor, found.currency),
        "status": found.status.value,
        "received_at": found.received_at.isoformat(),
        "customer_id": found.customer_id,
        "account_number": found.account_number,
        "checkout_id": found.checkout_id,
        "client_reference": found.client_reference,
    }
    # Money that found its customer later is told again, with the customer in it.
    key = f"payment:{found.id}:{what.value}:{found.customer_id or 0}"
    if what is not PublicEvent.PAYMENT_SETTLED:
        key = f"{key}:{uow.now.isoformat()}"
    return Fact(what, key, data)


def _checkout(uow: UnitOfWork, event: CheckoutEnded) -> Fact:
    (row,) = checkout_queries.checkouts_after(uow.session, pay_link_id=event.pay_link_id)
    link = row.link
    data = {
        "checkout_id": link.id,
        "client_reference": link.client_reference,
        "status": event.status.value,
        "customer_id": link.customer_id,
        "account_number": row.account_number,
        "amount": None if link.amount_minor is None else _money(link.amount_minor, row.currency),
        "paid": _money(row.paid_minor, row.currency),
        "payment_ids": checkout_queries.payments_of_link(uow.session, event.pay_link_id),
    }
    return Fact(_CHECKOUT[event.status], f"checkout:{link.id}:{event.status.value}", data, link.endpoint_id)


def _money(minor: int, currency: str) -> Mapping[str, Any]:
    return {"amount_minor": minor, "currency": currency}


_PAYMENTS = (PaymentSettled, PaymentReversed, PaymentRefunded)
_SERVICES = (SubscriptionSuspended, SubscriptionReactivated)
_TELLING = (CheckoutEnded, InvoiceIssued, *_PAYMENTS, *_SERVICES)
