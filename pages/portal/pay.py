"""Pay: how much, from which number; then its progress, live."""

from nicegui import ui
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from benfex.application import Benfex
from benfex.core.actors import Actor
from benfex.customers.contact import contact_of
from benfex.payments.progress import attempt_of_reference
from benfex.payments.quotes import Quote, quote
from benfex.payments.vouchers import redeem_voucher
from benfex.subscriptions.prepaid import RenewalQuote
from components.elements import body, box, card, link_button
from components.feedback import note
from components.form import Form, Values
from components.moments import say_exactly
from data.values.errors import NotFound
from pages.dependencies import BenfexDep, SignedInSubscriber, SubscriberDep
from pages.portal.by_hand import by_hand_card, claim_card
from pages.portal.cards import saved_cards
from pages.portal.orders import standing_orders
from pages.portal.paying import follow, pay_form, progress_of
from pages.portal.shell import portal, visit
from pages.screen import screen


@screen("/portal/pay", title="Pay")
async def pay(benfex: BenfexDep, subscriber: SubscriberDep) -> None:
    """Ask for the amount and the number."""
    customer_id = subscriber.actor.customer_id
    here = await visit(benfex, subscriber)
    owed = await benfex.read(quote, subscriber.actor, customer_id=customer_id)
    contact = await benfex.read(contact_of, subscriber.actor, customer_id=customer_id)

    async def who() -> Actor:
        return await subscriber.fresh()

    back = ("Back", "/portal") if here.is_cut_off else None
    with portal(here, "Pay", active="/portal/pay", back=back, bare=here.is_cut_off), box("bf-stack") as place:
        for renewal in owed.renewals:
            note(_what_it_opens(renewal, timezone=here.profile.timezone))
        if not owed.renewals and not owed.owed.is_positive:
            note("Nothing is due. What you pay now is kept for your next bill.")
        pay_form(
            benfex,
            who=who,
            customer_id=customer_id,
            owed=owed,
            phone=contact.phone,
            here="/portal/pay/",
            return_path="/portal/paid",
        )
        if owed.renewals:
            _voucher_form(benfex, subscriber, place, timezone=here.profile.timezone)
        if not here.is_cut_off:
            await standing_orders(benfex, subscriber, owed, phone=contact.phone, today=here.today)
            await saved_cards(benfex, subscriber, isp=here.profile.name)
        by_hand_card(benfex, account_number=contact.account_number, phone=contact.phone)
        claim_card(benfex, subscriber)


def _what_it_opens(renewal: RenewalQuote, *, timezone: str) -> str:
    until = say_exactly(renewal.ends_at, timezone=timezone)
    return f"{renewal.plan_name}: {renewal.price} and you are online until {until}."


def _what_it_opened(owed: Quote, *, timezone: str) -> str:
    until = [renewal.access_until_at for renewal in owed.renewals if renewal.access_until_at is not None]
    if not until:
        return "Your voucher is in. Thank you."
    return f"Your voucher is in. You are online until {say_exactly(max(until), timezone=timezone)}."


def _voucher_form(
    benfex: Benfex, subscriber: SignedInSubscriber, place: ui.element, *, timezone: str
) -> None:
    async def redeem(values: Values) -> None:
        actor = await subscriber.fresh()
        await benfex.transact(
            redeem_voucher, actor, customer_id=actor.customer_id, code=values["code"], vault=benfex.vault
        )
        fresh = await benfex.read(quote, actor, customer_id=actor.customer_id)
        place.clear()
        with place, card(), body():
            note(_what_it_opened(fresh, timezone=timezone), tone="ok", symbol="circle-check")
            link_button("Done", "/portal", kind="primary", classes="big wide")

    with card("You have a voucher?"), body(), Form(redeem) as form:
        form.text(
            "code", "Voucher code", hint="16 letters and digits, as on the card.", props="autocomplete=off"
        )
        form.submit("Use the voucher", kind="ghost", classes="wide")


@screen("/portal/pay/{attempt_id}", title="Your payment")
async def payment(benfex: BenfexDep, subscriber: SubscriberDep, attempt_id: int) -> None:
    """Follow a payment of the subscriber's own."""
    here = await visit(benfex, subscriber)
    try:
        progress = await progress_of(benfex, subscriber.actor, attempt_id)
    except NotFound as missing:
        raise HTTPException(404) from missing

    async def who() -> Actor:
        return await subscriber.fresh()

    with portal(here, "Your payment", active="/portal/pay", bare=here.is_cut_off):
        follow(benfex, progress, who=who, again="/portal/pay", home="/portal")


@screen("/portal/paid", title="Your payment")
async def paid(
    benfex: BenfexDep, subscriber: SubscriberDep, reference: str = "", trxref: str = ""
) -> Response:
    """Come back from a gateway's page: the reference is a hint where to look, never a proof."""
    attempt_id = await benfex.read(
        attempt_of_reference,
        subscriber.actor,
        customer_id=subscriber.actor.customer_id,
        reference=reference or trxref,
    )
    if attempt_id is None:
        return RedirectResponse("/portal", status_code=303)
    await benfex.reconciler.look_soon(attempt_id)
    return RedirectResponse(f"/portal/pay/{attempt_id}", status_code=303)
