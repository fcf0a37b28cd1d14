"""What a change of a service came to, to the cent: credits, charges, and when it is billed next."""

from dataclasses import dataclass
from datetime import date

from benfex.core.unit_of_work import Snapshot
from benfex.subscriptions.terms import next_bill_on
from data.queries import change_outcomes as outcome_queries
from data.queries import subscriptions as subscription_queries
from data.queries.subscriptions import ServiceFacts
from data.values.money import Money
from data.values.states import SubscriptionStatus


@dataclass(frozen=True, slots=True)
class OutcomeLine:
    """One line of an invoice or a credit note, tax included; a credit is positive. Dates None without days."""

    description: str
    amount: Money
    starts_on: date | None
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class ChangeOutcome:
    """What a change credited and invoiced, on which day it takes effect, and when the service is billed next.

    `next_bill_on` None means never by itself.
    """

    status: SubscriptionStatus
    effective_on: date
    credited: Money
    credits: tuple[OutcomeLine, ...]
    invoiced: Money
    charges: tuple[OutcomeLine, ...]
    next_bill_on: date | None

    @property
    def to_pay(self) -> Money:
        """Return what is invoiced beyond the credit; below nothing is what the customer keeps."""
        return self.invoiced - self.credited


class OutcomeWatch:
    """Remembers what there was before a change of a service; `outcome` tells what came since."""

    def __init__(self, snapshot: Snapshot, facts: ServiceFacts) -> None:
        self._snapshot, self._subscription = snapshot, facts.subscription
        self._currency = facts.price.currency
        self._mark = outcome_queries.newest_documents(snapshot.session)

    def outcome(self, *, effective_on: date) -> ChangeOutcome:
        """Return what was credited and invoiced since."""
        session = self._snapshot.session
        session.flush()
        credits = self._lines(outcome_queries.credited_since(session, self._mark))
        charges = self._lines(outcome_queries.invoiced_since(session, self._mark))
        return ChangeOutcome(
            status=self._subscription.status,
            effective_on=effective_on,
            credited=self._sum(credits),
            credits=credits,
            invoiced=self._sum(charges),
            charges=charges,
            next_bill_on=self._next_bill_on(),
        )

    def _next_bill_on(self) -> date | None:
        assert self._subscription.id is not None
        facts = subscription_queries.service_facts(self._snapshot.session, self._subscription.id)
        assert facts is not None
        return next_bill_on(facts)

    def _lines(self, rows: list[outcome_queries.DocumentLine]) -> tuple[OutcomeLine, ...]:
        return tuple(
            OutcomeLine(row.description, Money(row.gross_minor, self._currency), row.starts_on, row.ends_on)
            for row in rows
        )

    def _sum(self, lines: tuple[OutcomeLine, ...]) -> Money:
        return sum((line.amount for line in lines), Money.zero(self._currency))
