"""Books that were begun with the first form of the chain stay proved, and stay protected."""

from collections.abc import Callable

from sqlalchemy import Connection, text

from benfex.ledger.journal import chain_hash, first_chain_hash
from data.engine import Database
from data.queries import ledger as ledger_queries
from data.session import act_session
from tests.acts.ledger.test_tampering import altered, verify_within
from tests.conftest import START, Run
from tests.factories.customers import make_customer, make_invoice


def test_a_chain_goes_on_in_the_new_form_after_links_of_the_first(isp: Run, database: Database) -> None:
    customer = make_customer(isp)
    make_invoice(isp, customer)
    make_invoice(isp, customer)
    with altered(database) as connection:
        _seal_anew(connection, [first_chain_hash, chain_hash])
        report = verify_within(connection)
    assert report.is_sound
    assert report.entries == 2


def test_what_is_altered_in_a_link_of_the_first_form_is_found(isp: Run, database: Database) -> None:
    make_invoice(isp, make_customer(isp))
    with altered(database) as connection:
        _seal_anew(connection, [first_chain_hash])
        connection.execute(text("UPDATE journal_entry SET memo = 'another'"))
        found = [row.what for row in verify_within(connection).discrepancies]
    assert "was altered after it was posted" in found


def _seal_anew(connection: Connection, forms: list[Callable[..., str]]) -> None:
    """Give the links of the chain, oldest first, hashes of these forms."""
    previous = ""
    with act_session(connection, now=START) as session:
        links = [entry for batch in ledger_queries.chain_in_order(session) for entry in batch]
        for entry, form in zip(links, forms, strict=True):
            digest = form(previous, entry, ledger_queries.postings_of(session, [entry.id]))
            connection.execute(
                text("UPDATE journal_entry SET previous_hash = :previous, entry_hash = :hash WHERE id = :id"),
                {"previous": previous, "hash": digest, "id": entry.id},
            )
            previous = digest
