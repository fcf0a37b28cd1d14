"""Spread money over open invoices: oldest due first, what is left stays the customer's credit. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from data.values.identifiers import InvoiceId
from data.values.money import Money


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """An invoice that can take money, and how much it still lacks."""

    invoice_id: InvoiceId
    outstanding: Money


@dataclass(frozen=True, slots=True)
class AllocatedPart:
    """What one invoice gets."""

    invoice_id: InvoiceId
    amount: Money


@dataclass(frozen=True, slots=True)
class Allocation:
    """The parts, in the order of the invoices, and the rest that no invoice takes."""

    parts: tuple[AllocatedPart, ...]
    rest: Money


def allocate(amount: Money, open_invoices: Sequence[OpenInvoice]) -> Allocation:
    """Return how `amount` pays the invoices, which come oldest due first.

    No invoice gets more than it lacks; parts and rest add up to the amount. Raises CurrencyMismatch.
    """
    rest = amount
    parts: list[AllocatedPart] = []
    for invoice in open_invoices:
        if not rest.is_positive:
            break
        part = min(rest, invoice.outstanding)
        if part.is_positive:
            parts.append(AllocatedPart(invoice.invoice_id, part))
            rest = rest - part
    return Allocation(tuple(parts), rest)
