"""How tax falls on the lines of an invoice, and how days are given back. It shares no code with the engine."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from tests.oracle.terms import DAY, PRICE, CreditNote, Invoice, Line, Service, Tax, factors, half_up, hand_out


def put_tax(lines: Sequence[Line], day: date) -> None:
    """Work out each tax once for the invoice, and hand it to the lines."""
    exact: dict[str, list[tuple[Line, Fraction]]] = {}
    for line in lines:
        shares = factors(line.taxes, day)
        whole = 1 + sum(shares.values(), Fraction(0)) if line.has_tax_inside else Fraction(1)
        for code, share in shares.items():
            exact.setdefault(code, []).append((line, line.priced * share / whole))
    for code, parts in exact.items():
        total = half_up(sum((part for _, part in parts), Fraction(0)))
        handed = hand_out(total, [part for _, part in parts])
        for (line, _), tax in zip(parts, handed, strict=True):
            line.tax[code] = tax


def give_back(
    day: date, lines: Sequence[Line], invoices: Sequence[Invoice], items: set[str] | None = None
) -> list[CreditNote]:
    """Give back the days from the day on: a credit note for each invoice that billed them, never beyond its total."""
    gross, tax = Counter[int](), Counter[int]()
    for line in lines:
        kind = PRICE if line.item.startswith("discount:") else line.item
        unused = {one for one in line.days if one >= day}
        if not unused or (items is not None and kind not in items):
            continue
        assert line.starts_on is not None
        assert line.ends_on is not None
        share = Fraction(len(unused), (line.ends_on - line.starts_on).days)
        part, left = half_up(line.gross * share), line.gross - line.credited
        part = min(part, left) if left >= 0 else max(part, left)
        line.credited += part
        line.days -= unused
        gross[line.invoice] += part
        tax[line.invoice] += half_up(line.tax_sum * share)
    notes = []
    for number in sorted(gross):
        invoice = invoices[number]
        total = min(gross[number], invoice.total - invoice.credited)
        if total > 0:
            invoice.credited += total
            notes.append(CreditNote(day, number, total, tax[number]))
    return notes


def days_line(
    service: Service,
    item: str,
    period: tuple[date, date],
    amount: int,
    taxes: tuple[Tax, ...],
    has_tax_inside: bool,
) -> Line:
    """Return a charge for the days of a period, all of them marked."""
    start, end = period
    days = {start + number * DAY for number in range((end - start).days)}
    return Line(service.number, item, start, end, amount, taxes, has_tax_inside, days=days)
