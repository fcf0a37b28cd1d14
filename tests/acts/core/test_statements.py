"""How many statements a job asks, and whether each finds its rows by an index, on both databases.

A job over many asks as much as a job over few: by the page, or the same again for each one it changes.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from benfex.billing.earning import earn_revenue
from benfex.core.clock import MovedClock
from benfex.dunning.runs import customers_to_chase, run_dunning
from benfex.subscriptions.bill_runs import bill_chunk, open_run
from benfex.subscriptions.planning import billing_basis
from benfex.subscriptions.prepaid import services_over
from benfex.subscriptions.prepaid_notices import end_prepaid_time, services_to_warn
from data.engine import Database
from data.values.identifiers import CustomerId
from data.values.kinds import BillingMode
from tests.conftest import Run
from tests.factories.customers import MadeService, make_customer, make_service
from tests.factories.isp import kes, make_price, make_router, set_up_isp
from tests.factories.money import c2b, settle
from tests.factories.services import set_price, set_terms

FEW, MANY = 2, 6
NEXT_CYCLE = date(2026, 12, 23)

# Tables that grow with customers and with years.
_LARGE = (
    "billed_charge|credit_note|customer|invoice|invoice_line|invoice_reminder|journal_entry|ledger_account|"
    "payment|payment_allocation|posting|refund|subscription|subscription_add_on|subscription_discount"
)
_WHOLE = re.compile(rf"\bSCAN ({_LARGE})\b|Seq Scan on ({_LARGE})\b")
_MANY_OWNERS = re.compile(r"json_each|= ANY|\bIN \([?%]")


@dataclass(frozen=True, slots=True)
class Asked:
    """One statement as the driver got it; the parameters of the first row where there are many."""

    words: str
    parameters: Any


@pytest.fixture
def isp(run: Run) -> Run:
    set_up_isp(run)
    return run


def make_services(
    run: Run, count: int, *, prepaid: bool = False, first: int = 0, code: str = "HOME"
) -> list[MadeService]:
    price_id, router_id = make_price(run, code=code), make_router(run, name=f"router-{code.lower()}")
    if prepaid:
        set_price(run, price_id, billing_mode=BillingMode.PREPAID)
    found = []
    for number in range(first, first + count):
        customer = make_customer(run, name=f"Subscriber {number}", phone=f"07083741{number:02}")
        found.append(
            make_service(
                run, customer=customer, price_id=price_id, router_id=router_id, username=f"user-{number}"
            )
        )
    return found


def pay(run: Run, service: MadeService, *, receipt: str, shillings: int = 2_500) -> None:
    settle(run, c2b(service.customer.account_number, receipt=receipt, amount=kes(shillings)))


@contextmanager
def listening(database: Database) -> Iterator[list[Asked]]:
    """Keep what is asked of a database while the block lasts."""
    heard: list[Asked] = []

    def hear(*told: Any) -> None:
        _, _, words, parameters, _, is_many = told
        heard.append(Asked(words, parameters[0] if is_many else parameters))

    engines = (database.writer, database.reader)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", hear)


def bill(run: Run, customer_ids: list[CustomerId]) -> None:
    """Begin the run of the next cycle, or take it up, and bill these payers in one act."""
    basis = run.read(billing_basis)
    opened = run(open_run, on=NEXT_CYCLE, retries_parked=True, is_checked=False)
    assert opened is not None
    done = run(bill_chunk, run_id=opened.run_id, customer_ids=customer_ids, on=NEXT_CYCLE, basis=basis)
    assert len(done.totals) == len(customer_ids)


def chase(run: Run, customer_ids: list[CustomerId]) -> None:
    for customer_id in customer_ids:
        assert run(run_dunning, customer_id=customer_id).steps > 0


def end_time(run: Run, services: list[MadeService]) -> None:
    for service in services:
        assert run(end_prepaid_time, subscription_id=service.subscription_id) is None


def ids_of(services: list[MadeService]) -> list[CustomerId]:
    return [service.customer_id for service in services]


def count(run: Run, do: Callable[[], object]) -> int:
    with listening(run.transactor.database) as heard:
        do()
    return len(heard)


def test_a_chunk_of_many_payers_asks_no_more_than_one_of_few(isp: Run) -> None:
    services = make_services(isp, 1 + FEW + MANY)
    bill(isp, ids_of(services[:1]))  # begins the run
    few = count(isp, lambda: bill(isp, ids_of(services[1 : 1 + FEW])))
    many = count(isp, lambda: bill(isp, ids_of(services[1 + FEW :])))
    assert few == many


def test_dunning_reads_pages_and_asks_the_same_for_each_whom_it_chases(isp: Run, clock: MovedClock) -> None:
    services = make_services(isp, 1 + FEW + MANY)
    clock.advance(timedelta(days=12))
    page = count(isp, lambda: isp.read(customers_to_chase))
    chase(isp, ids_of(services[:1]))
    few = count(isp, lambda: chase(isp, ids_of(services[1 : 1 + FEW])))
    many = count(isp, lambda: chase(isp, ids_of(services[1 + FEW :])))
    assert page <= 20
    assert (few // FEW, many) == (many // MANY, few * MANY // FEW)
    assert many // MANY <= 60


def test_the_end_of_paid_time_asks_the_same_for_each_whom_it_ends(isp: Run, clock: MovedClock) -> None:
    services = make_services(isp, 1 + FEW + MANY, prepaid=True)
    for number, service in enumerate(services):
        pay(isp, service, receipt=f"RA{number}")
    clock.advance(timedelta(days=40))
    page = count(isp, lambda: (isp.read(services_over), isp.read(services_to_warn)))
    end_time(isp, services[:1])
    few = count(isp, lambda: end_time(isp, services[1 : 1 + FEW]))
    many = count(isp, lambda: end_time(isp, services[1 + FEW :]))
    assert page <= 12
    assert many * FEW == few * MANY
    assert many // MANY <= 50


def test_revenue_of_many_is_earned_with_as_many_statements_as_that_of_few(
    isp: Run, clock: MovedClock
) -> None:
    set_terms(isp, defers_revenue=True)
    asked = []
    for first, added in ((0, 1), (1, FEW), (1 + FEW, MANY)):
        make_services(isp, added, first=first, code=f"PLAN{first}")
        clock.advance(timedelta(days=1))
        asked.append(count(isp, lambda: isp(earn_revenue)))
    assert asked[1] == asked[2]


def test_what_is_asked_of_many_owners_finds_their_rows_by_an_index(isp: Run, clock: MovedClock) -> None:
    services = make_services(isp, FEW)
    for number, service in enumerate(services):
        pay(isp, service, receipt=f"RA{number}", shillings=2_600)  # the rest is credit that a bill uses
    database = isp.transactor.database
    with listening(database) as heard:
        bill(isp, ids_of(services))
        clock.advance(timedelta(days=45))
        assert len(isp.read(customers_to_chase)) == FEW
    asked = {each.words: each for each in heard if _MANY_OWNERS.search(each.words)}
    assert len(asked) >= 12
    for each in asked.values():
        assert_by_index(database, each)


def assert_by_index(database: Database, asked: Asked) -> None:
    """Say which step of a plan reads a large table as a whole, or most of it by a status."""
    with database.writer.connect() as connection, connection.begin() as transaction:
        if database.is_sqlite:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked.words}", asked.parameters)
            steps = [str(row[3]) for row in rows]
        else:  # over so few rows it would read the whole table where it can
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            rows = connection.exec_driver_sql(f"EXPLAIN {asked.words}", asked.parameters)
            steps = [str(row[0]) for row in rows]
        transaction.rollback()
    wrong = [step for step in steps if _WHOLE.search(step) or "_status" in step]
    assert not wrong, f"{wrong}\nin {steps}\nof {asked.words}"
