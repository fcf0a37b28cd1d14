"""Create a plan, publish a price with a live preview of its first invoice, show prices, archive."""

from collections import Counter
from datetime import date
from typing import Any

from benfex.application import Benfex
from benfex.catalog.plans import DataTerms, PriceTerms, archive_plan, create_plan, publish_price
from benfex.catalog.views import Catalog, PlanView, PriceView, catalog
from benfex.core.policy import billing_today
from benfex.subscriptions.first_invoice import FirstInvoice, first_invoice
from components.data_table import DataTable
from components.dialogs import confirm, form_dialog
from components.elements import text
from components.feedback import Note, toast_error, toast_ok
from components.form import Form, Values
from components.moments import say_day
from data.values.daily_hours import DailyHours, parse_daily_hours
from data.values.errors import BenfexError, InvalidInput, NotFound
from data.values.identifiers import PlanId
from data.values.kinds import AccessMethod, BillingMode, CapAction, ChargeTiming, Interval, TaxBehavior
from data.values.traffic import Burst, Rate
from pages.admin.phrases import say_count, say_price, say_tax
from pages.dependencies import SignedInStaff

_MEGABIT, _GIGABYTE = 1_000_000, 1_000_000_000
METHODS = {
    AccessMethod.PPPOE.value: "A PPPoE user",
    AccessMethod.HOTSPOT.value: "A hotspot user",
    AccessMethod.STATIC.value: "A fixed address",
    AccessMethod.DHCP.value: "A DHCP lease of their device",
}
_HOURS = {hour: f"{hour:02d}:00" for hour in range(24)}
_CAP_ACTIONS = {
    CapAction.NOTIFY.value: "Tell the customer",
    CapAction.THROTTLE.value: "Slow down",
    CapAction.SUSPEND.value: "Suspend until the new period",
    CapAction.CHARGE.value: "Charge each gigabyte beyond",
}
_RHYTHMS = {
    "month": "month",
    "quarter": "quarter",
    "year": "year",
    "week": "week",
    "day": "day",
    "hour": "hour (prepaid)",
}
_BEHAVIORS = {"inclusive": "holds the tax", "exclusive": "comes without tax"}
_MODES = {BillingMode.POSTPAID.value: "by invoice", BillingMode.PREPAID.value: "before it is used"}
_TIMINGS = {ChargeTiming.ADVANCE.value: "when it begins", ChargeTiming.ARREARS.value: "when it is over"}


def open_new_plan(benfex: Benfex, staff: SignedInStaff, table: DataTable) -> None:
    """Create a plan, then ask for its first price."""

    async def create(values: Values) -> None:
        cap, slow = values["data_cap_bytes"], values["throttled_bps"]
        plan_id = await benfex.transact(
            create_plan,
            await staff.fresh(),
            code=values["code"],
            name=values["name"],
            download_bps=values["download_bps"] * _MEGABIT,
            upload_bps=values["upload_bps"] * _MEGABIT,
            data_cap_bytes=cap * _GIGABYTE if cap is not None else None,
            cap_action=CapAction(values["cap_action"]),
            throttled_bps=slow * _MEGABIT if slow is not None else None,
            data_terms=DataTerms(
                _hours("bonus", values), _hours("fair_use", values), rolls_over=bool(values["rolls_over"])
            ),
            burst=_burst(values),
            access_method=AccessMethod(values["access_method"]),
        )
        dialog.close()
        await table.refresh()
        await open_new_price(benfex, staff, plan_id, table)

    with form_dialog("New plan", "The next step asks for its price.") as dialog, Form(create) as form:
        with form.pair():
            form.text("name", "Name", hint="As customers see it.")
            form.text("code", "Code", hint="Like HOME-10; names the profile on routers.")
        form.choice("access_method", "Subscribers are known by", METHODS, AccessMethod.PPPOE.value)
        with form.pair():
            form.whole("download_bps", "Download", unit="Mbps")
            form.whole("upload_bps", "Upload", unit="Mbps")
        with form.pair():
            form.whole(
                "data_cap_bytes", "Data in a period", unit="GB", required=False, hint="Left out: no limit."
            )
            form.whole("throttled_bps", "Speed after that", unit="Mbps", required=False)
        form.choice("cap_action", "When the data is used up", _CAP_ACTIONS, CapAction.NOTIFY.value)
        _add_data_terms(form)
        _add_burst(form)
        form.submit("Create plan")


def _add_data_terms(form: Form) -> None:
    terms = form.switch("has_terms", "Bonus hours, fair use hours, data that rolls over")
    with form.pair():
        form.choice("bonus_hours", "Free data from", _HOURS, required=False, hint="It does not count then.")
        form.choice("bonus_until", "Until", _HOURS, required=False)
    with form.pair():
        form.choice(
            "fair_use_hours",
            "Effective from",
            _HOURS,
            required=False,
            hint="Left out: all day, once the data is used up.",
        )
        form.choice("fair_use_until", "Until", _HOURS, required=False)
    form.switch("rolls_over", "What is left is there in the next period too")
    for name in ("bonus_hours", "bonus_until", "fair_use_hours", "fair_use_until", "rolls_over"):
        form.show_while(name, terms, bool)


