"""Books that were begun with the first form of the chain stay proved, and stay protected."""

from functools import partial

from sqlalchemy import text

from benfex.core.transactor import Transactor
from benfex.ledger.journal import first_chain_hash, seal_chain
from benfex.ledger.verification import verify_ledger
from data.engine import Database
from tests.acts.ledger.test_tampering import altered, verify_within
from tests.conftest import Run
from tests.factories.customers import make_customer, make_invoice


def test_a_chain_goes_on_in_the_new_form_after_links_of_the_first(isp: Run, gate: Transactor) -> None:
    gate.set_before_commit(partial(seal_chain, make=first_chain_hash))
    customer = make_customer(isp)
    make_invoice(isp, customer)
    gate.set_before_commit(seal_chain)
    make_invoice(isp, customer)
    report = isp.read(verify_ledger)
    assert report.is_sound
    assert report.entries == 2


def test_what_is_altered_in_a_link_of_the_first_form_is_found(
    isp: Run, gate: Transactor, database: Database
) -> None:
    gate.set_before_commit(partial(seal_chain, make=first_chain_hash))
    make_invoice(isp, make_customer(isp))
    with altered(database) as connection:
        connection.execute(text("UPDATE journal_entry SET memo = 'another'"))
        found = [row.what for row in verify_within(connection).discrepancies]
    assert "was altered after it was posted" in found
