"""What became of a customer's word to pay. Who may give it, and what it holds off, is in `dunning/promises`."""

from benfex.core.audit import record_audit
from benfex.core.events import CustomerChanged
from benfex.core.unit_of_work import UnitOfWork
from data.queries import customers as customer_queries
from data.queries import dunning as dunning_queries
from data.values.identifiers import CustomerId
from data.values.states import PromiseStatus, advance


def close_promise(uow: UnitOfWork, *, customer_id: CustomerId, is_kept: bool) -> None:
    """Note that the promise that runs was kept or broken; nothing to do without one.

    Part of another act, which has checked who may and holds the customer.
    """
    promise = dunning_queries.open_promise(uow.session, customer_id=customer_id)
    customer = customer_queries.find_customer(uow.session, customer_id)
    if promise is None or customer is None:
        return
    promise.status = advance(promise.status, PromiseStatus.KEPT if is_kept else PromiseStatus.BROKEN)
    promise.settled_at = uow.now
    customer.promised_until_on = None
    uow.session.flush()
    assert promise.id is not None
    record_audit(
        uow,
        action="keep" if is_kept else "break",
        entity="payment_promise",
        entity_id=promise.id,
        changes={"customer_id": customer_id},
    )
    uow.emit(CustomerChanged(customer_id=customer_id))