def _add_burst(form: Form) -> None:
    bursts = form.switch("bursts", "May be faster for a while (burst)")
    with form.pair():
        form.whole("burst_download_bps", "Burst download", unit="Mbps")
        form.whole("burst_upload_bps", "Burst upload", unit="Mbps")
    with form.pair():
        form.whole("burst_threshold_download_bps", "While the average is below", unit="Mbps")
        form.whole("burst_threshold_upload_bps", "And upload below", unit="Mbps")
    form.whole("burst_seconds", "Average of", 10, unit="seconds")
    for name in ("download_bps", "upload_bps", "threshold_download_bps", "threshold_upload_bps", "seconds"):
        form.show_while(f"burst_{name}", bursts, bool)


def _hours(name: str, values: Values) -> DailyHours | None:
    return parse_daily_hours(f"{name}_hours", values[f"{name}_hours"], values[f"{name}_until"])


def _burst(values: Values) -> Burst | None:
    if not values["bursts"]:
        return None
    rate = Rate(values["burst_download_bps"] * _MEGABIT, values["burst_upload_bps"] * _MEGABIT)
    threshold = Rate(
        values["burst_threshold_download_bps"] * _MEGABIT, values["burst_threshold_upload_bps"] * _MEGABIT
    )
    return Burst(rate, threshold, values["burst_seconds"])


class _PriceForm:
    """The fields of a price, and beside them what its first invoice would be."""

    def __init__(
        self, benfex: Benfex, staff: SignedInStaff, goods: Catalog, plan: PlanView, today: date
    ) -> None:
        self._benfex, self._staff, self._plan, self._goods, self._today = benfex, staff, plan, goods, today

    def build(self, form: Form) -> None:
        """Create the fields."""
        self._form, goods = form, self._goods
        taxes = {"": "No tax"} | {tax.code: say_tax(tax.name, tax.basis_points) for tax in goods.taxes}
        with form.pair():
            form.money("amount", "Price", goods.currency)
            form.money("setup_fee", "Set-up fee", goods.currency, required=False)
        with form.pair():
            form.choice("rhythm", "Billed by the", _RHYTHMS, "month")
            form.whole("interval_count", "How many at once", 1)
        with form.pair():
            form.choice("tax_code", "Tax", taxes, _likely_tax(goods, self._plan), required=False)
            form.choice("tax_behavior", "The price", _BEHAVIORS, "inclusive")
        with form.pair():
            form.choice("billing_mode", "Paid", _MODES, BillingMode.POSTPAID.value)
            form.choice("timing", "A period is billed", _TIMINGS, ChargeTiming.ADVANCE.value)
        with form.pair():
            form.whole("trial_days", "Free trial", 0, unit="days")
            form.whole("minimum_term_months", "Minimum term", 0, unit="months")
        with form.pair():
            form.money("early_termination_fee", "Fee for leaving early", goods.currency, required=False)
            if self._plan.cap_action is CapAction.CHARGE:
                form.money("overage", "Each gigabyte beyond the cap", goods.currency)
        with form.pair():
            form.date("valid_from_on", "In force from", required=False, hint="Left out: now.")
            form.date("starts_on", "Preview a start on", self._today.isoformat())
        self._note = Note("The first invoice stands here.", symbol="receipt-text")
        for control in form.controls():
            control.on_value_change(self.preview)

    def read(self, values: Values) -> dict[str, Any]:
        """Return what the acts take."""
        months = {"quarter": 3, "year": 12}.get(values["rhythm"])
        return {
            "amount": values["amount"],
            "setup_fee": values["setup_fee"],
            "interval": Interval.MONTH if months else Interval(values["rhythm"]),
            "interval_count": values["interval_count"] * (months or 1),
            "tax_code": values["tax_code"] or None,
            "tax_behavior": TaxBehavior(values["tax_behavior"]),
            "terms": PriceTerms(
                timing=ChargeTiming(values["timing"]),
                trial_days=values["trial_days"],
                minimum_term_months=values["minimum_term_months"],
                early_termination_fee=values["early_termination_fee"],
                overage=values.get("overage"),
            ),
        }

    async def preview(self) -> None:
        """Say what the first invoice would be with what the fields hold now."""
        try:
            values = self._form.values()
            if values["billing_mode"] == BillingMode.PREPAID.value:
                self._note.set("Prepaid: the paid invoice comes with the money that opens a period.")
                return
            told = await self._benfex.read(
                first_invoice,
                await self._staff.fresh(),
                plan_name=self._plan.name,
                starts_on=read_day(values["starts_on"], "starts_on"),
                **self.read(values),
            )
        except BenfexError:
            self._note.set("The first invoice stands here once the fields are filled in.")
            return
        self._note.set(say_first_invoice(told, today=self._today))


