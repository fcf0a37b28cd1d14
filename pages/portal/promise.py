"""A subscriber's word to pay, where it is earned: one day, one button."""

from datetime import date

from benfex.dunning.promises import PromiseOffer, make_promise
from components.elements import body, card, text
from components.feedback import note, toast_ok
from components.form import Form, Values
from components.moments import say_day
from data.values.errors import InvalidInput
from pages.dependencies import BenfexDep, SubscriberDep


def promise_card(benfex: BenfexDep, subscriber: SubscriberDep, offer: PromiseOffer, *, today: date) -> None:
    """Create the card; nothing when no promise can be given and none runs."""
    if offer.promised_until_on is not None:
        with card(), body():
            until = say_day(offer.promised_until_on, today=today)
            note(f"You promised to pay by {until}. Thank you.", tone="ok", symbol="circle-check")
        return
    if not offer.is_allowed:
        return

    async def give(values: Values) -> None:
        try:
            until_on = date.fromisoformat(values["until_on"])
        except ValueError as cause:
            raise InvalidInput("until_on", "Choose a day.") from cause
        await benfex.transact(
            make_promise,
            await subscriber.fresh(),
            customer_id=subscriber.actor.customer_id,
            until_on=until_on,
        )
        toast_ok("Noted. Your internet is on.")

    with card("Pay a little later?"), body():
        latest = say_day(offer.latest_on, today=today)
        text(
            f"Tell us when, {latest} at the latest. Your internet is on until then, and off again if "
            f"{offer.owed} is not paid.",
            "bf-sub",
            "p",
        )
        with Form(give) as form:
            form.date("until_on", "I pay by", offer.latest_on.isoformat())
            form.submit("I promise", kind="ghost", classes="wide big")
