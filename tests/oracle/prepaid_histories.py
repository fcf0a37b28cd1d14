"""Random histories of prepaid services, played by the real acts and in the oracle's books, and compared."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from fractions import Fraction
from random import Random

from sqlalchemy import select
from sqlmodel import col

from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.network.connections import ConnectionSpec
from benfex.payments.cash import record_cash_payment
from benfex.subscriptions.lifecycle import start_subscription
from benfex.subscriptions.prepaid import expire_subscription, renew_subscription, services_over
from data.models.invoice import Invoice, InvoiceLine
from data.models.subscription import Subscription
from data.values.errors import Conflict
from data.values.identifiers import PlanPriceId, SubscriptionId
from data.values.kinds import CashMethod
from data.values.money import Money
from data.values.states import SubscriptionStatus
from tests.factories.isp import VAULT
from tests.factories.looks import assert_books_sound
from tests.factories.services import set_terms
from tests.oracle.engine import CUSTOMER_IDS, ROUTER_ID, EnginePlayer
from tests.oracle.histories import FIRST_DAY, amount_below, some_taxes
from tests.oracle.offers import put_taxes, sell_prices
from tests.oracle.prepaid import Pass, PrepaidBooks, PrepaidPolicy
from tests.oracle.terms import Price, Tax, half_up

UNITS = (
    ("hour", 1),
    ("hour", 36),
    ("day", 1),
    ("day", 3),
    ("week", 1),
    ("month", 1),
    ("month", 1),
    ("month", 2),
)


@dataclass(frozen=True, slots=True)
class PrepaidStep:
    """Something that happens at an instant: what, to which service, with how much money or at which price."""

    kind: str
    at: datetime
    service: int = 0
    amount: int | None = None


@dataclass(frozen=True, slots=True)
class PrepaidHistory:
    """Everything that decides what a prepaid customer gets for their money."""

    seed: int
    policy: PrepaidPolicy
    taxes: tuple[tuple[Tax, ...], ...]
    prices: tuple[Price, ...]
    steps: tuple[PrepaidStep, ...]


def make_prepaid_history(seed: int) -> PrepaidHistory:
    """Return the history of a seed: one or two services, some weeks of money that comes and time that runs out."""
    random = Random(f"prepaid {seed}")
    policy = PrepaidPolicy(
        pays_part=random.random() < 0.7,
        part_hours_min=random.choice((1, 1, 5)),
        grace=timedelta(hours=random.choice((0, 0, 6))),
    )
    taxes = some_taxes(random)
    prices = []
    for _ in range(2):
        unit, count = random.choice(UNITS)
        price = Price(
            amount=100 + amount_below(random, 60_000),
            unit=unit,
            count=count,
            taxes=random.choice(taxes),
            has_tax_inside=random.random() < 0.5,
            setup_fee=random.choice((0, 0, amount_below(random, 30_000))),
            is_prepaid=True,
        )
        prices.append(price)
    return PrepaidHistory(seed, policy, taxes, tuple(prices), _steps(random, prices))


def _steps(random: Random, prices: list[Price]) -> tuple[PrepaidStep, ...]:
    at = datetime.combine(FIRST_DAY, time(7, 11, 13), tzinfo=UTC)
    at += timedelta(days=random.randint(0, 400), hours=random.randint(0, 23))
    services = random.choice((1, 1, 2))
    steps = [
        PrepaidStep("start", at, number, random.choice((None, None, 100 + amount_below(random, 50_000))))
        for number in range(services)
    ]
    for _ in range(random.randint(6, 26)):
        at += random.choice(
            (
                timedelta(hours=1),
                timedelta(hours=7),
                timedelta(days=1),
                timedelta(minutes=random.randint(1, 60 * 24 * 20)),
            )
        )
        service = random.randrange(services)
        kind = random.choices(("pay", "end", "renew", "itself"), (5, 4, 1, 1))[0]
        whole = prices[service].amount + prices[service].setup_fee
        paid = max(1, whole * random.choice((3, 20, 50, 90, 100, 116, 140, 230)) // 100)
        some_hours = half_up(prices[service].amount * Fraction(random.randint(1, 23), 24))
        choices = (paid, -(-paid // 100) * 100, some_hours)  # also to the cent what some hours of a day cost
        steps.append(PrepaidStep(kind, at, service, random.choice(choices)))
    return tuple(steps)


def prepaid_difference(engine: EnginePlayer, history: PrepaidHistory, seen: Counter[str]) -> str:
    """Return where oracle and engine part, empty where they agree; `seen` counts what was bought."""
    run, books, ids = engine.run, PrepaidBooks(history.policy), list[SubscriptionId]()
    engine.clock.move_to(datetime.combine(FIRST_DAY, time(7, tzinfo=UTC)))
    set_terms(
        run,
        pays_part_periods=history.policy.pays_part,
        part_hours_min=history.policy.part_hours_min,
        prepaid_grace_hours=history.policy.grace // timedelta(hours=1),
    )
    price_ids = run(_sell, history=history)
    for number, step in enumerate(history.steps):
        engine.clock.move_to(step.at)
        before = len(books.invoices)
        match step.kind:
            case "start":
                ids.append(_start(engine, step, price_ids[step.service]))
                books.passes.append(Pass(step.service, history.prices[step.service], step.amount))
            case "pay":
                _pay(engine, step, number)
                books.pay(step.at, step.amount or 1)
            case "renew":
                has_bought = books.renew(step.at, books.passes[step.service])
                if has_bought != _renews(engine, ids[step.service]):
                    break
            case "itself":
                one = books.passes[step.service]
                one.renews_itself = not one.renews_itself
                run(_set_renewal, subscription_id=ids[step.service], is_wanted=one.renews_itself)
            case _:
                while over := run.read(services_over):
                    for subscription_id in over:
                        run(expire_subscription, subscription_id=subscription_id)
                books.end_what_is_over(step.at)
        seen[f"prepaid {step.kind}: {len(books.invoices) - before} bought"] += 1
    assert_books_sound(run)
    expected, got = _told(books), run.read(_picture)
    return (
        ""
        if expected == got
        else "\n".join([f"seed {history.seed}", *map(str, history.steps), *expected, *got])
    )


def _sell(uow: UnitOfWork, *, history: PrepaidHistory) -> list[PlanPriceId]:
    return sell_prices(uow, prices=history.prices, groups=put_taxes(uow, history.taxes))


def _start(engine: EnginePlayer, step: PrepaidStep, price_id: PlanPriceId) -> SubscriptionId:
    return engine.run(
        start_subscription,
        customer_id=CUSTOMER_IDS[0],
        plan_price_id=price_id,
        connection=ConnectionSpec(ROUTER_ID, f"home{step.service}", "a-secret-word"),
        vault=VAULT,
        agreed_price=None if step.amount is None else Money(step.amount, "KES"),
    )


def _pay(engine: EnginePlayer, step: PrepaidStep, number: int) -> None:
    engine.run(
        record_cash_payment,
        customer_id=CUSTOMER_IDS[0],
        amount=Money(step.amount or 1, "KES"),
        method=CashMethod.CASH,
        reference=f"R-{number}",
    )


def _renews(engine: EnginePlayer, subscription_id: SubscriptionId) -> bool:
    try:
        engine.run(renew_subscription, subscription_id=subscription_id)
    except Conflict:
        return False
    return True


def _set_renewal(uow: UnitOfWork, *, subscription_id: SubscriptionId, is_wanted: bool) -> None:
    row = uow.session.get(Subscription, subscription_id)
    assert row is not None
    row.renews_from_balance = is_wanted


def _told(books: PrepaidBooks) -> list[str]:
    lines = [
        f"invoice {place} on {invoice.on}: {line.starts_on} to {line.ends_on} {line.net} + {line.tax_sum}"
        for place, invoice in enumerate(books.invoices)
        for line in invoice.lines
    ]
    return [*lines, *(f"{one.number} {one.until} {one.is_open}" for one in books.passes)]


def _picture(snapshot: Snapshot) -> list[str]:
    invoices = list(snapshot.session.scalars(select(Invoice).order_by(col(Invoice.id))))
    places = {invoice.id: place for place, invoice in enumerate(invoices)}
    days = {invoice.id: invoice.issued_on for invoice in invoices}
    lines = [
        f"invoice {places[line.invoice_id]} on {days[line.invoice_id]}:"
        f" {line.period_starts_on} to {line.period_ends_on} {line.amount_minor} + {line.tax_minor}"
        for line in snapshot.session.scalars(select(InvoiceLine).order_by(col(InvoiceLine.id)))
    ]
    services = snapshot.session.scalars(select(Subscription).order_by(col(Subscription.id)))
    states = [
        f"{number} {row.access_until_at} {row.status is SubscriptionStatus.ACTIVE}"
        for number, row in enumerate(services)
    ]
    return [*lines, *states]
