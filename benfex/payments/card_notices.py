"""What becomes of a saved card that was charged: it counts what did not work, and its owner is told.

Which cards there are and who consents is in `saved_methods`, who charges them in `auto_pay`.
"""

from benfex.core.unit_of_work import UnitOfWork
from benfex.notifications.outbox import enqueue_message
from data.models.payment import PaymentAttempt
from data.queries import invoices as invoice_queries
from data.queries import saved_methods as method_queries
from data.queries.saved_methods import FAILURES_MAX
from data.values.identifiers import CustomerId
from data.values.money import Money

# What keeps a charge from being made at all says nothing about the card, and its owner cannot mend it.
_NOT_THE_CARDS = frozenset({"unreachable", "rate_limited", "closed", "mode", "401"})


def note_card_failed(uow: UnitOfWork, attempt: PaymentAttempt) -> None:
    """Count a charge that did not work and tell the card's owner; it is part of the act that fails the attempt."""
    if attempt.saved_method_id is None or attempt.failure_code in _NOT_THE_CARDS:
        return
    method = method_queries.find_method(uow.session, attempt.saved_method_id)
    assert method is not None
    method.failures += 1
    method.last_failure = attempt.failure_message
    uow.session.flush()
    ends = method.failures >= FAILURES_MAX
    enqueue_message(
        uow,
        customer_id=CustomerId(attempt.customer_id),
        template="card_stopped" if ends else "card_failed",
        facts=_facts(uow, attempt, card=method.label),
        dedupe_key=f"attempt:{attempt.id}:card_failed",
    )


def ask_to_confirm(uow: UnitOfWork, attempt: PaymentAttempt) -> None:
    """Tell the card's owner that their bank wants them, and where."""
    if attempt.saved_method_id is None or attempt.redirect_url is None:
        return
    method = method_queries.find_method(uow.session, attempt.saved_method_id)
    assert method is not None
    enqueue_message(
        uow,
        customer_id=CustomerId(attempt.customer_id),
        template="card_confirm",
        facts=_facts(uow, attempt, card=method.label) | {"confirm_link": attempt.redirect_url},
        dedupe_key=f"attempt:{attempt.id}:card_confirm",
    )


def _facts(uow: UnitOfWork, attempt: PaymentAttempt, *, card: str) -> dict[str, str]:
    invoice = invoice_queries.find_invoice(uow.session, attempt.invoice_id) if attempt.invoice_id else None
    return {
        "card": card,
        "amount": Money(attempt.amount_minor, attempt.currency).format(),
        "what": f"invoice {invoice.number}" if invoice is not None else "your next period",
        "number": invoice.number or "" if invoice is not None else "",
        "reason": attempt.failure_message or "",
        **({"invoice_id": str(invoice.id)} if invoice is not None else {}),
    }
