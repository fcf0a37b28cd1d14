"""A run killed at any commit and run again leaves the same books as one that was never killed."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date

import pytest
from sqlalchemy import text

from benfex.core.clock import MovedClock
from benfex.core.events import EventBus
from benfex.core.transactor import Transactor
from benfex.ledger.journal import seal_chain
from benfex.subscriptions.bill_run import BillRunner
from data.session import Session, begin_read
from tests.conftest import START, Run
from tests.databases import Databases
from tests.factories.customers import make_customer, make_service
from tests.factories.isp import SYSTEM, kes, make_price, make_router, make_vat, set_up_isp
from tests.factories.looks import assert_books_sound
from tests.factories.money import c2b, settle
from tests.postgresql import PostgresqlMissingError

ON = date(2026, 12, 25)
CUSTOMERS = 5
COMMITS = 6  # the run is opened, three chunks of two, the end, and one more that never comes

# All that the books say, by what people see: numbers of rows may differ after a rollback.
_BOOKS = (
    "SELECT number, customer_id, status, total_minor, tax_minor, paid_minor, due_on FROM invoice ORDER BY number",
    "SELECT i.number, l.item, l.amount_minor, l.tax_minor, l.period_starts_on, l.period_ends_on"
    " FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id ORDER BY i.number, l.id",
    "SELECT billing_key FROM billed_charge ORDER BY billing_key",
    "SELECT e.chain_number, e.kind, e.memo, a.code, a.owner, p.amount_minor FROM posting p"
    " JOIN journal_entry e ON e.id = p.entry_id JOIN ledger_account a ON a.id = p.account_id"
    " ORDER BY e.chain_number, p.id",
    "SELECT code, owner, balance_minor FROM ledger_account ORDER BY code, owner",
    "SELECT i.number, a.amount_minor FROM payment_allocation a JOIN invoice i ON i.id = a.invoice_id ORDER BY 1, 2",
    "SELECT id, charged_through_on, period_starts_on, period_ends_on, bills_on, version FROM subscription ORDER BY id",
    "SELECT status, customers_seen, invoices, last_customer_id FROM bill_run ORDER BY id",
)


class Killed(BaseException):
    """The process is gone."""


class Killer:
    """Seals as the product does, and kills just before the commit of the so-manyth act from now on."""

    def __init__(self) -> None:
        self.left: int | None = None

    def __call__(self, session: Session) -> None:
        seal_chain(session)
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                raise Killed


@contextmanager
def an_isp(databases: Databases, kind: str) -> Iterator[tuple[Run, Killer]]:
    with ExitStack() as stack:
        try:
            database = stack.enter_context(databases.opened(kind))
        except PostgresqlMissingError as missing:
            pytest.skip(f"no PostgreSQL: {missing}")
        killer = Killer()
        gate = Transactor(database, MovedClock(START), EventBus(), before_commit=killer)
        stack.callback(gate.close)
        run = Run(gate, SYSTEM)
        set_up_isp(run)
        make_vat(run)
        price_id, router_id = make_price(run), make_router(run)
        for number in range(CUSTOMERS):
            customer = make_customer(run, phone=f"071200000{number}")
            make_service(
                run, customer=customer, price_id=price_id, router_id=router_id, username=f"c{number}"
            )
            if number in (1, 3):
                settle(run, c2b(customer.account_number, receipt=f"TKN4QX71S{number}", amount=kes(3_000)))
        yield run, killer


def books(run: Run) -> list[list[tuple[object, ...]]]:
    with begin_read(run.transactor.database, now=START) as session:
        return [[tuple(row) for row in session.execute(text(statement))] for statement in _BOOKS]


def bill(run: Run) -> None:
    BillRunner(run.transactor, EventBus(), chunk=2).run_sync(SYSTEM, on=ON)


def test_killed_at_each_commit_and_run_again_it_leaves_the_same_books(
    databases: Databases, database_kind: str
) -> None:
    with an_isp(databases, database_kind) as (run, _):
        bill(run)
        expected = books(run)
    kills = 0
    for commit in range(1, COMMITS + 1):
        with an_isp(databases, database_kind) as (run, killer):
            killer.left = commit
            try:
                bill(run)
            except Killed:
                kills += 1
            killer.left = None
            bill(run)
            assert books(run) == expected, f"killed at commit {commit}"
            assert_books_sound(run)
    assert kills == COMMITS - 1


def test_a_dry_run_changes_nothing(databases: Databases, database_kind: str) -> None:
    with an_isp(databases, database_kind) as (run, _):
        before = books(run)
        result = BillRunner(run.transactor, EventBus(), chunk=2).run_sync(SYSTEM, on=ON, dry_run=True)
        assert (result.invoices, result.totals) == (CUSTOMERS, (kes(2_500 * CUSTOMERS),))
        assert books(run) == before
