"""Cards that were saved, at a simulated Paystack, and the flow that charges them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from benfex.core.actors import Actor, SubscriberActor
from benfex.core.clock import MovedClock
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.payments.auto_pay import AutoPaid, AutoPay
from benfex.payments.checkout import CheckoutRequest
from benfex.payments.saved_methods import SavedMethodView, consent_to_charges, saved_methods_of
from benfex.simulation.paystack import Paystack
from data.models.payment import PaymentAttempt
from data.models.payment_methods import SavedMethod
from data.values.identifiers import CustomerId, UserId
from data.values.money import Money
from data.values.states import AttemptStatus
from tests.conftest import Run
from tests.contract.gateway_clients import open_outside
from tests.factories.isp import SYSTEM, VAULT, kes
from tests.factories.till import Till, open_till

PLAIN_CARD = "4084084084084081"
WORDS = "I let Rift Valley Net charge this card."


@dataclass
class CardTill:
    """A till with a simulated Paystack behind it, and what charges saved cards."""

    isp: Run
    clock: MovedClock
    till: Till
    paystack: Paystack
    auto_pay: AutoPay

    async def pay(
        self,
        customer_id: CustomerId,
        *,
        amount: Money | None = None,
        card: str = PLAIN_CARD,
        by: Actor | None = None,
    ) -> None:
        """Let a subscriber, or whoever is named, pay with a card on Paystack's page."""
        attempt_id = await self.till.checkout.start(
            by or owner(customer_id), CheckoutRequest(customer_id, amount or kes(100), "paystack")
        )
        charge = self.paystack.charges[self.isp.read(_reference, attempt_id=attempt_id)]
        self.paystack.pay(charge, card=card)
        await self.look()

    async def look(self) -> None:
        """Ask about what is not decided."""
        self.clock.advance(timedelta(minutes=2))
        await self.till.reconciler.check_due_attempts()

    async def charge(self) -> AutoPaid:
        """Charge what is due, and ask what came of it."""
        done = await self.auto_pay.run(SYSTEM)
        await self.look()
        return done

    async def saved(self, customer_id: CustomerId, *, card: str = PLAIN_CARD) -> SavedMethodView:
        """Save a card whose owner lets it be charged."""
        await self.pay(customer_id, card=card)
        (method,) = self.methods(customer_id)
        self.consent(customer_id, method.id)
        return method

    def consent(self, customer_id: CustomerId, method_id: int) -> None:
        """Let the owner of a card agree."""
        self.isp.transactor.run_sync(
            consent_to_charges, owner(customer_id), customer_id=customer_id, method_id=method_id, words=WORDS
        )

    def methods(self, customer_id: CustomerId) -> tuple[SavedMethodView, ...]:
        """Return a customer's saved cards."""
        return self.isp.read(saved_methods_of, customer_id=customer_id)

    def charges(self) -> list[tuple[AttemptStatus, int]]:
        """Return the attempts that were made with saved cards, first to last."""
        return self.isp.read(_charges)


@asynccontextmanager
async def open_card_till(isp: Run, transactor: Transactor, clock: MovedClock) -> AsyncIterator[CardTill]:
    """Yield a till that takes cards."""
    async with (
        open_outside() as outside,
        open_till(transactor, clock, addresses={"paystack": outside.paystack_url}) as till,
    ):
        auto_pay = AutoPay(transactor, till.gateways, VAULT, public_url=till.url)
        yield CardTill(isp, clock, till, outside.paystack, auto_pay)


def owner(customer_id: CustomerId) -> SubscriberActor:
    """Return a customer who is signed in."""
    return SubscriberActor(UserId(900), customer_id, "Amina")


def expire_cards(uow: UnitOfWork, *, on: date) -> None:
    """Let every saved card end on a day."""
    for row in uow.session.scalars(select(SavedMethod)):
        row.expires_on = on


def let_attempts_expire(uow: UnitOfWork) -> None:
    """Let the time of every open attempt be over, while it is still asked about."""
    for row in uow.session.scalars(select(PaymentAttempt)):
        if row.status in (AttemptStatus.CREATED, AttemptStatus.PENDING):
            row.status, row.next_check_at = AttemptStatus.EXPIRED, uow.now


def spoil_card(uow: UnitOfWork, *, method_id: int) -> None:
    """Make what is kept of a card unreadable, as another master key would."""
    row = uow.session.get(SavedMethod, method_id)
    assert row is not None
    row.code_sealed = "spoiled"


def sealed_codes(snapshot: Snapshot) -> tuple[str, ...]:
    """Return what is kept of saved cards."""
    return tuple(row.code_sealed for row in snapshot.session.scalars(select(SavedMethod)))


def _reference(snapshot: Snapshot, *, attempt_id: int) -> str:
    attempt = snapshot.session.get(PaymentAttempt, attempt_id)
    assert attempt is not None
    return attempt.reference


def _charges(snapshot: Snapshot) -> list[tuple[AttemptStatus, int]]:
    rows = snapshot.session.scalars(
        select(PaymentAttempt).where(PaymentAttempt.saved_method_id.is_not(None)).order_by(PaymentAttempt.id)  # type: ignore[union-attr,arg-type]  # SQLModel's attributes
    )
    return [(row.status, row.amount_minor) for row in rows]
