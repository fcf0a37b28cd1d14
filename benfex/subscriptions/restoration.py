"""Give services back once nothing stands against them: what money, a credit note or a void invoice lifts.

Which suspensions may be lifted so is said in `lifecycle`; how fast a payment restores is kept by `payments`.
"""

from collections.abc import Sequence

from benfex.core.policy import billing_today, current_terms
from benfex.core.unit_of_work import UnitOfWork
from benfex.customers.promises import close_promise
from benfex.subscriptions.lifecycle import reactivate_subscription
from benfex.subscriptions.throttling import unthrottle_subscription
from data.models.invoice import Invoice
from data.queries import invoices as invoice_queries
from data.queries import subscriptions as subscription_queries
from data.values.identifiers import ConnectionId, CustomerId, SubscriptionId
from data.values.kinds import SuspensionReason
from data.values.states import SubscriptionStatus


def lift_non_payment(
    uow: UnitOfWork, *, customer_id: CustomerId
) -> tuple[tuple[SubscriptionId, ConnectionId], ...]:
    """Restore what a payer's debt took, when no more than the tolerated debt is overdue; return those restored.

    Services past due become active again when nothing at all is overdue, slowed ones get their speed back, and a
    promise to pay was kept. Looked at are the services that are billed to the payer, and those that an invoice of
    theirs charged before somebody else paid for them. Against a service stand the overdue invoices of who pays
    for it now, and those of others that charged it: it comes back with the last of them.
    """
    session, today = uow.session, billing_today(uow)
    tolerated = current_terms(uow).debt_tolerated_minor
    overdue = invoice_queries.overdue_invoices(session, customer_id=customer_id, on=today)
    is_settled = _owed(overdue) <= tolerated
    if is_settled:
        close_promise(uow, customer_id=customer_id, is_kept=True)
    restored = []
    for subscription in subscription_queries.services_charged_to(session, customer_id=customer_id):
        is_ours = subscription.suspension_reason is SuspensionReason.NON_PAYMENT
        is_suspended = subscription.status is SubscriptionStatus.SUSPENDED and is_ours
        is_late = subscription.status is SubscriptionStatus.PAST_DUE
        if not (is_suspended or is_late or subscription.is_throttled):
            continue
        if subscription.billed_customer_id == customer_id and not is_settled:
            continue
        assert subscription.id is not None
        subscription_id = SubscriptionId(subscription.id)
        against = invoice_queries.overdue_against(
            session, payer_id=subscription.billed_customer_id, subscription_id=subscription_id, on=today
        )
        if _owed(against) > tolerated:
            continue
        if subscription.is_throttled:
            unthrottle_subscription(uow, subscription_id=subscription_id)
        if not is_suspended and (not is_late or against):
            continue
        connection_id = reactivate_subscription(uow, subscription_id=subscription_id, by_payment=True)
        if connection_id is not None:
            restored.append((subscription_id, connection_id))
    return tuple(restored)


def _owed(invoices: Sequence[Invoice]) -> int:
    return sum(invoice.total_minor - invoice.paid_minor for invoice in invoices)
