"""Random histories of a customer: what is sold, and what happens on which day. Plain values, told by a seed."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from random import Random

from tests.oracle.terms import DAY, Policy, Price, Tax

FIRST_DAY = date(2027, 1, 1)
UNITS = (
    ("month", 1),
    ("month", 1),
    ("month", 1),
    ("month", 3),
    ("week", 1),
    ("week", 2),
    ("day", 1),
    ("day", 10),
    ("month", 12),
    ("week", 4),
)
CUSTOMERS = 3
CHANGES = (
    ("pay", 4),
    ("upgrade", 3),
    ("downgrade", 2),
    ("cancel_change", 1),
    ("pause", 2),
    ("resume", 4),
    ("end", 0.5),
    ("end_later", 1),
    ("keep", 1),
    ("add", 2),
    ("remove", 2),
    ("give", 2),
    ("take", 1),
    ("suspend", 1.5),
    ("reactivate", 2.5),
    ("agree", 1),
    ("payer", 0.7),
)
ALIGNMENTS = ("prorate", "prorate", "part_plus_full", "free_until")


@dataclass(frozen=True, slots=True)
class DiscountOffer:
    """What may be taken off a price."""

    percent: Fraction = Fraction(0)
    amount: int = 0
    periods: int | None = None


@dataclass(frozen=True, slots=True)
class AddOnOffer:
    """What may be sold beside a plan."""

    unit: int
    taxes: tuple[Tax, ...]
    has_tax_inside: bool
    is_recurring: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens: what, when, to which service, with which offer, how many, whose, at which price."""

    kind: str
    day: date
    service: int = 0
    offer: int = 0
    number: int = 1
    offers: tuple[int, ...] = ()
    customer: int = 0
    amount: int | None = None


@dataclass(frozen=True, slots=True)
class History:
    """Everything that decides a customer's bills."""

    seed: int
    policy: Policy
    taxes: tuple[tuple[Tax, ...], ...]
    prices: tuple[Price, ...]
    discounts: tuple[DiscountOffer, ...]
    add_ons: tuple[AddOnOffer, ...]
    steps: tuple[Step, ...]
    runs_before_staff: bool = True

    def without(self, place: int, size: int) -> "History":
        """Return the history with some steps left out."""
        return replace(self, steps=self.steps[:place] + self.steps[place + size :])

    def traits(self) -> list[str]:
        """Return what may be counted of it before it is played."""
        first, last = self.steps[0].day, self.steps[-1].day
        policy, sold = self.policy, [step.offer for step in self.steps if step.kind == "start"]
        prices = [self.prices[place] for place in sold]
        found = {
            f"billing day: {policy.alignment}": True,
            "no credit at the end": not policy.credits_on_end,
            "no credit in a pause": not policy.credits_on_pause,
            "no billing while suspended": not policy.bills_while_suspended,
            "fixed days of a month": policy.fixed_month_days is not None,
            "several customers": len({step.customer for step in self.steps}) > 1,
            "agreed price from the start": any(
                step.amount is not None for step in self.steps if step.kind == "start"
            ),
            "tax rate changes": any(
                first < since <= last
                for place in sold
                for tax in self.prices[place].taxes
                for since, _ in tax.rates
            ),
            "several services": len(prices) > 1,
            "in arrears": any(price.in_arrears for price in prices),
            "setup fee": any(price.setup_fee for price in prices),
            "trial": any(price.trial_days for price in prices),
            "minimum term": any(price.minimum_months for price in prices),
            "compound tax": any(tax.compound_on for price in prices for tax in price.taxes),
            "tax inside": any(price.taxes and price.has_tax_inside for price in prices),
            "tax on top": any(price.taxes and not price.has_tax_inside for price in prices),
            "server off at times": not self.runs_before_staff,
            **{f"by the {price.unit}": True for price in prices},
        }
        return [name for name, is_so in found.items() if is_so]

    def told(self) -> str:
        """Return all that matters, for a person."""
        prices = sorted({step.offer for step in self.steps if step.kind not in ("bill", "pay")})
        lines = [f"seed {self.seed}", str(self.policy), f"runs before staff: {self.runs_before_staff}"]
        lines += [f"price {number}: {self.prices[number]}" for number in prices]
        for name, offers in (("discount", self.discounts), ("add-on", self.add_ons)):
            lines += [f"{name} {number}: {offer}" for number, offer in enumerate(offers)]
        return "\n".join([*lines, *map(_told, self.steps)])


def _told(step: Step) -> str:
    return (
        f"{step.day} {step.kind}: service {step.service + 1}, offer {step.offer}, number {step.number},"
        f" offers {step.offers}, customer {step.customer + 1}, amount {step.amount}"
    )


