"""SELECTs about statements that were imported from files, and what is known of their transactions."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func, select

from data.models.customer import Customer
from data.models.payment import Payment
from data.models.reconciliation import StatementImport, StatementLine, StatementMapping
from data.session import Session
from data.values.states import LineStatus


class BookedMoney(NamedTuple):
    """A payment that is booked; no customer means nobody knows whose it is."""

    amount_minor: int
    currency: str
    customer_id: int | None


def booked_money(session: Session, *, gateway: str, transaction_ids: Sequence[str]) -> dict[str, BookedMoney]:
    """Return what is booked of these transactions, by the gateway's number."""
    rows = session.execute(
        select(
            Payment.gateway_transaction_id,
            Payment.amount_minor,
            Payment.currency,
            Payment.customer_id,
        ).where(Payment.gateway == gateway, Payment.gateway_transaction_id.in_(transaction_ids))
    )
    return {row[0]: BookedMoney(*tuple(row)[1:]) for row in rows}


class KnownLine(NamedTuple):
    """A line that stands in a statement already, and by which bank's mapping it came; None by a gateway's API."""

    id: int
    status: LineStatus
    mapping: str | None


def known_lines(session: Session, *, gateway: str, transaction_ids: Sequence[str]) -> dict[str, KnownLine]:
    """Return which of these transactions have a line already, by the gateway's number."""
    rows = session.execute(
        select(StatementLine.transaction_id, StatementLine.id, StatementLine.status, StatementImport.mapping)
        .outerjoin(StatementImport, StatementImport.id == StatementLine.import_id)
        .where(StatementLine.gateway == gateway, StatementLine.transaction_id.in_(transaction_ids))
    )
    return {row[0]: KnownLine(*tuple(row)[1:]) for row in rows}


def find_line(session: Session, line_id: int) -> StatementLine | None:
    """Return the line, or None."""
    return session.get(StatementLine, line_id)


def find_import(session: Session, import_id: int) -> StatementImport | None:
    """Return the import, or None."""
    return session.get(StatementImport, import_id)


def import_of_file(session: Session, *, gateway: str, file_sha256: str) -> StatementImport | None:
    """Return the import of this file, or None."""
    return session.scalars(
        select(StatementImport).where(
            StatementImport.gateway == gateway, StatementImport.file_sha256 == file_sha256
        )
    ).one_or_none()


def imports_page(session: Session, *, limit: int, offset: int) -> list[StatementImport]:
    """Return one page of imports, newest first."""
    query = select(StatementImport).order_by(StatementImport.id.desc())
    return list(session.scalars(query.limit(limit).offset(offset)))


def count_imports(session: Session) -> int:
    """Return how many imports there are."""
    return int(session.execute(select(func.count()).select_from(StatementImport)).scalar_one())


def imports_after(session: Session, *, after_id: int | None, limit: int) -> list[StatementImport]:
    """Return imports, newest first, that follow one in that order."""
    query = select(StatementImport)
    if after_id is not None:
        query = query.where(StatementImport.id < after_id)
    return list(session.scalars(query.order_by(StatementImport.id.desc()).limit(limit)))


def mappings(session: Session) -> list[StatementMapping]:
    """Return the mappings of banks, by name."""
    return list(session.scalars(select(StatementMapping).order_by(StatementMapping.name)))


def mapping_named(session: Session, name: str) -> StatementMapping | None:
    """Return the mapping of a bank, or None."""
    return session.scalars(select(StatementMapping).where(StatementMapping.name == name)).one_or_none()


class NamedCustomer(NamedTuple):
    """A customer as a preview names them."""

    id: int
    name: str
    account_number: str


def customers_named(session: Session, customer_ids: Sequence[int]) -> dict[int, NamedCustomer]:
    """Return these customers, by id."""
    rows = session.execute(
        select(Customer.id, Customer.name, Customer.account_number).where(Customer.id.in_(customer_ids))
    )
    return {row[0]: NamedCustomer(*row) for row in rows}
