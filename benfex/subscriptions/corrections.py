"""Correct what was billed, as staff do it: credit, void, void and bill again. Services follow at once.

What a credit note takes back is said in `billing/crediting`; the bill run bills what was rolled back here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from benfex.billing.charges import charge_key
from benfex.billing.crediting import credit_lines, credit_unused, issue_credit_note
from benfex.billing.invoicing import void_invoice
from benfex.core.actors import require
from benfex.core.unit_of_work import UnitOfWork
from benfex.subscriptions.renewal import refresh_service
from benfex.subscriptions.restoration import lift_non_payment
from data.locks import lock_customer
from data.models.invoice import InvoiceLine
from data.models.subscription import Subscription
from data.queries import invoices as invoice_queries
from data.queries import subscriptions as subscription_queries
from data.queries.subscriptions import ServiceFacts
from data.values.errors import Conflict, NotFound
from data.values.identifiers import CreditNoteId, CustomerId, InvoiceId, SubscriptionId
from data.values.money import Money
from data.values.periods import Period, cycle_ending
from data.values.roles import Permission
from data.values.states import SubscriptionStatus


def credit_invoice(uow: UnitOfWork, *, invoice_id: InvoiceId, amount: Money, reason: str) -> CreditNoteId:
    """Credit an amount of an invoice and give back what its debt took. Raises as `issue_credit_note`."""
    note_id = issue_credit_note(uow, invoice_id=invoice_id, amount=amount, reason=reason)
    lift_non_payment(uow, customer_id=_payer_of(uow, invoice_id))
    return note_id


def credit_invoice_lines(
    uow: UnitOfWork, *, invoice_id: InvoiceId, amounts: Mapping[int, Money], reason: str
) -> CreditNoteId:
    """Credit lines of an invoice and give back what its debt took. Raises as `credit_lines`."""
    note_id = credit_lines(uow, invoice_id=invoice_id, amounts=amounts, reason=reason)
    lift_non_payment(uow, customer_id=_payer_of(uow, invoice_id))
    return note_id


def credit_unused_days(
    uow: UnitOfWork, *, subscription_id: SubscriptionId, from_on: date, reason: str
) -> tuple[CreditNoteId, ...]:
    """Credit the billed days of a service from a date on and give back what its debt took.

    Raises as `credit_unused`.
    """
    note_ids = credit_unused(uow, subscription_id=subscription_id, from_on=from_on, reason=reason)
    subscription = subscription_queries.find_subscription(uow.session, subscription_id)
    assert subscription is not None
    lift_non_payment(uow, customer_id=CustomerId(subscription.billed_customer_id))
    return note_ids


def cancel_invoice(
    uow: UnitOfWork, *, invoice_id: InvoiceId, reason: str, bill_again: bool = False
) -> tuple[SubscriptionId, ...]:
    """Void an invoice nobody paid on and give back what its debt took; return the services billed anew.

    With `bill_again` the periods it charged are due again, and the next bill run bills them; what is charged
    once is not. Raises as `void_invoice`, and Conflict when later periods or a change stand in the way.
    """
    require(uow.actor, Permission.EDIT_INVOICES)
    payer_id = _payer_of(uow, invoice_id)
    lock_customer(uow.session, payer_id)
    charged = _charged_periods(uow, invoice_id) if bill_again else {}
    void_invoice(uow, invoice_id=invoice_id, reason=reason)
    for subscription_id, items in charged.items():
        _roll_back(uow, subscription_id, items)
    uow.session.flush()
    lift_non_payment(uow, customer_id=payer_id)
    return tuple(charged)


@dataclass(frozen=True, slots=True)
class _Charged:
    """What an invoice charged of one item: its periods, oldest first, and the claims it holds on them."""

    periods: tuple[Period, ...]
    keys: frozenset[str]

    @property
    def starts_on(self) -> date:
        return self.periods[0].starts_on

    @property
    def ends_on(self) -> date:
        return self.periods[-1].ends_on


def _charged_periods(uow: UnitOfWork, invoice_id: InvoiceId) -> dict[SubscriptionId, dict[str, _Charged]]:
    keys: dict[int, set[str]] = {}
    for charge in invoice_queries.charges_of_invoice(uow.session, invoice_id):
        keys.setdefault(charge.line_id, set()).add(charge.billing_key)
    found: dict[SubscriptionId, dict[str, list[InvoiceLine]]] = {}
    for line in invoice_queries.lines_of(uow.session, invoice_id):
        if line.subscription_id is not None and line.period_starts_on is not None and line.id in keys:
            items = found.setdefault(SubscriptionId(line.subscription_id), {})
            items.setdefault(line.item, []).append(line)
    return {
        subscription_id: {
            item: _Charged(
                tuple(
                    sorted(
                        Period(line.period_starts_on, line.period_ends_on)
                        for line in lines
                        if line.period_starts_on is not None and line.period_ends_on is not None
                    )
                ),
                frozenset(key for line in lines for key in keys[line.id or 0]),
            )
            for item, lines in items.items()
        }
        for subscription_id, items in found.items()
    }


def _roll_back(uow: UnitOfWork, subscription_id: SubscriptionId, items: Mapping[str, _Charged]) -> None:
    facts = subscription_queries.service_facts(uow.session, subscription_id)
    if facts is None:
        raise NotFound("service")
    subscription = facts.subscription
    if subscription.status in (SubscriptionStatus.ENDED, SubscriptionStatus.PAUSED):
        raise Conflict(f"A service on this invoice is {subscription.status}, so it cannot be billed again.")
    for item, charged in items.items():
        key = charge_key(subscription_id, item, subscription.segment, charged.starts_on)
        if key not in charged.keys:
            raise Conflict("A service on this invoice was changed since, so it cannot be billed again.")
    price = items.get("price")
    if price is not None:
        _require_last(price, subscription.charged_through_on)
        subscription.charged_through_on = price.starts_on
        _reopen_period(facts, price.periods[0])
    _reopen_used(subscription, items.get("usage"))
    for row in facts.add_ons:
        add_on = items.get(f"addon:{row.id}")
        if add_on is not None:
            _require_last(add_on, row.charged_through_on)
            row.charged_through_on = add_on.starts_on
    subscription.version += 1
    refresh_service(uow, subscription_id=subscription_id)


def _require_last(charged: _Charged, charged_through_on: date) -> None:
    if charged.ends_on != charged_through_on:
        raise Conflict("Later periods are billed already. Void those invoices first.")


def _reopen_period(facts: ServiceFacts, first: Period) -> None:
    """Make the first period that is due again the running one, as it was when it was billed."""
    subscription, price = facts.subscription, facts.price
    if first.ends_on == subscription.ends_on:  # a part that ends with the service tells no boundary
        return
    cycle = cycle_ending(first.ends_on, price.interval, price.interval_count, subscription.anchor_day)
    subscription.period_starts_on, subscription.period_ends_on = cycle.starts_on, cycle.ends_on


def _reopen_used(subscription: Subscription, used: _Charged | None) -> None:
    """Make the period the running one whose traffic was charged, when that lies before those billed again."""
    if used is not None and used.starts_on < subscription.period_starts_on:
        subscription.period_starts_on, subscription.period_ends_on = (
            used.starts_on,
            used.periods[0].ends_on,
        )


def _payer_of(uow: UnitOfWork, invoice_id: InvoiceId) -> CustomerId:
    invoice = invoice_queries.find_invoice(uow.session, invoice_id)
    if invoice is None:
        raise NotFound("invoice")
    return CustomerId(invoice.customer_id)
