"""What a proforma says: what a customer would pay to be online again, or for the next period. Nothing is booked."""

from datetime import date, timedelta

from benfex.billing.charges import ChargeLine, due_charges, next_billing_date
from benfex.billing.taxation import tax_lines
from benfex.catalog.taxes import TaxTable
from benfex.core.clock import local_date
from benfex.core.policy import billing_today, current_terms
from benfex.core.unit_of_work import Snapshot
from benfex.documents.letterhead import brand
from benfex.documents.parts import TaxedSum
from benfex.documents.proformas import ProformaDocument, ProformaScope, QuotedLine
from benfex.documents.views import closing_text, customer_of, payer_of
from benfex.documents.wording import say_amount, say_date, say_tax
from benfex.payments.quotes import Quote, quote
from benfex.subscriptions.prepaid import renewal_quotes
from benfex.subscriptions.terms import service_terms
from data.queries import plans as plan_queries
from data.queries import subscriptions as subscription_queries
from data.values.identifiers import CustomerId
from data.values.kinds import ChargeTiming
from data.values.money import Money
from data.values.periods import Period

_AHEAD = timedelta(days=400)  # the longest period that is sold, and a little


def proforma_document(
    snapshot: Snapshot, *, customer_id: CustomerId, scope: ProformaScope
) -> ProformaDocument:
    """Return a quote, without its way to pay. Raises NotFound for a customer the actor may not see."""
    owed = quote(snapshot, customer_id=customer_id)
    customer, today = customer_of(snapshot, customer_id), billing_today(snapshot)
    zero = Money.zero(customer.currency)
    lines = [*_open_invoices(owed), *_prepaid(snapshot, customer_id, customer.currency, scope)]
    taxes: tuple[TaxedSum, ...] = ()
    if scope is ProformaScope.NEXT_PERIOD:
        bills = _next_bills(snapshot, customer_id, customer.currency, today)
        new, taxes = _taxed(snapshot, bills, customer.currency)
        lines += new
    whole = sum((line.amount for line in lines), zero)
    open_sum = sum((line.outstanding for line in owed.invoices), zero)
    credit = owed.credit + max(open_sum - owed.owed, zero)
    to_pay = max(whole - credit, zero)
    return ProformaDocument(
        brand=brand(snapshot),
        customer_id=customer_id,
        payer=payer_of(customer),
        made_on=today,
        lines=tuple(lines),
        taxes=taxes,
        credit=credit,
        to_pay=to_pay,
        closing=closing_text(snapshot, "proforma_footer", customer, {"amount_due": say_amount(to_pay)}),
    )


def _open_invoices(owed: Quote) -> list[QuotedLine]:
    return [
        QuotedLine(
            f"Invoice {line.number}",
            line.outstanding,
            note=f"due {say_date(line.due_on)}" + (", overdue" if line.is_overdue else ""),
        )
        for line in owed.invoices
    ]


def _prepaid(
    snapshot: Snapshot, customer_id: CustomerId, currency: str, scope: ProformaScope
) -> list[QuotedLine]:
    zone = current_terms(snapshot).timezone
    found = []
    for renewal in renewal_quotes(snapshot, customer_id=customer_id):
        is_off = renewal.starts_at <= snapshot.now
        if renewal.price.currency != currency or (scope is ProformaScope.BACK_ONLINE and not is_off):
            continue
        first, end = local_date(renewal.starts_at, zone), local_date(renewal.ends_at, zone)
        period = Period(first, max(end, first + timedelta(days=1)))
        found.append(QuotedLine(renewal.plan_name, renewal.price, period, note="prepaid"))
    return found


def _next_bills(
    snapshot: Snapshot, customer_id: CustomerId, currency: str, today: date
) -> tuple[list[ChargeLine], ...]:
    """Return what services billed in advance are charged next, by day, as the bill run will find it."""
    taxes, fixed = TaxTable(snapshot.session), current_terms(snapshot).fixed_month_days
    services = subscription_queries.due_services(
        snapshot.session, billed_customer_id=customer_id, on=today + _AHEAD
    )
    bills: dict[date, list[ChargeLine]] = {}
    for facts in services:
        if facts.price.timing is not ChargeTiming.ADVANCE or facts.price.currency != currency:
            continue
        on = next_billing_date(service_terms(facts, taxes, on=today, fixed_month_days=fixed))
        if on is not None:
            day = max(on, today)
            terms = service_terms(facts, taxes, on=day, fixed_month_days=fixed)
            bills.setdefault(day, []).extend(due_charges(terms, on=day).lines)
    return tuple(bills[day] for day in sorted(bills))


def _taxed(
    snapshot: Snapshot, bills: tuple[list[ChargeLine], ...], currency: str
) -> tuple[list[QuotedLine], tuple[TaxedSum, ...]]:
    """Return the charges with their tax, and the tax of each rate in them; each bill is rounded by itself."""
    rates = {row.id: row for row in plan_queries.tax_rates(snapshot.session)}
    sums: dict[int, int] = {}
    lines = []
    for bill in bills:
        taxed = tax_lines([(line.amount.minor, line.tax) for line in bill])
        for line, part in zip(bill, taxed, strict=True):
            amount = Money(part.net_minor + part.tax_minor, currency)
            note = f"{line.quantity} × {say_amount(line.unit)}" if line.quantity != 1 else ""
            lines.append(QuotedLine(line.description, amount, line.period, note))
            for tax, minor in zip(line.tax.parts if line.tax else (), part.taxes, strict=True):
                sums[tax.rate_id] = sums.get(tax.rate_id, 0) + minor
    words = {rate_id: say_tax(rates[rate_id].name, rates[rate_id].basis_points) for rate_id in sums}
    return lines, tuple(TaxedSum(words[key], Money(minor, currency)) for key, minor in sums.items())
