"""Money goes to the oldest invoice first; nothing is lost on the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benfex.billing.allocation import OpenInvoice, allocate
from data.values.errors import CurrencyMismatch
from data.values.identifiers import InvoiceId
from data.values.money import Money


def kes(minor: int) -> Money:
    return Money(minor, "KES")


def invoices(*outstanding: int) -> list[OpenInvoice]:
    return [OpenInvoice(InvoiceId(number), kes(minor)) for number, minor in enumerate(outstanding, 1)]


def test_the_oldest_invoice_is_paid_first() -> None:
    allocation = allocate(kes(300), invoices(200, 500))
    assert [(part.invoice_id, part.amount) for part in allocation.parts] == [(1, kes(200)), (2, kes(100))]
    assert allocation.rest == kes(0)


def test_what_no_invoice_takes_stays_credit() -> None:
    assert allocate(kes(900), invoices(200, 500)).rest == kes(200)


def test_without_invoices_all_is_credit() -> None:
    assert allocate(kes(900), []).rest == kes(900)


def test_another_currency_is_refused() -> None:
    with pytest.raises(CurrencyMismatch):
        allocate(Money(900, "USD"), invoices(200))


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**8), max_size=12))
def test_parts_and_rest_add_up_and_no_invoice_gets_too_much(amount: int, outstanding: list[int]) -> None:
    allocation = allocate(kes(amount), invoices(*outstanding))
    assert sum(part.amount.minor for part in allocation.parts) + allocation.rest.minor == amount
    assert all(0 < part.amount.minor <= outstanding[part.invoice_id - 1] for part in allocation.parts)
