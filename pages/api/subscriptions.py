"""/subscriptions: sell a plan on a router, suspend and resume. Changes with sums are in `service_changes`."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field, SecretStr, StrictInt
from starlette.responses import Response

from benfex.core.unit_of_work import UnitOfWork
from benfex.identity.idempotency import Answer
from benfex.network.connections import ConnectionSpec
from benfex.subscriptions.add_ons import AddOnSale
from benfex.subscriptions.api_views import subscription_record, subscription_records
from benfex.subscriptions.lifecycle import (
    reactivate_subscription,
    start_subscription,
    suspend_subscription,
)
from benfex.subscriptions.pausing import resume_subscription
from data.values.errors import AlreadyExists, Conflict, InvalidInput, NotFound
from data.values.identifiers import AddOnId, CustomerId, DiscountId, PlanPriceId, RouterId, SubscriptionId
from data.values.kinds import Interval, OfflineCause, SuspensionReason
from data.values.states import SubscriptionStatus
from pages.api.auth import ActorDep
from pages.api.idempotency import UnsafeCallDep, told
from pages.api.problems import READING, WRITING
from pages.api.schemas import (
    Amount,
    AskedAmount,
    Day,
    Id,
    Incoming,
    Listing,
    Outgoing,
    PathId,
    QueryId,
    SliceDep,
    Text,
)
from pages.dependencies import BenfexDep

router = APIRouter(prefix="/subscriptions", tags=["subscriptions"])


class NewConnection(Incoming):
    """The line of a subscription: its name and secret on a router, or its address where nobody signs in."""

    router_id: Id
    username: Text
    secret: SecretStr = Field(default=SecretStr(""), max_length=128)
    static_ip: Text | None = None
    mac: Text | None = None


class SoldAddOn(Incoming):
    """An add-on that is sold with the service; `unit` is a price of the customer's own."""

    add_on_id: Id
    quantity: StrictInt = 1
    unit: AskedAmount | None = None

    def sale(self) -> AddOnSale:
        """Return it as the act takes it."""
        return AddOnSale(AddOnId(self.add_on_id), self.quantity, self.unit.money() if self.unit else None)


class NewSubscription(Incoming):
    """A plan to sell to a customer; it starts today unless a date of the ISP is given."""

    customer_id: Id
    plan_price_id: Id
    connection: NewConnection
    starts_on: Day | None = None
    agreed_price: AskedAmount | None = Field(default=None, description="A period, in place of the list's.")
    add_ons: list[SoldAddOn] = Field(default_factory=list, max_length=20)
    discount_ids: list[Id] = Field(default_factory=list, max_length=10)
    payer_id: Id | None = Field(default=None, description="Who pays for all services of this customer.")


class Suspension(Incoming):
    """Why a service is suspended; only non_payment is lifted by a payment."""

    reason: SuspensionReason = SuspensionReason.STAFF
    note: Text = ""


class Resumption(Incoming):
    """Why a service is resumed."""

    note: Text = ""


class Subscription(Outgoing):
    """A subscription. Dates are of the ISP, periods half-open; `charged_through_on` is not billed yet."""

    id: int
    customer_id: int
    plan_id: int
    plan_code: str
    plan_price_id: int
    price: Amount
    interval: Interval
    interval_count: int
    status: SubscriptionStatus
    starts_on: date
    period_starts_on: date
    period_ends_on: date
    charged_through_on: date
    suspended_at: datetime | None
    suspension_reason: SuspensionReason | None
    is_over_cap: bool
    ended_at: datetime | None
    connection_id: int | None
    created_at: datetime


class ServiceDiagnosis(Outgoing):
    """Why a service is offline, or that it is not, and what that was concluded from."""

    subscription_id: int
    cause: OfflineCause
    sentence: str
    evidence: tuple[str, ...]


@router.get("", responses=READING)
async def list_subscriptions(
    benfex: BenfexDep,
    actor: ActorDep,
    request: SliceDep,
    customer_id: QueryId | None = None,
    status: Annotated[SubscriptionStatus | None, Query()] = None,
) -> Listing[Subscription]:
    """Return subscriptions, newest first."""
    found = await benfex.read(
        subscription_records,
        actor,
        request=request,
        customer_id=CustomerId(customer_id) if customer_id is not None else None,
        status=status,
    )
    return Listing[Subscription].of(found)


