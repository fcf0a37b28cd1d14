"""Rows for tests of the network: plans, subscriptions, lines, routers, and looks at what became of them."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import func, select
from sqlmodel import col

from benfex.core.actors import SystemActor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.core.vault import Vault
from benfex.network.connections import ConnectionSpec, create_connection, request_sync
from benfex.network.inventory import add_router
from data.models.catalog import Plan, PlanPrice
from data.models.customer import Customer
from data.models.payment import Payment, RestorationClock
from data.models.router import Connection, Router, RouterTask
from data.models.subscription import Subscription
from data.models.usage import usage_5m
from data.values.identifiers import ConnectionId, RouterId, SubscriptionId, make_account_number
from data.values.kinds import (
    AccessMethod,
    BillingMode,
    CapAction,
    CustomerKind,
    EvidenceGrade,
    Interval,
    TaxBehavior,
)
from data.values.states import CustomerStatus, PaymentStatus, SubscriptionStatus, TaskStatus

SYSTEM = SystemActor("tests")
VAULT = Vault("a key of the tests that is long enough")
PASSWORD = "demo-router-1"
FIRST = RouterId(1)
PERIOD_STARTS_ON = date(2026, 11, 1)
VALID_FROM = datetime(2020, 1, 1, tzinfo=UTC)


def sell_plan(
    uow: UnitOfWork,
    *,
    code: str = "HOME",
    cap_bytes: int | None = None,
    cap_action: CapAction = CapAction.THROTTLE,
    throttled_bps: int | None = 1_000_000,
    method: AccessMethod = AccessMethod.PPPOE,
) -> int:
    """Publish a plan of 20/5 Mbps at one price; return the price."""
    plan = Plan(
        code=code,
        name=code.title(),
        access_method=method,
        download_bps=20_000_000,
        upload_bps=5_000_000,
        data_cap_bytes=cap_bytes,
        cap_action=cap_action,
        throttled_bps=throttled_bps,
    )
    uow.session.add(plan)
    uow.session.flush()
    assert plan.id is not None
    price = PlanPrice(
        plan_id=plan.id,
        amount_minor=250_000,
        currency="KES",
        interval=Interval.MONTH,
        billing_mode=BillingMode.POSTPAID,
        tax_behavior=TaxBehavior.INCLUSIVE,
        valid_from=VALID_FROM,
    )
    uow.session.add(price)
    uow.session.flush()
    assert price.id is not None
    return price.id


def subscribe(uow: UnitOfWork, *, plan_price_id: int, number: int = 1) -> SubscriptionId:
    """Give a new customer an active subscription without a line."""
    msisdn = f"25470000{number:04d}"
    customer = Customer(
        account_number=make_account_number(number),
        kind=CustomerKind.PERSON,
        name=f"Customer {number}",
        phone=f"+{msisdn}",
        phone_sha256=hashlib.sha256(msisdn.encode()).hexdigest(),
        currency="KES",
        status=CustomerStatus.ACTIVE,
    )
    uow.session.add(customer)
    uow.session.flush()
    assert customer.id is not None
    subscription = Subscription(
        customer_id=customer.id,
        billed_customer_id=customer.id,
        plan_price_id=plan_price_id,
        status=SubscriptionStatus.ACTIVE,
        anchor_day=1,
        starts_on=PERIOD_STARTS_ON,
        period_starts_on=PERIOD_STARTS_ON,
        period_ends_on=date(2026, 12, 1),
        charged_through_on=date(2026, 12, 1),
    )
    uow.session.add(subscription)
    uow.session.flush()
    assert subscription.id is not None
    return SubscriptionId(subscription.id)


def connect(
    uow: UnitOfWork,
    *,
    router_id: RouterId,
    plan_price_id: int,
    username: str = "amina",
    number: int = 1,
    static_ip: str | None = None,
    mac: str | None = None,
    method: AccessMethod = AccessMethod.PPPOE,
) -> ConnectionId:
    """Give a new customer an active subscription with a line."""
    subscription_id = subscribe(uow, plan_price_id=plan_price_id, number=number)
    spec = ConnectionSpec(
        router_id, username, f"secret-of-{username}", static_ip=static_ip, mac=mac, method=method
    )
    return create_connection(uow, subscription_id=subscription_id, spec=spec, vault=VAULT)


def move(uow: UnitOfWork, *, connection_id: ConnectionId, to: SubscriptionStatus) -> None:
    """Bring a subscription to a state and ask the router to follow, urgently when service comes back."""
    connection = uow.session.get(Connection, connection_id)
    assert connection is not None
    subscription = uow.session.get(Subscription, connection.subscription_id)
    assert subscription is not None
    subscription.status = to
    uow.session.flush()
    request_sync(uow, connection_id=connection_id, urgent=to is SubscriptionStatus.ACTIVE)


def new_router(
    uow: UnitOfWork,
    *,
    name: str = "nakuru-core",
    host: str = "127.0.0.1",
    port: int = 8728,
    is_managed: bool = True,
) -> RouterId:
    return add_router(
        uow,
        name=name,
        host=host,
        port=port,
        username="benfex",
        password=PASSWORD,
        vault=VAULT,
        is_managed=is_managed,
    )


@dataclass(frozen=True, slots=True)
class LineState:
    desired: int
    applied: int
    is_removed: bool
    drift: str | None
    was_online: bool


@dataclass(frozen=True, slots=True)
class TaskState:
    status: TaskStatus
    attempts: int
    generation: int
    is_urgent: bool
    last_error: str | None
    run_after_at: datetime


def line_state(snapshot: Snapshot, *, connection_id: ConnectionId) -> LineState:
    row = snapshot.session.get(Connection, connection_id)
    assert row is not None
    return LineState(
        row.desired_generation,
        row.applied_generation,
        row.removed_at is not None,
        row.drift,
        row.last_online_at is not None,
    )


def task_states(snapshot: Snapshot, *, connection_id: ConnectionId) -> tuple[TaskState, ...]:
    """Return the tasks of a connection, oldest first."""
    chosen = select(RouterTask).where(col(RouterTask.connection_id) == connection_id)
    rows = snapshot.session.scalars(chosen.order_by(col(RouterTask.id)))
    return tuple(
        TaskState(row.status, row.attempts, row.generation, row.is_urgent, row.last_error, row.run_after_at)
        for row in rows
    )


def pay_and_restore(uow: UnitOfWork, *, connection_id: ConnectionId) -> None:
    """Restore a line as a payment does, with its money-to-packet clock."""
    connection = uow.session.get(Connection, connection_id)
    assert connection is not None
    payment = Payment(
        gateway="mpesa",
        gateway_transaction_id=f"TEST{connection_id}",
        amount_minor=250_000,
        currency="KES",
        status=PaymentStatus.RECEIVED,
        grade=EvidenceGrade.SIGNED,
        source="tests",
        received_at=uow.now,
    )
    uow.session.add(payment)
    uow.session.flush()
    assert payment.id is not None
    clock = RestorationClock(
        payment_id=payment.id,
        subscription_id=connection.subscription_id,
        connection_id=connection_id,
        evidence_at=uow.now,
        matched_at=uow.now,
        settled_at=uow.now,
    )
    uow.session.add(clock)
    move(uow, connection_id=connection_id, to=SubscriptionStatus.ACTIVE)


def restoration_steps(snapshot: Snapshot) -> list[datetime]:
    """Return the instants of the only restoration in the order in which they should come."""
    clock = snapshot.session.scalars(select(RestorationClock)).one()
    steps = (clock.settled_at, clock.written_at, clock.read_back_at, clock.session_at)
    return [step for step in steps if step is not None]


def recorded_bytes(snapshot: Snapshot, *, connection_id: ConnectionId) -> tuple[int, int]:
    columns = usage_5m.c
    row = snapshot.session.execute(
        select(
            func.coalesce(func.sum(columns.download_bytes), 0),
            func.coalesce(func.sum(columns.upload_bytes), 0),
        ).where(columns.connection_id == connection_id)
    ).one()
    return int(row[0]), int(row[1])


def router_status(snapshot: Snapshot, *, router_id: RouterId) -> tuple[str, str]:
    row = snapshot.session.get(Router, router_id)
    assert row is not None
    return row.status.value, row.status_reason
