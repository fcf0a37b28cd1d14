"""/subscriptions/{id}/…: change the plan, pause, bring back, end, add-ons and discounts.

Every one answers with what it came to; with `?preview=true` it says that and changes nothing.
"""

from collections.abc import Callable
from datetime import date
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query
from pydantic import Field, StrictInt
from starlette.responses import Response

from benfex.core.unit_of_work import UnitOfWork
from benfex.identity.idempotency import Answer
from benfex.subscriptions.add_ons import AddOnSale
from benfex.subscriptions.api_views import subscription_record
from benfex.subscriptions.data_packs import buy_data_pack
from benfex.subscriptions.extras import add_add_on, give_discount, remove_add_on, take_discount
from benfex.subscriptions.lifecycle import end_subscription, keep_subscription
from benfex.subscriptions.outcomes import ChangeOutcome
from benfex.subscriptions.pausing import pause_subscription, resume_subscription
from benfex.subscriptions.plan_changes import cancel_pending_change, change_plan, set_agreed_price
from benfex.subscriptions.story import service_story
from data.values.errors import NotFound
from data.values.identifiers import (
    AddOnId,
    DiscountId,
    PlanPriceId,
    SubscriptionAddOnId,
    SubscriptionDiscountId,
    SubscriptionId,
)
from data.values.kinds import ChangeTiming, DiscountKind
from data.values.states import SubscriptionStatus
from pages.api.auth import ActorDep
from pages.api.idempotency import UnsafeCall, UnsafeCallDep, reply, told
from pages.api.problems import READING, WRITING
from pages.api.schemas import Amount, AskedAmount, Day, Id, Incoming, Outgoing, PathId, Text
from pages.dependencies import BenfexDep

router = APIRouter(prefix="/subscriptions", tags=["subscriptions"])
Act = Callable[[UnitOfWork], ChangeOutcome]
Preview = Annotated[bool, Query(description="Say what it comes to, and change nothing.")]
T = TypeVar("T")


class PlanChange(Incoming):
    """The price to change to, now or when the running period is over."""

    plan_price_id: Id
    when: ChangeTiming = ChangeTiming.NOW


class BoughtData(Incoming):
    """The pack of data to buy: an add-on with `data_bytes`."""

    add_on_id: Id


class Pause(Incoming):
    """Until when a service is paused; until staff bring it back when left out."""

    resumes_on: Day | None = None
    reason: Text = ""


class Return(Incoming):
    """Why a service comes back from a pause."""

    reason: Text = ""


class Ending(Incoming):
    """Why a service ends, and when."""

    reason: Text
    when: ChangeTiming = ChangeTiming.NOW


class AddedAddOn(Incoming):
    """An add-on that joins; `unit` is a price of the customer's own."""

    add_on_id: Id
    quantity: StrictInt = 1
    unit: AskedAmount | None = None


class Removal(Incoming):
    """When an add-on leaves."""

    when: ChangeTiming = ChangeTiming.NOW


class GivenDiscount(Incoming):
    """The discount to give."""

    discount_id: Id


class AgreedPrice(Incoming):
    """What this customer pays a period; null for the price of the list."""

    price: AskedAmount | None


class OutcomeLine(Outgoing):
    """A line of an invoice or credit note, tax included; a credit is positive."""

    description: str
    amount: Amount
    starts_on: date | None
    ends_on: date | None


class Outcome(Outgoing):
    """What a change credits and invoices; `to_pay` below nothing is what the customer keeps."""

    status: SubscriptionStatus
    effective_on: date
    credited: Amount
    credits: list[OutcomeLine]
    invoiced: Amount
    charges: list[OutcomeLine]
    to_pay: Amount
    next_bill_on: date | None


class ServiceAddOn(Outgoing):
    """An add-on of a service; `ends_on` is the first day without it."""

    id: int
    name: str
    unit: Amount
    quantity: int
    is_recurring: bool
    starts_on: date
    ends_on: date | None


class ServiceDiscount(Outgoing):
    """A discount of a service; `periods_left` null for as long as nothing ends it."""

    id: int
    name: str
    kind: DiscountKind
    basis_points: int
    amount: Amount
    periods_left: int | None
    starts_on: date
    ends_on: date | None


