"""What the oracle's books and the engine's rows are compared by."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlmodel import col

from benfex.core.policy import current_terms
from benfex.core.unit_of_work import Snapshot
from benfex.subscriptions.terms import next_bill_on
from data.models.catalog import TaxRate
from data.models.invoice import CreditNote, Invoice, InvoiceLine, InvoiceLineTax
from data.models.subscription import Subscription
from data.queries import ledger as ledger_queries
from data.queries import subscriptions as subscription_queries
from data.session import Session
from data.values.identifiers import CustomerId
from data.values.states import SubscriptionStatus
from tests.oracle.calculator import Books
from tests.oracle.histories import CUSTOMERS

WAITS = "nothing is billed while it is suspended"


@dataclass(frozen=True, slots=True)
class Picture:
    """What both books can be compared by. Lines are (service, start, end, net, {tax: amount}), as text."""

    invoices: tuple[str, ...]
    credit_notes: tuple[str, ...]
    balances: tuple[int, ...]
    next_dates: tuple[str, ...]


def oracle_picture(books: Books) -> Picture:
    """Return what the oracle says."""
    invoices = [
        _invoice_text(
            invoice.on,
            invoice.customer,
            invoice.total,
            [
                _line_text(
                    line.service + 1,
                    line.starts_on,
                    line.ends_on,
                    line.net,
                    {code: tax for code, tax in line.tax.items() if tax},
                )
                for line in invoice.lines
            ],
        )
        for invoice in books.invoices
    ]
    return Picture(
        tuple(invoices),
        tuple(_note_text(note.on, note.invoice + 1, note.gross, note.tax) for note in books.credit_notes),
        tuple(books.balance(customer) for customer in range(CUSTOMERS)),
        tuple(
            WAITS
            if service.is_suspended and not books.policy.bills_while_suspended
            else str(books.next_billing_date(service))
            for service in books.services
        ),
    )


def engine_picture(snapshot: Snapshot, *, customer_ids: Sequence[CustomerId]) -> Picture:
    """Return what the engine's rows say."""
    session = snapshot.session
    codes = {rate.id: rate.code for rate in session.scalars(select(TaxRate))}
    taxes = defaultdict[int, dict[str, int]](dict)
    for row in session.scalars(select(InvoiceLineTax)):
        if row.tax_minor:
            taxes[row.line_id][codes[row.tax_rate_id]] = row.tax_minor
    lines = defaultdict[int, list[str]](list)
    for line in session.scalars(select(InvoiceLine)):
        assert line.id is not None
        assert line.tax_minor == sum(taxes[line.id].values())
        lines[line.invoice_id].append(
            _line_text(
                line.subscription_id or 0,
                line.period_starts_on,
                line.period_ends_on,
                line.amount_minor,
                taxes[line.id],
            )
        )
    invoices = session.scalars(select(Invoice).order_by(col(Invoice.id))).all()
    places = {invoice.id: place for place, invoice in enumerate(invoices, 1)}
    notes = session.scalars(select(CreditNote).order_by(col(CreditNote.id)))
    services = session.scalars(select(Subscription).order_by(col(Subscription.id)))
    waits = not current_terms(snapshot).bills_while_suspended
    return Picture(
        tuple(
            _invoice_text(row.issued_on, row.customer_id - 1, row.total_minor, lines[row.id or 0])
            for row in invoices
        ),
        tuple(
            _note_text(note.issued_on, places[note.invoice_id], note.total_minor, note.tax_minor)
            for note in notes
        ),
        tuple(
            ledger_queries.receivable_balance(session, customer_id=customer_id, currency="KES")
            for customer_id in customer_ids
        ),
        tuple(
            WAITS
            if waits and service.status is SubscriptionStatus.SUSPENDED
            else str(_next_bill_on(session, service))
            for service in services
        ),
    )


def _next_bill_on(session: Session, service: Subscription) -> date | None:
    facts = subscription_queries.service_facts(session, service.id or 0)
    assert facts is not None
    return next_bill_on(facts)


def _line_text(service: int, start: date | None, end: date | None, net: int, taxes: dict[str, int]) -> str:
    return f"service {service} {start} to {end}: {net} + {sorted(taxes.items())}"


def _invoice_text(on: date | None, customer: int, total: int, lines: list[str]) -> str:
    return f"{on} to customer {customer + 1} total {total}\n    " + "\n    ".join(sorted(lines))


def _note_text(on: date, invoice: int, gross: int, tax: int) -> str:
    return f"{on} on invoice {invoice}: {gross} with tax {tax}"
