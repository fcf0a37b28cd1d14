"""Prepaid services: money opens a period, and when its time is over, access ends to the second.

No invoice stands open ahead: the paid invoice is issued for the period that the money opens. How long money
lasts is said in `billing/prepaid`; the money itself comes in through `payments/settlement`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from benfex.billing.charges import ChargeLine, once_key, setup_charge
from benfex.billing.invoicing import issue_invoice
from benfex.billing.prepaid import BoughtTime, part_period, whole_period
from benfex.billing.taxation import tax_lines
from benfex.catalog.taxes import TaxTable
from benfex.core.actors import require, require_customer_access
from benfex.core.audit import record_audit
from benfex.core.clock import local_date
from benfex.core.policy import current_terms
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.subscriptions.lifecycle import open_access, suspend_subscription
from data.locks import lock_customer
from data.models.subscription import Subscription
from data.queries import invoices as invoice_queries
from data.queries import ledger as ledger_queries
from data.queries import refunds as refund_queries
from data.queries import subscriptions as subscription_queries
from data.queries.subscriptions import ServiceFacts
from data.values.errors import Conflict, NotFound
from data.values.identifiers import ConnectionId, CustomerId, InvoiceId, SubscriptionId
from data.values.kinds import BillingMode, LineKind, SuspensionReason
from data.values.money import Money
from data.values.periods import Period
from data.values.roles import Permission
from data.values.states import SubscriptionStatus
from data.values.terms import BillingTerms

_OPEN = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE)
_LIFTED_BY_TIME = (None, SuspensionReason.EXPIRED, SuspensionReason.DATA_CAP)
_KEPT_BY_STAFF = (SuspensionReason.STAFF, SuspensionReason.ABUSE)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_ROUNDINGS_MAX = 8  # more than the taxes of a price and a setup fee can be off by together
_RENEWABLE = (*_OPEN, SubscriptionStatus.PENDING, SubscriptionStatus.SUSPENDED)


@dataclass(frozen=True, slots=True)
class Renewal:
    """What was bought: the paid invoice, until when the service is open now, and the line that comes back."""

    subscription_id: SubscriptionId
    invoice_id: InvoiceId
    access_until_at: datetime
    is_whole: bool
    restored_connection_id: ConnectionId | None


@dataclass(frozen=True, slots=True)
class RenewalQuote:
    """What a whole period costs now, tax and a first setup fee included, and until when it would last.

    `missing` is what the credit lacks; `access_until_at` is None before the first money. It is off until paid.
    """

    subscription_id: SubscriptionId
    plan_name: str
    price: Money
    missing: Money
    starts_at: datetime
    ends_at: datetime
    access_until_at: datetime | None
    is_off: bool


def renewal_quotes(snapshot: Snapshot, *, customer_id: CustomerId) -> tuple[RenewalQuote, ...]:
    """Return what each prepaid service of a customer costs to renew; `missing` is what their credit lacks.

    One that staff suspended is left out: money does not bring it back.
    Raises NotFound for a customer the actor may not see.
    """
    require_customer_access(snapshot.actor, customer_id, Permission.VIEW_SUBSCRIPTIONS)
    terms = current_terms(snapshot)
    found = []
    for facts in subscription_queries.prepaid_services(snapshot.session, billed_customer_id=customer_id):
        if facts.subscription.suspension_reason in _KEPT_BY_STAFF:
            continue
        assert facts.subscription.id is not None
        whole = _whole(snapshot, facts, terms)
        price = _gross(snapshot, facts, whole, terms)
        credit = _credit(snapshot, facts)
        found.append(
            RenewalQuote(
                subscription_id=SubscriptionId(facts.subscription.id),
                plan_name=facts.plan.name,
                price=price,
                missing=max(price - credit, Money.zero(price.currency)),
                starts_at=whole.starts_at,
                ends_at=whole.ends_at,
                access_until_at=facts.subscription.access_until_at,
                is_off=facts.subscription.status not in _OPEN,
            )
        )
    return tuple(found)


def renew_subscription(uow: UnitOfWork, *, subscription_id: SubscriptionId) -> Renewal:
    """Buy the next period from the customer's credit: on top of what is left, or from now when it is over.

    Raises NotFound, Conflict when the credit does not reach or the service cannot be renewed.
    """
    facts = subscription_queries.service_facts(uow.session, subscription_id)
    if facts is None or facts.price.billing_mode is not BillingMode.PREPAID:
        raise NotFound("prepaid service")
    require_customer_access(
        uow.actor, CustomerId(facts.subscription.billed_customer_id), Permission.RECORD_PAYMENTS
    )
    lock_customer(uow.session, facts.subscription.billed_customer_id)
    reason = facts.subscription.suspension_reason
    if reason not in _LIFTED_BY_TIME:
        raise Conflict("This service was suspended by staff, and only staff can resume it.")
    if facts.subscription.status not in _RENEWABLE:
        raise Conflict("This service cannot be renewed: it is paused or has ended.")
    renewal = _renew(uow, facts, may_be_part=False)
    if renewal is None:
        missing = _gross(uow, facts, _whole(uow, facts, current_terms(uow)), current_terms(uow))
        raise Conflict(f"The balance does not reach: a period costs {missing}.")
    return renewal


def renew_from_money(
    uow: UnitOfWork, *, customer_id: CustomerId, first_of: CustomerId | None = None
) -> tuple[Renewal, ...]:
    """Open a period of each prepaid service that money which just came can pay, off ones first, then what ends first.

    `first_of` is a customer whose services come before those of others for whom `customer_id` pays. A short
    payment buys hours in proportion where the policy allows it and the service is off.
    """
    renewals = []
    services = subscription_queries.prepaid_services(uow.session, billed_customer_id=customer_id)
    services.sort(key=_need)
    if first_of is not None:
        services.sort(key=lambda found: found.subscription.customer_id != first_of)
    for facts in services:
        if facts.subscription.suspension_reason in _LIFTED_BY_TIME:
            is_off = facts.subscription.status not in _OPEN
            renewal = _renew(uow, facts, may_be_part=is_off)
            renewals += [renewal] if renewal else []
    return tuple(renewals)


def _need(facts: ServiceFacts) -> tuple[bool, datetime]:
    """Return what sorts services by how soon they need money; those that are off stay in their order."""
    is_open, until = facts.subscription.status in _OPEN, facts.subscription.access_until_at
    return is_open, until if is_open and until is not None else _LONG_AGO


def services_over(snapshot: Snapshot, *, limit: int = 200) -> tuple[SubscriptionId, ...]:
    """Return prepaid services whose time, with the policy's grace, is over; longest ago first."""
    require(snapshot.actor, Permission.RUN_BILLING)
    grace = timedelta(hours=current_terms(snapshot).prepaid_grace_hours)
    found = subscription_queries.access_over(snapshot.session, before=snapshot.now - grace, limit=limit)
    return tuple(SubscriptionId(row) for row in found)


