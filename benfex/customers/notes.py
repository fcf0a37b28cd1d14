"""What staff note about a customer."""

from benfex.core.actors import name_of, require
from benfex.core.events import CustomerChanged
from benfex.core.unit_of_work import UnitOfWork
from data.models.customer import CustomerNote
from data.queries import customers as customer_queries
from data.values.errors import InvalidInput, NotFound
from data.values.identifiers import CustomerId
from data.values.roles import Permission


def add_note(uow: UnitOfWork, *, customer_id: CustomerId, body: str) -> None:
    """Note something about a customer. Raises NotFound, InvalidInput."""
    require(uow.actor, Permission.EDIT_CUSTOMERS)
    body = body.strip()
    if not 1 <= len(body) <= 2000:
        raise InvalidInput("body", "Write a note of 1 to 2,000 letters.")
    if customer_queries.find_customer(uow.session, customer_id) is None:
        raise NotFound("customer")
    uow.session.add(CustomerNote(customer_id=customer_id, author=name_of(uow.actor), body=body))
    uow.emit(CustomerChanged(customer_id=customer_id))
