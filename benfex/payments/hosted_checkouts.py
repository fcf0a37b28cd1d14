"""Hosted checkouts of other programs: a pay link with an amount, a name of theirs, and an end that is told once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from benfex.core.actors import name_of, require
from benfex.core.audit import record_audit
from benfex.core.events import CheckoutEnded
from benfex.core.paging import Page, PageRequest, Slice, SliceRequest, sliced
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.core.vault import Vault
from benfex.payments.quotes import quote
from data.locks import lock_row
from data.models.customer import Customer
from data.models.payment import PayLink
from data.queries import customers as customer_queries
from data.queries import hosted_checkouts as queries
from data.queries import invoices as invoice_queries
from data.queries import outgoing as outgoing_queries
from data.queries.hosted_checkouts import CheckoutRow
from data.values.errors import AlreadyExists, AmountOutOfRange, Conflict, InvalidInput, NotFound
from data.values.identifiers import (
    CustomerId,
    EndpointId,
    InvoiceId,
    PayLinkId,
    PaymentId,
    hash_token,
    new_token,
)
from data.values.money import Money
from data.values.roles import Permission
from data.values.states import CheckoutStatus

_HOURS_MAX = 90 * 24
_TOKEN_LETTERS = 32
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class NewCheckout:
    """What another program wants paid, by a customer named by id or by account number.

    Without amount and invoice it is all that the customer owes now.
    """

    customer_id: CustomerId | None = None
    account_number: str | None = None
    amount: Money | None = None
    invoice_id: InvoiceId | None = None
    description: str = ""
    client_reference: str | None = None
    return_url: str | None = None
    endpoint_id: EndpointId | None = None
    hours: int = 72


@dataclass(frozen=True, slots=True)
class CheckoutRecord:
    """A checkout as its program sees it; `token` opens its page."""

    id: PayLinkId
    token: str
    customer_id: CustomerId
    account_number: str
    amount: Money | None
    description: str
    client_reference: str | None
    invoice_id: InvoiceId | None
    return_url: str | None
    endpoint_id: EndpointId | None
    status: CheckoutStatus
    paid: Money
    payments: int
    made_by: str
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    closed_at: datetime | None


def make_checkout(uow: UnitOfWork, *, wish: NewCheckout, vault: Vault) -> PayLinkId:
    """Make a checkout and return its id.

    Raises NotFound (customer, invoice), InvalidInput, AmountOutOfRange, AlreadyExists (client_reference).
    """
    require(uow.actor, Permission.RECORD_PAYMENTS)
    customer = _customer(uow, wish)
    assert customer.id is not None
    customer_id = CustomerId(customer.id)
    amount = _amount(uow, wish, customer_id, customer.currency)
    _check_words(uow, wish)
    link = PayLink(
        token_hash=hash_token(new_token(16)),  # until the row has the id that its own is made from
        customer_id=customer_id,
        invoice_id=wish.invoice_id,
        amount_minor=amount.minor,
        expires_at=uow.now + timedelta(hours=wish.hours),
        client_reference=wish.client_reference,
        description=wish.description.strip(),
        return_url=wish.return_url,
        endpoint_id=wish.endpoint_id,
        made_by=name_of(uow.actor),
        is_checkout=True,
    )
    uow.session.add(link)
    uow.session.flush()
    assert link.id is not None
    link.token_hash = hash_token(token_of(vault, PayLinkId(link.id)))
    uow.session.flush()
    changes = {"customer_id": customer_id, "amount_minor": amount.minor}
    record_audit(uow, action="make", entity="checkout", entity_id=link.id, changes=changes)
    return PayLinkId(link.id)


def token_of(vault: Vault, pay_link_id: PayLinkId) -> str:
    """Return the token of a checkout: made from our key, so that it can be told again and nobody can guess it."""
    return vault.keyed_hash(str(pay_link_id), context="checkout")[:_TOKEN_LETTERS]


def close_checkout(uow: UnitOfWork, *, checkout_id: PayLinkId) -> None:
    """Let nobody begin to pay a checkout any more. Raises NotFound, Conflict when it ended before."""
    require(uow.actor, Permission.RECORD_PAYMENTS)
    link = _locked(uow, checkout_id)
    if link is None or not link.is_checkout:
        raise NotFound("checkout")
    status = status_of(link, now=uow.now)
    if status is not CheckoutStatus.OPEN:
        raise Conflict(f"This checkout is {status} already.")
    link.closed_at = uow.now
    uow.session.flush()
    record_audit(uow, action="close", entity="checkout", entity_id=checkout_id, changes={})
    uow.emit(CheckoutEnded(pay_link_id=checkout_id, status=CheckoutStatus.CLOSED))


def note_paid(uow: UnitOfWork, *, pay_link_id: PayLinkId) -> None:
    """Note that money came by a link; a checkout is paid once what came is what was asked for, and told so once."""
    link = _locked(uow, pay_link_id)
    if link is None or link.paid_at is not None or not link.is_checkout:
        return
    uow.session.flush()
    if queries.paid_by_link(uow.session, pay_link_id) < (link.amount_minor or 1):
        return
    link.paid_at = uow.now
    uow.session.flush()
    uow.emit(CheckoutEnded(pay_link_id=pay_link_id, status=CheckoutStatus.PAID))


def end_run_out_checkouts(uow: UnitOfWork, *, limit: int = 100) -> int:
    """Note of checkouts whose time is over that they ended, each once; return how many."""
    require(uow.actor, Permission.RECORD_PAYMENTS)
    found = queries.run_out(uow.session, now=uow.now, limit=limit)
    for link_id in found:
        link = _locked(uow, PayLinkId(link_id))
        if link is None or status_of(link, now=uow.now) is not CheckoutStatus.EXPIRED or link.expired_at:
            continue
        link.expired_at = uow.now
        uow.emit(CheckoutEnded(pay_link_id=PayLinkId(link_id), status=CheckoutStatus.EXPIRED))
    uow.session.flush()
    return len(found)


def status_of(link: PayLink, *, now: datetime) -> CheckoutStatus:
    """Return how a link stands; money that came late counts."""
    if link.paid_at is not None:
        return CheckoutStatus.PAID
    if link.closed_at is not None:
        return CheckoutStatus.CLOSED
    return CheckoutStatus.EXPIRED if link.expires_at <= now else CheckoutStatus.OPEN


def checkout_record(snapshot: Snapshot, *, checkout_id: PayLinkId, vault: Vault) -> CheckoutRecord:
    """Return one checkout. Raises NotFound."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    rows = queries.checkouts_after(snapshot.session, pay_link_id=checkout_id)
    if not rows:
        raise NotFound("checkout")
    return _record(snapshot, rows[0], vault)


