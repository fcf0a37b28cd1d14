"""Paying without being asked: the number to enter, and the receipt of what was paid but does not show."""

from collections.abc import Sequence

from benfex.application import Benfex
from benfex.payments.by_hand import ByHand
from benfex.payments.claims import Claimed
from benfex.payments.gateway import name_of_gateway
from benfex.payments.ways import ways_by_hand
from components.copyable import copyable
from components.elements import body, box, card, text
from components.feedback import note, toast_ok
from components.form import Form, Values
from components.theme import Tone
from data.values.identifiers import CustomerId
from pages.dependencies import SignedInSubscriber

_SAID: dict[Claimed, tuple[str, Tone, str]] = {
    Claimed.PLACED: ("Found. It is on your account now.", "ok", "circle-check"),
    Claimed.ON_ACCOUNT: ("This payment is on your account already.", "ok", "circle-check"),
    Claimed.LOOKED_FOR: (
        "We are looking for it. It goes to your account as soon as it is certain that it is yours.",
        "mute",
        "info",
    ),
}


def by_hand_card(benfex: Benfex, *, account_number: str, phone: str) -> None:
    """Say how to pay by hand. `phone` is the customer's, as shown."""
    ways = ways_by_hand(benfex.gateways)
    if not ways:
        text(f"Paying by hand? Your account number is {account_number}.", "bf-sub", "p")
        return
    with card("Pay by hand"), body():
        for way in ways:
            with box("bf-stack tight"):
                for step in _steps(way, phone=phone):
                    text(step, tag="p")
                what = "Paybill number" if way.takes_account else "Till number"
                copyable(way.number, what=what.lower(), shown=f"{what} {way.number}")
        if any(way.takes_account for way in ways):
            copyable(account_number, what="account number", shown=f"Account number {account_number}")


def claim_card(benfex: Benfex, subscriber: SignedInSubscriber) -> None:
    """Take the receipt of a payment that does not show."""

    async def claim(values: Values) -> None:
        actor = await subscriber.fresh()
        claimed = await benfex.claims.claim(
            actor, customer_id=CustomerId(actor.customer_id), receipt=values["receipt"]
        )
        words, tone, symbol = _SAID[claimed]
        answer.clear()
        with answer:
            note(words, tone=tone, symbol=symbol)
        if claimed is Claimed.PLACED:
            toast_ok(words)

    with card("You paid and it does not show?"), body():
        with Form(claim) as form:
            form.text(
                "receipt",
                "Receipt",
                hint="As in the message of your payment, such as SGL31ABCDE.",
                props="autocomplete=off autocapitalize=characters",
            )
            form.submit("Look for it", kind="ghost", classes="wide")
        answer = box("bf-stack", role="status", aria_live="polite")


def _steps(way: ByHand, *, phone: str) -> Sequence[str]:
    name = name_of_gateway(way.gateway)
    if way.takes_account:
        return (f"In {name} choose Pay Bill and enter these two:",)
    return (
        f"In {name} choose Buy Goods and enter this till number.",
        f"A till asks for no account number: pay from {phone}, and we know that it is you. "
        "From another phone, give us the receipt afterwards.",
    )
