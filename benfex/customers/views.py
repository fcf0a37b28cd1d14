"""Customers as screens show them: the list, one of them, what a search finds. Acts are in `registration`."""

from dataclasses import dataclass
from datetime import date, datetime

from benfex.core.actors import require
from benfex.core.paging import Page, PageRequest
from benfex.core.policy import billing_today, current_terms
from benfex.core.unit_of_work import Snapshot
from data.queries import customers_listing as listing
from data.values.errors import NotFound
from data.values.identifiers import CustomerId, PhoneNumber
from data.values.kinds import CustomerKind
from data.values.money import Money
from data.values.places import Place
from data.values.roles import Permission
from data.values.states import CustomerStatus, SubscriptionStatus

# What a person must know first about somebody with several services.
_GRAVEST_FIRST = (
    SubscriptionStatus.SUSPENDED,
    SubscriptionStatus.PAST_DUE,
    SubscriptionStatus.PENDING,
    SubscriptionStatus.PAUSED,
    SubscriptionStatus.ACTIVE,
)


@dataclass(frozen=True, slots=True)
class CustomerListed:
    """A line of the list. `service` is the gravest state of all services, None without any.

    A positive balance is owed, a negative one is credit.
    """

    customer_id: CustomerId
    name: str
    account_number: str
    phone: PhoneNumber
    status: CustomerStatus
    service: SubscriptionStatus | None
    plans: tuple[str, ...]
    renews_on: date | None
    last_online_at: datetime | None
    balance: Money


@dataclass(frozen=True, slots=True)
class CustomerCounts:
    """How many customers each tab of the list has."""

    all: int
    active: int
    overdue: int
    suspended: int
    none: int
    archived: int


@dataclass(frozen=True, slots=True)
class CustomerView:
    """One customer: who it is, what is owed, and whether they can sign in to the portal.

    `place` is where they are served, None when nobody said.
    """

    customer_id: CustomerId
    account_number: str
    kind: CustomerKind
    name: str
    phone: PhoneNumber
    email: str | None
    tax_number: str | None
    address: str
    currency: str
    status: CustomerStatus
    since: datetime
    balance: Money
    overdue: Money
    overdue_invoices: int
    oldest_due_on: date | None
    has_login: bool
    last_login_at: datetime | None
    timezone: str
    today: date
    place: Place | None


@dataclass(frozen=True, slots=True)
class NoteView:
    """What staff noted."""

    author: str
    body: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CustomerFound:
    """A customer as a search shows them."""

    customer_id: CustomerId
    name: str
    account_number: str
    phone: PhoneNumber


def list_customers(snapshot: Snapshot, *, request: PageRequest) -> Page[CustomerListed]:
    """Return one page of the list.

    `filter` is all, active, overdue, suspended, none or archived; `sort` name, account, balance or since.
    """
    require(snapshot.actor, Permission.VIEW_CUSTOMERS)
    today, search = billing_today(snapshot), request.search.strip()
    rows = listing.customers_page(
        snapshot.session,
        state=request.filter,
        search=search,
        on=today,
        sort=request.sort,
        descending=request.descending,
        limit=request.limit,
        offset=request.offset,
    )
    total = listing.count_customers(snapshot.session, state=request.filter, on=today, search=search)
    services: dict[int, list[listing.ServiceLine]] = {}
    for line in listing.services_in_list(snapshot.session, [row.id for row in rows]):
        services.setdefault(line.customer_id, []).append(line)
    return Page(tuple(_listed(row, services.get(row.id, [])) for row in rows), total)


def customer_counts(snapshot: Snapshot) -> CustomerCounts:
    """Return how many customers each tab has."""
    require(snapshot.actor, Permission.VIEW_CUSTOMERS)
    today = billing_today(snapshot)
    counts = {
        state: listing.count_customers(snapshot.session, state=state, on=today) for state in listing.FILTERS
    }
    return CustomerCounts(**counts)


def customer(snapshot: Snapshot, *, customer_id: CustomerId) -> CustomerView:
    """Return one customer. Raises NotFound."""
    require(snapshot.actor, Permission.VIEW_CUSTOMERS)
    row = listing.customer_card(snapshot.session, customer_id)
    if row is None:
        raise NotFound("customer")
    today = billing_today(snapshot)
    overdue = listing.overdue_of(snapshot.session, customer_id=customer_id, on=today)
    return CustomerView(
        customer_id=customer_id,
        account_number=row.account_number,
        kind=row.kind,
        name=row.name,
        phone=PhoneNumber(row.phone),
        email=row.email,
        tax_number=row.tax_number,
        address=row.address,
        currency=row.currency,
        status=row.status,
        since=row.created_at,
        balance=Money(row.balance_minor, row.currency),
        overdue=Money(overdue.outstanding_minor, row.currency),
        overdue_invoices=overdue.invoices,
        oldest_due_on=overdue.oldest_due_on,
        has_login=row.user_id is not None,
        last_login_at=row.last_login_at,
        timezone=current_terms(snapshot).timezone,
        today=today,
        place=Place.kept(row.latitude_microdegrees, row.longitude_microdegrees),
    )


def notes_about(snapshot: Snapshot, *, customer_id: CustomerId) -> tuple[NoteView, ...]:
    """Return the newest notes about a customer, newest first."""
    require(snapshot.actor, Permission.VIEW_CUSTOMERS)
    rows = listing.notes_in_list(snapshot.session, customer_id=customer_id)
    return tuple(NoteView(row.author, row.body, row.created_at) for row in rows)


def search_customers(snapshot: Snapshot, *, search: str, limit: int = 8) -> tuple[CustomerFound, ...]:
    """Return customers whose name, account number, phone or e-mail holds the words."""
    require(snapshot.actor, Permission.VIEW_CUSTOMERS)
    if len(search.strip()) < 2:
        return ()
    rows = listing.find_customers(snapshot.session, search=search.strip(), limit=limit)
    return tuple(
        CustomerFound(CustomerId(row.id), row.name, row.account_number, PhoneNumber(row.phone))
        for row in rows
    )


def _listed(row: listing.CustomerRow, services: list[listing.ServiceLine]) -> CustomerListed:
    states = {line.status for line in services}
    online = [line.last_online_at for line in services if line.last_online_at is not None]
    return CustomerListed(
        customer_id=CustomerId(row.id),
        name=row.name,
        account_number=row.account_number,
        phone=PhoneNumber(row.phone),
        status=row.status,
        service=next((state for state in _GRAVEST_FIRST if state in states), None),
        plans=tuple(line.plan_name for line in services),
        renews_on=min((line.period_ends_on for line in services), default=None),
        last_online_at=max(online, default=None),
        balance=Money(row.balance_minor, row.currency),
    )
