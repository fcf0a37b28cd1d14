"""An ISP to measure: founded, with routers and subscribers, by the product's own acts under a moved clock."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from benchmarks.processes import Surroundings, free_port
from benfex.application import Benfex
from benfex.bootstrap import build, prepare_database
from benfex.catalog.plans import create_plan, publish_price
from benfex.catalog.taxes import set_tax_rate
from benfex.core.actors import SystemActor
from benfex.core.clock import Clock, MovedClock, SystemClock
from benfex.core.settings import Settings
from benfex.customers.registration import register_customer
from benfex.identity.passwords import hash_password
from benfex.identity.staff import set_up_isp
from benfex.network.connections import ConnectionSpec
from benfex.network.inventory import add_router
from benfex.payments.accounts import save_gateway_account
from benfex.subscriptions.lifecycle import start_subscription
from data.values.identifiers import (
    CustomerId,
    PhoneNumber,
    PlanPriceId,
    RouterId,
    SubscriptionId,
    parse_phone,
)
from data.values.money import Money

BENCHMARK = SystemActor("benchmark")
OWNER_EMAIL = "owner@isp.example"
OWNER_PASSWORD = "a long benchmark password"  # noqa: S105 - of a database that is thrown away
PAYSTACK_KEY = "sk_test_benfex_demo_key"  # the simulated Paystack's
PRICE = Money(2_500_00, "KES")
_MPESA = {
    "consumer_key": "demo-consumer-key",
    "consumer_secret": "demo-consumer-secret",
    "shortcode": "174379",
    # Public sandbox passkey of the shortcode (Daraja portal, M-Pesa Express sample); the simulation's too.
    "passkey": "bfb279f9aa9bdbcf158e97dd71a467cd2e0c893059b10f78e6b72ada1ed2c919",
    # 200 payments in 20 s are more than the default lets through; the simulated M-Pesa takes them all.
    "calls_per_second": "20",
}


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A subscriber that was made: who pays, by which phone, for which line."""

    customer_id: CustomerId
    subscription_id: SubscriptionId
    phone: PhoneNumber
    username: str


@dataclass(frozen=True, slots=True)
class Isp:
    """An ISP that was founded: its price and its routers, in the order given."""

    price_id: PlanPriceId
    router_ids: tuple[RouterId, ...]


def make_settings(home: Path, *, database_url: str | None = None) -> Settings:
    """Return settings of a fresh installation in `home`, on a free port; its database is there too, or elsewhere."""
    home.mkdir(parents=True, exist_ok=True)
    return Settings(home=home, port=free_port(), database_url=database_url, migrate_on_start=True)


@contextmanager
def opened(settings: Settings, *, clock: Clock | None = None) -> Iterator[Benfex]:
    """Open the installation in this process while the block lasts, without its timetable."""
    benfex = build(settings, clock=clock, with_timetable=False)
    try:
        yield benfex
    finally:
        benfex.transactor.close()


def long_ago(*, days: int) -> MovedClock:
    """Return a clock that stands so many days before now."""
    return MovedClock(SystemClock().now() - timedelta(days=days))


def found(settings: Settings, outside: Surroundings, *, clock: Clock) -> Isp:
    """Make the database and the ISP: owner, plan, price, the simulated M-Pesa and routers of the surroundings."""
    prepare_database(settings)
    with opened(settings, clock=clock) as benfex:
        run = benfex.transactor.run_sync
        run(
            set_up_isp,
            BENCHMARK,
            isp_name="Benchmark Net",
            currency="KES",
            timezone=settings.timezone,
            owner_name="Bench Owner",
            owner_email=OWNER_EMAIL,
            password_hash=hash_password(OWNER_PASSWORD),
        )
        run(set_tax_rate, BENCHMARK, code="VAT", name="VAT 16 %", basis_points=1600)
        plan_id = run(
            create_plan,
            BENCHMARK,
            code="HOME-20",
            name="Home 20",
            download_bps=20_000_000,
            upload_bps=10_000_000,
        )
        price_id = run(publish_price, BENCHMARK, plan_id=plan_id, amount=PRICE, tax_code="VAT")
        run(
            save_gateway_account,
            BENCHMARK,
            gateway="mpesa",
            settings=_MPESA | {"base_url": outside.daraja},
            vault=benfex.vault,
        )
        router_ids = tuple(
            run(add_router, BENCHMARK, vault=benfex.vault, is_managed=True, **place)
            for place in outside.routers
        )
    return Isp(price_id, router_ids)


def subscribe(benfex: Benfex, isp: Isp, *, usernames: Sequence[str]) -> tuple[Subscriber, ...]:
    """Give each name a customer with a phone of their own and a service; routers take turns."""
    run = benfex.transactor.run_sync
    made = []
    for number, username in enumerate(usernames):
        phone = parse_phone(f"07{10 + number % 10:02d}{100_000 + number * 37:06d}")
        customer_id = run(
            register_customer, BENCHMARK, name=f"Subscriber {number:04d}", phone=phone, email=None
        )
        subscription_id = run(
            start_subscription,
            BENCHMARK,
            customer_id=customer_id,
            plan_price_id=isp.price_id,
            connection=ConnectionSpec(
                router_id=isp.router_ids[number % len(isp.router_ids)],
                username=username,
                secret=f"secret-{number:05d}",
            ),
            vault=benfex.vault,
        )
        made.append(Subscriber(customer_id, subscription_id, phone, username))
    return tuple(made)
