"""Statements of banks, as their sites and the spreadsheets of the world write them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benfex.payments.bank_cells import UnreadableCellError, clean, read_amount
from benfex.payments.bank_files import BankMapping, read_bank_file, read_table, sample_of
from benfex.payments.statement_files import StatementFile
from data.values.errors import InvalidInput
from data.values.money import Money

EQUITY = BankMapping(
    date="transaction date",
    amount_in="credit",
    amount_out="debit",
    balance="balance",
    reference="reference",
    details="narrative",
)
HEADER = "Transaction Date,Reference,Narrative,Debit,Credit,Balance"


def kes(minor: int) -> Money:
    return Money(minor, "KES")


def read(text: str, mapping: BankMapping = EQUITY, encoding: str = "utf-8") -> StatementFile:
    return read_bank_file(text.encode(encoding), mapping, currency="KES", timezone="Africa/Nairobi")


def one(row: str, mapping: BankMapping = EQUITY) -> StatementFile:
    return read(f"{HEADER}\n{row}\n", mapping)


def test_a_statement_with_preamble_totals_and_money_both_ways() -> None:
    found = read(
        "\n".join(
            (
                "EQUITY BANK (KENYA) LTD",
                "Account:,0110290000000",
                "",
                HEADER,
                ',,Opening balance,,,"1,000.00"',
                '23-11-2026,FT26001,MPS 254708374149 BFX000011 JANE DOE,,"1,500.00","2,500.00"',
                '24/11/2026 14:05:10,FT26002,Ledger fee,50.00,,"2,450.00"',
                ",,continued from above,,,",
                'TOTAL,,,50.00,"1,500.00",',
            )
        )
    )
    assert [(line.row, line.transaction_id, line.amount, line.at) for line in found.lines] == [
        (6, "FT26001", kes(150_000), datetime(2026, 11, 22, 21, 0, tzinfo=UTC)),
        (7, "OUT FT26002", kes(-5_000), datetime(2026, 11, 24, 11, 5, 10, tzinfo=UTC)),
    ]
    assert found.refused == ()
    assert found.skipped == 3


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_separator_and_encoding_are_found(delimiter: str, encoding: str) -> None:
    rows = [HEADER.split(","), ["23-11-2026", "FT1", "Café Ñandú", "", "1500.00", "9"]]
    found = read("\r\n".join(delimiter.join(cells) for cells in rows), encoding=encoding)
    assert [(line.details, line.amount) for line in found.lines] == [("Café Ñandú", kes(150_000))]


@pytest.mark.parametrize(
    ("written", "minor"),
    [
        ("1,500.00", 150_000),
        ("1.500,00", 150_000),
        ("1 500", 150_000),
        ("1,500", 150_000),
        ("1,5", 150),
        ("1,234,567.8", 123_456_780),
        ("KES 20", 2_000),
        ("Ksh.1,000/=", 100_000),
        ("1500.00 CR", 150_000),
        ("(75.50)", -7_550),
        ("75.50-", -7_550),
        ("-75.50", -7_550),
        ("75.50 DR", -7_550),
        ("1500.000", 150_000),
    ],
)
def test_amounts_as_banks_write_them(written: str, minor: int) -> None:
    assert read_amount(written, "KES") == kes(minor)


@pytest.mark.parametrize(
    "written", ["1.5E+3", "12,34,5", "1.2345", "abc", "1..2", "９９", "9" * 30, "1,500,00"]
)
def test_what_is_no_amount_is_refused(written: str) -> None:
    with pytest.raises(UnreadableCellError):
        read_amount(written, "KES")


@pytest.mark.parametrize(
    ("written", "day_first", "day"),
    [
        ("05/11/2026", True, (2026, 11, 5)),
        ("05/11/2026", False, (2026, 5, 11)),
        ("2026-11-05", True, (2026, 11, 5)),
        ("5 Nov 2026", True, (2026, 11, 5)),
        ("05-NOV-26 11:30 PM", True, (2026, 11, 5)),
        ("5.11.26", True, (2026, 11, 5)),
        ("2026-11-05T10:00:00.000", True, (2026, 11, 5)),
    ],
)
def test_dates_as_banks_write_them(written: str, day_first: bool, day: tuple[int, int, int]) -> None:
    mapping = BankMapping("transaction date", "credit", day_first=day_first)
    (line,) = one(f'"{written}",FT1,x,,10,', mapping).lines
    local = line.at.timestamp() + 3 * 3600
    assert datetime.fromtimestamp(local, tz=UTC).timetuple()[:3] == day


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("31-02-2026,FT1,x,,10,", "31-02-2026 is no date"),
        ("23-11-2026,2.54712E+11,x,,10,", "spoiled by a spreadsheet"),
        ("23-11-2026,FT1,x,,1.5E+5,", "spoiled by a spreadsheet"),
        ("23-11-2026,FT1,x,,ten,", "ten is no amount"),
        (",FT1,x,,10,", "an amount and no date"),
        ("23-11-1926,FT1,x,,10,", "is no date"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_by_its_number(row: str, reason: str) -> None:
    found = one(row)
    assert found.lines == ()
    assert [refused.row for refused in found.refused] == [2]
    assert reason in found.refused[0].reason


def test_a_number_that_stands_there_twice_is_taken_once_and_said() -> None:
    found = read(f"{HEADER}\n23-11-2026,FT1,a,,10,\n23-11-2026,FT1,b,,20,\n")
    assert [line.details for line in found.lines] == ["a"]
    assert found.refused[0].row == 3
    assert "row 2 too" in found.refused[0].reason


def test_rows_without_a_number_are_told_apart_by_what_they_say_and_how_often() -> None:
    mapping = BankMapping("transaction date", "credit", details="narrative")
    rows = ["23-11-2026,,JANE,,10,", "23-11-2026,,JANE,,10,", "23-11-2026,,JOHN,,10,"]
    ids = [line.transaction_id for line in read("\n".join([HEADER, *rows]), mapping).lines]
    assert len(set(ids)) == 3
    again = [line.transaction_id for line in read("\n".join([HEADER, *reversed(rows)]), mapping).lines]
    assert set(again) == set(ids)
    assert all(len(row_id) <= 80 for row_id in ids)


def test_one_column_of_signed_amounts() -> None:
    mapping = BankMapping("transaction date", "credit", amount_out="credit", reference="reference")
    found = read(f"{HEADER}\n23-11-2026,A,x,,-10,\n23-11-2026,B,x,,10,\n", mapping)
    assert [line.amount for line in found.lines] == [kes(-1_000), kes(1_000)]


def test_an_account_number_is_found_in_the_narrative_when_it_is_the_only_one() -> None:
    from data.values.identifiers import make_account_number

    first, second = make_account_number(1), make_account_number(2)
    assert one(f"23-11-2026,A,MPS {first} JANE,,10,").lines[0].account_reference == first
    assert one(f"23-11-2026,A,{first} and {second},,10,").lines[0].account_reference == ""


def test_a_phone_is_found_in_the_narrative_when_it_is_the_only_one() -> None:
    assert one("23-11-2026,A,MPS 254712345670 JANE,,10,").lines[0].payer_phone == "+254712345670"
    assert one("23-11-2026,A,0712345670 for 0712345671,,10,").lines[0].payer_phone == ""
    assert one("23-11-2026,A,REF9254712345670,,10,").lines[0].payer_phone == ""


def test_columns_are_guessed_with_the_order_of_day_and_month() -> None:
    table = read_table(f"BANK\n{HEADER}\n11/23/2026,FT1,x,,10,5\n".encode())
    sample = sample_of(table)
    assert sample.mapping is not None
    assert (sample.mapping.date, sample.mapping.amount_in, sample.mapping.reference) == (
        "transaction date",
        "credit",
        "reference",
    )
    assert (sample.mapping.day_first, sample.is_ambiguous) == (False, False)
    assert sample_of(read_table(f"{HEADER}\n05/11/2026,FT1,x,,10,5\n".encode())).is_ambiguous
    assert sample_of(read_table(b"a,b\n1,2\n")).mapping is None


def test_a_mapping_is_kept_and_read_back() -> None:
    assert BankMapping.read(EQUITY.written()) == EQUITY
    assert BankMapping.read('{"date": "d", "amount_in": "a", "colour": "x"}') == BankMapping("d", "a")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"PK\x03\x04rest", "CSV"),
        (b"%PDF-1.7", "CSV"),
        (b"a,b\n1,2", "Missing: balance, credit, debit, narrative, reference, transaction date"),
        (b"x" * (10 * 1024 * 1024 + 1), "10 MB"),
        (HEADER.encode() + b"\n23-11-2026,A,x,,1," * 20_001, "20,000 rows"),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_bank_file(content, EQUITY, currency="KES", timezone="Africa/Nairobi")
    assert words in refused.value.message


def test_cells_lose_what_spreadsheets_wrap_them_in() -> None:
    assert clean('="0110"') == "0110"
    assert clean("'0110 \x00\n x") == "0110 x"


_CELLS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["23-11-2026", "1,500.00", "TOTAL", "FT1", "-", "1E+9", '"', "CR", "(5)", "=1+1", "\x00"]
    ),
)
_ROWS = st.lists(st.lists(_CELLS, max_size=8), max_size=8)


@given(rows=_ROWS, delimiter=st.sampled_from(",;\t"), with_header=st.booleans(), noise=st.binary(max_size=40))
def test_any_file_is_read_or_refused_in_words(
    rows: list[list[str]], delimiter: str, with_header: bool, noise: bytes
) -> None:
    text = "\n".join(delimiter.join(cells) for cells in rows)
    head = delimiter.join(HEADER.split(",")) + "\n" if with_header else ""
    content = (head + text).encode("utf-8", errors="replace") + noise
    try:
        sample_of(read_table(content))
        found = read_bank_file(content, EQUITY, currency="KES", timezone="Africa/Nairobi")
    except InvalidInput:
        return
    assert len({line.transaction_id for line in found.lines}) == len(found.lines)
    assert all(not line.amount.is_zero and len(line.transaction_id) <= 80 for line in found.lines)


def test_blank_rows_between_cost_no_row_at_the_end() -> None:
    rows = [f"23-11-2026,FT{number},x,,1,\n\n" for number in range(12_000)]
    found = read(f"{HEADER}\n{''.join(rows)}")
    assert (len(found.lines), found.lines[-1].transaction_id) == (12_000, "FT11999")
    with pytest.raises(InvalidInput, match="more than 20,000 rows"):
        read(f"{HEADER}\n" + "23-11-2026,FT,x,,1,\n" * 20_001)


@pytest.mark.parametrize(
    "narrative",
    ["TOTAL ENERGIES LTD", "Totally fine fibre", "TOTALEnergies rent", "Balance Wanjiru", "Opening"],
)
def test_a_payer_whose_name_begins_like_a_sum_is_a_payer(narrative: str) -> None:
    found = one(f"23-11-2026,FT1,{narrative},,1500,")
    assert [line.details for line in found.lines] == [narrative]
    undated = one(f",FT1,{narrative},,1500,")
    assert len(undated.refused) == 1


@pytest.mark.parametrize(
    "narrative",
    [
        "Total",
        "TOTAL:",
        "Sub total",
        "Grand Total 12",
        "Total credits",
        "Opening balance",
        "Balance B/F",
        "Closing Bal.",
    ],
)
def test_sums_and_balances_are_no_transactions(narrative: str) -> None:
    assert one(f"23-11-2026,FT1,{narrative},,1500,").lines == ()
    assert one(f",,{narrative},,1500,").refused == ()
