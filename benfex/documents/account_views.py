"""What credit notes, receipts and statements say, read in one snapshot. Invoices are in `views`."""

from datetime import date
from zoneinfo import ZoneInfo

from benfex.billing.note_views import credit_note
from benfex.core.actors import require_customer_access, scope_of
from benfex.core.clock import local_date
from benfex.core.policy import billing_today, current_terms
from benfex.core.unit_of_work import Snapshot
from benfex.customers.statements import StatementLine, statement_of_account
from benfex.documents.credit_notes import CreditNoteDocument
from benfex.documents.letterhead import brand
from benfex.documents.parts import ChargedLine, TaxedSum
from benfex.documents.receipts import PaidPart, ReceiptDocument
from benfex.documents.statements import StatementDocument, StatementEntry
from benfex.documents.texts import document_text
from benfex.documents.views import closing_text, customer_of, line_text, payer_of
from benfex.documents.wording import say_date, say_tax
from benfex.payments.gateway import name_of_gateway
from data.queries import documents as document_queries
from data.values.errors import Conflict, InvalidInput, NotFound
from data.values.identifiers import CreditNoteId, CustomerId, PaymentId
from data.values.money import Money
from data.values.periods import add_months
from data.values.roles import Permission
from data.values.states import PaymentStatus


def credit_note_document(snapshot: Snapshot, *, credit_note_id: CreditNoteId) -> CreditNoteDocument:
    """Return a credit note as it is printed. Raises NotFound, to a subscriber for others' too."""
    note = credit_note(snapshot, credit_note_id=credit_note_id)
    customer = customer_of(snapshot, note.customer_id)
    wording = document_text(snapshot, "invoice_line", language=customer.language, until=note.created_at)
    taxes = document_queries.credited_taxes(snapshot.session, credit_note_id=credit_note_id)
    return CreditNoteDocument(
        brand=brand(snapshot),
        number=note.number,
        invoice_number=note.invoice_number,
        payer=payer_of(customer),
        issued_on=note.issued_on,
        reason=note.reason,
        lines=tuple(
            ChargedLine(
                text=line_text(wording, line.description, line.period),
                net=line.net,
                tax=line.tax,
                period=line.period,
            )
            for line in note.lines
        ),
        subtotal=note.subtotal,
        taxes=tuple(
            TaxedSum(say_tax(tax.name, tax.basis_points), Money(tax.tax_minor, note.total.currency))
            for tax in taxes
        ),
        total=note.total,
        closing=closing_text(
            snapshot, "credit_note_footer", customer, {"number": note.number}, until=note.created_at
        ),
    )


def receipt_document(snapshot: Snapshot, *, payment_id: PaymentId) -> ReceiptDocument:
    """Return a receipt for a payment.

    Raises NotFound, to a subscriber for others' too; Conflict while nobody knows whose money it is.
    """
    paid = document_queries.received_payment(snapshot.session, payment_id)
    if paid is None or paid.customer_id is None:
        scope = scope_of(snapshot.actor, Permission.VIEW_PAYMENTS)
        if paid is None or scope is not None:
            raise NotFound("payment")
        raise Conflict("Nobody knows yet whose money this is. Place it first, then print its receipt.")
    require_customer_access(snapshot.actor, CustomerId(paid.customer_id), Permission.VIEW_PAYMENTS)
    customer, amount = customer_of(snapshot, paid.customer_id), Money(paid.amount_minor, paid.currency)
    parts = tuple(
        PaidPart(
            part.number or "",
            part.issued_on,
            Money(part.total_minor, paid.currency),
            Money(part.amount_minor, paid.currency),
        )
        for part in document_queries.invoices_paid_by(snapshot.session, payment_id=payment_id)
    )
    refunded = Money(document_queries.refunded_of(snapshot.session, payment_id=payment_id), paid.currency)
    is_reversed = paid.status is PaymentStatus.REVERSED
    kept = amount - refunded - sum((part.paid for part in parts), Money.zero(paid.currency))
    received = paid.received_at.astimezone(ZoneInfo(current_terms(snapshot).timezone))
    number = paid.receipt_number or paid.transaction_id
    return ReceiptDocument(
        brand=brand(snapshot),
        number=number,
        reference=paid.transaction_id,
        payer=payer_of(customer),
        received=f"{say_date(received.date())}, {received:%H:%M}",
        method=name_of_gateway(paid.gateway),
        amount=amount,
        parts=parts,
        kept=Money.zero(paid.currency) if is_reversed else kept,
        refunded=refunded,
        is_reversed=is_reversed,
        closing="" if is_reversed else closing_text(snapshot, "receipt_footer", customer, {"number": number}),
    )


def statement_document(
    snapshot: Snapshot, *, customer_id: CustomerId, first_on: date | None = None, last_on: date | None = None
) -> StatementDocument:
    """Return a customer's statement of two days of the ISP and all between them, without its way to pay.

    Left out, they are today and the first day two months back. Raises NotFound for a customer the actor may
    not see, InvalidInput when the days are the wrong way round.
    """
    today = billing_today(snapshot)
    last_on = last_on or today
    first_on = first_on or min(add_months(today, -2, 1), last_on)
    if last_on < first_on:
        raise InvalidInput("last_on", "The last day must not be before the first.")
    whole = statement_of_account(snapshot, customer_id=customer_id)
    customer, zone = customer_of(snapshot, customer_id), current_terms(snapshot).timezone
    opening, entries = Money.zero(customer.currency), []
    for line in whole.lines:
        on = local_date(line.at, zone)
        if on < first_on:
            opening = line.balance
        elif on <= last_on:
            entries.append(_entry(line, on))
    return StatementDocument(
        brand=brand(snapshot),
        customer_id=customer_id,
        payer=payer_of(customer),
        first_on=first_on,
        last_on=last_on,
        made_on=today,
        opening=opening,
        entries=tuple(entries),
        closing_balance=entries[-1].balance if entries else opening,
        owed_now=whole.balance,
        closing=closing_text(snapshot, "statement_footer", customer, {}),
    )


def _entry(line: StatementLine, on: date) -> StatementEntry:
    # The memo of an invoice begins with the word itself: "Invoice INV-2026-00042".
    text, note = (line.memo, "") if line.memo.startswith(line.word) else (line.word, line.memo)
    return StatementEntry(on, text, note, line.amount, line.balance)
