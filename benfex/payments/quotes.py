"""What a customer has to pay: all that is open, and what must be paid to be online again."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from benfex.core.actors import require_customer_access
from benfex.core.policy import billing_today
from benfex.core.unit_of_work import Snapshot
from benfex.subscriptions.prepaid import RenewalQuote, renewal_quotes
from data.queries import customers as customer_queries
from data.queries import invoices as invoice_queries
from data.queries import ledger as ledger_queries
from data.queries import refunds as refund_queries
from data.values.errors import NotFound
from data.values.identifiers import CustomerId, InvoiceId
from data.values.money import Money
from data.values.roles import Permission


@dataclass(frozen=True, slots=True)
class OwedInvoice:
    """An invoice that is still to be paid, in part or in whole."""

    invoice_id: InvoiceId
    number: str
    due_on: date
    is_overdue: bool
    outstanding: Money


@dataclass(frozen=True, slots=True)
class Quote:
    """What is owed: by invoice, oldest due first, in all, and the part that is overdue.

    `owed` is what is left after the customer's credit; `credit` is money with us that no invoice takes yet.
    `renewals` are prepaid services: nothing is owed for them, but they are off until their period is paid.
    """

    invoices: tuple[OwedInvoice, ...]
    owed: Money
    overdue: Money
    credit: Money
    renewals: tuple[RenewalQuote, ...] = ()

    @property
    def to_pay(self) -> Money:
        """Return what it takes to be online: all that is owed, else what prepaid services that are off lack."""
        if self.owed.is_positive:
            return self.owed
        return self._lacking(found.price for found in self.renewals if found.is_off)

    @property
    def suggested(self) -> Money:
        """Return what a payer most likely wants to pay now: what is to pay, else the next prepaid period."""
        if self.to_pay.is_positive:
            return self.to_pay
        return self._lacking(found.price for found in self.renewals)

    def _lacking(self, prices: Iterable[Money]) -> Money:
        """Return what the credit lacks for all of them together: it pays once."""
        zero = Money.zero(self.owed.currency)
        return max(sum(prices, zero) - self.credit, zero)


def quote(snapshot: Snapshot, *, customer_id: CustomerId) -> Quote:
    """Return what a customer has to pay. Raises NotFound for a customer the actor may not see."""
    require_customer_access(snapshot.actor, customer_id, Permission.VIEW_INVOICES)
    customer = customer_queries.find_customer(snapshot.session, customer_id)
    if customer is None:
        raise NotFound("customer")
    currency, today = customer.currency, billing_today(snapshot)
    zero = Money.zero(currency)
    invoices = tuple(
        OwedInvoice(
            InvoiceId(row.id),
            row.number or "",
            row.due_on,
            row.due_on < today,
            Money(row.total_minor - row.paid_minor, currency),
        )
        for row in invoice_queries.open_invoices(snapshot.session, customer_id=customer_id, currency=currency)
        if row.id is not None and row.due_on is not None
    )
    # Credit that is to go back pays nothing any more, though it is in the books until it is sent.
    aside = refund_queries.set_aside_minor(snapshot.session, customer_id=customer_id, currency=currency)
    balance = Money(
        ledger_queries.receivable_balance(snapshot.session, customer_id=customer_id, currency=currency)
        + aside,
        currency,
    )
    return Quote(
        invoices=invoices,
        owed=max(balance, zero),
        overdue=sum((row.outstanding for row in invoices if row.is_overdue), zero),
        credit=max(-balance, zero),
        renewals=renewal_quotes(snapshot, customer_id=customer_id),
    )
