"""What staff do to a service: sell, suspend, resume, sync. Each says its exact consequence first."""

from benfex.application import Benfex
from benfex.catalog.views import Catalog, PlanView, PriceView, catalog
from benfex.customers.views import CustomerView
from benfex.network.connections import ConnectionSpec, sync_again
from benfex.network.views import list_routers
from benfex.subscriptions.first_invoice import first_invoice
from benfex.subscriptions.lifecycle import (
    reactivate_subscription,
    start_subscription,
    suspend_subscription,
)
from benfex.subscriptions.views import ServiceView
from components.dialogs import ask_reason, form_dialog
from components.elements import text
from components.feedback import toast_error, toast_ok
from components.form import Form, Values
from components.status_badge import look_of
from data.values.errors import BenfexError
from data.values.identifiers import PlanPriceId, RouterId, new_token
from data.values.kinds import BY_ADDRESS, BillingMode, SuspensionReason
from pages.admin.phrases import say_price, say_speed
from pages.admin.plan_dialogs import say_first_invoice
from pages.dependencies import SignedInStaff

_SUSPENSIONS = {
    SuspensionReason.NON_PAYMENT.value: "Not paid: a payment lifts it by itself",
    SuspensionReason.STAFF.value: "By staff: only staff can lift it",
    SuspensionReason.ABUSE.value: "Abuse: only staff can lift it",
}


def open_suspend(benfex: Benfex, staff: SignedInStaff, service: ServiceView, view: CustomerView) -> None:
    """Ask why, and suspend."""
    line = f"{service.line.username} on {service.line.router_name}" if service.line else "The line"
    price = say_price(service.price, service.interval, service.interval_count)
    words = (
        f"{line} is reduced to the payment page within seconds, and the running session is dropped. "
        f"The service keeps being billed at {price}."
    )

    async def suspend(values: Values) -> None:
        await benfex.transact(
            suspend_subscription,
            await staff.fresh(),
            subscription_id=service.subscription_id,
            reason=SuspensionReason(values["reason"]),
            note=values["note"],
        )
        dialog.close()
        toast_ok(f"{service.plan_name} of {view.name} is suspended.")

    with form_dialog(f"Suspend {service.plan_name}?", words) as dialog, Form(suspend) as form:
        form.choice("reason", "Why", _SUSPENSIONS, SuspensionReason.STAFF.value)
        form.area("note", "Note for colleagues", required=True, hint="Kept in the history of the service.")
        form.submit("Suspend", kind="danger")


async def open_resume(benfex: Benfex, staff: SignedInStaff, service: ServiceView, view: CustomerView) -> None:
    """Ask why, and give full service back."""
    words = f"Full speed ({say_speed(service.download_bps, service.upload_bps)}) comes back within seconds."
    if view.overdue.is_positive:
        words += f" {view.overdue} is still overdue; it stays owed, and the next late invoice suspends again."
    note = await ask_reason(f"Resume {service.plan_name}?", words, action="Resume", label="Why")
    if note is None:
        return
    try:
        await benfex.transact(
            reactivate_subscription,
            await staff.fresh(),
            subscription_id=service.subscription_id,
            note=note,
        )
    except BenfexError as error:
        toast_error(error.message)
        return
    toast_ok(f"{service.plan_name} of {view.name} is active again.")


async def sync_now(benfex: Benfex, staff: SignedInStaff, service: ServiceView) -> None:
    """Have the router compared with what it should have, now."""
    if service.line is None:
        return
    try:
        await benfex.transact(sync_again, await staff.fresh(), connection_id=service.line.connection_id)
    except BenfexError as error:
        toast_error(error.message)
        return
    toast_ok(f"{service.line.router_name} is being asked.")


async def open_new_service(benfex: Benfex, staff: SignedInStaff, view: CustomerView) -> None:
    """Sell a plan on a line of a router."""
    try:
        actor = await staff.fresh()
        goods = await benfex.read(catalog, actor)
        routers = await benfex.read(list_routers, actor)
    except BenfexError as error:
        toast_error(error.message)
        return
    prices = _sold_in(goods, view.currency)
    if not prices or not routers:
        missing = "a plan with a price" if not prices else "a router"
        toast_error(f"There is no {missing.removeprefix('a ')} to sell on yet. Add {missing} first.")
        return

    async def start(values: Values) -> None:
        plan, _ = prices[values["plan_price_id"]]
        await benfex.transact(
            start_subscription,
            await staff.fresh(),
            customer_id=view.customer_id,
            plan_price_id=PlanPriceId(values["plan_price_id"]),
            connection=ConnectionSpec(
                router_id=RouterId(values["router_id"]),
                username=values["username"],
                secret=values["secret"] or "",
                static_ip=values["static_ip"] or None,
                mac=values["mac"] or None,
            ),
            vault=benfex.vault,
        )
        dialog.close()
        toast_ok(f"{plan.name} starts today; the router is being told.")

    offers = {key: _say_offer(plan, price) for key, (plan, price) in prices.items()}
    sites = {router.router_id: f"{router.name} · {look_of(router.status).label}" for router in routers}
    with form_dialog(f"New service for {view.name}") as dialog, Form(start) as form:
        first = next(iter(offers))
        plan = form.choice("plan_price_id", "Plan", offers, first, search=len(offers) > 8)
        form.choice("router_id", "Router", sites, next(iter(sites)), search=len(sites) > 8)
        with form.pair():
            form.text("username", "User name on the router", view.account_number.lower())
            form.text("secret", "Password on the router", new_token(5))
        with form.pair():
            form.text("static_ip", "Fixed address", required=False, hint="Left out: one from the pool.")
            form.text("mac", "Device (MAC)", required=False, hint="Left out: any device.")
        form.show_while(
            "secret", plan, lambda key: key is None or prices[key][0].access_method not in BY_ADDRESS
        )
        consequence = text("", "bf-sub")

        async def say() -> None:
            words = await _say_first_bill(benfex, staff, *prices[plan.value], view) if plan.value else ""
            consequence.set_text(words)

        plan.on_value_change(say)
        form.submit("Start service")
    await say()


async def offers_of(benfex: Benfex, staff: SignedInStaff) -> dict[PlanPriceId, str]:
    """Return what is on sale in the ISP's currency, in words."""
    goods = await benfex.read(catalog, await staff.fresh())
    sold = _sold_in(goods, benfex.settings.currency)
    return {key: _say_offer(*offer) for key, offer in sold.items()}


def _sold_in(goods: Catalog, currency: str) -> dict[PlanPriceId, tuple[PlanView, PriceView]]:
    return {
        price.plan_price_id: (plan, price)
        for plan in goods.plans
        if not plan.is_archived
        for price in plan.prices
        if price.amount.currency == currency
    }


def _say_offer(plan: PlanView, price: PriceView) -> str:
    return f"{plan.name} · {say_price(price.amount, price.interval, price.interval_count)}"


async def _say_first_bill(
    benfex: Benfex, staff: SignedInStaff, plan: PlanView, price: PriceView, view: CustomerView
) -> str:
    if price.billing_mode is BillingMode.PREPAID:
        return "Prepaid: the service opens, and is invoiced, when money comes."
    told = await benfex.read(
        first_invoice,
        await staff.fresh(),
        plan_name=plan.name,
        amount=price.amount,
        setup_fee=price.setup_fee,
        interval=price.interval,
        interval_count=price.interval_count,
        tax_code=price.tax_code,
        tax_behavior=price.tax_behavior,
        terms=price.terms,
        starts_on=view.today,
    )
    return say_first_invoice(told, today=view.today)
