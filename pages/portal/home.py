"""The subscriber's first look: am I online, what do I owe, one big Pay; then the use of the cap."""

from datetime import date

from nicegui import ui

from benfex.core.events import (
    ConnectionApplied,
    InvoiceIssued,
    PaymentSettled,
    SubscriptionChanged,
)
from benfex.dunning.promises import promise_offer
from benfex.payments.quotes import Quote, quote
from benfex.subscriptions.diagnosis import NOT_BY_BILLING, Diagnosis
from benfex.subscriptions.views import ServiceView
from benfex.usage.views import PeriodUsage, usage_of_customer
from components.elements import body, box, card, link, link_button, text
from components.empty_state import empty_state
from components.feedback import note
from components.moments import say_day, say_exactly
from components.money import money_label
from components.status_badge import OFFLINE, ONLINE, badge
from components.usage_bar import WARN_PERCENT, usage_bar, used_percent
from data.values.kinds import SuspensionReason
from data.values.states import SubscriptionStatus
from data.values.traffic import format_bps
from pages.dependencies import BenfexDep, SubscriberDep
from pages.live import on
from pages.portal.promise import promise_card
from pages.portal.shell import Visit, portal, visit
from pages.screen import screen


@screen("/portal", title="My internet")
async def home(benfex: BenfexDep, subscriber: SubscriberDep) -> None:
    """Show the service, what is owed, and the use of the cap; a suspended subscriber sees only how to return."""
    customer_id = subscriber.actor.customer_id
    here = await visit(benfex, subscriber)
    owed = await benfex.read(quote, subscriber.actor, customer_id=customer_id)
    offer = await benfex.read(promise_offer, subscriber.actor, customer_id=customer_id)
    used = await benfex.read(usage_of_customer, subscriber.actor, customer_id=customer_id, days=1)
    title = "Your internet is off" if here.is_cut_off else f"Hello, {subscriber.actor.name.split()[0]}"
    with portal(here, title, active="/portal", bare=here.is_cut_off):
        if here.is_cut_off:
            _cut_off(here, owed)
            if SuspensionReason.NON_PAYMENT in {one.suspension_reason for one in here.services}:
                promise_card(benfex, subscriber, offer, today=here.today)
        else:
            _owed(owed, here.today, timezone=here.profile.timezone)
            promise_card(benfex, subscriber, offer, today=here.today)
            why = await benfex.diagnose(subscriber.actor, customer_id=customer_id)
            prepaid = {renewal.subscription_id for renewal in owed.renewals}
            for service in here.services:
                online = benfex.live.online(service.line.connection_id) if service.line else None
                _service(
                    service,
                    used.get(service.subscription_id),
                    today=here.today,
                    online=online,
                    diagnosis=why.get(service.subscription_id),
                    is_prepaid=service.subscription_id in prepaid,
                )
            if not here.services:
                empty_state("No service yet", "When your line is installed, you will see it here.")
    on(benfex, PaymentSettled, _again, where=lambda event: event.customer_id == customer_id)
    on(benfex, InvoiceIssued, _again, where=lambda event: event.customer_id == customer_id)
    on(benfex, SubscriptionChanged, _again, where=lambda event: event.customer_id == customer_id)
    on(benfex, ConnectionApplied, _again, where=lambda event: event.customer_id == customer_id)


def _again(_: object) -> None:
    ui.navigate.reload()


def _cut_off(here: Visit, owed: Quote) -> None:
    reasons = {service.suspension_reason for service in here.services}
    with card(), body():
        if reasons <= {SuspensionReason.STAFF, SuspensionReason.ABUSE}:
            note("Your service was stopped by our team. Please call us.", tone="bad")
        elif reasons == {SuspensionReason.DATA_CAP}:
            note("Your data is used up. You are back online when it is renewed.", tone="warn")
            link_button("Buy more data", "/portal/usage", kind="primary", classes="big wide")
        else:
            text(_why(reasons), tag="p")
            text("To pay", "bf-sub")
            money_label(owed.to_pay, hero=True)
            link_button(f"Pay {owed.to_pay}", "/portal/pay", kind="primary", classes="big wide")
        if here.profile.support_phone:
            text(f"Questions? Call {here.profile.support_phone}", "bf-sub", "p")


