"""Register, edit and archive customers, and give them their account numbers."""

import re

from benfex.core.actors import require
from benfex.core.audit import record_audit
from benfex.core.events import CustomerChanged
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import UnitOfWork
from data.locks import lock_customer
from data.models.customer import Customer
from data.queries import customers as customer_queries
from data.values.errors import Conflict, InvalidInput, NotFound
from data.values.identifiers import AccountNumber, CustomerId, PhoneNumber, make_account_number
from data.values.kinds import CustomerKind
from data.values.places import Place
from data.values.roles import Permission
from data.values.states import CustomerStatus, advance

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_FIRST_SEQUENCE = 1000


def register_customer(
    uow: UnitOfWork,
    *,
    name: str,
    phone: PhoneNumber,
    email: str | None = None,
    kind: CustomerKind = CustomerKind.PERSON,
    address: str = "",
    tax_number: str | None = None,
) -> CustomerId:
    """Add a customer with an account number of their own. Raises InvalidInput naming the field."""
    require(uow.actor, Permission.EDIT_CUSTOMERS)
    customer = Customer(
        account_number=_next_account_number(uow),
        kind=kind,
        name=check_name(name),
        phone=phone.e164,
        phone_sha256=phone.sha256,
        phone_end=phone.e164[-3:],
        email=check_email(email),
        tax_number=_short(tax_number, "tax_number", 32),
        address=_short(address, "address", 250) or "",
        currency=current_terms(uow).currency,
        status=CustomerStatus.ACTIVE,
    )
    uow.session.add(customer)
    uow.session.flush()
    assert customer.id is not None
    customer_id = CustomerId(customer.id)
    record_audit(uow, action="register", entity="customer", entity_id=customer_id)
    uow.emit(CustomerChanged(customer_id=customer_id))
    return customer_id


def edit_customer(
    uow: UnitOfWork,
    *,
    customer_id: CustomerId,
    name: str,
    phone: PhoneNumber,
    email: str | None,
    address: str,
    tax_number: str | None,
) -> None:
    """Change who a customer is and how to reach them. Raises NotFound, InvalidInput naming the field."""
    require(uow.actor, Permission.EDIT_CUSTOMERS)
    customer = customer_queries.find_customer(uow.session, customer_id)
    if customer is None:
        raise NotFound("customer")
    lock_customer(uow.session, customer_id)
    customer.name = check_name(name)
    customer.phone, customer.phone_sha256, customer.phone_end = phone.e164, phone.sha256, phone.e164[-3:]
    customer.email = check_email(email)
    customer.address = _short(address, "address", 250) or ""
    customer.tax_number = _short(tax_number, "tax_number", 32)
    record_audit(uow, action="edit", entity="customer", entity_id=customer_id)
    uow.emit(CustomerChanged(customer_id=customer_id))


def locate_customer(uow: UnitOfWork, *, customer_id: CustomerId, place: Place | None) -> None:
    """Say where on the map a customer is served; None takes them off. Raises NotFound."""
    require(uow.actor, Permission.EDIT_CUSTOMERS)
    customer = customer_queries.find_customer(uow.session, customer_id)
    if customer is None:
        raise NotFound("customer")
    lock_customer(uow.session, customer_id)
    before = Place.kept(customer.latitude_microdegrees, customer.longitude_microdegrees)
    if place == before:
        return
    customer.latitude_microdegrees = place.latitude_microdegrees if place else None
    customer.longitude_microdegrees = place.longitude_microdegrees if place else None
    changes = {"before": str(before) if before else None, "after": str(place) if place else None}
    record_audit(uow, action="locate", entity="customer", entity_id=customer_id, changes=changes)
    uow.emit(CustomerChanged(customer_id=customer_id))


def archive_customer(uow: UnitOfWork, *, customer_id: CustomerId, reason: str) -> None:
    """Put a customer without services away. Raises NotFound, InvalidInput, Conflict, InvalidTransition."""
    require(uow.actor, Permission.EDIT_CUSTOMERS)
    if not reason.strip():
        raise InvalidInput("reason", "Say why the customer is archived.")
    customer = customer_queries.find_customer(uow.session, customer_id)
    if customer is None:
        raise NotFound("customer")
    lock_customer(uow.session, customer_id)
    if customer_queries.count_live_subscriptions(uow.session, customer_id=customer_id):
        raise Conflict("This customer still has a service. End it first.")
    customer.status = advance(customer.status, CustomerStatus.ARCHIVED)
    record_audit(uow, action="archive", entity="customer", entity_id=customer_id, changes={"reason": reason})
    uow.emit(CustomerChanged(customer_id=customer_id))


def check_name(name: str, *, field: str = "name") -> str:
    """Return the name without outer blanks. Raises InvalidInput unless 2 to 120 printable letters."""
    name = " ".join(name.split())
    if not 2 <= len(name) <= 120 or not name.isprintable():
        raise InvalidInput(field, "Give a name of 2 to 120 letters.")
    return name


def check_email(email: str | None, *, field: str = "email") -> str | None:
    """Return the address in small letters, None for none. Raises InvalidInput when it cannot be one."""
    email = (email or "").strip().lower()
    if not email:
        return None
    if len(email) > 254 or not _EMAIL.fullmatch(email):
        raise InvalidInput(field, "Write the e-mail address like name@example.com.")
    return email


def _short(text: str | None, field: str, length: int) -> str | None:
    text = (text or "").strip()
    if len(text) > length:
        raise InvalidInput(field, f"Use at most {length} letters.")
    return text or None


def _next_account_number(uow: UnitOfWork) -> AccountNumber:
    sequence = _FIRST_SEQUENCE + customer_queries.highest_customer_id(uow.session) + 1
    while customer_queries.has_account_number(uow.session, number := make_account_number(sequence)):
        sequence += 1
    return number