def checkout_records(
    snapshot: Snapshot,
    *,
    request: SliceRequest,
    vault: Vault,
    customer_id: CustomerId | None = None,
    client_reference: str | None = None,
) -> Slice[CheckoutRecord]:
    """Return checkouts, newest first."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    rows = queries.checkouts_after(
        snapshot.session,
        customer_id=customer_id,
        client_reference=client_reference,
        after_id=request.after_id,
        limit=request.limit + 1,
    )
    found = [_record(snapshot, row, vault) for row in rows]
    return sliced(found, limit=request.limit, place=lambda record: record.id)


@dataclass(frozen=True, slots=True)
class CheckoutListed:
    """A line of the list of checkouts."""

    checkout: CheckoutRecord
    customer_name: str


def list_checkouts(snapshot: Snapshot, *, request: PageRequest, vault: Vault) -> Page[CheckoutListed]:
    """Return one page of checkouts, newest first; `filter` may be open. Raises InvalidInput."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    if request.filter not in ("", CheckoutStatus.OPEN):
        raise InvalidInput("filter", "Choose open, or leave it out.")
    only_open_at = snapshot.now if request.filter else None
    search = request.search.strip()
    rows = queries.checkouts_page(
        snapshot.session,
        only_open_at=only_open_at,
        search=search,
        limit=request.limit,
        offset=request.offset,
    )
    total = queries.count_checkouts(snapshot.session, only_open_at=only_open_at, search=search)
    found = tuple(CheckoutListed(_record(snapshot, row, vault), row.customer_name) for row in rows)
    return Page(found, total)


def payments_of_checkout(snapshot: Snapshot, *, checkout_id: PayLinkId) -> tuple[PaymentId, ...]:
    """Return the payments that came by a checkout, oldest first."""
    require(snapshot.actor, Permission.VIEW_PAYMENTS)
    return tuple(PaymentId(found) for found in queries.payments_of_link(snapshot.session, checkout_id))