@router.post("", status_code=201, response_model=Subscription, responses=WRITING)
async def create_subscription(asked: NewSubscription, call: UnsafeCallDep) -> Response:
    """Sell a plan: its first period is invoiced, and the router is told."""
    line = ConnectionSpec(
        router_id=RouterId(asked.connection.router_id),
        username=asked.connection.username,
        secret=asked.connection.secret.get_secret_value(),
        static_ip=asked.connection.static_ip,
        mac=asked.connection.mac,
    )

    def work(uow: UnitOfWork) -> Answer:
        try:
            subscription_id = start_subscription(
                uow,
                customer_id=CustomerId(asked.customer_id),
                plan_price_id=PlanPriceId(asked.plan_price_id),
                connection=line,
                vault=call.benfex.vault,
                starts_on=asked.starts_on,
                agreed_price=asked.agreed_price.money() if asked.agreed_price else None,
                add_ons=[sold.sale() for sold in asked.add_ons],
                discounts=[DiscountId(found) for found in asked.discount_ids],
                payer_id=CustomerId(asked.payer_id) if asked.payer_id is not None else None,
            )
        except (InvalidInput, AlreadyExists) as error:
            if error.field in NewConnection.model_fields:
                error.field = f"connection.{error.field}"
            raise
        return _told(uow, 201, subscription_id)

    return await call.once(work)


@router.get("/{subscription_id}", responses=READING)
async def get_subscription(subscription_id: PathId, benfex: BenfexDep, actor: ActorDep) -> Subscription:
    """Return one subscription."""
    record = await benfex.read(subscription_record, actor, subscription_id=SubscriptionId(subscription_id))
    return Subscription.model_validate(record)


@router.get("/{subscription_id}/diagnosis", responses=READING)
async def get_diagnosis(subscription_id: PathId, benfex: BenfexDep, actor: ActorDep) -> ServiceDiagnosis:
    """Say in one sentence why the service is offline, with the evidence; `online` when it is not."""
    key = SubscriptionId(subscription_id)
    record = await benfex.read(subscription_record, actor, subscription_id=key)
    found = (await benfex.diagnose(actor, customer_id=record.customer_id)).get(key)
    if found is None:
        raise NotFound("service")
    return ServiceDiagnosis.model_validate(found)


@router.post("/{subscription_id}/suspend", response_model=Subscription, responses=WRITING)
async def suspend(subscription_id: PathId, call: UnsafeCallDep, asked: Suspension | None = None) -> Response:
    """Reduce the service to the walled garden."""
    asked = asked or Suspension()

    def work(uow: UnitOfWork) -> Answer:
        known = subscription_record(uow, subscription_id=SubscriptionId(subscription_id))
        suspend_subscription(uow, subscription_id=known.id, reason=asked.reason, note=asked.note)
        return _told(uow, 200, known.id)

    return await call.once(work)


@router.post("/{subscription_id}/resume", response_model=Subscription, responses=WRITING)
async def resume(subscription_id: PathId, call: UnsafeCallDep, asked: Resumption | None = None) -> Response:
    """Give full service back, whatever took it."""
    asked = asked or Resumption()

    def work(uow: UnitOfWork) -> Answer:
        known = subscription_record(uow, subscription_id=SubscriptionId(subscription_id))
        if not known.can_be_resumed:
            raise Conflict(f"This service is {known.status.value}, so there is nothing to resume.")
        if known.status is SubscriptionStatus.PAUSED:
            resume_subscription(uow, subscription_id=known.id, reason=asked.note)
        else:
            reactivate_subscription(uow, subscription_id=known.id, note=asked.note)
        return _told(uow, 200, known.id)

    return await call.once(work)


def _told(uow: UnitOfWork, status: int, subscription_id: SubscriptionId) -> Answer:
    record = subscription_record(uow, subscription_id=subscription_id)
    return told(status, Subscription.model_validate(record))
