"""The peer of the bill-run benchmark: the usual way, an ORM object for each row and a commit for each customer.

The rules are ours, so that the amounts agree to the cent; only how rows are read and written differs.
"""

from datetime import date, timedelta

from sqlmodel import select

from benchmarks.installation import BENCHMARK
from benfex.billing.charges import ChargeLine, due_charges, next_billing_date
from benfex.billing.numbering import next_invoice_number
from benfex.billing.taxation import tax_lines
from benfex.catalog.taxes import TaxTable
from benfex.core.policy import current_terms
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import UnitOfWork
from benfex.ledger import entries
from benfex.ledger.chart import KIND_OF
from benfex.subscriptions.terms import move_on, refresh_bills_on, service_terms
from data.locks import lock_customer
from data.models.invoice import BilledCharge, Invoice, InvoiceLine, InvoiceLineTax
from data.models.ledger import JournalEntry, LedgerAccount, Posting
from data.models.payment import PaymentAllocation
from data.queries import credit as credit_queries
from data.queries import subscriptions as subscription_queries
from data.values.identifiers import CustomerId
from data.values.kinds import EntryKind
from data.values.money import Money
from data.values.states import InvoiceStatus


def bill_with_objects(transactor: Transactor, *, count: int, on: date) -> None:
    """Bill customers 1 to `count`, each in a transaction of their own."""
    for number in range(1, count + 1):
        transactor.run_sync(_bill, BENCHMARK, customer_id=CustomerId(number), on=on)


def _bill(uow: UnitOfWork, *, customer_id: CustomerId, on: date) -> None:
    session = uow.session
    lock_customer(session, customer_id)
    terms, taxes = current_terms(uow), TaxTable(session)
    lines: list[ChargeLine] = []
    for facts in subscription_queries.due_services(session, billed_customer_id=customer_id, on=on):
        service = service_terms(facts, taxes, on=on)
        due = due_charges(service, on=on)
        lines += due.lines
        move_on(facts, service.cycle, due, on=on)
        refresh_bills_on(facts.subscription, next_billing_date(service_terms(facts, taxes, on=on)))
    taxed = tax_lines([(line.amount.minor, line.tax) for line in lines])
    subtotal = sum(part.net_minor for part in taxed)
    tax = sum(part.tax_minor for part in taxed)
    invoice = Invoice(
        number=next_invoice_number(uow, prefix=terms.invoice_prefix, issued_on=on),
        customer_id=customer_id,
        status=InvoiceStatus.OPEN,
        currency="KES",
        subtotal_minor=subtotal,
        tax_minor=tax,
        total_minor=subtotal + tax,
        issued_on=on,
        due_on=on + timedelta(days=terms.invoice_due_days),
    )
    session.add(invoice)
    session.flush()
    assert invoice.id is not None
    for line, part in zip(lines, taxed, strict=True):
        row = InvoiceLine(
            invoice_id=invoice.id,
            subscription_id=line.subscription_id,
            kind=line.kind,
            description=line.description,
            unit_minor=line.unit.minor,
            amount_minor=part.net_minor,
            tax_minor=part.tax_minor,
            period_starts_on=line.period.starts_on if line.period else None,
            period_ends_on=line.period.ends_on if line.period else None,
            item=line.item,
        )
        session.add(row)
        session.flush()
        assert row.id is not None
        for rate, minor in zip(line.tax.parts if line.tax else (), part.taxes, strict=True):
            session.add(
                InvoiceLineTax(
                    line_id=row.id, tax_rate_id=rate.rate_id, base_minor=part.net_minor, tax_minor=minor
                )
            )
        session.add(BilledCharge(billing_key=line.billing_key or "", line_id=row.id))
    _post(uow, invoice, customer_id)
    _pay(uow, invoice, customer_id)


def _post(uow: UnitOfWork, invoice: Invoice, customer_id: CustomerId) -> None:
    session = uow.session
    assert invoice.id is not None
    entry = JournalEntry(
        kind=EntryKind.INVOICE_ISSUED,
        source_type="invoice",
        source_id=invoice.id,
        occurred_at=uow.now,
        posted_at=uow.now,
        memo=f"Invoice {invoice.number}",
    )
    session.add(entry)
    session.flush()
    assert entry.id is not None
    for line in entries.invoice_issued(
        customer_id,
        subtotal=Money(invoice.subtotal_minor, "KES"),
        tax=Money(invoice.tax_minor, "KES"),
    ):
        key = line.account
        account = session.exec(
            select(LedgerAccount).where(LedgerAccount.code == key.code, LedgerAccount.owner == key.owner)
        ).one_or_none()
        if account is None:
            account = LedgerAccount(code=key.code, kind=KIND_OF[key.code], currency="KES", owner=key.owner)
            session.add(account)
            session.flush()
        assert account.id is not None
        session.add(Posting(entry_id=entry.id, account_id=account.id, amount_minor=line.amount.minor))
        if key.customer_id is not None:
            account.balance_minor += line.amount.minor


def _pay(uow: UnitOfWork, invoice: Invoice, customer_id: CustomerId) -> None:
    assert invoice.id is not None
    for source in credit_queries.credit_of(uow.session, [customer_id]).get(customer_id, ()):
        part = min(source.remainder_minor, invoice.total_minor - invoice.paid_minor)
        uow.session.add(
            PaymentAllocation(
                payment_id=source.payment_id, invoice_id=invoice.id, amount_minor=part, at=uow.now
            )
        )
        invoice.paid_minor += part
