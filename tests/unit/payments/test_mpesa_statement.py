"""The organisation's statement of M-Pesa, as its portal and the spreadsheets of the world write it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benfex.payments.gateways.mpesa.statement import read_statement_file
from benfex.payments.registry import STATEMENT_FILES
from benfex.payments.statement_files import FileLine
from data.values.errors import InvalidInput
from data.values.money import Money

RECORDED = (Path(__file__).parents[2] / "contract" / "payloads" / "mpesa_org_statement.csv").read_bytes()
HEADER = "Receipt No.,Completion Time,Details,Transaction Status,Paid In,Withdrawn,Other Party Info,A/C No."


def kes(minor: int) -> Money:
    return Money(minor, "KES")


def read(*rows: str, header: str = HEADER, day_first: bool | None = None) -> tuple[FileLine, ...]:
    return read_statement_file("\n".join((header, *rows)).encode(), day_first).lines


def row(
    receipt: str = "TKN4QX71SV",
    *,
    at: str = "23-11-2026 10:45:12",
    details: str = "Pay Bill Online",
    status: str = "Completed",
    paid: str = "1500.00",
    withdrawn: str = "",
    account: str = "ACC1042",
) -> str:
    return f'{receipt},{at},{details},{status},"{paid}","{withdrawn}",254708374149 - JANE DOE,{account}'


def test_the_recorded_statement_has_two_credits_one_with_its_charge() -> None:
    found = STATEMENT_FILES["mpesa"](RECORDED, None)
    assert found.skipped == 2  # the failed one and the total
    assert found.lines == (
        FileLine(
            row=4,
            transaction_id="TKN5B8PQ2M",
            at=datetime(2026, 11, 23, 8, 15, 30, tzinfo=UTC),
            amount=kes(1500_00),
            fee=kes(8_00),
            account_reference="ACC1042",
            payer_name="JANE DOE",
            payer_phone="+254708374149",
            details="Pay Bill from 254708374149 - JANE DOE Acc. ACC1042",
        ),
        FileLine(
            row=7,
            transaction_id="TKN4QX71SV",
            at=datetime(2026, 11, 23, 7, 45, 12, tzinfo=UTC),
            amount=kes(1500_00),
            account_reference="ACC1042",
            payer_name="JANE DOE",
            payer_phone="+254708374149",
            details="Pay Bill Online from 254708374149 - JANE DOE Acc. ACC1042",
        ),
    )


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [
        (HEADER.upper(), ","),
        (HEADER.replace("Receipt No.", "receipt no").replace("A/C No.", "Account No."), ","),
        (HEADER.replace(",", ";"), ";"),
        (HEADER.replace(",", "\t"), "\t"),
    ],
)
def test_headers_are_found_by_their_words(header: str, delimiter: str) -> None:
    written = row(paid="1500.00").replace(",", delimiter)
    (line,) = read(written, header=header)
    assert (line.amount, line.account_reference) == (kes(1500_00), "ACC1042")


def test_columns_may_stand_in_another_order_and_some_be_missing() -> None:
    (line,) = read(
        "1500,TKN4QX71SV,,2026-11-23 10:45:12", header="Paid In,Receipt No.,Withdrawn,Completion Time"
    )
    assert (line.transaction_id, line.amount) == ("TKN4QX71SV", kes(1500_00))


@pytest.mark.parametrize(
    "written", ["23-11-2026 10:45:12", "23/11/2026 10:45:12", "2026-11-23 10:45:12", "23.11.26 10:45:12"]
)
def test_dates_are_east_africa_time_in_every_form(written: str) -> None:
    (line,) = read(row(at=written))
    assert line.at == datetime(2026, 11, 23, 7, 45, 12, tzinfo=UTC)


def test_dates_that_can_be_read_two_ways_are_asked_about() -> None:
    written = row(at="03/04/2026 10:45:12")
    with pytest.raises(InvalidInput) as asked:
        read(written)
    assert asked.value.field == "day_first"
    assert read(written, day_first=True)[0].at.month == 4
    assert read(written, day_first=False)[0].at.month == 3


def test_one_date_of_the_file_settles_the_others() -> None:
    lines = read(row(at="04/03/2026 10:00:00"), row("TKN5B8PQ2M", at="04/23/2026 10:00:00"))
    assert [line.at.month for line in lines] == [4, 4]


@pytest.mark.parametrize("withdrawn", ["-250.00", "250.00", '"-250"'.strip('"')])
def test_money_out_is_below_nothing_with_or_without_its_sign(withdrawn: str) -> None:
    (line,) = read(row(paid="", withdrawn=withdrawn, details="Organization Settlement"))
    assert line.amount == kes(-250_00)


@pytest.mark.parametrize("status", ["Failed", "Cancelled", "Declined"])
def test_what_did_not_complete_is_no_money(status: str) -> None:
    assert read(row(status=status)) == ()


def test_a_receipt_that_repeats_for_an_overdraft_is_its_payment_once() -> None:
    overdraft = row(paid="", withdrawn="-100.00", details="Overdraft of Credit Party")
    for rows in ((overdraft, row()), (row(), overdraft), (row(), row())):
        assert [line.amount for line in read(*rows)] == [kes(1500_00)]


def test_a_receipt_with_two_amounts_is_refused() -> None:
    with pytest.raises(InvalidInput, match="Row 3"):
        read(row(), row(paid="1400.00"))


@pytest.mark.parametrize(
    "spoiled", [row(account="2.54712E+11"), row(receipt="2.54712E+11"), row(paid="1.5E+3")]
)
def test_numbers_that_a_spreadsheet_spoiled_are_refused(spoiled: str) -> None:
    with pytest.raises(InvalidInput, match="spreadsheet"):
        read(spoiled)


@pytest.mark.parametrize(
    "content", [b"", b"a,b,c\n1,2,3\n", b"PK\x03\x04zip", b"<html></html>", "Receipt No.\n".encode("utf-16")]
)
def test_another_file_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"\."):
        read_statement_file(content)


@pytest.mark.parametrize("bad", [row(paid="1,5,00"), row(at="yesterday"), row(at="31-02-2026 10:00:00")])
def test_a_row_that_cannot_be_read_is_named(bad: str) -> None:
    with pytest.raises(InvalidInput, match="Row 3"):
        read(row("TKN5B8PQ2M"), bad)


@given(st.binary(max_size=300), st.integers(0, len(RECORDED)))
def test_a_damaged_file_is_read_or_refused_and_never_anything_else(noise: bytes, at: int) -> None:
    for content in (noise, RECORDED[:at] + noise + RECORDED[at:], RECORDED[:at]):
        try:
            found = read_statement_file(content)
        except InvalidInput:
            continue
        assert len({line.transaction_id for line in found.lines}) == len(found.lines)
