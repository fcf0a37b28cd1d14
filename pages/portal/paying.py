"""What paying looks like, in the portal and behind a pay link alike: the form, then one live line of progress."""

from collections.abc import Awaitable, Callable

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
from data.values.identifiers import CustomerId, PaymentAttemptId, parse_phone
from pages.live import on

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
) -> None:
    """Ask how much and from which number, then start the payment and go to its progress under `here`."""
    ways = {way.key: way for way in ways_to_pay(benfex.gateways)}
    if not ways:
        note("Paying online is not set up yet. Please call us.", tone="warn")
        return

    async def start(values: Values) -> None:
        request = CheckoutRequest(
            customer_id=customer_id,
            amount=values["amount"],
            gateway=ways[values["gateway"]].gateway,
            channel=ways[values["gateway"]].channel,
            phone=parse_phone(values["phone"]) if values["phone"] else None,
            till=values.get("till"),
            return_path=return_path,
        )
        attempt_id = await benfex.checkout.start(await who(), request)
        progress = await benfex.read(payment_progress, await who(), attempt_id=attempt_id)
        if progress.redirect_url and progress.failure is None:
            ui.navigate.to(progress.redirect_url)
        else:
            ui.navigate.to(f"{here}{attempt_id}")

    amount = owed.suggested
    with card(), body(), Form(start) as form:
        form.money("amount", "Amount", amount.currency, value=amount if amount.is_positive else None)
        labels = {key: way.label for key, way in ways.items()}
        chosen = form.choice("gateway", "Pay with", labels, value=next(iter(ways)))
        form.text(
            "phone",
            "Phone that pays",
            phone,
            hint="The request to pay appears on this phone.",
            props="type=tel autocomplete=tel",
        )
        form.show_while("phone", chosen, lambda key: ways[key].needs_phone)
        if any(way.needs_till for way in ways.values()):
            form.text(
                "till", "Till that pays", hint="The number of your M-Pesa till.", props="inputmode=numeric"
            )
            form.show_while("till", chosen, lambda key: ways[key].needs_till)
        form.submit(f"Pay {amount}" if amount.is_positive else "Pay", classes="big wide")


def follow(benfex: Benfex, progress: PaymentProgress, *, who: WhoPays, again: str, home: str) -> None:
    """Show how a payment goes on, live, until nothing more will happen."""
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
