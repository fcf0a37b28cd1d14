"""What lines come to with their taxes, and an invoice as it would be issued. Pure; `invoicing` writes it.

Thousands of customers have the same plan and the same days, so what their lines come to is worked out once, in
`PricedLines`, and whose they are is said apart, by a `LineName` for each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from benfex.billing.charges import ChargeLine, LineName
from benfex.billing.deferral import deferred_part
from benfex.billing.taxation import tax_lines
from data.values.errors import CurrencyMismatch, InvalidInput
from data.values.identifiers import CustomerId, TaxRateId
from data.values.kinds import LineKind
from data.values.money import Money


class TaxShare(NamedTuple):
    """The tax of one rate on a line."""

    rate_id: TaxRateId
    minor: int


class PricedLine(NamedTuple):
    """A line with its taxes. The period is None for what has no days; amounts are minor units.

    `deferrable_minor` is what of the net amount is for days from the invoice date on.
    """

    kind: LineKind
    description: str
    quantity: int
    unit_minor: int
    net_minor: int
    tax_minor: int
    starts_on: date | None
    ends_on: date | None
    deferrable_minor: int
    taxes: tuple[TaxShare, ...]


@dataclass(frozen=True, slots=True)
class PricedLines:
    """Lines in one currency with their taxes, and what they come to on an invoice of their own."""

    lines: tuple[PricedLine, ...]
    currency: str
    subtotal: Money
    tax: Money
    total: Money
    deferrable: Money


@dataclass(frozen=True, slots=True)
class PricedInvoice:
    """What would be invoiced, to the cent: to whom, when, and by which run, None by no run.

    `names` say line by line whose they are.
    """

    customer_id: CustomerId
    issued_on: date
    bill_run_id: int | None
    priced: PricedLines
    names: tuple[LineName, ...]


def price_lines(lines: Sequence[ChargeLine], *, issued_on: date) -> PricedLines:
    """Return lines with their taxes; nothing is written.

    Raises InvalidInput when there are no lines or when they come to less than nothing: an invoice is no credit
    note, so discounts end at nothing, and who wants to give more back issues a credit note. Raises
    CurrencyMismatch for lines in two currencies.
    """
    if not lines:
        raise InvalidInput("lines", "An invoice needs at least one line.")
    currency = lines[0].unit.currency
    for line in lines:
        if line.unit.currency != currency:
            raise CurrencyMismatch(currency, line.unit.currency)
    taxed = tax_lines([(line.unit.minor * line.quantity, line.tax) for line in lines])
    found = []
    for line, part in zip(lines, taxed, strict=True):
        rates = line.tax.parts if line.tax else ()
        found.append(
            PricedLine(
                kind=line.kind,
                description=line.description[:200],
                quantity=line.quantity,
                unit_minor=line.unit.minor,
                net_minor=part.net_minor,
                tax_minor=part.tax_minor,
                starts_on=line.period.starts_on if line.period else None,
                ends_on=line.period.ends_on if line.period else None,
                deferrable_minor=deferred_part(part.net_minor, period=line.period, issued_on=issued_on),
                taxes=tuple(
                    TaxShare(rate.rate_id, minor) for rate, minor in zip(rates, part.taxes, strict=True)
                ),
            )
        )
    subtotal = Money(sum(line.net_minor for line in found), currency)
    tax = Money(sum(line.tax_minor for line in found), currency)
    total = subtotal + tax
    if total.is_negative:
        raise InvalidInput("lines", "The lines come to less than nothing. Give a credit note instead.")
    # An invoice over nothing is not posted, so nothing of it can be earned later.
    deferrable = Money(sum(line.deferrable_minor for line in found) if total.minor else 0, currency)
    return PricedLines(tuple(found), currency, subtotal, tax, total, deferrable)


def price_invoice(
    *, customer_id: CustomerId, lines: Sequence[ChargeLine], issued_on: date, bill_run_id: int | None = None
) -> PricedInvoice:
    """Return an invoice for these lines. Raises as `price_lines`."""
    names = tuple([line.name for line in lines])
    return PricedInvoice(customer_id, issued_on, bill_run_id, price_lines(lines, issued_on=issued_on), names)
