"""Statements from files: shown first, booked once, and the same file again changes nothing."""

import asyncio
from pathlib import Path

import pytest

from benfex.core.paging import PageRequest
from benfex.core.transactor import Transactor
from benfex.payments.bank_files import BankMapping
from benfex.payments.bank_mappings import banks, find_bank, save_mapping
from benfex.payments.statement_booking import RowOutcome, begin_import, book_lines
from benfex.payments.statement_imports import (
    ImportOutcome,
    Preview,
    StatementImporter,
    StatementUpload,
    list_imports,
    read_upload,
)
from data.values.errors import InvalidInput, NotFound, NotPermitted
from data.values.kinds import CashMethod
from tests.conftest import Run
from tests.factories.cashiers import take_cash
from tests.factories.customers import MadeCustomer, make_customer, make_invoice
from tests.factories.isp import SUPPORT, SYSTEM, kes
from tests.factories.looks import assert_books_sound, owed, payments
from tests.factories.money import c2b, settle

MPESA = (Path(__file__).parents[2] / "contract" / "payloads" / "mpesa_org_statement.csv").read_bytes()
HEADER = "Date,Ref,Narrative,Debit,Credit"


@pytest.fixture
def equity(isp: Run) -> str:
    """A bank whose columns are known."""
    mapping = BankMapping("Date", "Credit", amount_out="Debit", reference="Ref", details="Narrative")
    isp(save_mapping, name="Equity", mapping=mapping)
    return "Equity"


@pytest.fixture
def amina(isp: Run) -> MadeCustomer:
    customer = make_customer(isp)
    make_invoice(isp, customer, amount=kes(1_500))
    return customer


def upload(*rows: str, bank: str = "Equity") -> StatementUpload:
    return StatementUpload(bank, "november.csv", "\n".join((HEADER, *rows)).encode())


async def show(transactor: Transactor, file: StatementUpload) -> Preview:
    return await StatementImporter(transactor).preview(SYSTEM, file)


async def book(transactor: Transactor, file: StatementUpload) -> ImportOutcome:
    return await StatementImporter(transactor).apply(SYSTEM, file)


async def test_a_preview_says_what_would_happen_and_writes_nothing(
    isp: Run, transactor: Transactor, equity: str, amina: MadeCustomer
) -> None:
    take_cash(isp, amina, kes(100), method=CashMethod.BANK, reference="FT2")
    take_cash(isp, amina, kes(100), method=CashMethod.BANK, reference="FT3")
    file = upload(
        f"20-11-2026,FT1,MPS {amina.account_number} AMINA,,1500",
        "20-11-2026,FT2,slip,,100",
        "20-11-2026,FT3,slip,,999",
        "20-11-2026,FT4,who knows,,40",
        "20-11-2026,FT5,fee,50,",
        "20-11-2036,FT6,later,,10",
        "20-11-2026,FT7,broken,,x",
        "20-11-2026,FT8,MPS 0708374149,,70",
    )
    preview = await show(transactor, file)
    assert [(row.row, row.outcome) for row in preview.rows] == [
        (2, RowOutcome.BOOK),
        (3, RowOutcome.KNOWN),
        (4, RowOutcome.REFUSED),
        (5, RowOutcome.WAIT),
        (6, RowOutcome.OUT),
        (7, RowOutcome.REFUSED),
        (8, RowOutcome.REFUSED),
        (9, RowOutcome.WAIT),
    ]
    first = preview.rows[0]
    assert (first.customer_name, first.reason) == ("Amina Wanjiru", "the account number")
    assert "booked as KES 100" in preview.rows[2].reason
    assert "has not come yet" in preview.rows[5].reason
    assert preview.total(RowOutcome.BOOK, RowOutcome.WAIT) == kes(1_610)
    assert preview.rows[7].reason.startswith("perhaps Amina Wanjiru, ")
    assert len(isp.read(payments)) == 2
    assert isp.read(list_imports, request=PageRequest()).total == 0


async def test_what_is_not_known_is_booked_and_the_same_file_again_changes_nothing(
    isp: Run, transactor: Transactor, equity: str, amina: MadeCustomer
) -> None:
    file = upload(
        f"20-11-2026,FT1,{amina.account_number},,1500", "20-11-2026,FT4,who,,40", "20-11-2026,FT5,fee,50,"
    )
    first = await book(transactor, file)
    assert (first.booked, first.known, first.out, first.refused) == (2, 0, 1, ())
    assert isp.read(owed, customer_id=amina.customer_id) == kes(0)
    again = await book(transactor, file)
    assert (again.import_id, again.booked, again.known, again.out) == (first.import_id, 0, 2, 1)
    (record,) = isp.read(list_imports, request=PageRequest()).rows
    assert (record.lines, record.booked, record.known, record.bank) == (3, 2, 0, "Equity")
    assert len(isp.read(payments)) == 2
    assert (await show(transactor, file)).imported_before