class Arrangements(Outgoing):
    """What a service has beside its plan, and what is arranged for a day (null where nothing is)."""

    agreed_price: Amount | None
    trial_ends_on: date | None
    minimum_term_ends_on: date | None
    pending_plan_name: str | None
    pending_change_on: date | None
    ends_on: date | None
    resumes_on: date | None
    bills_on: date | None
    add_ons: list[ServiceAddOn] = Field(default_factory=list)
    discounts: list[ServiceDiscount] = Field(default_factory=list)


@router.get("/{subscription_id}/arrangements", responses=READING)
async def get_arrangements(subscription_id: PathId, benfex: BenfexDep, actor: ActorDep) -> Arrangements:
    """Return add-ons, discounts, and what is arranged."""
    story = await benfex.read(service_story, actor, subscription_id=SubscriptionId(subscription_id))
    return Arrangements.model_validate(story)


@router.post("/{subscription_id}/change-plan", response_model=Outcome, responses=WRITING)
async def change_the_plan(
    subscription_id: PathId, asked: PlanChange, call: UnsafeCallDep, preview: Preview = False
) -> Response:
    """Move a service to another price."""

    def act(uow: UnitOfWork) -> ChangeOutcome:
        known = subscription_record(uow, subscription_id=SubscriptionId(subscription_id))
        price_id = PlanPriceId(asked.plan_price_id)
        return change_plan(uow, subscription_id=known.id, plan_price_id=price_id, when=asked.when)

    return await _answer(call, act, preview=preview)


@router.post("/{subscription_id}/cancel-change", response_model=Arrangements, responses=WRITING)
async def cancel_the_change(subscription_id: PathId, call: UnsafeCallDep) -> Response:
    """Take back a change of plan that is arranged."""
    return await _arrange(call, subscription_id, cancel_pending_change)


@router.post("/{subscription_id}/pause", response_model=Outcome, responses=WRITING)
async def pause(
    subscription_id: PathId, call: UnsafeCallDep, asked: Pause | None = None, preview: Preview = False
) -> Response:
    """Take the line off and stop charging."""
    wanted = asked or Pause()

    def act(uow: UnitOfWork) -> ChangeOutcome:
        known = subscription_record(uow, subscription_id=SubscriptionId(subscription_id))
        return pause_subscription(
            uow, subscription_id=known.id, resumes_on=wanted.resumes_on, reason=wanted.reason
        )

    return await _answer(call, act, preview=preview)


@router.post("/{subscription_id}/return", response_model=Outcome, responses=WRITING)
async def bring_back(
    subscription_id: PathId, call: UnsafeCallDep, asked: Return | None = None, preview: Preview = False
) -> Response:
    """Bring a paused service back; the days to the end of its period are charged."""
    reason = asked.reason if asked else ""

    def act(uow: UnitOfWork) -> ChangeOutcome:
        known = subscription_record(uow, subscription_id=SubscriptionId(subscription_id))
        return resume_subscription(uow, subscription_id=known.id, reason=reason)

    return await _answer(call, act, preview=preview)


@router.post("/{subscription_id}/end", response_model=Outcome, responses=WRITING)
async def end(
    subscription_id: PathId, asked: Ending, call: UnsafeCallDep, preview: Preview = False
) -> Response:
    """End a service for good and take its access off the router, now or when its period is over."""

    def act(uow: UnitOfWork) -> ChangeOutcome:
        known = subscription_record(uow, subscription_id=SubscriptionId(subscription_id))
        return end_subscription(uow, subscription_id=known.id, reason=asked.reason, when=asked.when)

    return await _answer(call, act, preview=preview)


@router.post("/{subscription_id}/keep", response_model=Arrangements, responses=WRITING)
async def keep(subscription_id: PathId, call: UnsafeCallDep) -> Response:
    """Take back that a service ends when its period is over."""
    return await _arrange(call, subscription_id, keep_subscription)


@router.post("/{subscription_id}/agreed-price", response_model=Arrangements, responses=WRITING)
async def agree_on_price(subscription_id: PathId, asked: AgreedPrice, call: UnsafeCallDep) -> Response:
    """Have a customer pay a price of their own for every period that is not billed yet."""
    price = asked.price.money() if asked.price is not None else None

    def agree(uow: UnitOfWork, *, subscription_id: SubscriptionId) -> None:
        set_agreed_price(uow, subscription_id=subscription_id, agreed_price=price)

    return await _arrange(call, subscription_id, agree)