def expire_subscription(uow: UnitOfWork, *, subscription_id: SubscriptionId) -> Renewal | None:
    """End the access of a prepaid service whose time is over, or renew it from the customer's balance.

    The renewal continues where the old period ended, so nobody loses or gains a second. It needs a plan that is
    still sold. Does nothing when the service was renewed meanwhile.
    """
    require(uow.actor, Permission.RUN_BILLING)
    facts = subscription_queries.service_facts(uow.session, subscription_id)
    if facts is None:
        raise NotFound("service")
    subscription = facts.subscription
    lock_customer(uow.session, subscription.billed_customer_id)
    grace = timedelta(hours=current_terms(uow).prepaid_grace_hours)
    until = subscription.access_until_at
    if subscription.status not in _OPEN or until is None or until + grace > uow.now:
        return None
    if subscription.renews_from_balance and facts.plan.archived_at is None:
        renewal = _renew(uow, facts, may_be_part=False, starts_at=until)
        if renewal is not None:
            return renewal
    suspend_subscription(
        uow, subscription_id=subscription_id, reason=SuspensionReason.EXPIRED, note="the paid time is over"
    )
    return None


def _renew(
    uow: UnitOfWork, facts: ServiceFacts, *, may_be_part: bool, starts_at: datetime | None = None
) -> Renewal | None:
    subscription, terms = facts.subscription, current_terms(uow)
    assert subscription.id is not None
    subscription_id = SubscriptionId(subscription.id)
    credit = _credit(uow, facts)
    bought: BoughtTime | None = _whole(uow, facts, terms, starts_at=starts_at)
    assert bought is not None
    if credit < _gross(uow, facts, bought, terms):
        if not (may_be_part and terms.pays_part_periods):
            return None
        bought = _affordable(uow, facts, bought, credit, terms)
        if bought is None:
            return None
    today = local_date(uow.now, terms.timezone)
    invoice_id = issue_invoice(
        uow,
        customer_id=CustomerId(subscription.billed_customer_id),
        lines=_lines(uow, facts, bought, terms),
        issued_on=today,
    )
    _open_until(subscription, bought, terms, now=uow.now)
    connection_id = open_access(uow, subscription_id=subscription_id, note="paid ahead")
    record_audit(
        uow,
        action="renew",
        entity="subscription",
        entity_id=subscription_id,
        changes={"until": bought.ends_at.isoformat(), "hours": bought.hours},
    )
    return Renewal(subscription_id, invoice_id, bought.ends_at, bought.is_whole, connection_id)


def _whole(
    snapshot: Snapshot, facts: ServiceFacts, terms: BillingTerms, *, starts_at: datetime | None = None
) -> BoughtTime:
    subscription, price = facts.subscription, facts.price
    until = subscription.access_until_at
    if starts_at is None:
        is_open = subscription.status in _OPEN and until is not None and until > snapshot.now
        starts_at = until if is_open and until is not None else snapshot.now.replace(microsecond=0)
    own_day = local_date(starts_at, terms.timezone).day
    agreed = subscription.agreed_price_minor
    return whole_period(
        starts_at,
        price_minor=price.amount_minor if agreed is None else agreed,
        interval=price.interval,
        count=price.interval_count,
        anchor_day=subscription.anchor_day if starts_at == until else own_day,
        timezone=terms.timezone,
    )


