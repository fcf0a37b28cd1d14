"""Who pays for a customer's services: the customer, or one payer for several customers."""

from dataclasses import dataclass

from benfex.core.actors import require
from benfex.core.audit import record_audit
from benfex.core.events import CustomerChanged
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from data.locks import lock_customer
from data.models.customer import Customer
from data.queries import customers as customer_queries
from data.queries import subscriptions as subscription_queries
from data.values.errors import Conflict, InvalidInput, NotFound
from data.values.identifiers import CustomerId
from data.values.roles import Permission
from data.values.states import CustomerStatus


def set_payer(uow: UnitOfWork, *, customer_id: CustomerId, payer_id: CustomerId | None) -> None:
    """Have a customer's services billed to a payer from now on, None for the customer themselves.

    Invoices that were issued stay with whom they were issued to. Raises NotFound, InvalidInput for a payer who
    cannot be one, Conflict when the customer pays for others.
    """
    require(uow.actor, Permission.EDIT_CUSTOMERS)
    customer = _found(uow, customer_id)
    for locked in sorted({customer_id, payer_id or customer_id, customer.payer_id or customer_id}):
        lock_customer(uow.session, locked)
    if payer_id is not None:
        _check_payer(uow, customer, _found(uow, payer_id))
    if customer.payer_id == payer_id:
        return
    customer.payer_id = payer_id
    for subscription in subscription_queries.subscriptions_of(uow.session, customer_id=customer_id):
        if subscription.ended_at is None:
            subscription.billed_customer_id = payer_id or customer_id
            subscription.version += 1
    uow.session.flush()
    record_audit(
        uow,
        action="set_payer",
        entity="customer",
        entity_id=customer_id,
        changes={"payer_id": payer_id},
    )
    for changed in {customer_id, payer_id or customer_id}:
        uow.emit(CustomerChanged(customer_id=CustomerId(changed)))


@dataclass(frozen=True, slots=True)
class Payer:
    """A customer as the other side of a payment: who pays, or who is paid for."""

    customer_id: CustomerId
    name: str
    account_number: str


@dataclass(frozen=True, slots=True)
class PaymentCircle:
    """Who pays for a customer, None when they do themselves, and for whom they pay."""

    payer: Payer | None
    pays_for: tuple[Payer, ...]


def payment_circle(snapshot: Snapshot, *, customer_id: CustomerId) -> PaymentCircle:
    """Return who pays for a customer and for whom they pay, by name. Raises NotFound."""
    require(snapshot.actor, Permission.VIEW_CUSTOMERS)
    customer = _found(snapshot, customer_id)
    payer = _found(snapshot, CustomerId(customer.payer_id)) if customer.payer_id is not None else None
    paid_for = customer_queries.customers_paid_by(snapshot.session, payer_id=customer_id)
    return PaymentCircle(_payer(payer) if payer else None, tuple(_payer(row) for row in paid_for))


def payer_by_account(snapshot: Snapshot, *, account_number: str) -> Payer:
    """Return the customer with an account number. Raises InvalidInput when there is none."""
    require(snapshot.actor, Permission.VIEW_CUSTOMERS)
    written = account_number.strip().upper()
    row = customer_queries.customer_by_account(snapshot.session, written)
    if row is None:
        raise InvalidInput("account_number", "No customer has this account number.")
    return _payer(row)


def _payer(row: Customer) -> Payer:
    assert row.id is not None
    return Payer(CustomerId(row.id), row.name, row.account_number)


def _check_payer(uow: UnitOfWork, customer: Customer, payer: Customer) -> None:
    if payer.id == customer.id:
        raise InvalidInput("payer_id", "A customer who pays for themselves has no payer.")
    if payer.payer_id is not None:
        raise InvalidInput("payer_id", f"{payer.name} is paid for by somebody else, so cannot be a payer.")
    if payer.status is not CustomerStatus.ACTIVE:
        raise InvalidInput("payer_id", f"{payer.name} is archived.")
    if payer.currency != customer.currency:
        raise InvalidInput("payer_id", f"{payer.name} pays in {payer.currency}, not in {customer.currency}.")
    assert customer.id is not None
    if customer_queries.customers_paid_by(uow.session, payer_id=customer.id):
        raise Conflict(f"{customer.name} pays for other customers, so cannot have a payer.")


def _found(snapshot: Snapshot, customer_id: CustomerId) -> Customer:
    customer = customer_queries.find_customer(snapshot.session, customer_id)
    if customer is None:
        raise NotFound("customer")
    return customer
