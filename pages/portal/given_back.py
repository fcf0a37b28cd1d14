"""Money that went back to the subscriber, or is on its way."""

from nicegui import ui

from benfex.core.paging import SliceRequest
from benfex.payments.gateway import name_of_gateway
from benfex.payments.refund_views import RefundRecord, refunds_given
from components.elements import body, box, button, card, text
from components.moments import say_when
from components.money import money_label
from data.values.kinds import RefundWay
from data.values.states import RefundStatus
from pages.dependencies import BenfexDep, SubscriberDep

_SHOWN = 10


async def given_back(benfex: BenfexDep, subscriber: SubscriberDep, *, timezone: str) -> None:
    """Create the card, newest first, more on request; nothing when nothing was ever given back."""
    customer_id = subscriber.actor.customer_id

    async def read(cursor: str | None) -> None:
        found = await benfex.read(
            refunds_given,
            await subscriber.fresh(),
            customer_id=customer_id,
            request=SliceRequest(limit=_SHOWN, cursor=cursor),
        )
        more.clear()
        with rows:
            for refund in found.rows:
                _row(refund)
        if found.next_cursor is not None:
            with more:
                button("Show earlier", lambda: read(found.next_cursor), kind="ghost", classes="wide")

    def _row(refund: RefundRecord) -> None:
        with box("bf-row"):
            with box("bf-grow"):
                text(_standing(refund), "t1 bf-wrap")
                at = refund.finished_at or refund.created_at
                text(say_when(at, now=benfex.clock.now(), timezone=timezone), "t2 num")
            money_label(refund.amount)

    first = await benfex.read(
        refunds_given, subscriber.actor, customer_id=customer_id, request=SliceRequest(limit=1)
    )
    if not first.rows:
        return
    with card("Given back").mark("given-back"):
        rows: ui.element = box("bf-rows")
        more: ui.element = body()
    await read(None)


def _standing(refund: RefundRecord) -> str:
    match refund.status:
        case RefundStatus.AWAITING:
            return "Being looked at by us"
        case RefundStatus.SUCCEEDED:
            return f"Sent {_where(refund)}"
        case RefundStatus.FAILED:
            return "Could not be sent. It is credit with you until we find a way."
        case _:
            return f"On its way {_where(refund)}"


def _where(refund: RefundRecord) -> str:
    """Return where it goes, of a number only its end."""
    if refund.way is RefundWay.BY_HAND:
        return "by hand"
    if refund.recipient:
        return f"to {name_of_gateway(refund.gateway)} ••• {refund.recipient[-3:]}"
    return f"to where it came from, by {name_of_gateway(refund.gateway)}"
