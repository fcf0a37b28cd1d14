"""The postings of each business event. Pure; `journal` writes them.

Signed minor units: debit positive, credit negative; every tuple sums to zero. Zero sides are left out.
"""

from dataclasses import dataclass

from benfex.ledger.chart import (
    BAD_DEBT,
    BANK,
    CASH_DIFFERENCES,
    CREDITS_GIVEN,
    DEFERRED_REVENUE,
    OPENING_BALANCES,
    PAYMENT_FEES,
    REFUNDS_UNDER_WAY,
    REVENUE,
    TAX_PAYABLE,
    UNMATCHED,
    AccountKey,
    clearing,
    receivable,
)
from data.values.identifiers import CustomerId
from data.values.money import Money


@dataclass(frozen=True, slots=True)
class PostingLine:
    """One side of an entry: a positive amount debits the account, a negative one credits it."""

    account: AccountKey
    amount: Money


def _pair(debit: AccountKey, credit: AccountKey, amount: Money) -> tuple[PostingLine, ...]:
    return _balanced((debit, amount), (credit, -amount))


def _balanced(*sides: tuple[AccountKey, Money]) -> tuple[PostingLine, ...]:
    lines = _sides(*sides)
    assert sum(line.amount.minor for line in lines) == 0, "an entry must balance"
    return lines


def _sides(*sides: tuple[AccountKey, Money]) -> tuple[PostingLine, ...]:
    return tuple(PostingLine(account, amount) for account, amount in sides if not amount.is_zero)


def invoice_issued(
    customer_id: CustomerId, *, subtotal: Money, tax: Money, deferred: Money | None = None
) -> tuple[PostingLine, ...]:
    """Return: the customer owes subtotal and tax; we earned the one and owe the other to the state.

    What of the subtotal is deferred is earned later.
    """
    owed = subtotal + tax
    others = against_invoice(subtotal=subtotal, tax=tax, deferred=deferred)
    return others if owed.is_zero else (owed_by(customer_id, owed), *others)


def owed_by(customer_id: CustomerId, amount: Money) -> PostingLine:
    """Return: the customer owes an amount."""
    return PostingLine(receivable(customer_id), amount)


def against_invoice(*, subtotal: Money, tax: Money, deferred: Money | None = None) -> tuple[PostingLine, ...]:
    """Return what stands against what a customer owes for an invoice: the same whoever it is."""
    unearned = deferred or Money.zero(subtotal.currency)
    lines = _sides((REVENUE, unearned - subtotal), (TAX_PAYABLE, -tax), (DEFERRED_REVENUE, -unearned))
    assert (subtotal + tax).minor + sum(line.amount.minor for line in lines) == 0, "an entry must balance"
    return lines


def revenue_earned(amount: Money) -> tuple[PostingLine, ...]:
    """Return: the days that deferred revenue was for are over."""
    return _pair(DEFERRED_REVENUE, REVENUE, amount)


def credit_note(
    customer_id: CustomerId, *, subtotal: Money, tax: Money, deferred: Money | None = None
) -> tuple[PostingLine, ...]:
    """Return: the customer owes that much less; what of the subtotal was not earned yet never will be."""
    unearned = deferred or Money.zero(subtotal.currency)
    return _balanced(
        (DEFERRED_REVENUE, unearned),
        (CREDITS_GIVEN, subtotal - unearned),
        (TAX_PAYABLE, tax),
        (receivable(customer_id), -(subtotal + tax)),
    )


def payment_received(gateway: str, customer_id: CustomerId, amount: Money) -> tuple[PostingLine, ...]:
    """Return: the gateway holds the amount and the customer owes that much less."""
    return _pair(clearing(gateway), receivable(customer_id), amount)


def payment_unmatched(gateway: str, amount: Money) -> tuple[PostingLine, ...]:
    """Return: the gateway holds the amount and we do not know yet whose it is."""
    return _pair(clearing(gateway), UNMATCHED, amount)


def payment_matched(customer_id: CustomerId, amount: Money) -> tuple[PostingLine, ...]:
    """Return: unmatched money found its customer."""
    return _pair(UNMATCHED, receivable(customer_id), amount)


def gateway_fee(gateway: str, fee: Money) -> tuple[PostingLine, ...]:
    """Return: the gateway kept its fee."""
    return _pair(PAYMENT_FEES, clearing(gateway), fee)


def written_off(customer_id: CustomerId, amount: Money) -> tuple[PostingLine, ...]:
    """Return: what the customer owes is lost."""
    return _pair(BAD_DEBT, receivable(customer_id), amount)


def write_off_recovered(customer_id: CustomerId, amount: Money) -> tuple[PostingLine, ...]:
    """Return: what we had given up is owed again, so that it can be paid."""
    return _pair(receivable(customer_id), BAD_DEBT, amount)


def refunded(gateway: str, customer_id: CustomerId, amount: Money) -> tuple[PostingLine, ...]:
    """Return: the customer's money went back by the way it came."""
    return _pair(receivable(customer_id), clearing(gateway), amount)


def refund_sent(customer_id: CustomerId, amount: Money) -> tuple[PostingLine, ...]:
    """Return: the money is not the customer's to use any more; it is on its way to them."""
    return _pair(receivable(customer_id), REFUNDS_UNDER_WAY, amount)


def refund_arrived(gateway: str, amount: Money) -> tuple[PostingLine, ...]:
    """Return: money that was on its way left the gateway."""
    return _pair(REFUNDS_UNDER_WAY, clearing(gateway), amount)


def shift_difference(over: Money) -> tuple[PostingLine, ...]:
    """Return: the drawer held `over` more than it should, less where it is negative."""
    return _pair(clearing("cash"), CASH_DIFFERENCES, over)


def swept(gateway: str, amount: Money) -> tuple[PostingLine, ...]:
    """Return: what a gateway or a drawer held for us is in our bank."""
    return _pair(BANK, clearing(gateway), amount)


def held_before(gateway: str, amount: Money) -> tuple[PostingLine, ...]:
    """Return: the gateway held the amount before our books began; below nothing it was overdrawn."""
    return _pair(clearing(gateway), OPENING_BALANCES, amount)


def reversed_lines(lines: tuple[PostingLine, ...]) -> tuple[PostingLine, ...]:
    """Return the opposite of an entry, side by side in the same order."""
    return tuple(PostingLine(line.account, -line.amount) for line in lines)