async def open_new_price(benfex: Benfex, staff: SignedInStaff, plan_id: PlanId, table: DataTable) -> None:
    """Sell a plan at a new price, from now or from a day on."""
    try:
        goods, plan = await _find(benfex, staff, plan_id)
        today = await benfex.read(billing_today, await staff.fresh())
    except BenfexError as error:
        toast_error(error.message)
        return
    words = "New services pay this from then on."
    if plan.services:
        words += f" The {say_count(plan.services, 'service')} sold before keep their price."
    fields = _PriceForm(benfex, staff, goods, plan, today)

    async def publish(values: Values) -> None:
        since = values["valid_from_on"]
        day = read_day(since, "valid_from_on") if since else None
        await benfex.transact(
            publish_price,
            await staff.fresh(),
            plan_id=plan_id,
            billing_mode=BillingMode(values["billing_mode"]),
            valid_from_on=day,
            **fields.read(values),
        )
        dialog.close()
        await table.refresh()
        when = f"from {say_day(day, today=today)}" if day else "from now"
        toast_ok(f"{plan.name} is sold at {values['amount']} {when} on.")

    with form_dialog(f"New price for {plan.name}", words) as dialog, Form(publish) as form:
        fields.build(form)
        form.submit("Publish price")


async def open_prices(benfex: Benfex, staff: SignedInStaff, plan_id: PlanId) -> None:
    """Show the prices a plan is sold at."""
    try:
        _, plan = await _find(benfex, staff, plan_id)
    except BenfexError as error:
        toast_error(error.message)
        return
    today = benfex.clock.now().date()
    with form_dialog(
        f"Prices of {plan.name}", "" if plan.prices else "It has no price yet, so it cannot be sold."
    ):
        for price in plan.prices:
            text(say_price(price.amount, price.interval, price.interval_count), "t1 num")
            text(f"{_say_tax(price)} · since {say_day(price.since.date(), today=today)}", "t2 num")


async def ask_archive_plan(benfex: Benfex, staff: SignedInStaff, plan_id: PlanId, table: DataTable) -> None:
    """Ask, and sell a plan no more."""
    try:
        _, plan = await _find(benfex, staff, plan_id)
        words = f"It is sold no more. {say_count(plan.services, 'service')} on it go on as they are."
        if await confirm(f"Archive {plan.name}?", words, action="Archive", danger=True):
            await benfex.transact(archive_plan, await staff.fresh(), plan_id=plan_id)
            await table.refresh()
            toast_ok(f"{plan.name} is archived.")
    except BenfexError as error:
        toast_error(error.message)


def say_first_invoice(told: FirstInvoice, *, today: date) -> str:
    """Return the lines, tax, total and next dates of a first invoice as one paragraph."""
    next_days = ", ".join(say_day(day, today=today) for day in told.next_on)
    if not told.lines:
        return f"Nothing is due on the first day. Invoices come on {next_days}."
    lines = "; ".join(f"{words}: {amount}" for words, amount in told.lines)
    tax = f", {told.tax} tax in it" if not told.tax.is_zero else ""
    return f"First invoice. {lines}. Total {told.total}{tax}. The next come on {next_days}."


def read_day(value: str, field: str) -> date:
    """Return a day that was picked. Raises InvalidInput naming the field."""
    try:
        return date.fromisoformat(value)
    except ValueError as cause:
        raise InvalidInput(field, "Write the day like 2026-11-23.") from cause


async def _find(benfex: Benfex, staff: SignedInStaff, plan_id: PlanId) -> tuple[Catalog, PlanView]:
    goods = await benfex.read(catalog, await staff.fresh())
    plan = next((plan for plan in goods.plans if plan.plan_id == plan_id), None)
    if plan is None:
        raise NotFound("plan")
    return goods, plan


def _likely_tax(goods: Catalog, plan: PlanView) -> str:
    """Return the tax of the plan's newest price, else that of most prices; empty for none or an ended one."""
    if plan.prices:
        likely = plan.prices[0].tax_code
    else:
        charged = Counter(price.tax_code for other in goods.plans for price in other.prices)
        likely = charged.most_common(1)[0][0] if charged else None
    return likely if likely in {tax.code for tax in goods.taxes} and likely else ""


def _say_tax(price: PriceView) -> str:
    if price.tax_name is None or price.tax_basis_points is None:
        return "no tax"
    inside = "with" if price.tax_behavior is TaxBehavior.INCLUSIVE else "plus"
    return f"{inside} {say_tax(price.tax_name, price.tax_basis_points)}"
