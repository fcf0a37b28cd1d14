"""Who a customer is and how to reach them, for the customer's own eyes."""

from dataclasses import dataclass

from benfex.core.actors import require_customer_access
from benfex.core.unit_of_work import Snapshot
from data.queries import customers as customer_queries
from data.values.errors import NotFound
from data.values.identifiers import AccountNumber, CustomerId
from data.values.roles import Permission


@dataclass(frozen=True, slots=True)
class Contact:
    """A customer's own facts; `email` is None when we have none."""

    account_number: AccountNumber
    name: str
    phone: str
    email: str | None
    address: str


def contact_of(snapshot: Snapshot, *, customer_id: CustomerId) -> Contact:
    """Return a customer's own facts. Raises NotFound for a customer the actor may not see."""
    require_customer_access(snapshot.actor, customer_id, Permission.VIEW_CUSTOMERS)
    row = customer_queries.find_customer(snapshot.session, customer_id)
    if row is None:
        raise NotFound("customer")
    return Contact(AccountNumber(row.account_number), row.name, row.phone, row.email, row.address)
