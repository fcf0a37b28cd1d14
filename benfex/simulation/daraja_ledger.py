"""What the simulated M-Pesa remembers: pushes, transactions by receipt, and the paybill's balance."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from benfex.simulation.courier import Courier
from benfex.simulation.daraja_words import new_receipt
from benfex.simulation.options import DarajaOptions
from benfex.simulation.phone import Phones

KEPT_TRANSACTIONS = 50_000
KEPT_PUSHES = 50_000
# Written whole each time, so that a file of a long day must stay small.
KEPT_ON_DISK = 5_000


@dataclass(slots=True)
class Push:
    """One STK push. `result_code` is None while it is pending; `receipt` and `paid_at` are
    None unless money moved.
    """

    checkout_id: str
    merchant_request_id: str
    msisdn: str
    amount: int
    account: str
    description: str
    callback_url: str
    opened_at: float
    result_code: int | None = None
    receipt: str | None = None
    paid_at: float | None = None


@dataclass(frozen=True, slots=True)
class Transaction:
    """Money that reached the paybill. `checkout_id` is None when the customer paid by hand."""

    receipt: str
    msisdn: str
    amount: int
    account: str
    paid_at: float
    balance_after: int
    checkout_id: str | None = None
    third_party_id: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Money that left the paybill: a reversal of the receipt in `original`, or a payout."""

    receipt: str
    kind: str
    msisdn: str
    amount: int
    originator_id: str
    conversation_id: str
    original: str
    at: float


class DarajaLedger:
    """Transactions in the order of payment, one per receipt, pushes by CheckoutRequestID, and money that left."""

    def __init__(self, *, balance: int) -> None:
        self.balance = balance
        self.transactions: dict[str, Transaction] = {}
        self.pushes: dict[str, Push] = {}
        self.outgoing: dict[str, Outgoing] = {}
        self.reversed: set[str] = set()
        self.originators: set[str] = set()
        self._reserved: set[str] = set()

    def reserve_receipt(self) -> str:
        """Return a receipt that no other transaction has or will have."""
        receipt = new_receipt(time.time())
        while receipt in self.transactions or receipt in self.outgoing or receipt in self._reserved:
            receipt = new_receipt(time.time())
        self._reserved.add(receipt)
        return receipt

    def book(
        self,
        *,
        receipt: str,
        msisdn: str,
        amount: int,
        account: str,
        checkout_id: str | None = None,
        third_party_id: str = "",
    ) -> Transaction:
        """Add money to the paybill and return the transaction."""
        self.balance += amount
        transaction = Transaction(
            receipt, msisdn, amount, account, time.time(), self.balance, checkout_id, third_party_id
        )
        self._reserved.discard(receipt)
        self.transactions[receipt] = transaction
        if len(self.transactions) > KEPT_TRANSACTIONS:
            del self.transactions[next(iter(self.transactions))]
        return transaction

    def pay_out(self, outgoing: Outgoing) -> None:
        """Take money from the paybill."""
        self.balance -= outgoing.amount
        self._reserved.discard(outgoing.receipt)
        self.outgoing[outgoing.receipt] = outgoing
        if outgoing.original:
            self.reversed.add(outgoing.original)

    def outgoing_named(self, name: str) -> Outgoing | None:
        """Return the money that left under a receipt or either id of its conversation, None when none did."""
        for outgoing in self.outgoing.values():
            if name in {outgoing.receipt, outgoing.originator_id, outgoing.conversation_id}:
                return outgoing
        return None

    def add_push(self, push: Push) -> None:
        """Remember a push; the oldest is forgotten when there are too many."""
        self.pushes[push.checkout_id] = push
        if len(self.pushes) > KEPT_PUSHES:
            del self.pushes[next(iter(self.pushes))]

    def load(self, kept: dict[str, object]) -> None:
        """Take over what `describe` gave. Raises ValueError when it has another shape."""
        try:
            self.balance = int(str(kept.get("balance", self.balance)))
            for row in _rows(kept, "transactions"):
                transaction = Transaction(**row)  # type: ignore[arg-type]
                self.transactions[transaction.receipt] = transaction
            for row in _rows(kept, "pushes"):
                push = Push(**row)  # type: ignore[arg-type]
                # The phone forgot its prompt with the old process.
                push.result_code = 1037 if push.result_code is None else push.result_code
                self.pushes[push.checkout_id] = push
            for row in _rows(kept, "outgoing"):
                outgoing = Outgoing(**row)  # type: ignore[arg-type]
                self.outgoing[outgoing.receipt] = outgoing
                self.originators.add(outgoing.originator_id)
                self.reversed |= {outgoing.original} - {""}
        except TypeError as error:
            raise ValueError("the kept M-Pesa state has another shape; delete it to start afresh") from error

    def describe(self) -> dict[str, object]:
        """Return what a restart needs, as JSON values: the latest rows of each kind, oldest first."""
        return {
            "balance": self.balance,
            "transactions": self.transaction_rows()[-KEPT_ON_DISK:],
            "pushes": self.push_rows()[-KEPT_ON_DISK:],
            "outgoing": self.outgoing_rows()[-KEPT_ON_DISK:],
        }

    def transaction_rows(self) -> list[dict[str, object]]:
        """Return the transactions as JSON values, oldest first."""
        return [_described(transaction) for transaction in self.transactions.values()]

    def push_rows(self) -> list[dict[str, object]]:
        """Return the pushes as JSON values, oldest first."""
        return [_described(push) for push in self.pushes.values()]

    def outgoing_rows(self) -> list[dict[str, object]]:
        """Return the money that left as JSON values, oldest first."""
        return [_described(outgoing) for outgoing in self.outgoing.values()]


@dataclass(slots=True)
class Paybill:
    """What the desks of one paybill share. `changed` is called after every change worth keeping."""

    options: DarajaOptions
    ledger: DarajaLedger
    phones: Phones
    courier: Courier
    changed: Callable[[], None]


def _described(row: Push | Transaction | Outgoing) -> dict[str, object]:
    # Flat rows: dataclasses.asdict would copy every value deeply.
    return {name: getattr(row, name) for name in row.__slots__}


def _rows(kept: dict[str, object], name: str) -> list[dict[str, object]]:
    rows = kept.get(name, [])
    if not isinstance(rows, list):
        raise ValueError(f"{name} is not a list")
    return rows
