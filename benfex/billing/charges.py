"""What a plan's price charges for a period, as lines before tax is split off. Pure."""

from dataclasses import dataclass

from benfex.billing.taxation import TaxTerms
from data.values.identifiers import PlanPriceId, SubscriptionId
from data.values.kinds import LineKind
from data.values.money import Money
from data.values.periods import Period


@dataclass(frozen=True, slots=True)
class ChargeLine:
    """One charge as priced. `billing_key` names it for ever, so that it can be billed once only."""

    kind: LineKind
    description: str
    unit: Money
    quantity: int = 1
    tax: TaxTerms | None = None
    subscription_id: SubscriptionId | None = None
    period: Period | None = None
    billing_key: str | None = None

    @property
    def amount(self) -> Money:
        """Return the price of all units."""
        return self.unit.times(self.quantity)


@dataclass(frozen=True, slots=True)
class PriceTerms:
    """What of a plan's price matters to a bill."""

    plan_price_id: PlanPriceId
    plan_name: str
    amount: Money
    setup_fee: Money
    tax: TaxTerms | None


def recurring_charge(price: PriceTerms, *, subscription_id: SubscriptionId, period: Period) -> ChargeLine:
    """Return the charge for one whole period."""
    return ChargeLine(
        kind=LineKind.RECURRING,
        description=price.plan_name,
        unit=price.amount,
        tax=price.tax,
        subscription_id=subscription_id,
        period=period,
        billing_key=f"{subscription_id}:price:{period.starts_on.isoformat()}",
    )


def setup_charge(price: PriceTerms, *, subscription_id: SubscriptionId) -> ChargeLine | None:
    """Return the one-time charge of a new service, or None when there is none."""
    if price.setup_fee.is_zero:
        return None
    return ChargeLine(
        kind=LineKind.SETUP,
        description=f"Installation, {price.plan_name}",
        unit=price.setup_fee,
        tax=price.tax,
        subscription_id=subscription_id,
        billing_key=f"{subscription_id}:setup:once",
    )
