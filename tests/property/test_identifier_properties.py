"""Account and phone numbers under every slip of a thumb."""

from hypothesis import assume, given
from hypothesis import strategies as st

from data.values.identifiers import (
    LARGEST_ACCOUNT_SEQUENCE,
    check_account_number,
    make_account_number,
    parse_phone,
)

sequences = st.integers(1, LARGEST_ACCOUNT_SEQUENCE)


@given(sequences)
def test_every_account_number_passes_its_own_check(sequence: int) -> None:
    number = make_account_number(sequence)
    assert len(number) <= 12
    assert number.isalnum()
    assert check_account_number(number.lower()) == number


@given(sequences, st.data())
def test_one_wrong_digit_is_always_noticed(sequence: int, data: st.DataObject) -> None:
    number = make_account_number(sequence)
    place = data.draw(st.integers(3, len(number) - 1))
    digit = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != number[place]]))
    assert check_account_number(number[:place] + digit + number[place + 1 :]) is None


@given(sequences, st.data())
def test_two_swapped_neighbours_are_always_noticed(sequence: int, data: st.DataObject) -> None:
    number = make_account_number(sequence)
    place = data.draw(st.integers(3, len(number) - 2))
    assume(number[place] != number[place + 1])
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert check_account_number(swapped) is None


@given(st.text(max_size=30))
def test_any_text_is_either_a_true_account_number_or_none(text: str) -> None:
    number = check_account_number(text)
    assert number is None or check_account_number(number) == number


@given(st.sampled_from(["700", "712", "722", "790", "110", "100"]), st.integers(0, 999_999))
def test_one_phone_is_one_number_however_it_is_written(start: str, rest: int) -> None:
    national = f"{start}{rest:06d}"
    written = [
        f"0{national}",
        f"+254{national}",
        f"254{national}",
        national,
        f"0{national[:3]} {national[3:6]} {national[6:]}",
        f"+254-{national[:3]}-{national[3:]}",
    ]
    assert {parse_phone(text).e164 for text in written} == {f"+254{national}"}
