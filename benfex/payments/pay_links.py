"""Links that let their holder pay without signing in. Only the hash of a token is kept."""

from dataclasses import dataclass
from datetime import timedelta

from benfex.core.actors import SystemActor, require_customer_access
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from data.models.payment import PayLink
from data.queries import customers as customer_queries
from data.queries import invoices as invoice_queries
from data.queries import payments as payment_queries
from data.values.errors import NotFound
from data.values.identifiers import CustomerId, InvoiceId, hash_token, new_token
from data.values.roles import Permission

_LIFETIME = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class OpenedPayLink:
    """Whom a link pays for, and for which invoice when it names one."""

    customer_id: CustomerId
    invoice_id: InvoiceId | None


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
        )
    )
    return token


def open_pay_link(snapshot: Snapshot, *, token: str) -> OpenedPayLink:
    """Return what a link's token opens. Raises NotFound when it is unknown or has ended."""
    assert isinstance(snapshot.actor, SystemActor), "a link is opened before anyone is known"
    link = payment_queries.pay_link_by_hash(snapshot.session, token_hash=hash_token(token))
    if link is None or link.expires_at <= snapshot.now:
        raise NotFound("pay link")
    return OpenedPayLink(
        CustomerId(link.customer_id), InvoiceId(link.invoice_id) if link.invoice_id is not None else None
    )
