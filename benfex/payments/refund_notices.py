"""Tell of money that goes back: the customer that it did, staff that one waits for them or failed."""

from benfex.core.unit_of_work import UnitOfWork
from benfex.notifications.outbox import enqueue_message, enqueue_staff_message
from benfex.payments.gateway import name_of_gateway
from data.models.payment import Payment, Refund
from data.queries import customers as customer_queries
from data.values.identifiers import CustomerId
from data.values.kinds import RefundWay
from data.values.money import Money
from data.values.roles import Permission


def tell_given_back(uow: UnitOfWork, payment: Payment, refund: Refund) -> None:
    """Tell the customer that money went back, once per refund."""
    enqueue_message(
        uow,
        customer_id=CustomerId(refund.customer_id),
        template="refund_sent",
        facts={
            "amount": _amount(refund),
            "method": _method(payment, refund),
            "receipt": refund.gateway_reference or "",
            "payment": payment.gateway_transaction_id,
        },
        dedupe_key=f"refund:{refund.id}:done",
    )


def tell_waiting(uow: UnitOfWork, refund: Refund) -> None:
    """Tell the staff who may approve it that a refund waits."""
    enqueue_staff_message(
        uow,
        template="refund_waits",
        facts={"amount": _amount(refund), "asked_by": refund.made_by, "reason": refund.reason}
        | _whose(uow, refund),
        dedupe_key=f"refund:{refund.id}:waits",
        permission=Permission.MATCH_PAYMENTS,
    )


def tell_failed(uow: UnitOfWork, payment: Payment, refund: Refund) -> None:
    """Tell staff that a refund did not go through, so that they find another way."""
    enqueue_staff_message(
        uow,
        template="refund_failed",
        facts={
            "amount": _amount(refund),
            "method": _method(payment, refund),
            "why": refund.failure_message or "",
        }
        | _whose(uow, refund),
        dedupe_key=f"refund:{refund.id}:failed",
        permission=Permission.MATCH_PAYMENTS,
    )


def _whose(uow: UnitOfWork, refund: Refund) -> dict[str, str]:
    customer = customer_queries.find_customer(uow.session, refund.customer_id)
    assert customer is not None
    return {"customer": customer.name, "customer_account": customer.account_number}


def _amount(refund: Refund) -> str:
    return Money(refund.amount_minor, refund.currency).format()


def _method(payment: Payment, refund: Refund) -> str:
    return "hand" if refund.way is RefundWay.BY_HAND else name_of_gateway(payment.gateway)
