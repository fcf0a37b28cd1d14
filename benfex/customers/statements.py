"""The statement of account: the postings to a customer's account, in order, with a running balance."""

from dataclasses import dataclass
from datetime import datetime

from benfex.core.actors import require_customer_access
from benfex.core.unit_of_work import Snapshot
from data.queries import customers as customer_queries
from data.queries import ledger as ledger_queries
from data.values.errors import NotFound
from data.values.identifiers import CustomerId
from data.values.money import Money
from data.values.roles import Permission

_WORDS = {
    "invoice_issued": "Invoice",
    "invoice_voided": "Invoice voided",
    "payment_received": "Payment",
    "payment_matched": "Payment",
    "payment_reversed": "Payment reversed",
    "payment_undone": "Payment of somebody else",
    "write_off": "Written off",
    "credit_note": "Credit note",
    "refund": "Refund",
    "refund_sent": "Refund",
    "refund_failed": "Refund failed",
    "write_off_recovered": "Recovered",
}


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One posting: what is owed more (positive) or less (negative), and what is owed after it."""

    at: datetime
    word: str
    memo: str
    amount: Money
    balance: Money


@dataclass(frozen=True, slots=True)
class Statement:
    """All lines, oldest first, and what is owed now; a negative balance is the customer's credit."""

    lines: tuple[StatementLine, ...]
    balance: Money


def statement_of_account(snapshot: Snapshot, *, customer_id: CustomerId) -> Statement:
    """Return the customer's statement. Raises NotFound for a customer the actor may not see."""
    require_customer_access(snapshot.actor, customer_id, Permission.VIEW_INVOICES)
    customer = customer_queries.find_customer(snapshot.session, customer_id)
    if customer is None:
        raise NotFound("customer")
    balance = Money.zero(customer.currency)
    lines: list[StatementLine] = []
    for row in ledger_queries.customer_postings(
        snapshot.session, customer_id=customer_id, currency=customer.currency
    ):
        amount = Money(row.amount_minor, customer.currency)
        balance = balance + amount
        lines.append(
            StatementLine(row.occurred_at, _WORDS.get(row.kind, row.kind), row.memo, amount, balance)
        )
    return Statement(tuple(lines), balance)