def _why(reasons: set[SuspensionReason | None]) -> str:
    if SuspensionReason.NON_PAYMENT in reasons:
        return "A bill was not paid in time. Pay, and you are back online in seconds."
    return "The time you paid for is over. Pay, and you are back online in seconds."


def _owed(owed: Quote, today: date, *, timezone: str) -> None:
    with card(), body():
        if owed.to_pay.is_positive:
            text("To pay", "bf-sub")
            money_label(owed.to_pay, hero=True)
            if owed.invoices:
                text(f"Due {say_day(owed.invoices[0].due_on, today=today)}", "bf-sub")
            link_button(f"Pay {owed.to_pay}", "/portal/pay", kind="primary", classes="big wide")
        elif owed.renewals:
            _time_left(owed, timezone=timezone)
        else:
            text("Nothing to pay", "bf-ct")
            words = (
                f"You have {owed.credit} with us for the next bill."
                if owed.credit.is_positive
                else "Thank you."
            )
            text(words, "bf-sub", "p")
            link_button("Pay ahead", "/portal/pay", kind="ghost", classes="wide")


def _time_left(owed: Quote, *, timezone: str) -> None:
    for renewal in owed.renewals:
        text(renewal.plan_name, "bf-sub")
        if renewal.access_until_at is not None:
            text(f"Online until {say_exactly(renewal.access_until_at, timezone=timezone)}", "bf-ct")
    if owed.suggested.is_positive:
        link_button(f"Pay {owed.suggested} for more", "/portal/pay", kind="primary", classes="big wide")
    else:
        text("Your balance renews it by itself.", "bf-sub", "p")


def _service(
    service: ServiceView,
    used: PeriodUsage | None,
    *,
    today: date,
    online: bool | None,
    diagnosis: Diagnosis | None,
    is_prepaid: bool,
) -> None:
    with card(service.plan_name), body():
        with box("bf-line wide"):
            if service.status is SubscriptionStatus.SUSPENDED:
                badge(service.status)
            elif online is not None:
                badge(ONLINE if online else OFFLINE)
            text(
                f"{format_bps(service.download_bps)} down, {format_bps(service.upload_bps)} up", "bf-sub num"
            )
        if diagnosis is not None and diagnosis.cause in NOT_BY_BILLING:
            note(diagnosis.sentence, tone="warn", symbol="wifi-off")
        if service.is_over_cap and service.throttled_bps:
            note(
                f"Your data is used up. You surf at {format_bps(service.throttled_bps)}{_slow_hours(service)} "
                "until it is renewed.",
                tone="warn",
            )
        if used is not None:
            _data(service, used)
        if not is_prepaid:  # whose time is said above, to the minute
            text(f"Renews {say_day(service.period_ends_on, today=today)}", "bf-sub")


def _slow_hours(service: ServiceView) -> str:
    terms = service.data_terms
    if terms.fair_use_hours is not None:
        return f" from {terms.fair_use_hours}"
    return f" but from {terms.bonus_hours}" if terms.bonus_hours is not None else ""


def _data(service: ServiceView, used: PeriodUsage) -> None:
    data = used.allowance(service.data_cap_bytes)
    usage_bar(used.total_bytes, data)
    percent = used_percent(used.total_bytes, data) if data else 0
    if percent >= WARN_PERCENT:
        words = "All of your data is used." if percent >= 100 else f"{percent}% of your data is used."
        with box("bf-line wide nowrap"):
            text(words, "bf-sub bf-grow")
            link("More data", "/portal/usage")
