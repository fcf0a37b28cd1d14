"""A row of a bank's statement may be money that is in the books under another number: it is never booked twice."""

from datetime import timedelta

import pytest

from benfex.core.clock import MovedClock
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import UnitOfWork
from benfex.payments.bank_files import BankMapping
from benfex.payments.bank_mappings import save_mapping
from benfex.payments.cash import record_cash_payment
from benfex.payments.statement_booking import RowOutcome
from benfex.payments.statement_imports import ImportOutcome, Preview, StatementImporter, StatementUpload
from benfex.payments.statement_likeness import SamenessWord, sameness_words
from benfex.payments.sweeps import sweep
from data.values.errors import Conflict, InvalidInput
from data.values.identifiers import CustomerId
from data.values.kinds import CashMethod
from tests.conftest import Run
from tests.factories.cashiers import take_cash
from tests.factories.customers import MadeCustomer, make_customer, make_invoice
from tests.factories.isp import SYSTEM, kes
from tests.factories.looks import assert_books_sound, owed, payments

SAME, OTHER = SamenessWord.SAME, SamenessWord.OTHER


@pytest.fixture
def amina(isp: Run) -> MadeCustomer:
    mapping = BankMapping("Date", "Credit", amount_out="Debit", reference="Ref", details="Narrative")
    isp(save_mapping, name="Equity", mapping=mapping)
    customer = make_customer(isp)
    make_invoice(isp, customer, amount=kes(1_500))
    return customer


def upload(*rows: str, words: dict[str, SamenessWord] | None = None) -> StatementUpload:
    content = "\n".join(("Date,Ref,Narrative,Debit,Credit", *rows)).encode()
    return StatementUpload("Equity", "november.csv", content, words=words or {})


async def show(transactor: Transactor, file: StatementUpload) -> Preview:
    return await StatementImporter(transactor).preview(SYSTEM, file)


async def book(transactor: Transactor, file: StatementUpload) -> ImportOutcome:
    return await StatementImporter(transactor).apply(SYSTEM, file)


async def test_a_cheque_that_the_bank_names_is_known(
    isp: Run, transactor: Transactor, amina: MadeCustomer
) -> None:
    take_cash(isp, amina, kes(1_500), method=CashMethod.CHEQUE, reference="CHQ-00417")
    file = upload("24-11-2026,FT1,CHEQUE DEPOSIT chq 00417,,1500")
    (row,) = (await show(transactor, file)).rows
    assert (row.outcome, row.customer_id) == (RowOutcome.KNOWN, amina.customer_id)
    outcome = await book(transactor, file)
    assert (outcome.booked, outcome.known, outcome.refused) == (0, 1, ())
    assert (await book(transactor, file)).known == 1
    assert len(isp.read(payments)) == 1
    assert isp.read(owed, customer_id=amina.customer_id) == kes(0)
    assert_books_sound(isp)


async def test_money_that_looks_like_a_slip_waits_for_a_persons_word(
    isp: Run, transactor: Transactor, amina: MadeCustomer
) -> None:
    take_cash(isp, amina, kes(1_500), method=CashMethod.BANK, reference="SLIP-9")
    row = "24-11-2026,FT1,COUNTER DEPOSIT,,1500"
    (shown,) = (await show(transactor, upload(row))).rows
    assert shown.outcome is RowOutcome.ASK
    assert "taken by hand" in shown.reason
    outcome = await book(transactor, upload(row))
    assert (outcome.booked, len(outcome.refused), len(isp.read(payments))) == (0, 1, 1)
    assert (await book(transactor, upload(row, words={"FT1": SAME}))).known == 1
    assert len(isp.read(payments)) == 1
    assert (await show(transactor, upload("24-11-2026,FT2,COUNTER DEPOSIT,,1500"))).rows[
        0
    ].outcome is RowOutcome.WAIT


async def test_other_money_of_the_same_amount_is_booked_on_a_persons_word(
    isp: Run, transactor: Transactor, amina: MadeCustomer
) -> None:
    take_cash(isp, amina, kes(1_500), method=CashMethod.BANK, reference="SLIP-9")
    row = "24-11-2026,FT1,COUNTER DEPOSIT,,1500"
    assert (await book(transactor, upload(row, words={"FT1": OTHER}))).booked == 1
    assert len(isp.read(payments)) == 2


async def test_money_that_names_another_customer_asks_nothing(
    isp: Run, transactor: Transactor, amina: MadeCustomer
) -> None:
    other = make_customer(isp, phone="0722000111")
    take_cash(isp, amina, kes(1_500), method=CashMethod.BANK, reference="SLIP-9")
    outcome = await book(transactor, upload(f"24-11-2026,FT1,{other.account_number},,1500"))
    assert (outcome.booked, outcome.refused) == (1, ())
    assert isp.read(owed, customer_id=other.customer_id) == kes(-1_500)


async def test_what_was_said_to_be_the_same_as_nothing_is_not_booked(
    isp: Run, transactor: Transactor, amina: MadeCustomer
) -> None:
    outcome = await book(transactor, upload("24-11-2026,FT1,COUNTER,,1500", words={"FT1": SAME}))
    assert (outcome.booked, len(outcome.refused)) == (0, 1)
    assert isp.read(payments) == ()


async def test_cash_that_we_brought_to_the_bank_does_not_come_back_as_credit(
    isp: Run, transactor: Transactor, amina: MadeCustomer, clock: MovedClock
) -> None:
    take_cash(isp, amina, kes(1_500))
    isp(sweep, gateway="cash", amount=kes(1_000), reference="DEP-7781")
    isp(sweep, gateway="cash", amount=kes(400), reference="DEP-7782")
    clock.advance(timedelta(days=1))
    rows = ("24-11-2026,FT1,CASH DEP 7781 SAVANNA,,1000", "24-11-2026,FT2,CASH DEPOSIT,,400")
    shown = (await show(transactor, upload(*rows))).rows
    assert [row.outcome for row in shown] == [RowOutcome.KNOWN, RowOutcome.ASK]
    outcome = await book(transactor, upload(*rows, words={"FT2": SAME}))
    assert (outcome.booked, outcome.known) == (0, 2)
    assert len(isp.read(payments)) == 1
    assert_books_sound(isp)


async def test_a_slip_that_a_statement_told_of_is_not_taken_again_by_hand(
    isp: Run, transactor: Transactor, amina: MadeCustomer, clock: MovedClock
) -> None:
    assert (await book(transactor, upload(f"22-11-2026,FT1,{amina.account_number},,1500"))).booked == 1
    with pytest.raises(Conflict, match="FT1") as refused:
        isp(_take_slip, customer=amina, is_other_money=False)
    assert refused.value.code == "perhaps_booked"
    assert len(isp.read(payments)) == 1
    isp(_take_slip, customer=amina, is_other_money=True)
    assert len(isp.read(payments)) == 2


def _take_slip(uow: UnitOfWork, *, customer: MadeCustomer, is_other_money: bool) -> None:
    record_cash_payment(
        uow,
        customer_id=CustomerId(customer.customer_id),
        amount=kes(1_500),
        method=CashMethod.BANK,
        reference="SLIP-9",
        is_other_money=is_other_money,
    )


def test_a_row_cannot_be_the_same_and_other() -> None:
    with pytest.raises(InvalidInput):
        sameness_words(same=["FT1"], other=["FT1"])
