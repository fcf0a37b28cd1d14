"""The bill run: bill every customer who is due, in small transactions, so that a kill loses nothing.

What is due for one customer is said in `renewal`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from benfex.core.actors import Actor
from benfex.core.events import BillRunProgressed, EventBus
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.subscriptions.renewal import BilledCustomer, bill_customer
from data.queries import subscriptions as subscription_queries
from data.values.errors import DomainError
from data.values.identifiers import CustomerId
from data.values.money import Money

_PAGE = 200


@dataclass(frozen=True, slots=True)
class ParkedCustomer:
    """A customer who could not be billed, and why; nobody else is held up."""

    customer_id: CustomerId
    reason: str


@dataclass(frozen=True, slots=True)
class BillRunResult:
    """What a run did: totals per currency, customers left with a reason."""

    billed_on: date
    invoices: int
    totals: tuple[Money, ...]
    parked: tuple[ParkedCustomer, ...]


class _Dry(Exception):
    """Rolls a rehearsed act back; carries what it would have done."""

    def __init__(self, billed: BilledCustomer) -> None:
        self.billed = billed


class BillRunner:
    """Bills a day. `run` is for the event loop, `run_sync` for the command line and seeds."""

    def __init__(self, transactor: Transactor, bus: EventBus) -> None:
        self._transactor = transactor
        self._bus = bus

    async def run(self, actor: Actor, *, on: date, dry_run: bool = False) -> BillRunResult:
        """Bill all that is due on the day; running again finds nothing left."""
        tally = _Tally(on)
        act = _rehearse if dry_run else bill_customer
        while customers := await self._transactor.read(customers_due, actor, on=on, after=tally.last):
            for customer_id in customers:
                try:
                    billed = await self._transactor.transact(act, actor, customer_id=customer_id, on=on)
                    tally.add(customer_id, billed)
                except _Dry as rehearsed:
                    tally.add(customer_id, rehearsed.billed)
                except DomainError as cause:
                    tally.park(customer_id, cause)
            self._bus.publish(BillRunProgressed(done=tally.invoices, total=tally.seen, finished=False))
        self._bus.publish(BillRunProgressed(done=tally.invoices, total=tally.seen, finished=True))
        return tally.result()

    def run_sync(self, actor: Actor, *, on: date, dry_run: bool = False) -> BillRunResult:
        """Do the same without an event loop."""
        tally = _Tally(on)
        for _ in self.steps_sync(actor, on=on, dry_run=dry_run, tally=tally):
            pass
        return tally.result()

    def steps_sync(self, actor: Actor, *, on: date, dry_run: bool, tally: "_Tally") -> Iterator[CustomerId]:
        """Yield each customer after they were billed, for a progress bar."""
        act = _rehearse if dry_run else bill_customer
        while customers := self._transactor.read_sync(customers_due, actor, on=on, after=tally.last):
            for customer_id in customers:
                try:
                    billed = self._transactor.run_sync(act, actor, customer_id=customer_id, on=on)
                    tally.add(customer_id, billed)
                except _Dry as rehearsed:
                    tally.add(customer_id, rehearsed.billed)
                except DomainError as cause:
                    tally.park(customer_id, cause)
                yield customer_id


class _Tally:
    """What a run has done so far."""

    def __init__(self, billed_on: date) -> None:
        self.billed_on = billed_on
        self.invoices = 0
        self.seen = 0
        self.last = CustomerId(0)
        self._totals: dict[str, Money] = {}
        self._parked: list[ParkedCustomer] = []

    def add(self, customer_id: CustomerId, billed: BilledCustomer) -> None:
        self.seen += 1
        self.last = customer_id
        if billed.total is not None:
            self.invoices += 1
            before = self._totals.get(billed.total.currency, Money.zero(billed.total.currency))
            self._totals[billed.total.currency] = before + billed.total

    def park(self, customer_id: CustomerId, cause: DomainError) -> None:
        self.seen += 1
        self.last = customer_id
        self._parked.append(ParkedCustomer(customer_id, cause.message))

    def result(self) -> BillRunResult:
        return BillRunResult(self.billed_on, self.invoices, tuple(self._totals.values()), tuple(self._parked))


def _rehearse(uow: UnitOfWork, *, customer_id: CustomerId, on: date) -> BilledCustomer:
    raise _Dry(bill_customer(uow, customer_id=customer_id, on=on))


def customers_due(
    snapshot: Snapshot, *, on: date, after: CustomerId = CustomerId(0)
) -> tuple[CustomerId, ...]:
    """Return the next customers who have something due on the day, ascending, at most 200."""
    found = subscription_queries.customers_to_bill(snapshot.session, on=on, after_id=after, limit=_PAGE)
    return tuple(CustomerId(row) for row in found)
