"""What gateways tell besides money that came: each event goes to the act that knows what it means."""

from typing import assert_never

from benfex.core.unit_of_work import UnitOfWork
from benfex.payments.balances import note_balance
from benfex.payments.disputes import note_dispute
from benfex.payments.gateway_events import (
    BalanceTold,
    DisputeChanged,
    OtherEvent,
    PaymentTakenBack,
    RefundChanged,
    StandingOrderChanged,
)
from benfex.payments.refund_news import note_refund_changed
from benfex.payments.standing_orders import note_standing_order
from benfex.payments.taken_back import note_taken_back
from data.queries.webhooks import StoredDelivery


def apply_other_event(uow: UnitOfWork, stored: StoredDelivery, event: OtherEvent) -> str | None:
    """Do what an event says; return why it cannot be done yet, None when it is done."""
    match event:
        case RefundChanged():
            return note_refund_changed(uow, gateway=stored.gateway, event=event)
        case PaymentTakenBack():
            return note_taken_back(uow, gateway=stored.gateway, event=event)
        case DisputeChanged():
            return note_dispute(uow, gateway=stored.gateway, event=event)
        case StandingOrderChanged():
            return note_standing_order(uow, gateway=stored.gateway, event=event)
        case BalanceTold():
            note_balance(uow, gateway=stored.gateway, balance=event.balance, at=stored.received_at)
            return None
        case _:
            assert_never(event)