async def test_a_longer_file_of_the_same_days_books_only_what_is_new(
    isp: Run, transactor: Transactor, amina: MadeCustomer
) -> None:
    mapping = BankMapping("Date", "Credit", amount_out="Debit", details="Narrative")
    isp(save_mapping, name="Sacco", mapping=mapping)
    twice = "20-11-2026,,JANE,,10"
    assert (await book(transactor, upload(twice, bank="Sacco"))).booked == 1
    longer = await book(transactor, upload(twice, twice, "21-11-2026,,JANE,,10", bank="Sacco"))
    assert (longer.booked, longer.known) == (2, 1)


async def test_the_statement_of_mpesa_knows_receipts_that_callbacks_booked(
    isp: Run, transactor: Transactor, amina: MadeCustomer
) -> None:
    settle(isp, c2b(amina.account_number, receipt="TKN4QX71SV", amount=kes(1_500)))
    file = StatementUpload("M-PESA".replace("-", ""), "org.csv", MPESA)
    preview = await show(transactor, file)
    assert [row.outcome for row in preview.rows] == [RowOutcome.WAIT, RowOutcome.KNOWN]
    outcome = await book(transactor, file)
    assert (outcome.booked, outcome.known) == (1, 1)
    assert {payment.gateway for payment in isp.read(payments)} == {"mpesa"}


async def test_an_import_that_broke_off_goes_on(
    isp: Run, transactor: Transactor, equity: str, amina: MadeCustomer
) -> None:
    file = upload(*(f"20-11-2026,FT{number},x,,{number + 1}" for number in range(7)))
    bank = isp.read(find_bank, name=equity)
    lines = read_upload(file, bank, currency="KES", timezone="Africa/Nairobi").lines
    import_id = isp(begin_import, bank=bank, file_name=file.file_name, file_sha256=file.sha256)
    isp(book_lines, bank=bank, import_id=import_id, lines=lines[:3], words={})
    rest = await book(transactor, file)
    assert (rest.import_id, rest.booked, rest.known) == (import_id, 4, 3)
    (record,) = isp.read(list_imports, request=PageRequest()).rows
    assert (record.lines, record.booked) == (7, 7)


async def test_the_same_file_twice_at_once_books_each_transaction_once(
    isp: Run, transactor: Transactor, equity: str, amina: MadeCustomer
) -> None:
    file = upload(*(f"20-11-2026,FT{number},{amina.account_number},,{number + 1}" for number in range(45)))
    one, other = await asyncio.gather(book(transactor, file), book(transactor, file))
    assert one.booked + other.booked == 45
    assert (one.refused, other.refused) == ((), ())
    assert len(isp.read(payments)) == 45
    (record,) = isp.read(list_imports, request=PageRequest()).rows
    assert (record.lines, record.booked, record.known) == (45, 45, 0)
    assert_books_sound(isp)


async def test_a_number_of_another_bank_is_not_taken_for_known(
    isp: Run, transactor: Transactor, equity: str, amina: MadeCustomer
) -> None:
    isp(save_mapping, name="KCB", mapping=BankMapping("Date", "Credit", reference="Ref"))
    await book(transactor, upload("20-11-2026,77,x,,10"))
    outcome = await book(transactor, upload("20-11-2026,77,other,,10", bank="KCB"))
    assert outcome.booked == outcome.known == 0
    assert "statement of Equity" in outcome.refused[0].reason


def test_who_may_match_payments_names_banks(isp: Run, equity: str) -> None:
    assert [bank.name for bank in isp.read(banks)] == ["mpesa", "Equity"]
    isp(save_mapping, name=" Equity ", mapping=BankMapping("Day", "In"))
    assert isp.read(find_bank, name="Equity").mapping == BankMapping("day", "in")
    with pytest.raises(NotFound):
        isp.read(find_bank, name="Nobody")
    for name, mapping in (
        ("mpesa", BankMapping("d", "a")),
        ("X", BankMapping("", "a")),
        ("X", BankMapping("d", "")),
    ):
        with pytest.raises(InvalidInput):
            isp(save_mapping, name=name, mapping=mapping)
    with pytest.raises(NotPermitted):
        isp.by(SUPPORT)(save_mapping, name="X", mapping=BankMapping("d", "a"))
