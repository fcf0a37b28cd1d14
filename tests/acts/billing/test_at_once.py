"""Invoices issued in the same moment have numbers without a gap or a double, from the first of a series on."""

import asyncio
from datetime import date

from benfex.billing.invoicing import issue_invoice
from benfex.core.events import EventBus
from benfex.core.transactor import Transactor
from benfex.payments.settlement import settle_payment
from benfex.subscriptions.bill_run import BillRunner
from tests.conftest import START, Run
from tests.factories.customers import make_customer, make_service, work
from tests.factories.isp import SYSTEM, kes
from tests.factories.looks import assert_books_sound, invoices_of, owed
from tests.factories.money import c2b

AT_ONCE = 6


async def test_first_invoices_of_a_year_at_once_are_numbered_without_a_gap(
    isp: Run, transactor: Transactor
) -> None:
    customers = [make_customer(isp, phone=f"070837414{number}") for number in range(AT_ONCE)]
    await asyncio.gather(
        *(
            transactor.transact(
                issue_invoice,
                SYSTEM,
                customer_id=customer.customer_id,
                lines=[work(kes(100))],
                issued_on=date(2027, 1, 1),
            )
            for customer in customers
        )
    )
    numbers = [isp.read(invoices_of, customer_id=row.customer_id)[0][0] for row in customers]
    assert sorted(numbers) == [f"INV-2027-{number:05d}" for number in range(1, AT_ONCE + 1)]
    assert_books_sound(isp)


async def test_a_payment_beside_the_bill_run_pays_once_and_all_is_billed_once(
    isp: Run, transactor: Transactor, bus: EventBus
) -> None:
    service = make_service(isp)
    runner = BillRunner(transactor, bus)
    account = service.customer.account_number
    money = [
        transactor.transact(
            settle_payment,
            SYSTEM,
            evidence=c2b(account, receipt=f"RA{number}", amount=kes(1_000)),
            evidence_at=START,
            source="tests",
        )
        for number in range(5)
    ]
    await asyncio.gather(runner.run(SYSTEM, on=date(2026, 12, 23)), *money)
    assert isp.read(owed, customer_id=service.customer_id) == kes(0)
    assert [row[2:] for row in isp.read(invoices_of, customer_id=service.customer_id)] == [
        (250_000, 250_000)
    ] * 2
    assert_books_sound(isp)