def _customer(uow: UnitOfWork, wish: NewCheckout) -> Customer:
    if (wish.customer_id is None) == (wish.account_number is None):
        raise InvalidInput("customer_id", "Name the customer by id or by account number, by one of them.")
    if wish.customer_id is not None:
        customer = customer_queries.find_customer(uow.session, wish.customer_id)
    else:
        name = (wish.account_number or "").strip().upper()
        customer = customer_queries.customer_by_account(uow.session, name)
    if customer is None:
        raise NotFound("customer")
    return customer


def _amount(uow: UnitOfWork, wish: NewCheckout, customer_id: CustomerId, currency: str) -> Money:
    """Return what is to be paid: what was named, else what is left of the invoice, else all that is owed."""
    if wish.amount is not None:
        if wish.amount.currency != currency:
            raise InvalidInput("amount", f"This customer pays in {currency}.")
        if not wish.amount.is_positive:
            raise AmountOutOfRange("amount", "The amount must be more than nothing.")
    invoice = None
    if wish.invoice_id is not None:
        invoice = invoice_queries.find_invoice(uow.session, wish.invoice_id)
        if invoice is None or invoice.customer_id != customer_id or invoice.number is None:
            raise NotFound("invoice")
    if wish.amount is not None:
        return wish.amount
    if invoice is not None:
        left = Money(invoice.total_minor - invoice.paid_minor, invoice.currency)
    else:
        left = quote(uow, customer_id=customer_id).to_pay
    if not left.is_positive:
        raise AmountOutOfRange("amount", "Nothing is owed. Say how much is to be paid.")
    return left


def _check_words(uow: UnitOfWork, wish: NewCheckout) -> None:
    if len(wish.description.strip()) > 120:
        raise InvalidInput("description", "Say it in at most 120 letters.")
    if not 1 <= wish.hours <= _HOURS_MAX:
        raise InvalidInput("hours", f"Give 1 to {_HOURS_MAX} hours.")
    name = wish.client_reference
    if name is not None:
        if not name.strip() or len(name) > 64 or not name.isprintable():
            raise InvalidInput("client_reference", "Give 1 to 64 printable letters.")
        if queries.link_by_client_reference(uow.session, name) is not None:
            raise AlreadyExists("client_reference", f"There is a checkout {name} already.")
    if wish.return_url is not None and not is_return_url(wish.return_url):
        raise InvalidInput("return_url", "Give a whole https address without a user in it.")
    if wish.endpoint_id is not None and outgoing_queries.find_endpoint(uow.session, wish.endpoint_id) is None:
        raise InvalidInput("endpoint_id", "There is no such endpoint.")


def is_return_url(text: str) -> bool:
    """Return whether a payer's browser may be sent there: https, or http on this machine."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    return is_safe and bool(host) and "@" not in parts.netloc and len(text) <= 500 and text.isprintable()


def _locked(uow: UnitOfWork, pay_link_id: PayLinkId) -> PayLink | None:
    lock_row(uow.session, PayLink, pay_link_id)
    link = queries.find_link(uow.session, pay_link_id)
    if link is not None:
        uow.session.flush()
        uow.session.refresh(link)
    return link


def _record(snapshot: Snapshot, row: CheckoutRow, vault: Vault) -> CheckoutRecord:
    link = row.link
    assert link.id is not None
    assert link.created_at is not None
    return CheckoutRecord(
        id=PayLinkId(link.id),
        token=token_of(vault, PayLinkId(link.id)),
        customer_id=CustomerId(link.customer_id),
        account_number=row.account_number,
        amount=None if link.amount_minor is None else Money(link.amount_minor, row.currency),
        description=link.description,
        client_reference=link.client_reference,
        invoice_id=None if link.invoice_id is None else InvoiceId(link.invoice_id),
        return_url=link.return_url,
        endpoint_id=None if link.endpoint_id is None else EndpointId(link.endpoint_id),
        status=status_of(link, now=snapshot.now),
        paid=Money(row.paid_minor, row.currency),
        payments=row.payments,
        made_by=link.made_by,
        created_at=link.created_at,
        expires_at=link.expires_at,
        paid_at=link.paid_at,
        closed_at=link.closed_at,
    )
