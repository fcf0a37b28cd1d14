"""Changes of a service, each with its exact consequence before anyone confirms: plan, pause, return, end, price."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from benfex.application import Benfex
from benfex.catalog.views import Catalog, PlanView, PriceView, catalog
from benfex.customers.views import CustomerView
from benfex.subscriptions.lifecycle import end_subscription, keep_subscription
from benfex.subscriptions.outcomes import ChangeOutcome
from benfex.subscriptions.pausing import pause_subscription, resume_subscription
from benfex.subscriptions.plan_changes import cancel_pending_change, change_plan, is_upgrade, set_agreed_price
from benfex.subscriptions.story import ServiceStory, service_story
from benfex.subscriptions.views import ServiceView
from components.dialogs import form_dialog
from components.feedback import Note, toast_error, toast_ok
from components.form import Form, Values
from components.moments import say_day
from components.timeline import Timeline
from data.values.errors import BenfexError, InvalidInput
from data.values.identifiers import PlanPriceId
from data.values.kinds import ChangeTiming
from data.values.money import Money
from pages.admin.change_words import say_outcome, tell
from pages.admin.phrases import say_price
from pages.dependencies import SignedInStaff

Act = Callable[..., ChangeOutcome]
_TIMINGS = {
    ChangeTiming.NOW.value: "Today",
    ChangeTiming.PERIOD_END.value: "When the running period is over",
}


@dataclass(slots=True)
class Consequence:
    """A line in a dialog that says what an act would come to with what the form holds now."""

    benfex: Benfex
    staff: SignedInStaff
    today: date
    asked: Callable[[], tuple[Act, dict[str, Any]] | None]
    note: Note = field(default_factory=lambda: Note("Working it out…", symbol="receipt-text"))

    async def refresh(self) -> None:
        """Work it out anew; an error is said in its place."""
        asked = self.asked()
        if asked is None:
            self.note.set("Choose, and the exact sums stand here.")
            return
        act, values = asked
        try:
            outcome = await self.benfex.preview(act, await self.staff.fresh(), **values)
        except BenfexError as error:
            self.note.set(error.message)
            return
        self.note.set(say_outcome(outcome, today=self.today))


async def open_change_plan(
    benfex: Benfex, staff: SignedInStaff, service: ServiceView, view: CustomerView
) -> None:
    """Move the service to another plan: up today by default, down when the period is over."""
    try:
        actor = await staff.fresh()
        goods = await benfex.read(catalog, actor)
        story = await benfex.read(service_story, actor, subscription_id=service.subscription_id)
    except BenfexError as error:
        toast_error(error.message)
        return
    prices = _other_prices(goods, story)
    if not prices:
        toast_error("There is no other plan to change to.")
        return

    def asked() -> tuple[Act, dict[str, Any]] | None:
        if plan.value is None:
            return None
        return change_plan, {
            "subscription_id": service.subscription_id,
            "plan_price_id": plan.value,
            "when": ChangeTiming(when.value),
        }

    async def change(_: Values) -> None:
        what = asked()
        if what is None:
            raise InvalidInput("plan_price_id", "Choose a plan.")
        outcome = await benfex.transact(what[0], await staff.fresh(), **what[1])
        dialog.close()
        toast_ok(f"{prices[plan.value][0].name}: {say_outcome(outcome, today=view.today)}")

    async def chosen() -> None:
        if plan.value is not None:
            price = prices[plan.value][1]
            is_up = is_upgrade(
                (price.amount, price.interval, price.interval_count),
                (service.price, service.interval, service.interval_count),
            )
            when.value = (ChangeTiming.NOW if is_up else ChangeTiming.PERIOD_END).value
        await consequence.refresh()

    offers = {
        key: f"{found.name} · {say_price(price.amount, price.interval, price.interval_count)}"
        for key, (found, price) in prices.items()
    }
    with form_dialog(f"Change the plan of {view.name}") as dialog, Form(change) as form:
        plan = form.choice("plan_price_id", f"From {service.plan_name} to", offers, search=len(offers) > 8)
        when = form.choice("when", "Takes effect", _TIMINGS, ChangeTiming.NOW.value)
        consequence = Consequence(benfex, staff, view.today, asked)
        plan.on_value_change(chosen)
        when.on_value_change(consequence.refresh)
        form.submit("Change plan")
    await consequence.refresh()


def _other_prices(goods: Catalog, story: ServiceStory) -> dict[PlanPriceId, tuple[PlanView, PriceView]]:
    return {
        price.plan_price_id: (plan, price)
        for plan in goods.plans
        if not plan.is_archived
        for price in plan.prices
        if price.amount.currency == story.list_price.currency and price.plan_price_id != story.plan_price_id
    }


async def open_pause(benfex: Benfex, staff: SignedInStaff, service: ServiceView, view: CustomerView) -> None:
    """Pause the service, until a day or until staff resume it."""

    def asked() -> tuple[Act, dict[str, Any]] | None:
        values: dict[str, Any] = {"subscription_id": service.subscription_id}
        if until.value:
            values["resumes_on"] = _read_day(until.value)
        return pause_subscription, values

    async def pause(values: Values) -> None:
        day = _read_day(values["resumes_on"]) if values["resumes_on"] else None
        await benfex.transact(
            pause_subscription,
            await staff.fresh(),
            subscription_id=service.subscription_id,
            resumes_on=day,
            reason=values["reason"],
        )
        dialog.close()
        back = f" until {say_day(day, today=view.today)}" if day else ""
        toast_ok(f"{service.plan_name} of {view.name} is paused{back}.")

    words = "The line is taken off the router within seconds, and nothing is charged while the pause lasts."
    with form_dialog(f"Pause {service.plan_name}?", words) as dialog, Form(pause) as form:
        until = form.date(
            "resumes_on", "Back on", required=False, hint="Left out: until staff bring it back."
        )
        form.text("reason", "Why", required=False)
        consequence = Consequence(benfex, staff, view.today, asked)
        until.on_value_change(consequence.refresh)
        form.submit("Pause service")
    await consequence.refresh()


async def open_return(benfex: Benfex, staff: SignedInStaff, service: ServiceView, view: CustomerView) -> None:
    """Bring the service back from a pause."""

    async def bring_back(values: Values) -> None:
        await benfex.transact(
            resume_subscription,
            await staff.fresh(),
            subscription_id=service.subscription_id,
            reason=values["reason"],
        )
        dialog.close()
        toast_ok(f"{service.plan_name} of {view.name} is active again.")

    with form_dialog(f"Bring {service.plan_name} back?") as dialog, Form(bring_back) as form:
        form.text("reason", "Why", required=False)
        asked = (resume_subscription, {"subscription_id": service.subscription_id})
        consequence = Consequence(benfex, staff, view.today, lambda: asked)
        form.submit("Resume service")
    await consequence.refresh()


async def open_end(benfex: Benfex, staff: SignedInStaff, service: ServiceView, view: CustomerView) -> None:
    """End the service for good, today or when its period is over."""

    def asked() -> tuple[Act, dict[str, Any]] | None:
        when_ = ChangeTiming(when.value)
        return end_subscription, {
            "subscription_id": service.subscription_id,
            "reason": "preview",
            "when": when_,
        }

    async def end(values: Values) -> None:
        await benfex.transact(
            end_subscription,
            await staff.fresh(),
            subscription_id=service.subscription_id,
            reason=values["reason"],
            when=ChangeTiming(values["when"]),
        )
        dialog.close()
        ends_now = values["when"] == ChangeTiming.NOW.value
        toast_ok(f"{service.plan_name} {'has ended' if ends_now else 'ends with its period'}.")

    words = "Access is taken off the router, and nothing more is billed. Today, this cannot be undone."
    with form_dialog(f"End {service.plan_name} of {view.name}?", words) as dialog, Form(end) as form:
        when = form.choice("when", "When", _TIMINGS, ChangeTiming.NOW.value)
        form.area("reason", "Why", required=True, hint="Kept in the history of the service.")
        consequence = Consequence(benfex, staff, view.today, asked)
        when.on_value_change(consequence.refresh)
        form.submit("End service", kind="danger")
    await consequence.refresh()


async def open_agreed_price(
    benfex: Benfex, staff: SignedInStaff, service: ServiceView, view: CustomerView
) -> None:
    """Agree on a price of the customer's own, or go back to the list's."""
    story = await benfex.read(service_story, await staff.fresh(), subscription_id=service.subscription_id)

    async def agree(values: Values) -> None:
        agreed: Money | None = values["agreed_price"]
        await benfex.transact(
            set_agreed_price,
            await staff.fresh(),
            subscription_id=service.subscription_id,
            agreed_price=agreed,
        )
        dialog.close()
        toast_ok(f"{view.name} pays {agreed or story.list_price} a period from the next bill on.")

    words = f"The list says {story.list_price}. Every period that is not billed yet costs what stands here."
    with form_dialog(f"Price of {service.plan_name} for {view.name}", words) as dialog, Form(agree) as form:
        form.money(
            "agreed_price",
            "Price of a period",
            view.currency,
            story.agreed_price,
            required=False,
            hint="Left out: the price of the list.",
        )
        form.submit("Agree on this price")


async def open_story(benfex: Benfex, staff: SignedInStaff, service: ServiceView, view: CustomerView) -> None:
    """Show what happened to the service: states, changes, invoices and credit notes."""
    story = await benfex.read(service_story, await staff.fresh(), subscription_id=service.subscription_id)
    with form_dialog(f"History of {service.plan_name}", say_standing(story, today=view.today)):
        Timeline(
            [tell(chapter, today=view.today) for chapter in story.chapters],
            now=benfex.clock.now(),
            timezone=view.timezone,
        )


async def take_back(benfex: Benfex, staff: SignedInStaff, service: ServiceView) -> None:
    """Take back the change of plan and the end that are arranged for the service."""
    story = await benfex.read(service_story, await staff.fresh(), subscription_id=service.subscription_id)
    try:
        if story.pending_change_on is not None:
            await benfex.transact(
                cancel_pending_change, await staff.fresh(), subscription_id=service.subscription_id
            )
        if story.ends_on is not None:
            await benfex.transact(
                keep_subscription, await staff.fresh(), subscription_id=service.subscription_id
            )
    except BenfexError as error:
        toast_error(error.message)
        return
    toast_ok(f"{service.plan_name} goes on as it is.")


def say_standing(story: ServiceStory, *, today: date) -> str:
    """Return what is arranged for a service, and to what it is bound."""
    parts = []
    if story.trial_ends_on is not None and story.trial_ends_on > today:
        parts.append(f"Free trial until {say_day(story.trial_ends_on, today=today)}.")
    if story.agreed_price is not None:
        parts.append(f"Agreed price {story.agreed_price}.")
    if story.pending_change_on is not None:
        parts.append(
            f"Changes to {story.pending_plan_name} on {say_day(story.pending_change_on, today=today)}."
        )
    if story.resumes_on is not None:
        parts.append(f"Back on {say_day(story.resumes_on, today=today)}.")
    if story.ends_on is not None and story.ends_on > today:
        parts.append(f"Ends on {say_day(story.ends_on, today=today)}.")
    if story.minimum_term_ends_on is not None and story.minimum_term_ends_on > today:
        parts.append(f"Agreed until {say_day(story.minimum_term_ends_on, today=today)}.")
    parts += [
        f"{row.name}{f' × {row.quantity}' if row.quantity > 1 else ''}."
        for row in story.add_ons
        if row.is_recurring and not row.has_left
    ]
    parts += [f"{row.name} taken off." for row in story.discounts if not row.is_over]
    return " ".join(parts)


def _read_day(value: Any) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError as cause:
        raise InvalidInput("resumes_on", "Write the day like 2026-11-23.") from cause
