"""How the demo's customers paid: most in time, some late, a few not at all, one to the wrong account."""

import random
from concurrent.futures import Future
from datetime import date, timedelta

from benfex.application import Benfex
from benfex.core.actors import SystemActor
from benfex.core.unit_of_work import Snapshot
from benfex.payments.gateway import PaymentEvidence
from benfex.payments.settlement import SettlementOutcome, settle_payment
from data.queries import customers as customer_queries
from data.queries import invoices as invoice_queries
from data.values.identifiers import CustomerId
from data.values.kinds import EvidenceGrade
from data.values.money import Money

_DEMO = SystemActor("demo")
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_STOPPED = {0, 9, 23, 38, 51, 77, 90}  # by customer id modulo 120: they stop paying in the end
_LATE = {4, 13, 31, 46, 60, 69, 84, 101, 112}


class DemoMoney:
    """Pays the demo's invoices day by day."""

    def __init__(self, benfex: Benfex, dice: random.Random) -> None:
        self._benfex = benfex
        self._dice = dice

    def collect(self, today: date, *, days_left: int) -> None:
        """Let everybody pay who pays today."""
        paid: list[Future[SettlementOutcome]] = []
        for customer_id, account, name, phone_hash, issued_on, owed in self._benfex.transactor.read_sync(
            _owing, _DEMO, on=today
        ):
            habit = (customer_id - 1) % 120
            waits = (issued_on.toordinal() * 31 + customer_id * 17) % 6
            if habit in _LATE:
                waits += 11
            if habit in _STOPPED and days_left < 40:
                continue
            if today >= issued_on + timedelta(days=waits):
                paid.append(self._pay(customer_id, account, name, phone_hash, owed, days_left))
        for payment in paid:
            payment.result()

    def _pay(
        self, customer_id: CustomerId, account: str, name: str, phone_hash: str, owed: Money, days_left: int
    ) -> "Future[SettlementOutcome]":
        dice = self._dice
        roll = dice.random()
        gateway = "paystack" if roll < 0.15 else "cash" if roll < 0.2 else "mpesa"
        amount = owed.rounded_up_to(100)
        if roll > 0.985:
            amount = amount + Money(50_000, amount.currency)
        wrong_account = days_left < 12 and gateway == "mpesa" and dice.random() < 0.06
        evidence = PaymentEvidence(
            gateway=gateway,
            grade=EvidenceGrade.SIGNED if gateway == "paystack" else EvidenceGrade.STATEMENT,
            transaction_id=self._receipt(gateway),
            amount=amount,
            received_at=self._benfex.clock.now(),
            account_reference=f"{account[:-1]}X" if wrong_account else account,
            payer_phone_sha256=phone_hash,
            payer_name=name,
            fee=amount.share(15, 1000) if gateway == "paystack" else None,
        )
        return self._benfex.transactor.submit(
            settle_payment, _DEMO, evidence=evidence, evidence_at=self._benfex.clock.now(), source="history"
        )

    def _receipt(self, gateway: str) -> str:
        if gateway == "paystack":
            return str(self._dice.randrange(10**9, 10**10))
        return "".join(self._dice.choice(_LETTERS) for _ in range(10))


def _owing(snapshot: Snapshot, *, on: date) -> tuple[tuple[CustomerId, str, str, str, date, Money], ...]:
    """Return who owes money on the day, with the oldest open invoice's date."""
    found = []
    for customer_id in invoice_queries.customers_overdue(snapshot.session, on=on + timedelta(days=60)):
        customer = customer_queries.find_customer(snapshot.session, customer_id)
        assert customer is not None
        invoices = invoice_queries.open_invoices(
            snapshot.session, customer_id=customer_id, currency=customer.currency
        )
        owed = sum(invoice.total_minor - invoice.paid_minor for invoice in invoices)
        issued_on = invoices[0].issued_on
        assert issued_on is not None
        found.append(
            (
                CustomerId(customer_id),
                customer.account_number,
                customer.name,
                customer.phone_sha256,
                issued_on,
                Money(owed, customer.currency),
            )
        )
    return tuple(found)
