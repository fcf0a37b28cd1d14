"""More data for the running period: what can be bought, and buying it from what the subscriber has with us."""

from functools import partial

from benfex.application import Benfex
from benfex.subscriptions.data_packs import DataPack, buy_data_pack, data_packs
from benfex.subscriptions.views import ServiceView
from components.dialogs import confirm
from components.elements import body, box, card, link_button, text
from components.feedback import action_button, toast_error, toast_ok
from data.values.errors import Conflict
from data.values.states import SubscriptionStatus
from data.values.traffic import format_bytes
from pages.dependencies import SignedInSubscriber

_OFFERED_TO = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE, SubscriptionStatus.SUSPENDED)


async def more_data(benfex: Benfex, subscriber: SignedInSubscriber, service: ServiceView) -> None:
    """Offer data for a service that has a limit; nothing where none is sold."""
    if service.data_cap_bytes is None or service.status not in _OFFERED_TO:
        return
    packs = await benfex.read(data_packs, subscriber.actor)
    if not packs:
        return

    async def buy(pack: DataPack) -> None:
        tax = " and the tax on it" if pack.is_without_tax else ""
        words = (
            f"{format_bytes(pack.data_bytes)} more until your period ends, for {pack.price}{tax}, "
            "from what you have with us."
        )
        if not await confirm(f"Buy {pack.name}?", words, action="Buy"):
            return
        try:
            await benfex.transact(
                buy_data_pack,
                await subscriber.fresh(),
                customer_id=subscriber.actor.customer_id,
                subscription_id=service.subscription_id,
                add_on_id=pack.add_on_id,
            )
        except Conflict as error:
            toast_error(error.message)
            place.clear()
            with place:
                link_button("Pay first", "/portal/pay", kind="primary", classes="big wide")
            return
        toast_ok(f"{pack.name}: it is yours, and you are online with it in seconds.")

    with card("More data"), body():
        text("For this period, at once.", "bf-sub", "p")
        for pack in packs:
            with box("bf-line wide nowrap"):
                with box("bf-grow"):
                    text(pack.name, "t1")
                    tax = " and tax" if pack.is_without_tax else ""
                    text(f"{pack.price}{tax}", "t2 num")
                action_button("Buy", partial(buy, pack), kind="ghost")
        place = box("bf-stack tight")
