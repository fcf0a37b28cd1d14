"""What a gateway's own file says against our books: amounts, fees, money given back, and its days."""

import pytest

from benfex.core.paging import SliceRequest
from benfex.core.transactor import Transactor
from benfex.ledger.chart import AccountCode
from benfex.payments.reconciliation_views import (
    DifferenceRecord,
    day_records,
    difference_records,
    standings,
)
from benfex.payments.reversal import reverse_payment
from benfex.payments.statement_imports import StatementImporter, StatementUpload
from data.values.kinds import DifferenceKind
from tests.conftest import Run
from tests.factories.customers import MadeCustomer, make_customer
from tests.factories.isp import SYSTEM, kes
from tests.factories.looks import balance
from tests.factories.money import c2b, settle

HEADER = (
    "Receipt No.,Completion Time,Details,Transaction Status,Paid In,Withdrawn,Linked Transaction ID,A/C No."
)


@pytest.fixture
def amina(isp: Run) -> MadeCustomer:
    return make_customer(isp)


async def take_in(transactor: Transactor, *rows: str) -> None:
    content = "\n".join((HEADER, *rows)).encode()
    await StatementImporter(transactor).apply(SYSTEM, StatementUpload("mpesa", "nov.csv", content))


def row(receipt: str, shillings: int, *, at: str = "23-11-2026 10:00:00", account: str = "") -> str:
    return f"{receipt},{at},Pay Bill,Completed,{shillings},,,{account}"


def out(receipt: str, shillings: int, *, details: str = "", linked: str = "") -> str:
    return f"{receipt},23-11-2026 10:30:00,{details},Completed,,-{shillings},{linked},"


def differences(isp: Run) -> dict[DifferenceKind, DifferenceRecord]:
    rows = isp.read(difference_records, request=SliceRequest(), is_open=True).rows
    return {one.kind: one for one in rows}


async def test_a_file_turns_its_days_green(isp: Run, transactor: Transactor, amina: MadeCustomer) -> None:
    settle(isp, c2b(amina.account_number, receipt="TKN0000001", amount=kes(500)))
    await take_in(transactor, row("TKN0000001", 500), row("TKN0000002", 70, account=amina.account_number))
    (day,) = isp.read(day_records, request=SliceRequest()).rows
    assert (day.agrees, day.ours, day.theirs) == (True, kes(570), kes(570))
    assert isp.read(standings, gateways=())[0].read_until is not None


async def test_another_amount_in_the_file_is_flagged_and_books_nothing(
    isp: Run, transactor: Transactor, amina: MadeCustomer
) -> None:
    settle(isp, c2b(amina.account_number, receipt="TKN0000001", amount=kes(500)))
    await take_in(transactor, row("TKN0000001", 550))
    assert differences(isp)[DifferenceKind.AMOUNT].theirs == kes(550)
    assert isp.read(balance, code=AccountCode.CLEARING) == kes(500)


@pytest.mark.parametrize(
    "words", [{"linked": "TKN0000001"}, {"details": "Reversal of TKN0000001 to customer"}], ids=str
)
async def test_money_that_the_file_gives_back_is_flagged_until_it_is_taken_out_of_the_books(
    isp: Run, transactor: Transactor, amina: MadeCustomer, words: dict[str, str]
) -> None:
    paid = settle(isp, c2b(amina.account_number, receipt="TKN0000001", amount=kes(500))).payment_id
    assert paid is not None
    await take_in(transactor, row("TKN0000001", 500), out("TKN0000009", 500, **words))
    found = differences(isp)[DifferenceKind.REVERSED]
    assert (found.transaction_id, found.payment_id) == ("TKN0000001", paid)
    assert "TKN0000009 gave KES 500 of it back" in found.reason
    isp(reverse_payment, payment_id=paid, reason="given back at M-Pesa")
    await take_in(transactor, row("TKN0000001", 500), out("TKN0000009", 500, **words), row("TKN0000003", 1))
    assert DifferenceKind.REVERSED not in differences(isp)


async def test_what_we_have_between_the_first_and_the_last_row_and_the_file_has_not_is_flagged(
    isp: Run, transactor: Transactor, amina: MadeCustomer
) -> None:
    settle(isp, c2b(amina.account_number, receipt="TKN0000001", amount=kes(500)))
    await take_in(
        transactor,
        row("TKN0000002", 70, at="23-11-2026 09:00:00"),
        row("TKN0000003", 80, at="23-11-2026 23:00:00"),
    )
    assert differences(isp)[DifferenceKind.MISSING_THERE].transaction_id == "TKN0000001"


async def test_a_charge_in_the_file_is_the_fee_of_its_payment(
    isp: Run, transactor: Transactor, amina: MadeCustomer
) -> None:
    settle(isp, c2b(amina.account_number, receipt="TKN0000001", amount=kes(500)))
    charge = "TKN0000001,23-11-2026 10:00:00,Pay Bill Charge,Completed,,-5,,"
    await take_in(transactor, row("TKN0000001", 500), charge)
    assert isp.read(balance, code=AccountCode.PAYMENT_FEES) == kes(5)
    assert isp.read(balance, code=AccountCode.CLEARING) == kes(495)
