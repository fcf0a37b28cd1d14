"""How the demo's customers paid: most in time, some late, a few not at all, a few to a wrong account."""

import random
from concurrent.futures import Future
from dataclasses import dataclass
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
_ASTRAY_MAX = 4
_ASTRAY_DAYS = 14
_ASTRAY_EVERY = 3  # one M-Pesa payment of so many, in the last days


@dataclass(frozen=True, slots=True)
class Payer:
    """A customer as they pay: to which account, and from which phone."""

    account: str
    name: str
    phone_sha256: str


@dataclass(frozen=True, slots=True)
class Owing:
    """What a customer owes, and since when: the date of the oldest open invoice."""

    customer_id: CustomerId
    issued_on: date
    owed: Money


def pays_in_time(customer_id: CustomerId) -> bool:
    """Return whether a customer pays within the days that the invoice gives."""
    return (customer_id - 1) % 120 not in _STOPPED | _LATE


class DemoMoney:
    """Pays the demo's invoices day by day."""

    def __init__(self, benfex: Benfex, dice: random.Random) -> None:
        self._benfex = benfex
        self._dice = dice
        self._payers: dict[CustomerId, Payer] = {}
        self._by_phone = 0
        self._astray: set[CustomerId] = set()

    def collect(self, today: date, *, days_left: int) -> None:
        """Let everybody pay who pays today."""
        paid: list[Future[SettlementOutcome]] = []
        for debt in self._benfex.transactor.read_sync(_owing, _DEMO, on=today):
            habit = (debt.customer_id - 1) % 120
            waits = (debt.issued_on.toordinal() * 31 + debt.customer_id * 17) % 6
            if habit in _LATE:
                waits += 11
            if (habit in _STOPPED and days_left < 40) or debt.customer_id in self._astray:
                continue
            if today >= debt.issued_on + timedelta(days=waits):
                paid.append(self._pay(debt, days_left))
        for payment in paid:
            payment.result()

    def _pay(self, debt: Owing, days_left: int) -> "Future[SettlementOutcome]":
        payer = self._payers.get(debt.customer_id)
        if payer is None:
            payer = self._benfex.transactor.read_sync(_payer, _DEMO, customer_id=debt.customer_id)
            self._payers[debt.customer_id] = payer
        roll = self._dice.random()
        gateway = "paystack" if roll < 0.15 else "cash" if roll < 0.2 else "mpesa"
        amount = debt.owed.rounded_up_to(100)
        if roll > 0.985:
            amount = amount + Money(50_000, amount.currency)
        typed = self._typed(debt.customer_id, payer, gateway, days_left)
        evidence = PaymentEvidence(
            gateway=gateway,
            grade=EvidenceGrade.SIGNED if gateway == "paystack" else EvidenceGrade.STATEMENT,
            transaction_id=self._receipt(gateway),
            amount=amount,
            received_at=self._benfex.clock.now(),
            account_reference=typed,
            # Who mistyped it paid from another's phone: their own would have told whose money it is.
            payer_phone_sha256=payer.phone_sha256 if typed == payer.account else None,
            payer_name=payer.name,
            fee=amount.share(15, 1000) if gateway == "paystack" else None,
        )
        return self._benfex.transactor.submit(
            settle_payment, _DEMO, evidence=evidence, evidence_at=self._benfex.clock.now(), source="history"
        )

    def _typed(self, customer_id: CustomerId, payer: Payer, gateway: str, days_left: int) -> str:
        """Return the account that the payer typed; who mistyped it waits, and believes to have paid."""
        if gateway != "mpesa" or days_left >= _ASTRAY_DAYS or not pays_in_time(customer_id):
            return payer.account
        self._by_phone += 1
        if self._by_phone % _ASTRAY_EVERY or len(self._astray) == _ASTRAY_MAX:
            return payer.account
        typed = _slips(payer)[len(self._astray)]
        self._astray.add(customer_id)
        return typed

    def _receipt(self, gateway: str) -> str:
        if gateway == "paystack":
            return str(self._dice.randrange(10**9, 10**10))
        return "".join(self._dice.choice(_LETTERS) for _ in range(10))


def _slips(payer: Payer) -> tuple[str, ...]:
    """Return what people type instead of their account number; its check digit tells that it is none."""
    account = payer.account
    return (
        f"{account[:-1]}{(int(account[-1]) + 1) % 10}",
        payer.name.split()[0].upper(),
        account[:-1],
        "WIFI",
    )


def _owing(snapshot: Snapshot, *, on: date) -> tuple[Owing, ...]:
    """Return who owes money on the day."""
    found = []
    for customer_id in invoice_queries.customers_overdue(snapshot.session, on=on + timedelta(days=60)):
        invoices = invoice_queries.open_invoices(snapshot.session, customer_id=customer_id, currency="KES")
        owed = sum(invoice.total_minor - invoice.paid_minor for invoice in invoices)
        issued_on = invoices[0].issued_on
        assert issued_on is not None
        found.append(Owing(CustomerId(customer_id), issued_on, Money(owed, "KES")))
    return tuple(found)


def _payer(snapshot: Snapshot, *, customer_id: CustomerId) -> Payer:
    customer = customer_queries.find_customer(snapshot.session, customer_id)
    assert customer is not None
    return Payer(customer.account_number, customer.name, customer.phone_sha256)