@router.post("/{subscription_id}/add-ons", response_model=Outcome, responses=WRITING)
async def put_add_on(
    subscription_id: PathId, asked: AddedAddOn, call: UnsafeCallDep, preview: Preview = False
) -> Response:
    """Put an add-on on a service from today."""
    unit = asked.unit.money() if asked.unit is not None else None

    def act(uow: UnitOfWork) -> ChangeOutcome:
        known = subscription_record(uow, subscription_id=SubscriptionId(subscription_id))
        sale = AddOnSale(AddOnId(asked.add_on_id), asked.quantity, unit)
        return add_add_on(uow, subscription_id=known.id, sale=sale)

    return await _answer(call, act, preview=preview)


@router.post("/{subscription_id}/data", response_model=Outcome, responses=WRITING)
async def buy_data(
    subscription_id: PathId, asked: BoughtData, call: UnsafeCallDep, preview: Preview = False
) -> Response:
    """Buy a pack of data for the running period from credit; subscribers may for themselves. 409 where it is short."""

    def act(uow: UnitOfWork) -> ChangeOutcome:
        known = subscription_record(uow, subscription_id=SubscriptionId(subscription_id))
        return buy_data_pack(
            uow,
            customer_id=known.customer_id,
            subscription_id=known.id,
            add_on_id=AddOnId(asked.add_on_id),
        )

    return await _answer(call, act, preview=preview)


@router.post("/{subscription_id}/add-ons/{add_on_row_id}/remove", response_model=Outcome, responses=WRITING)
async def take_add_on_off(
    subscription_id: PathId,
    add_on_row_id: PathId,
    call: UnsafeCallDep,
    asked: Removal | None = None,
    preview: Preview = False,
) -> Response:
    """Take a recurring add-on off a service; `add_on_row_id` is the id among the service's own add-ons."""
    when = asked.when if asked else ChangeTiming.NOW

    def act(uow: UnitOfWork) -> ChangeOutcome:
        story = service_story(uow, subscription_id=SubscriptionId(subscription_id))
        _among({row.id for row in story.add_ons}, SubscriptionAddOnId(add_on_row_id), "add-on")
        return remove_add_on(uow, subscription_add_on_id=SubscriptionAddOnId(add_on_row_id), when=when)

    return await _answer(call, act, preview=preview)


@router.post("/{subscription_id}/discounts", response_model=Arrangements, responses=WRITING)
async def give_a_discount(subscription_id: PathId, asked: GivenDiscount, call: UnsafeCallDep) -> Response:
    """Give a discount on every period that is not billed yet."""

    def give(uow: UnitOfWork, *, subscription_id: SubscriptionId) -> None:
        give_discount(uow, subscription_id=subscription_id, discount_id=DiscountId(asked.discount_id))

    return await _arrange(call, subscription_id, give)


@router.post(
    "/{subscription_id}/discounts/{discount_row_id}/take", response_model=Arrangements, responses=WRITING
)
async def take_a_discount(subscription_id: PathId, discount_row_id: PathId, call: UnsafeCallDep) -> Response:
    """Take a discount back; periods that are billed keep it."""

    def take(uow: UnitOfWork, *, subscription_id: SubscriptionId) -> None:
        story = service_story(uow, subscription_id=subscription_id)
        _among({row.id for row in story.discounts}, SubscriptionDiscountId(discount_row_id), "discount")
        take_discount(uow, subscription_discount_id=SubscriptionDiscountId(discount_row_id))

    return await _arrange(call, subscription_id, take)


def _among(known: set[T], row_id: T, what: str) -> None:
    if row_id not in known:
        raise NotFound(what)


async def _answer(call: UnsafeCall, act: Act, *, preview: bool) -> Response:
    """Return what the act came to; a preview of it changes nothing and keeps no key."""

    def work(uow: UnitOfWork) -> Answer:
        return told(200, Outcome.model_validate(act(uow)))

    if preview:
        return reply(await call.benfex.preview(work, call.actor))
    return await call.once(work)


async def _arrange(call: UnsafeCall, subscription_id: int, act: Callable[..., None]) -> Response:
    """Do what has no sums of its own, and return what is arranged then."""

    def work(uow: UnitOfWork) -> Answer:
        known = subscription_record(uow, subscription_id=SubscriptionId(subscription_id))
        act(uow, subscription_id=known.id)
        return told(200, Arrangements.model_validate(service_story(uow, subscription_id=known.id)))

    return await call.once(work)
