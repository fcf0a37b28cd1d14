"""SELECTs of the customer list and of one customer's page. What acts read is in `customers`."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select

from data.models.catalog import Plan, PlanPrice
from data.models.customer import Customer, CustomerNote
from data.models.identity import User
from data.models.invoice import Invoice
from data.models.ledger import LedgerAccount
from data.models.router import Connection
from data.models.subscription import Subscription
from data.session import Session
from data.values.kinds import CustomerKind
from data.values.states import CustomerStatus, InvoiceStatus, SubscriptionStatus

FILTERS = ("all", "active", "overdue", "suspended", "none", "archived")
_RECEIVABLE = "1200"


class CustomerRow(NamedTuple):
    """One line of the customer list; a negative balance is credit."""

    id: int
    name: str
    account_number: str
    phone: str
    kind: CustomerKind
    status: CustomerStatus
    currency: str
    balance_minor: int


class ServiceLine(NamedTuple):
    """What the list says of one service that has not ended."""

    customer_id: int
    status: SubscriptionStatus
    plan_name: str
    period_ends_on: date
    last_online_at: datetime | None


def customers_page(
    session: Session,
    *,
    state: str,
    search: str,
    on: date,
    sort: str,
    descending: bool,
    limit: int,
    offset: int,
) -> list[CustomerRow]:
    """Return one page of the customers that fit; `sort` is name, account, balance or since."""
    balance = func.coalesce(LedgerAccount.balance_minor, 0)
    keys = {
        "name": func.lower(Customer.name),
        "account": Customer.id,
        "balance": balance,
        "since": Customer.id,
    }
    key = keys.get(sort, keys["name"])
    query = (
        select(
            Customer.id,
            Customer.name,
            Customer.account_number,
            Customer.phone,
            Customer.kind,
            Customer.status,
            Customer.currency,
            balance,
        )
        .outerjoin(
            LedgerAccount,
            and_(
                LedgerAccount.customer_id == Customer.id,
                LedgerAccount.code == _RECEIVABLE,
                LedgerAccount.currency == Customer.currency,
            ),
        )
        .where(*_fits(state, on), *_found(search))
        .order_by(key.desc() if descending else key.asc(), Customer.id)
        .limit(limit)
        .offset(offset)
    )
    return [CustomerRow(*row) for row in session.execute(query)]


def count_customers(session: Session, *, state: str, on: date, search: str = "") -> int:
    """Return how many customers fit."""
    return session.execute(
        select(func.count()).select_from(Customer).where(*_fits(state, on), *_found(search))
    ).scalar_one()


def services_in_list(session: Session, customer_ids: Sequence[int]) -> list[ServiceLine]:
    """Return the services of these customers that have not ended, by customer and oldest first."""
    rows = session.execute(
        select(
            Subscription.customer_id,
            Subscription.status,
            Plan.name,
            Subscription.period_ends_on,
            Connection.last_online_at,
        )
        .join(PlanPrice, PlanPrice.id == Subscription.plan_price_id)
        .join(Plan, Plan.id == PlanPrice.plan_id)
        .outerjoin(
            Connection, and_(Connection.subscription_id == Subscription.id, Connection.removed_at.is_(None))
        )
        .where(Subscription.customer_id.in_(customer_ids), Subscription.status != SubscriptionStatus.ENDED)
        .order_by(Subscription.customer_id, Subscription.id)
    )
    return [ServiceLine(*row) for row in rows]


class CustomerCard(NamedTuple):
    """Who one customer is, what they owe, and how they sign in."""

    id: int
    account_number: str
    kind: CustomerKind
    name: str
    phone: str
    email: str | None
    tax_number: str | None
    address: str
    currency: str
    status: CustomerStatus
    created_at: datetime
    balance_minor: int
    user_id: int | None
    last_login_at: datetime | None
    latitude_microdegrees: int | None
    longitude_microdegrees: int | None


def customer_card(session: Session, customer_id: int) -> CustomerCard | None:
    """Return the customer, or None."""
    row = session.execute(
        select(
            Customer.id,
            Customer.account_number,
            Customer.kind,
            Customer.name,
            Customer.phone,
            Customer.email,
            Customer.tax_number,
            Customer.address,
            Customer.currency,
            Customer.status,
            Customer.created_at,
            func.coalesce(LedgerAccount.balance_minor, 0),
            User.id,
            User.last_login_at,
            Customer.latitude_microdegrees,
            Customer.longitude_microdegrees,
        )
        .outerjoin(
            LedgerAccount,
            and_(
                LedgerAccount.customer_id == Customer.id,
                LedgerAccount.code == _RECEIVABLE,
                LedgerAccount.currency == Customer.currency,
            ),
        )
        .outerjoin(User, User.customer_id == Customer.id)
        .where(Customer.id == customer_id)
    ).one_or_none()
    return CustomerCard(*row) if row else None


class OverdueSum(NamedTuple):
    """What is overdue: the sum, how many invoices, and the oldest due date; None when nothing is."""

    outstanding_minor: int
    invoices: int
    oldest_due_on: date | None


def overdue_of(session: Session, *, customer_id: int, on: date) -> OverdueSum:
    """Return what the customer has not paid in time."""
    row = session.execute(
        select(
            func.coalesce(func.sum(Invoice.total_minor - Invoice.paid_minor), 0),
            func.count(),
            func.min(Invoice.due_on),
        ).where(Invoice.customer_id == customer_id, Invoice.status == InvoiceStatus.OPEN, Invoice.due_on < on)
    ).one()
    return OverdueSum(int(row[0]), row[1], row[2])


class NoteRow(NamedTuple):
    """What somebody noted, and when."""

    id: int
    author: str
    body: str
    created_at: datetime


def notes_in_list(session: Session, *, customer_id: int, limit: int = 30) -> list[NoteRow]:
    """Return the newest notes about a customer, newest first."""
    rows = session.execute(
        select(CustomerNote.id, CustomerNote.author, CustomerNote.body, CustomerNote.created_at)
        .where(CustomerNote.customer_id == customer_id)
        .order_by(CustomerNote.id.desc())
        .limit(limit)
    )
    return [NoteRow(*row) for row in rows]


class CustomerHit(NamedTuple):
    """A customer as a search finds them, the exact hits first."""

    id: int
    name: str
    account_number: str
    phone: str


def find_customers(session: Session, *, search: str, limit: int) -> list[CustomerHit]:
    """Return customers whose name, account, phone or e-mail holds the words; archived ones last."""
    archived_last = case((Customer.status == CustomerStatus.ARCHIVED, 1), else_=0)
    starts_first = case((Customer.name.istartswith(search, autoescape=True), 0), else_=1)
    query: Select[tuple[int, str, str, str]] = (
        select(Customer.id, Customer.name, Customer.account_number, Customer.phone)
        .where(*_found(search))
        .order_by(archived_last, starts_first, func.lower(Customer.name), Customer.id)
        .limit(limit)
    )
    return [CustomerHit(*row) for row in session.execute(query)]


def _fits(state: str, on: date) -> list[ColumnElement[bool]]:
    if state == "archived":
        return [Customer.status == CustomerStatus.ARCHIVED]
    served: list[ColumnElement[bool]] = [Customer.status == CustomerStatus.ACTIVE]
    with_service = select(Subscription.customer_id)
    match state:
        case "active":
            active = Subscription.status.in_((SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE))
            served.append(Customer.id.in_(with_service.where(active)))
        case "suspended":
            suspended = Subscription.status == SubscriptionStatus.SUSPENDED
            served.append(Customer.id.in_(with_service.where(suspended)))
        case "overdue":
            late = select(Invoice.customer_id).where(
                Invoice.status == InvoiceStatus.OPEN, Invoice.due_on < on
            )
            served.append(Customer.id.in_(late))
        case "none":
            live = Subscription.status != SubscriptionStatus.ENDED
            served.append(Customer.id.not_in(with_service.where(live)))
        case _:
            pass
    return served


def _found(search: str) -> list[ColumnElement[bool]]:
    if not search:
        return []
    digits = "".join(letter for letter in search if letter.isdigit())
    places = [
        Customer.name.icontains(search, autoescape=True),
        Customer.account_number.istartswith(search, autoescape=True),
        Customer.email.icontains(search, autoescape=True),
    ]
    if len(digits) >= 3 and len(digits) >= len(search.replace(" ", "")) - 1:
        places.append(Customer.phone.contains(digits.removeprefix("0"), autoescape=True))
        places.append(Customer.account_number.contains(digits, autoescape=True))
    return [or_(*places)]
