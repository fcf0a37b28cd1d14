"""Customers as the REST API tells them. What screens show is in `views`."""

from dataclasses import dataclass
from datetime import datetime

from benfex.core.actors import scope_of
from benfex.core.paging import Slice, SliceRequest, sliced
from benfex.core.unit_of_work import Snapshot
from data.queries import api_listing as listing
from data.values.errors import NotFound
from data.values.identifiers import CustomerId
from data.values.kinds import CustomerKind
from data.values.money import Money
from data.values.places import Place
from data.values.roles import Permission
from data.values.states import CustomerStatus


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """One customer. A positive balance is owed, a negative one is credit."""

    id: CustomerId
    account_number: str
    kind: CustomerKind
    name: str
    phone: str
    email: str | None
    tax_number: str | None
    address: str
    place: Place | None
    currency: str
    status: CustomerStatus
    balance: Money
    created_at: datetime


def customer_records(snapshot: Snapshot, *, request: SliceRequest, search: str = "") -> Slice[CustomerRecord]:
    """Return customers, newest first; a subscriber finds only themself."""
    rows = listing.customers(
        snapshot.session,
        listing.Cut(request.limit + 1, request.after_id),
        customer_id=scope_of(snapshot.actor, Permission.VIEW_CUSTOMERS),
        search=search.strip(),
    )
    records = [_record(row) for row in rows]
    return sliced(records, limit=request.limit, place=lambda record: record.id)


def customer_record(snapshot: Snapshot, *, customer_id: CustomerId) -> CustomerRecord:
    """Return one customer. Raises NotFound, also for a subscriber who asks for somebody else."""
    scope = scope_of(snapshot.actor, Permission.VIEW_CUSTOMERS)
    rows = listing.customers(snapshot.session, listing.Cut(only_id=customer_id), customer_id=scope)
    if not rows:
        raise NotFound("customer")
    return _record(rows[0])


def _record(row: listing.CustomerBalance) -> CustomerRecord:
    customer = row.customer
    assert customer.id is not None
    assert customer.created_at is not None
    return CustomerRecord(
        id=CustomerId(customer.id),
        account_number=customer.account_number,
        kind=customer.kind,
        name=customer.name,
        phone=customer.phone,
        email=customer.email,
        tax_number=customer.tax_number,
        address=customer.address,
        place=Place.kept(customer.latitude_microdegrees, customer.longitude_microdegrees),
        currency=customer.currency,
        status=customer.status,
        balance=Money(row.balance_minor, customer.currency),
        created_at=customer.created_at,
    )
