"""Links that let their holder pay without signing in. Only the hash of a token is kept."""

from dataclasses import dataclass
from datetime import timedelta

from benfex.core.actors import SystemActor, name_of, require_customer_access
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.payments.hosted_checkouts import status_of
from benfex.payments.quotes import quote
from data.models.payment import PayLink
from data.queries import customers as customer_queries
from data.queries import hosted_checkouts as checkout_queries
from data.queries import invoices as invoice_queries
from data.queries import payments as payment_queries
from data.values.errors import AmountOutOfRange, Conflict, InvalidInput, NotFound
from data.values.identifiers import CustomerId, InvoiceId, PayLinkId, hash_token, new_token
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import CheckoutStatus

_LIFETIME = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class OpenedPayLink:
    """Whom a link pays for, for which invoice and how much when it names one, and how it stands.

    `return_url` is where a checkout's payer goes back to, None for a link of ours.
    """

    pay_link_id: PayLinkId
    customer_id: CustomerId
    invoice_id: InvoiceId | None
    amount: Money | None
    description: str
    return_url: str | None
    client_reference: str | None
    status: CheckoutStatus
    paid: Money


def create_pay_link(uow: UnitOfWork, *, customer_id: CustomerId, invoice_id: InvoiceId | None = None) -> str:
    """Return the token of a new link; it is told once and cannot be read again. Raises NotFound."""
    require_customer_access(uow.actor, customer_id, Permission.VIEW_INVOICES)
    if customer_queries.find_customer(uow.session, customer_id) is None:
        raise NotFound("customer")
    if invoice_id is not None:
        invoice = invoice_queries.find_invoice(uow.session, invoice_id)
        if invoice is None or invoice.customer_id != customer_id:
            raise NotFound("invoice")
    token = new_token(16)
    uow.session.add(
        PayLink(
            token_hash=hash_token(token),
            customer_id=customer_id,
            invoice_id=invoice_id,
            expires_at=uow.now + _LIFETIME,
            made_by=name_of(uow.actor),
        )
    )
    return token


def open_pay_link(snapshot: Snapshot, *, token: str) -> OpenedPayLink:
    """Return what a link's token opens. Raises NotFound when it is unknown, or ended and is no checkout."""
    assert isinstance(snapshot.actor, SystemActor), "a link is opened before anyone is known"
    link = payment_queries.pay_link_by_hash(snapshot.session, token_hash=hash_token(token))
    if link is None or (link.expires_at <= snapshot.now and not link.is_checkout):
        raise NotFound("pay link")
    customer = customer_queries.find_customer(snapshot.session, link.customer_id)
    assert customer is not None
    assert link.id is not None
    return OpenedPayLink(
        pay_link_id=PayLinkId(link.id),
        customer_id=CustomerId(link.customer_id),
        invoice_id=InvoiceId(link.invoice_id) if link.invoice_id is not None else None,
        amount=None if link.amount_minor is None else Money(link.amount_minor, customer.currency),
        description=link.description,
        return_url=link.return_url,
        client_reference=link.client_reference,
        status=status_of(link, now=snapshot.now),
        paid=Money(checkout_queries.paid_by_link(snapshot.session, link.id), customer.currency),
    )


def check_link(uow: UnitOfWork, *, pay_link_id: PayLinkId, customer_id: CustomerId, amount: Money) -> None:
    """Refuse what a link is not for: another customer, another amount than it names, more than is owed.

    Raises NotFound, Conflict when it ended, InvalidInput and AmountOutOfRange (amount).
    """
    link = checkout_queries.find_link(uow.session, pay_link_id)
    if link is None or link.customer_id != customer_id:
        raise NotFound("pay link")
    status = status_of(link, now=uow.now)
    if status is not CheckoutStatus.OPEN:
        raise Conflict(f"This link is {status} and takes no payment any more.")
    if link.amount_minor is not None:
        asked = Money(link.amount_minor, amount.currency)
        if amount != asked:
            raise InvalidInput("amount", f"This link is for {asked}.")
        return
    most = quote(uow, customer_id=customer_id).suggested
    if most.is_positive and amount > most:
        raise AmountOutOfRange("amount", f"No more than {most} is to be paid.")
