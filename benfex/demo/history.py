"""Six months of the demo ISP, made by the same acts under a moved clock: nothing is written past them.

Who the people are is in `data/seeds/demo`; how usage was, in `usage`.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypedDict
from zoneinfo import ZoneInfo

from benfex.application import Benfex
from benfex.bootstrap import build
from benfex.catalog.extras import create_add_on
from benfex.catalog.plans import DataTerms, create_plan, publish_price
from benfex.catalog.taxes import set_tax_rate
from benfex.core.actors import SystemActor
from benfex.core.clock import MovedClock, SystemClock
from benfex.core.policy import save_policy, save_profile
from benfex.core.settings import Settings
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.core.vault import Vault
from benfex.customers.registration import register_customer
from benfex.demo.billing import DemoBilling
from benfex.demo.counter import DemoCounter
from benfex.demo.gateway_records import make_records
from benfex.demo.money import DemoMoney
from benfex.demo.network import live_outage, place_customers, place_routers
from benfex.demo.usage import DemoUsage
from benfex.dunning.runs import customers_to_chase, run_dunning
from benfex.identity.passwords import hash_password
from benfex.identity.staff import create_staff, create_subscriber_login, needs_first_run, set_up_isp
from benfex.network.connections import ConnectionSpec
from benfex.network.inventory import add_router
from benfex.subscriptions.lifecycle import start_subscription
from data.queries import clocks, operations
from data.seeds import demo as seeds
from data.values.daily_hours import DailyHours
from data.values.identifiers import CustomerId, PlanPriceId, RouterId, parse_phone
from data.values.kinds import AccessMethod, CapAction, CustomerKind
from data.values.money import Money
from data.values.roles import Role

_DEMO = SystemActor("demo")
_OUTAGE_BACK = 6  # days before the last, so that the chart of today has its evening
_DAYS = 182
_CUSTOMERS = 120
_AT_FIRST = 74
_SEED = 20_260_523
_FIXED = "OFFICE-50"
_MBPS = 1_000_000
_GB = 1_000_000_000


class RouterPlace(TypedDict):
    """Where a simulated router listens, and who we are there."""

    name: str
    host: str
    port: int
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A customer of the demo, and when they come."""

    number: int
    name: str
    kind: CustomerKind
    phone: str
    comes_on: date
    plan: str
    router: str


