"""Saved cards: which there are, and the owner's word that one pays their bills by itself."""

from nicegui import ui

from benfex.payments.saved_methods import (
    SavedMethodView,
    consent_to_charges,
    saved_methods_of,
    withdraw_consent,
    words_of_consent,
)
from components.dialogs import confirm
from components.elements import body, box, card, text
from components.feedback import action_button, note, toast_ok
from pages.dependencies import BenfexDep, SubscriberDep


async def saved_cards(benfex: BenfexDep, subscriber: SubscriberDep, *, isp: str) -> None:
    """Create the card with what is saved; nothing when nothing is."""
    customer_id = subscriber.actor.customer_id

    async def read() -> tuple[SavedMethodView, ...]:
        return await benfex.read(saved_methods_of, await subscriber.fresh(), customer_id=customer_id)

    async def show() -> None:
        methods = await read()
        place.clear()
        with place:
            for method in methods:
                _row(method)

    def _row(method: SavedMethodView) -> None:
        with box("bf-stack tight"):
            text(method.label, "bf-ct", "h3")
            text(_standing(method), "bf-sub", "p")
            if method.is_stopped:
                note(f"It failed three times. {method.last_failure or ''}".strip(), tone="warn")
            if method.is_stopped or not (method.pays_by_itself or method.is_expired):
                action_button(
                    "Pay my bills with this card by itself",
                    lambda: agree(method),
                    kind="ghost",
                    classes="wide",
                )
            if method.pays_by_itself or method.is_stopped:
                action_button("Stop", lambda: stop(method), kind="ghost", classes="wide")

    async def agree(method: SavedMethodView) -> None:
        words = words_of_consent(isp=isp, card=method.label)
        if not await confirm("Pay by itself?", words, action="I agree"):
            return

        await benfex.transact(
            consent_to_charges,
            await subscriber.fresh(),
            customer_id=customer_id,
            method_id=method.id,
            words=words,
        )
        toast_ok(f"{method.label} pays your bills from now on.")
        await show()

    async def stop(method: SavedMethodView) -> None:
        await benfex.transact(
            withdraw_consent, await subscriber.fresh(), customer_id=customer_id, method_id=method.id
        )
        toast_ok("Nothing is charged by itself any more.")
        await show()

    if not await read():
        return
    with card("Your cards"), body():
        place: ui.element = box("bf-stack")
    await show()


def _standing(method: SavedMethodView) -> str:
    if method.is_expired:
        return "Expired. It is charged no more."
    if method.is_stopped:
        return "Let be, until you say so again."
    if method.pays_by_itself:
        return "Pays your bills by itself, each on the day it is due."
    return "Saved. It pays nothing by itself."
