"""Plans as screens show them, and what can be sold now. Acts are in `plans`."""

from dataclasses import dataclass
from datetime import datetime

from benfex.catalog.plans import ALL_COUNTS, DataTerms, PriceTerms, data_terms_of
from benfex.catalog.taxes import TaxChoice, TaxTable
from benfex.core.actors import require
from benfex.core.policy import billing_today, current_terms
from benfex.core.unit_of_work import Snapshot
from data.queries import plans_listing as listing
from data.values.identifiers import PlanId, PlanPriceId
from data.values.kinds import AccessMethod, BillingMode, CapAction, Interval, TaxBehavior
from data.values.money import Money
from data.values.roles import Permission


@dataclass(frozen=True, slots=True)
class PriceView:
    """One price; the tax in basis points is None where none is charged."""

    plan_price_id: PlanPriceId
    amount: Money
    setup_fee: Money
    interval: Interval
    interval_count: int
    billing_mode: BillingMode
    tax_code: str | None
    tax_name: str | None
    tax_basis_points: int | None
    tax_behavior: TaxBehavior
    terms: PriceTerms
    since: datetime


@dataclass(frozen=True, slots=True)
class PlanView:
    """One plan with the prices it is sold at, newest first, and how many services run on it."""

    plan_id: PlanId
    code: str
    name: str
    download_bps: int
    upload_bps: int
    data_cap_bytes: int | None
    cap_action: CapAction
    throttled_bps: int | None
    is_archived: bool
    services: int
    prices: tuple[PriceView, ...]
    access_method: AccessMethod = AccessMethod.PPPOE
    data_terms: DataTerms = ALL_COUNTS


@dataclass(frozen=True, slots=True)
class Catalog:
    """All plans, those on sale first, and the taxes a price may carry."""

    plans: tuple[PlanView, ...]
    taxes: tuple[TaxChoice, ...]
    currency: str
    timezone: str


def catalog(snapshot: Snapshot) -> Catalog:
    """Return everything we sell, with prices in force."""
    require(snapshot.actor, Permission.VIEW_PLANS)
    taxes, today = TaxTable(snapshot.session), billing_today(snapshot)
    prices: dict[int, list[PriceView]] = {}
    for row in listing.prices_in_list(snapshot.session, at=snapshot.now, past=False):
        prices.setdefault(row.plan_id, []).append(_price(row, taxes.choice(row.tax_group_id, on=today)))
    counts = listing.services_per_plan(snapshot.session)
    plans = tuple(
        PlanView(
            plan_id=PlanId(row.id),
            code=row.code,
            name=row.name,
            download_bps=row.download_bps,
            upload_bps=row.upload_bps,
            data_cap_bytes=row.data_cap_bytes,
            cap_action=row.cap_action,
            throttled_bps=row.throttled_bps,
            is_archived=row.archived_at is not None,
            services=counts.get(row.id, 0),
            prices=tuple(prices.get(row.id, ())),
            access_method=row.access_method,
            data_terms=data_terms_of(row),
        )
        for row in listing.plans_in_list(snapshot.session)
    )
    terms = current_terms(snapshot)
    return Catalog(plans, taxes.choices(on=today), terms.currency, terms.timezone)


def _price(row: listing.PriceRow, tax: TaxChoice | None) -> PriceView:
    return PriceView(
        plan_price_id=PlanPriceId(row.id),
        amount=Money(row.amount_minor, row.currency),
        setup_fee=Money(row.setup_fee_minor, row.currency),
        interval=row.interval,
        interval_count=row.interval_count,
        billing_mode=row.billing_mode,
        tax_code=tax.code if tax else None,
        tax_name=tax.name if tax else None,
        tax_basis_points=tax.basis_points if tax else None,
        tax_behavior=row.tax_behavior,
        terms=PriceTerms(
            timing=row.timing,
            trial_days=row.trial_days,
            minimum_term_months=row.minimum_term_months,
            early_termination_fee=Money(row.early_termination_fee_minor, row.currency),
            overage=Money(row.overage_minor, row.currency) if row.overage_minor is not None else None,
        ),
        since=row.valid_from,
    )