class DemoHistory:
    """Makes the demo's past, once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._zone = ZoneInfo(settings.timezone)
        self._random = random.Random(_SEED)  # noqa: S311 - the same demo each time
        self._clock = MovedClock(SystemClock().now())

    def is_made(self) -> bool:
        """Return whether the history was finished."""
        benfex = build(self._settings, with_timetable=False)
        try:
            return benfex.transactor.read_sync(_is_seeded, _DEMO)
        finally:
            benfex.transactor.close()

    def make(self, *, routers: Sequence[RouterPlace], say: Callable[[str], None]) -> None:
        """Make the history up to now. Raises Conflict when an unfinished one is in the way."""
        now = SystemClock().now()
        first = now.astimezone(self._zone).date() - timedelta(days=_DAYS)
        self._clock.move_to(self._instant(first, 6, 0))
        benfex = build(self._settings, clock=self._clock, with_timetable=False)
        try:
            if not benfex.transactor.read_sync(needs_first_run, _DEMO):
                say("The demo's history was not finished. Remove the folder var/demo and start again.")
                return
            self._live_through(benfex, first, now, routers, say)
            self._clock.move_to(now)
            make_records(benfex.transactor)
            benfex.transactor.run_sync(_finish, _DEMO, through=now.astimezone(self._zone).date())
        finally:
            benfex.transactor.close()

    def _live_through(
        self,
        benfex: Benfex,
        first: date,
        now: datetime,
        routers: Sequence[RouterPlace],
        say: Callable[[str], None],
    ) -> None:
        prices = self._open_shop(benfex)
        router_ids = self._install(benfex, routers)
        place_routers(benfex, router_ids)
        newcomers = self._invent(first)
        money = DemoMoney(benfex, self._random)
        books = DemoBilling(benfex, self._random, router_ids, prices)
        customers = 0
        last = now.astimezone(self._zone).date()
        usage = DemoUsage(benfex, self._random, router_ids, first=first, last=last, zone=self._zone)
        for day in range(_DAYS + 1):
            today = first + timedelta(days=day)
            usage.record_until(self._instant(today, 0, 0))
            coming = [row for row in newcomers if row.comes_on == today]
            for newcomer in coming:
                self._clock.move_to(max(self._clock.now(), self._instant(today, 8, newcomer.number % 60)))
                self._welcome(benfex, newcomer, prices, router_ids)
            customers += len(coming)
            morning = self._instant(today, 9, 30)
            if morning > now:
                break
            self._clock.move_to(max(self._clock.now(), morning))
            _bill(benfex, today)
            money.collect(today, days_left=_DAYS - day)
            books.live(today, days_left=_DAYS - day)
            _chase(benfex)
            if day == _DAYS - _OUTAGE_BACK:
                live_outage(benfex, self._clock.move_to, router_ids, at=self._instant(today, 18, 10))
            if day == _DAYS - 1:
                DemoCounter(benfex, self._clock.move_to).live_yesterday()
            if day % 30 == 29:
                say(f"  {today:%B %Y}: {customers} customers")
        self._clock.move_to(now)
        DemoCounter(benfex, self._clock.move_to).live_today()
        usage.record_until(now)
        usage.end_sessions()
        place_customers(benfex, router_ids)

    def _open_shop(self, benfex: Benfex) -> dict[str, PlanPriceId]:
        run = benfex.transactor.run_sync
        owner, *others = seeds.STAFF
        run(
            set_up_isp,
            _DEMO,
            isp_name=seeds.ISP_NAME,
            currency="KES",
            timezone=self._settings.timezone,
            owner_name=owner.name,
            owner_email=owner.email,
            password_hash=hash_password(owner.password),
        )
        run(
            save_profile,
            _DEMO,
            name=seeds.ISP_NAME,
            currency="KES",
            timezone=self._settings.timezone,
            support_phone=seeds.SUPPORT_PHONE,
        )
        for person in others:
            run(
                create_staff,
                _DEMO,
                name=person.name,
                email=person.email,
                role=Role(person.role),
                password_hash=hash_password(person.password),
            )
        run(save_policy, _DEMO, outage_credit_minutes=60)
        run(set_tax_rate, _DEMO, code="VAT", name="VAT 16 %", basis_points=1600)
        prices = self._offer_plans(run)
        for gigabytes, shillings in seeds.DATA_PACKS:
            run(
                create_add_on,
                _DEMO,
                code=f"DATA-{gigabytes}",
                name=f"{gigabytes} GB more",
                amount=Money(shillings * 100, "KES"),
                is_recurring=False,
                data_bytes=gigabytes * _GB,
            )
        return prices

    def _offer_plans(self, run: Callable[..., Any]) -> dict[str, PlanPriceId]:
        prices = {}
        for plan in seeds.PLANS:
            plan_id = run(
                create_plan,
                _DEMO,
                code=plan.code,
                name=plan.name,
                download_bps=plan.download_mbps * _MBPS,
                upload_bps=plan.upload_mbps * _MBPS,
                data_cap_bytes=plan.cap_gb * _GB or None,
                cap_action=CapAction.THROTTLE if plan.cap_gb else CapAction.NOTIFY,
                throttled_bps=2 * _MBPS if plan.cap_gb else None,
                data_terms=DataTerms(
                    DailyHours(0, plan.bonus_until_hour) if plan.bonus_until_hour else None,
                    rolls_over=plan.rolls_over,
                ),
                access_method=AccessMethod(plan.method),
            )
            prices[plan.code] = run(
                publish_price, _DEMO, plan_id=plan_id, amount=Money(plan.price * 100, "KES"), tax_code="VAT"
            )
        return prices

    def _install(self, benfex: Benfex, routers: Sequence[RouterPlace]) -> dict[str, RouterId]:
        return {
            place["name"]: benfex.transactor.run_sync(
                add_router, _DEMO, vault=benfex.vault, is_managed=True, **place
            )
            for place in routers
        }

    def _invent(self, first: date) -> list[Newcomer]:
        dice = self._random
        names = [f"{given} {family}" for given in seeds.FIRST_NAMES for family in seeds.LAST_NAMES]
        dice.shuffle(names)
        plans = [plan.code for plan in seeds.PLANS for _ in range(plan.share)]
        routers = [router.name for router in seeds.ROUTERS for _ in range(router.share)]
        newcomers = []
        for number in range(_CUSTOMERS):
            is_business = number % 12 == 5 and number // 12 < len(seeds.BUSINESSES)
            late = 0 if number < _AT_FIRST else dice.randrange(5, _DAYS - 20)
            newcomers.append(
                Newcomer(
                    number=number,
                    name=seeds.BUSINESSES[number // 12] if is_business else names[number],
                    kind=CustomerKind.BUSINESS if is_business else CustomerKind.PERSON,
                    phone=f"07{10 + number % 13:02d}{200_000 + number * 613:06d}",
                    comes_on=first + timedelta(days=late or number % 28),
                    plan=_of_business(number) if is_business else dice.choice(plans),
                    router=dice.choice(routers),
                )
            )
        return newcomers

    def _welcome(
        self,
        benfex: Benfex,
        newcomer: Newcomer,
        prices: dict[str, PlanPriceId],
        routers: dict[str, RouterId],
    ) -> None:
        dice = self._random
        mailbox = "".join(letter for letter in newcomer.name.lower() if letter.isascii() and letter.isalpha())
        customer_id = benfex.transactor.run_sync(
            _sign_up,
            _DEMO,
            newcomer=newcomer,
            email=f"{mailbox}{newcomer.number}@mail.example",
            address=f"{dice.randrange(1, 90)} {dice.choice(seeds.STREETS)}",
            plan_price_id=prices[newcomer.plan],
            connection=ConnectionSpec(
                router_id=routers[newcomer.router],
                username=f"{mailbox[:14]}{newcomer.number:03d}",
                secret=f"{dice.randrange(16**8):08x}",
                static_ip=_address(newcomer.number) if newcomer.plan == _FIXED else None,
            ),
            vault=benfex.vault,
        )
        if newcomer.number == 0:
            benfex.transactor.run_sync(
                create_subscriber_login,
                _DEMO,
                customer_id=customer_id,
                password_hash=hash_password(seeds.SUBSCRIBER_PASSWORD),
            )

    def _instant(self, day: date, hour: int, minute: int) -> datetime:
        return datetime.combine(day, time(hour, minute), tzinfo=self._zone).astimezone(UTC)


def _of_business(number: int) -> str:
    return _FIXED if number % 24 == 5 else "BUSINESS-100"


def _address(number: int) -> str:
    return f"10.40.{number // 200}.{number % 200 + 10}"


def _sign_up(
    uow: UnitOfWork,
    *,
    newcomer: Newcomer,
    email: str,
    address: str,
    plan_price_id: PlanPriceId,
    connection: ConnectionSpec,
    vault: Vault,
) -> CustomerId:
    customer_id = register_customer(
        uow,
        name=newcomer.name,
        phone=parse_phone(newcomer.phone),
        email=email,
        kind=newcomer.kind,
        address=address,
    )
    start_subscription(
        uow, customer_id=customer_id, plan_price_id=plan_price_id, connection=connection, vault=vault
    )
    return customer_id


def _bill(benfex: Benfex, today: date) -> None:
    # The demo's few customers come in fits and starts, which is no reason to ask.
    benfex.bill_runner.run_sync(_DEMO, on=today, is_checked=True)


def _chase(benfex: Benfex) -> None:
    _all_of(
        benfex.transactor.submit(run_dunning, _DEMO, customer_id=customer_id)
        for customer_id in benfex.transactor.read_sync(customers_to_chase, _DEMO)
    )


def _all_of(acts: "Iterable[Future[Any]]") -> None:
    for act in list(acts):
        act.result()


def _is_seeded(snapshot: Snapshot) -> bool:
    mark = operations.installation(snapshot.session)
    return mark is not None and mark.seeded_through_on is not None


def _finish(uow: UnitOfWork, *, through: date) -> None:
    # No router was there in the past, so no money-to-packet clock of it is true.
    clocks.forget_before(uow.session, before=uow.now)
    mark = operations.installation(uow.session)
    assert mark is not None
    mark.seeded_through_on = through