def _affordable(
    snapshot: Snapshot, facts: ServiceFacts, whole: BoughtTime, credit: Money, terms: BillingTerms
) -> BoughtTime | None:
    """Return the most whole hours whose price, with tax and a first setup fee, the credit covers."""
    full = _gross(snapshot, facts, whole, terms).minor
    setup = _setup(snapshot, facts, terms)
    fee = 0
    if setup is not None:
        (taxed,) = tax_lines([(setup.amount.minor, setup.tax)])
        fee = taxed.net_minor + taxed.tax_minor
    if full <= fee:
        return None
    # In what is charged with tax on top, the money for hours is that much less. Each tax is rounded by itself, so
    # that the sum may come out a little lower or higher: the most is tried first.
    money = -(-(credit.minor - fee) * whole.amount_minor // (full - fee)) + _ROUNDINGS_MAX // 2
    for less in range(_ROUNDINGS_MAX):
        bought = part_period(whole, money_minor=money - less, hours_min=terms.part_hours_min)
        if bought is None or (not bought.is_whole and credit >= _gross(snapshot, facts, bought, terms)):
            return bought
    return None


def _lines(
    snapshot: Snapshot, facts: ServiceFacts, bought: BoughtTime, terms: BillingTerms
) -> list[ChargeLine]:
    subscription, price = facts.subscription, facts.price
    assert subscription.id is not None
    subscription_id = SubscriptionId(subscription.id)
    today = local_date(snapshot.now, terms.timezone)
    name = (
        facts.plan.name if bought.is_whole else f"{facts.plan.name}, {bought.hours}/{bought.of_hours} hours"
    )
    starts_on = local_date(bought.starts_at, terms.timezone)
    ends_on = max(local_date(bought.ends_at, terms.timezone), starts_on + timedelta(days=1))
    line = ChargeLine(
        kind=LineKind.RECURRING if bought.is_whole else LineKind.PRORATION,
        description=name,
        unit=Money(bought.amount_minor, price.currency),
        tax=TaxTable(snapshot.session).terms(price.tax_group_id, price.tax_behavior, on=today),
        subscription_id=subscription_id,
        period=Period(starts_on, ends_on),
        billing_key=f"{subscription_id}:price.{subscription.segment}:{bought.starts_at.isoformat()}",
        item="price",
    )
    setup = _setup(snapshot, facts, terms)
    return [line, setup] if setup else [line]


def _setup(snapshot: Snapshot, facts: ServiceFacts, terms: BillingTerms) -> ChargeLine | None:
    """Return the setup fee while it was never billed; prepaid it comes with the first period."""
    assert facts.subscription.id is not None
    subscription_id = SubscriptionId(facts.subscription.id)
    if facts.price.setup_fee_minor == 0:
        return None
    if invoice_queries.billed_keys(snapshot.session, [once_key(subscription_id, "setup")]):
        return None
    today = local_date(snapshot.now, terms.timezone)
    return setup_charge(
        subscription_id=subscription_id,
        plan_name=facts.plan.name,
        fee=Money(facts.price.setup_fee_minor, facts.price.currency),
        tax=TaxTable(snapshot.session).terms(facts.price.tax_group_id, facts.price.tax_behavior, on=today),
    )


def _gross(snapshot: Snapshot, facts: ServiceFacts, bought: BoughtTime, terms: BillingTerms) -> Money:
    taxed = tax_lines([(line.amount.minor, line.tax) for line in _lines(snapshot, facts, bought, terms)])
    return Money(sum(line.net_minor + line.tax_minor for line in taxed), facts.price.currency)


def _credit(snapshot: Snapshot, facts: ServiceFacts) -> Money:
    """Return the payer's money with us that no open invoice takes and that is not to go back."""
    payer_id, currency = facts.subscription.billed_customer_id, facts.price.currency
    balance = ledger_queries.receivable_balance(snapshot.session, customer_id=payer_id, currency=currency)
    aside = refund_queries.set_aside_minor(snapshot.session, customer_id=payer_id, currency=currency)
    return Money(max(-balance - aside, 0), currency)


def _open_until(
    subscription: Subscription, bought: BoughtTime, terms: BillingTerms, *, now: datetime
) -> None:
    begun: tuple[datetime, ...] = ()
    if subscription.access_until_at != bought.starts_at:  # it starts anew, so months count from its own day
        subscription.anchor_day = local_date(bought.starts_at, terms.timezone).day
    else:
        starts = subscription.bought_from
        begun = (*[at for at in starts if at <= now][-1:], *[at for at in starts if at > now])
    subscription.bought_from = (*begun, bought.starts_at)
    subscription.access_until_at = bought.ends_at
    subscription.period_starts_on = local_date(bought.starts_at, terms.timezone)
    subscription.period_ends_on = local_date(bought.ends_at, terms.timezone)
    subscription.charged_through_on = subscription.period_ends_on
    subscription.version += 1
