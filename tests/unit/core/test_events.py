"""Events are hints: a broken listener silences nobody."""

import structlog

from benfex.core.events import CustomerChanged, Event, EventBus, InvoicePaid
from data.values.identifiers import CustomerId, InvoiceId

CHANGED = CustomerChanged(customer_id=CustomerId(1))


def test_listeners_hear_their_kind_only() -> None:
    bus, heard = EventBus(), list[Event]()
    bus.subscribe(CustomerChanged, heard.append)
    bus.publish(CHANGED)
    bus.publish(InvoicePaid(invoice_id=InvoiceId(1), customer_id=CustomerId(1)))
    assert heard == [CHANGED]


def test_a_broken_listener_is_logged_and_the_next_one_hears() -> None:
    bus, heard = EventBus(), list[Event]()

    def breaks(_: CustomerChanged) -> None:
        raise RuntimeError("broken")

    bus.subscribe(CustomerChanged, breaks)
    bus.subscribe(CustomerChanged, heard.append)
    with structlog.testing.capture_logs() as logs:
        bus.publish(CHANGED)
    assert heard == [CHANGED]
    assert [line["event"] for line in logs] == ["event handler failed"]


def test_who_unsubscribes_hears_no_more() -> None:
    bus, heard = EventBus(), list[Event]()
    leave = bus.subscribe(CustomerChanged, heard.append)
    leave()
    leave()
    bus.publish(CHANGED)
    assert heard == []


async def test_slow_listeners_do_not_hold_up_the_others() -> None:
    bus, heard = EventBus(), list[Event]()

    async def later(event: CustomerChanged) -> None:
        heard.append(event)

    bus.subscribe(CustomerChanged, later)
    bus.publish(CHANGED)
    assert heard == []
    await bus.idle()
    assert heard == [CHANGED]
