"""Issue credit notes: by amount, by line, or for the unused days of a service.

What is credited is said by `credits`. A note settles the open part of its own invoice first; the rest is the
customer's credit and pays their other open invoices at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from benfex.billing.credit_use import allocate_open_money
from benfex.billing.credits import (
    BilledLine,
    LineCredit,
    amount_credits,
    chosen_credits,
    total_minor,
    unused_credits,
)
from benfex.billing.deferral import unearned_part
from benfex.billing.numbering import next_invoice_number
from benfex.core.actors import require, require_customer_access
from benfex.core.audit import record_audit
from benfex.core.events import CreditNoteIssued
from benfex.core.policy import billing_today, current_terms
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.ledger import entries
from benfex.ledger.journal import EntrySource, post_entry
from data.locks import lock_customer
from data.models.invoice import CreditNote, CreditNoteLine, CreditNoteLineTax, Invoice
from data.models.subscription import Subscription
from data.queries import credit_notes as note_queries
from data.queries import customers as customer_queries
from data.queries import invoices as invoice_queries
from data.queries import subscriptions as subscription_queries
from data.values.errors import AmountOutOfRange, Conflict, InvalidInput, NotFound
from data.values.identifiers import CreditNoteId, CustomerId, InvoiceId, SubscriptionId
from data.values.kinds import EntryKind
from data.values.money import Money
from data.values.periods import Period
from data.values.roles import Permission
from data.values.states import InvoiceStatus


def issue_credit_note(uow: UnitOfWork, *, invoice_id: InvoiceId, amount: Money, reason: str) -> CreditNoteId:
    """Credit an amount, tax included, spread over the invoice's lines.

    Raises NotFound, InvalidInput, AmountOutOfRange beyond what is left of the invoice, Conflict when it is
    neither open nor paid.
    """
    invoice = _creditable(uow, invoice_id, reason)
    return _issue(uow, invoice, _spread(uow, invoice, amount), reason)


def credit_lines(
    uow: UnitOfWork, *, invoice_id: InvoiceId, amounts: Mapping[int, Money], reason: str
) -> CreditNoteId:
    """Credit stated amounts, tax included, by invoice line; those of discounts are negative.

    Raises as `issue_credit_note`, and AmountOutOfRange beyond what is left of a line.
    """
    invoice = _creditable(uow, invoice_id, reason)
    return _issue(uow, invoice, _chosen(uow, invoice, amounts), reason)


@dataclass(frozen=True, slots=True)
class CreditPreview:
    """What a credit note would give: its total, the tax in it, what settles its invoice, what is credit."""

    total: Money
    tax: Money
    settles: Money
    credit: Money


def preview_credit_note(snapshot: Snapshot, *, invoice_id: InvoiceId, amount: Money) -> CreditPreview:
    """Return what `issue_credit_note` would give. Raises as it does."""
    invoice = _found(snapshot, invoice_id)
    return _preview(invoice, _spread(snapshot, invoice, amount))


def preview_credit_lines(
    snapshot: Snapshot, *, invoice_id: InvoiceId, amounts: Mapping[int, Money]
) -> CreditPreview:
    """Return what `credit_lines` would give. Raises as it does."""
    invoice = _found(snapshot, invoice_id)
    return _preview(invoice, _chosen(snapshot, invoice, amounts))


def credit_unused(
    uow: UnitOfWork,
    *,
    subscription_id: SubscriptionId,
    from_on: date,
    reason: str,
    items: frozenset[str] | None = None,
) -> tuple[CreditNoteId, ...]:
    """Credit every billed day of a service from a date on; one note an invoice, none where nothing is unused.

    `items` narrows it to some ("price", "addon:7"); the plan's price takes its discounts along. Raises NotFound,
    InvalidInput for a reason that is missing or longer than 200 letters.
    """
    require(uow.actor, Permission.EDIT_INVOICES)
    _check_reason(reason)
    lock_customer(uow.session, _service(uow, subscription_id).billed_customer_id)
    return tuple(
        _issue(uow, found.invoice, found.credits, reason)
        for found in _unused(uow, subscription_id=subscription_id, from_on=from_on, items=items)
    )


def unused_credit_preview(
    snapshot: Snapshot,
    *,
    subscription_id: SubscriptionId,
    from_on: date,
    items: frozenset[str] | None = None,
) -> Money:
    """Return exactly what `credit_unused` would credit, tax included. Raises NotFound."""
    subscription = _service(snapshot, subscription_id)
    require_customer_access(snapshot.actor, CustomerId(subscription.customer_id), Permission.VIEW_INVOICES)
    payer = customer_queries.find_customer(snapshot.session, subscription.billed_customer_id)
    assert payer is not None
    found = _unused(snapshot, subscription_id=subscription_id, from_on=from_on, items=items)
    return Money(sum(total_minor(part.credits) for part in found), payer.currency)


@dataclass(frozen=True, slots=True)
class _Unused:
    """What is unused of one invoice."""

    invoice: Invoice
    credits: tuple[LineCredit, ...]


def _unused(
    snapshot: Snapshot, *, subscription_id: SubscriptionId, from_on: date, items: frozenset[str] | None
) -> list[_Unused]:
    invoices = note_queries.invoices_with_unused(
        snapshot.session, subscription_id=subscription_id, from_on=from_on
    )
    lines = note_queries.credited_lines(snapshot.session, [invoice.id or 0 for invoice in invoices])
    found = []
    for invoice in invoices:
        chosen = [
            _billed_line(row)
            for row in lines.get(invoice.id or 0, ())
            if row.line.subscription_id == subscription_id and _is_among(row.line.item, items)
        ]
        left = invoice.total_minor - invoice.credited_minor
        credits = unused_credits(chosen, from_on=from_on, limit_minor=left)
        if credits:
            found.append(_Unused(invoice, credits))
    return found


def _is_among(item: str, items: frozenset[str] | None) -> bool:
    return items is None or item in items or (item.startswith("discount:") and "price" in items)


def _service(snapshot: Snapshot, subscription_id: SubscriptionId) -> Subscription:
    subscription = subscription_queries.find_subscription(snapshot.session, subscription_id)
    if subscription is None:
        raise NotFound("service")
    return subscription


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise InvalidInput("reason", "Say why this is credited.")
    if len(reason.strip()) > 200:
        raise InvalidInput("reason", "Use at most 200 letters: it stands on the credit note.")


def _creditable(uow: UnitOfWork, invoice_id: InvoiceId, reason: str) -> Invoice:
    _check_reason(reason)
    invoice = _found(uow, invoice_id)
    lock_customer(uow.session, invoice.customer_id)
    return invoice


def _found(snapshot: Snapshot, invoice_id: InvoiceId) -> Invoice:
    require(snapshot.actor, Permission.EDIT_INVOICES)
    invoice = invoice_queries.find_invoice(snapshot.session, invoice_id)
    if invoice is None:
        raise NotFound("invoice")
    if invoice.status not in note_queries.CREDITABLE:
        raise Conflict(f"An invoice that is {invoice.status} takes no credit note.")
    return invoice


def _spread(snapshot: Snapshot, invoice: Invoice, amount: Money) -> tuple[LineCredit, ...]:
    _check_amount(invoice, amount)
    return amount_credits(_billed_lines(snapshot, invoice), amount_minor=amount.minor)


def _chosen(snapshot: Snapshot, invoice: Invoice, amounts: Mapping[int, Money]) -> tuple[LineCredit, ...]:
    for amount in amounts.values():
        if amount.currency != invoice.currency:
            raise InvalidInput("amount", f"This invoice is in {invoice.currency}.")
    try:
        credits = chosen_credits(
            _billed_lines(snapshot, invoice), {line_id: amount.minor for line_id, amount in amounts.items()}
        )
    except ValueError as cause:
        raise AmountOutOfRange("amount", "That is more than is left of a line.") from cause
    _check_amount(invoice, Money(total_minor(credits), invoice.currency))
    return credits


def _preview(invoice: Invoice, credits: Sequence[LineCredit]) -> CreditPreview:
    total = Money(total_minor(credits), invoice.currency)
    still_open = Money(invoice.total_minor - invoice.paid_minor, invoice.currency)
    settles = min(total, still_open)
    tax = Money(sum(credit.tax_minor for credit in credits), invoice.currency)
    return CreditPreview(total, tax, settles, total - settles)


def _check_amount(invoice: Invoice, amount: Money) -> None:
    left = Money(invoice.total_minor - invoice.credited_minor, invoice.currency)
    if amount.currency != invoice.currency:
        raise InvalidInput("amount", f"This invoice is in {invoice.currency}.")
    if not amount.is_positive:
        raise AmountOutOfRange("amount", "The amount must be more than nothing.")
    if amount > left:
        raise AmountOutOfRange("amount", f"No more than {left} is left to credit on this invoice.")


def _billed_lines(snapshot: Snapshot, invoice: Invoice) -> list[BilledLine]:
    assert invoice.id is not None
    rows = note_queries.credited_lines(snapshot.session, [invoice.id])
    return [_billed_line(row) for row in rows.get(invoice.id, ())]


def _billed_line(row: note_queries.CreditedLine) -> BilledLine:
    line = row.line
    assert line.id is not None
    period = None
    if line.period_starts_on is not None and line.period_ends_on is not None:
        period = Period(line.period_starts_on, line.period_ends_on)
    return BilledLine(
        line_id=line.id,
        net_minor=line.amount_minor,
        taxes=tuple(billed for _, billed, _ in row.taxes),
        period=period,
        credited_minor=line.credited_minor,
        credited_taxes=tuple(credited for _, _, credited in row.taxes),
        unused_minor=row.unused_minor,
        unused_tax_minor=row.unused_tax_minor,
    )


def _issue(uow: UnitOfWork, invoice: Invoice, credits: Sequence[LineCredit], reason: str) -> CreditNoteId:
    assert invoice.id is not None
    today = billing_today(uow)
    subtotal = Money(sum(credit.net_minor for credit in credits), invoice.currency)
    tax = Money(sum(credit.tax_minor for credit in credits), invoice.currency)
    total = subtotal + tax
    number = next_invoice_number(uow, prefix=current_terms(uow).credit_note_prefix, issued_on=today)
    note = CreditNote(
        number=number,
        invoice_id=invoice.id,
        customer_id=invoice.customer_id,
        currency=invoice.currency,
        subtotal_minor=subtotal.minor,
        tax_minor=tax.minor,
        total_minor=total.minor,
        reason=reason.strip(),
        issued_on=today,
    )
    uow.session.add(note)
    uow.session.flush()
    assert note.id is not None
    note_id = CreditNoteId(note.id)
    unearned = Money(_write_lines(uow, note_id, invoice, credits), invoice.currency)
    invoice.credited_minor += total.minor
    customer_id = CustomerId(invoice.customer_id)
    post_entry(
        uow,
        kind=EntryKind.CREDIT_NOTE,
        source=EntrySource("credit_note", note_id),
        postings=entries.credit_note(customer_id, subtotal=subtotal, tax=tax, deferred=unearned),
        occurred_at=uow.now,
        memo=f"Credit note {number} on {invoice.number}",
    )
    uow.session.flush()
    record_audit(
        uow,
        action="issue",
        entity="credit_note",
        entity_id=note_id,
        changes={"invoice": invoice.number, "amount_minor": total.minor, "reason": note.reason},
    )
    uow.emit(
        CreditNoteIssued(credit_note_id=note_id, invoice_id=InvoiceId(invoice.id), customer_id=customer_id)
    )
    first = InvoiceId(invoice.id) if invoice.status is InvoiceStatus.OPEN else None
    allocate_open_money(uow, customer_id=customer_id, currency=invoice.currency, first=first)
    return note_id


def _write_lines(
    uow: UnitOfWork, note_id: CreditNoteId, invoice: Invoice, credits: Sequence[LineCredit]
) -> int:
    """Write what is credited of each line, and return how much of it was not earned yet."""
    assert invoice.id is not None
    billed = {row.line.id: row for row in note_queries.credited_lines(uow.session, [invoice.id])[invoice.id]}
    rows = [
        CreditNoteLine(
            credit_note_id=note_id,
            invoice_line_id=credit.line_id,
            description=_describe(billed[credit.line_id].line.description, credit.period),
            amount_minor=credit.net_minor,
            tax_minor=credit.tax_minor,
            period_starts_on=credit.period.starts_on if credit.period else None,
            period_ends_on=credit.period.ends_on if credit.period else None,
        )
        for credit in credits
    ]
    uow.session.add_all(rows)
    uow.session.flush()
    unearned = 0
    for row, credit in zip(rows, credits, strict=True):
        assert row.id is not None
        for (rate_id, _, _), tax_minor in zip(billed[credit.line_id].taxes, credit.taxes, strict=True):
            if tax_minor:
                uow.session.add(CreditNoteLineTax(line_id=row.id, tax_rate_id=rate_id, tax_minor=tax_minor))
        line = billed[credit.line_id].line
        line.credited_minor += credit.gross_minor
        taken = unearned_part(
            line.deferred_minor, earned_minor=line.earned_minor, credited_minor=credit.net_minor
        )
        line.deferred_minor -= taken
        unearned += taken
    uow.session.flush()
    return unearned


def _describe(description: str, period: Period | None) -> str:
    return (f"{description}, {period.days} days unused" if period else description)[:200]
