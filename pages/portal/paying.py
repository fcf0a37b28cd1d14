"""What paying looks like, in the portal and behind a pay link alike: the form, then one live line of progress."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from nicegui import ui

from benfex.application import Benfex
from benfex.core.actors import Actor
from benfex.core.events import AttemptChanged, ConnectionApplied, PaymentSettled, SessionReturned
from benfex.payments.checkout import CheckoutRequest
from benfex.payments.progress import PaymentProgress, Stage, payment_progress
from benfex.payments.quotes import Quote
from benfex.payments.ways import ways_to_pay
from components.elements import body, box, card, link_button, text
from components.feedback import Steps, note
from components.form import Form, Values
from components.money import money_label
from data.values.identifiers import CustomerId, PayLinkId, PaymentAttemptId, PhoneNumber, parse_phone
from data.values.money import Money
from pages.live import on


@dataclass(frozen=True, slots=True)
class LinkTerms:
    """What a pay link is for: `amount`, or any where it is None, from `phone` unless its holder names another."""

    pay_link_id: PayLinkId
    amount: Money | None
    phone: PhoneNumber | None


WhoPays = Callable[[], Awaitable[Actor]]
_STEPS = ["Asked", "Confirmed by you", "Received", "Back online"]


def pay_form(
    benfex: Benfex,
    *,
    who: WhoPays,
    customer_id: CustomerId,
    owed: Quote,
    phone: str,
    here: str,
    return_path: str,
    by: LinkTerms | None = None,
) -> None:
    """Ask how much and from which number, then start the payment and go to its progress under `here`.

    `by` are the terms of the link that is paid by, None for who is signed in.
    """
    ways = {way.key: way for way in ways_to_pay(benfex.gateways)}
    known = masked(by.phone) if by and by.phone else None
    if not ways:
        note("Paying online is not set up yet. Please call us.", tone="warn")
        return

    async def start(values: Values) -> None:
        request = CheckoutRequest(
            customer_id=customer_id,
            amount=fixed or values["amount"],
            gateway=ways[values["gateway"]].gateway,
            channel=ways[values["gateway"]].channel,
            phone=_phone(values["phone"], by) if ways[values["gateway"]].needs_phone else None,
            till=values.get("till"),
            return_path=return_path,
            pay_link_id=by.pay_link_id if by else None,
        )
        attempt_id = await benfex.checkout.start(await who(), request)
        progress = await benfex.read(payment_progress, await who(), attempt_id=attempt_id)
        goes_on_there = progress.redirect_url if progress.failure is None else None
        ui.navigate.to(goes_on_there or f"{here}{attempt_id}")

    fixed = by.amount if by else None
    amount = fixed or owed.suggested
    with card(), body(), Form(start) as form:
        if fixed is None:
            form.money("amount", "Amount", amount.currency, value=amount if amount.is_positive else None)
        labels = {key: way.label for key, way in ways.items()}
        chosen = form.choice("gateway", "Pay with", labels, value=next(iter(ways)))
        form.text(
            "phone",
            "Phone that pays",
            phone,
            required=known is None,
            hint=f"Leave it empty for {known}." if known else "The request to pay appears on this phone.",
            props="type=tel autocomplete=tel",
        )
        form.show_while("phone", chosen, lambda key: ways[key].needs_phone)
        if any(way.needs_till for way in ways.values()):
            form.text(
                "till", "Till that pays", hint="The number of your M-Pesa till.", props="inputmode=numeric"
            )
            form.show_while("till", chosen, lambda key: ways[key].needs_till)
        form.submit(f"Pay {amount}" if amount.is_positive else "Pay", classes="big wide")


def masked(phone: PhoneNumber) -> str:
    """Return a number as its owner knows it again and nobody else: 07•• ••• 149."""
    digits = f"0{phone.e164[4:]}" if phone.e164.startswith("+254") else phone.e164
    return f"{digits[:2]}•• ••• {digits[-3:]}"


def _phone(typed: str | None, by: LinkTerms | None) -> PhoneNumber | None:
    if typed:
        return parse_phone(typed)
    return by.phone if by else None


def follow(
    benfex: Benfex,
    progress: PaymentProgress,
    *,
    who: WhoPays,
    again: str,
    home: str,
    back: Callable[[], None] | None = None,
) -> None:
    """Show how a payment goes on, live, until nothing more will happen; `back` then makes the way back elsewhere."""
    with card(), body():
        money_label(progress.received or progress.amount, hero=True)
        steps = Steps(_STEPS if progress.restores or progress.receipt is None else _STEPS[:3])
        words = text("", "bf-sub", "p", role="status", aria_live="polite")
        receipt = text("", "bf-ct num", "p")
        finish = box("bf-stack tight")
    if benfex.phone_url and progress.gateway == "mpesa" and not progress.is_done:
        with finish:
            msisdn = progress.payer.removeprefix("+")
            ui.link("Demo: open the simulated phone", f"{benfex.phone_url}?msisdn={msisdn}", new_tab=True)

    def show(now: PaymentProgress) -> None:
        words.set_text(_words(now))
        receipt.set_text(f"Receipt {now.receipt}" if now.receipt else "")
        if now.failure is not None:
            steps.set(int(Stage.CONFIRMED), failed=True, words=now.failure)
        elif now.receipt is None:
            steps.set(int(now.stage) + 1)
        elif now.is_done:
            steps.set(len(_STEPS))
        else:
            steps.set(int(Stage.RESTORED), words="Putting you back online")
        if now.is_done:
            finish.clear()
            with finish:
                if now.failure is not None:
                    link_button("Try again", again, kind="primary", classes="big wide")
                elif back is not None:
                    back()
                else:
                    link_button("Done", home, kind="primary", classes="big wide")

    async def look(_: object = None) -> None:
        show(await benfex.read(payment_progress, await who(), attempt_id=progress.attempt_id))

    show(progress)
    mine = progress.customer_id
    on(benfex, AttemptChanged, look, where=lambda event: event.attempt_id == progress.attempt_id)
    on(benfex, PaymentSettled, look, where=lambda event: event.customer_id == mine)
    on(benfex, ConnectionApplied, look, where=lambda event: event.customer_id == mine)
    on(benfex, SessionReturned, look, where=lambda event: event.customer_id == mine)
    ui.timer(0.5, look, once=True)  # what happened between reading and listening


def _words(now: PaymentProgress) -> str:
    if now.failure is not None:
        return "Nothing was paid."
    if now.receipt is not None:
        if now.restores:
            return "You are back online." if now.is_restored else "Payment received. One moment…"
        return "Payment received. Thank you."
    if now.stage is Stage.CONFIRMED:
        return "You paid. We wait for the receipt."
    if now.message and now.gateway != "mpesa":
        return now.message
    if now.gateway == "mpesa":
        return "Look at your phone and enter your M-Pesa PIN."
    return "We wait for the payment."


async def progress_of(benfex: Benfex, actor: Actor, attempt_id: int) -> PaymentProgress:
    """Return how an attempt stands. Raises NotFound for what the actor may not see."""
    return await benfex.read(payment_progress, actor, attempt_id=PaymentAttemptId(attempt_id))
