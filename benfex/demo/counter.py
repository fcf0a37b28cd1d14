"""The demo's counter: drawers opened and counted, money that went back or waits to, and a payer who disputes."""

from collections.abc import Callable
from datetime import datetime, timedelta

from benfex.application import Benfex
from benfex.core.actors import StaffActor, SystemActor
from benfex.core.unit_of_work import Snapshot
from benfex.payments.cash import record_cash_payment
from benfex.payments.disputes import note_dispute
from benfex.payments.gateway_events import DisputeChanged
from benfex.payments.refund_requests import NewRefund, ask_refund, decline_refund, refund_payment
from benfex.payments.refunds import refundable
from benfex.payments.shifts import close_shift, open_shift
from data.queries import customers as customer_queries
from data.queries import payments as payment_queries
from data.queries import users as user_queries
from data.seeds import demo as seeds
from data.values.identifiers import CustomerId, PaymentId, UserId
from data.values.kinds import CashMethod
from data.values.money import Money
from data.values.states import DisputeStatus

_DEMO = SystemActor("demo")
_FLOAT = Money(2_000_00, "KES")
_AT_THE_COUNTER = (41, 44, 52)  # who pays by cash, by their place among the customers
_TODAY = 55
_TWICE, _LARGE, _NO = 57, 61, 66  # whose money goes back, waits for a second person, stays


class DemoCounter:
    """Lives the last day and this one. `move_to` moves the demo's clock."""

    def __init__(self, benfex: Benfex, move_to: Callable[[datetime], None]) -> None:
        self._benfex = benfex
        self._move_to = move_to
        self._accountant = benfex.transactor.read_sync(_staff, _DEMO, role="accountant")
        self._owner = benfex.transactor.read_sync(_staff, _DEMO, role="owner")

    def live_yesterday(self) -> None:
        """Open a drawer, take cash, count it KES 20 short in the evening; give money back and ask to."""
        run = self._benfex.transactor.run_sync
        shift_id = run(open_shift, self._accountant, opening=_FLOAT)
        taken = [self._takes(place, Money(1_000_00, "KES")) for place in _AT_THE_COUNTER]
        self._give_back()
        self._move_to(self._benfex.clock.now() + timedelta(hours=7))
        counted = _FLOAT + Money(len(taken) * 1_000_00, "KES") - Money(20_00, "KES")
        run(close_shift, self._accountant, shift_id=shift_id, counted=counted, note="Change given twice")

    def live_today(self) -> None:
        """Open the drawer of this day, and hear of a payer who wants their money back from the bank."""
        run = self._benfex.transactor.run_sync
        run(open_shift, self._accountant, opening=_FLOAT)
        self._takes(_TODAY, Money(500_00, "KES"))
        found = self._benfex.transactor.read_sync(_newest, _DEMO, gateway="paystack")
        if found is None:
            return
        transaction_id, amount = found
        event = DisputeChanged(
            "7410032",
            DisputeStatus.OPEN,
            amount,
            transaction_id=transaction_id,
            reason="The card's owner says that they did not order this.",
            due_at=self._benfex.clock.now() + timedelta(days=4),
        )
        run(note_dispute, _DEMO, gateway="paystack", event=event)

    def _takes(
        self, place: int, amount: Money, *, method: CashMethod = CashMethod.CASH, slip: str = ""
    ) -> PaymentId:
        customer_id = self._benfex.transactor.read_sync(_customer, _DEMO, place=place)
        return self._benfex.transactor.run_sync(
            record_cash_payment,
            self._accountant,
            customer_id=customer_id,
            amount=amount,
            method=method,
            reference=slip,
        )

    def _give_back(self) -> None:
        run, read = self._benfex.transactor.run_sync, self._benfex.transactor.read_sync
        twice, large, kept = (
            self._takes(place, Money(shillings * 100, "KES"), method=CashMethod.BANK, slip=slip)
            for place, shillings, slip in (
                (_TWICE, 5_000, "EQ-88412"),
                (_LARGE, 9_000, "EQ-88420"),
                (_NO, 12_000, "EQ-88433"),
            )
        )
        run(
            refund_payment,
            self._accountant,
            payment_id=twice,
            amount=Money(1_500_00, "KES"),
            reason="Paid twice, at the bank and by M-Pesa",
            reference="RB-0241",
        )
        asked = [
            run(
                ask_refund,
                self._accountant,
                payment_id=payment_id,
                wish=NewRefund(read(refundable, self._accountant, payment_id=payment_id), reason),
                gateways={},
            )
            for payment_id, reason in (
                (large, "Moves away, paid ahead"),
                (kept, "Wants the router taken back"),
            )
        ]
        run(decline_refund, self._owner, refund_id=asked[1], reason="The router was used for two months")


def _staff(snapshot: Snapshot, *, role: str) -> StaffActor:
    seed = next(person for person in seeds.STAFF if person.role == role)
    user = user_queries.user_by_email(snapshot.session, seed.email)
    assert user is not None
    assert user.id is not None
    return StaffActor(UserId(user.id), user.role, user.name)


def _customer(snapshot: Snapshot, *, place: int) -> CustomerId:
    customer = customer_queries.find_customer(snapshot.session, place)
    assert customer is not None
    assert customer.id is not None
    return CustomerId(customer.id)


def _newest(snapshot: Snapshot, *, gateway: str) -> tuple[str, Money] | None:
    """Return the newest payment that a gateway brought."""
    row = payment_queries.newest_payment(snapshot.session, gateway=gateway)
    return (row.gateway_transaction_id, Money(row.amount_minor, row.currency)) if row else None