def make_history(seed: int, *, days_max: int = 430) -> History:
    """Return the history of a seed: at most so many days, one to three services, runs with gaps."""
    random = Random(seed)
    policy = _policy(random)
    taxes = some_taxes(random)
    in_arrears = random.random() < 0.25 and policy.alignment != "part_plus_full"
    prices = tuple(_price(random, taxes, in_arrears=in_arrears) for _ in range(5))
    discounts = tuple(_discount(random) for _ in range(3))
    add_ons = tuple(
        AddOnOffer(
            amount_below(random, 50_000), random.choice(taxes), random.random() < 0.5, random.random() < 0.75
        )
        for _ in range(2)
    )
    runs_before_staff = random.random() < 0.75
    steps = _steps(random, days_max, skips_runs=not runs_before_staff)
    return History(seed, policy, taxes, prices, discounts, add_ons, steps, runs_before_staff)


def _policy(random: Random) -> Policy:
    is_common = random.random() < 0.5
    return Policy(
        random.randint(1, 31) if is_common else None,
        random.choice(ALIGNMENTS) if is_common else "anniversary",
        credits_on_end=random.random() < 0.8,
        credits_on_pause=random.random() < 0.8,
        bills_while_suspended=random.random() < 0.5,
        fixed_month_days=random.choice((None, None, 30, 28)),
    )


def some_taxes(random: Random) -> tuple[tuple[Tax, ...], ...]:
    """Return groups of taxes whose rates change one day: none, one, one on the other, two side by side."""
    later = FIRST_DAY + timedelta(days=random.randint(20, 300))
    vat = (FIRST_DAY - 400 * DAY, Fraction(16)), (later, Fraction(random.choice((14, 18))))
    excise = (FIRST_DAY - 400 * DAY, Fraction(random.choice((15, 15, 5)))), (later + 17 * DAY, Fraction(7, 2))
    return (
        (),
        (Tax("VAT", vat),),
        (Tax("EXCISE", excise), Tax("VAT", vat, ("EXCISE",))),
        (Tax("EXCISE", excise), Tax("VAT", vat)),
    )


def amount_below(random: Random, most: int) -> int:
    """Return an amount in minor units, often a whole one."""
    return random.choice((random.randint(1, most), random.randint(1, most // 100) * 100))


def _price(random: Random, taxes: tuple[tuple[Tax, ...], ...], *, in_arrears: bool) -> Price:
    unit, count = random.choice(UNITS)
    return Price(
        amount=amount_below(random, 600_000),
        unit=unit,
        count=count,
        taxes=random.choice(taxes),
        has_tax_inside=random.random() < 0.5,
        in_arrears=in_arrears,
        setup_fee=random.choice((0, 0, amount_below(random, 300_000))),
        trial_days=random.choice((0, 0, 0, random.randint(1, 40))),
        minimum_months=random.choice((0, 0, 6)),
        early_end_fee=random.choice((0, amount_below(random, 200_000))),
    )


def _discount(random: Random) -> DiscountOffer:
    periods = random.choice((None, 1, 2, 3, 6))
    if random.random() < 0.5:
        return DiscountOffer(percent=Fraction(random.randint(1, 9_000), 100), periods=periods)
    return DiscountOffer(amount=amount_below(random, 60_000), periods=periods)


def _steps(random: Random, days_max: int, *, skips_runs: bool) -> tuple[Step, ...]:
    """Return the steps by day; what is impossible when its day comes is left out by whoever plays them."""
    customers = random.choice((1, 1, CUSTOMERS))
    day = FIRST_DAY + timedelta(days=random.randint(0, 400))
    last = day + timedelta(days=random.randint(40, days_max))
    steps = [_start(random, day, customers)]
    services = 1
    while (day := day + timedelta(days=_gap(random))) <= last:
        if not skips_runs or random.random() < 0.5:
            steps.append(Step("bill", day))
        if services < customers + 2 and random.random() < 0.06 * customers:
            steps.append(_start(random, day, customers))
            services += 1
        while random.random() < 0.4:
            steps.append(_change(random, day, services, customers))
    return tuple(steps)


def _change(random: Random, day: date, services: int, customers: int) -> Step:
    return Step(
        random.choices(*zip(*CHANGES, strict=True))[0],
        day,
        random.randrange(services),
        random.randrange(5),
        random.randint(1, 4),
        (random.randrange(2),),
        random.randrange(customers),
        random.choice((None, amount_below(random, 400_000))),
    )


def _gap(random: Random) -> int:
    return random.choice((1, 1, 3, 7, random.randint(1, 30), random.randint(1, 75)))


def _start(random: Random, day: date, customers: int) -> Step:
    offers = tuple(sorted(random.sample(range(3), random.choice((0, 0, 1, 1, 2)))))
    return Step(
        "start",
        day,
        offer=random.randrange(5),
        number=random.choice((0, 0, 1, 2)),
        offers=offers,
        customer=random.randrange(customers),
        amount=random.choice((None, None, None, amount_below(random, 400_000))),
    )
