"""What a price charges for a period."""

from datetime import date

from benfex.billing.charges import PriceTerms, recurring_charge, setup_charge
from data.values.identifiers import PlanPriceId, SubscriptionId
from data.values.kinds import LineKind
from data.values.money import Money
from data.values.periods import Period

SUBSCRIPTION = SubscriptionId(7)
NOVEMBER = Period(date(2026, 11, 23), date(2026, 12, 23))


def price(setup_minor: int = 0) -> PriceTerms:
    return PriceTerms(PlanPriceId(3), "Home 10", Money(150_000, "KES"), Money(setup_minor, "KES"), None)


def test_a_period_is_charged_at_the_price() -> None:
    line = recurring_charge(price(), subscription_id=SUBSCRIPTION, period=NOVEMBER)
    assert (line.kind, line.amount, line.period) == (LineKind.RECURRING, Money(150_000, "KES"), NOVEMBER)


def test_the_billing_key_names_the_subscription_and_the_start_of_the_period() -> None:
    line = recurring_charge(price(), subscription_id=SUBSCRIPTION, period=NOVEMBER)
    assert line.billing_key == "7:price:2026-11-23"


def test_a_setup_fee_is_charged_once() -> None:
    line = setup_charge(price(50_000), subscription_id=SUBSCRIPTION)
    assert line is not None
    assert (line.amount, line.billing_key) == (Money(50_000, "KES"), "7:setup:once")


def test_no_setup_fee_makes_no_line() -> None:
    assert setup_charge(price(), subscription_id=SUBSCRIPTION) is None
