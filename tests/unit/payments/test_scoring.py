"""What speaks for a customer, in points: exact facts alone, everything else only together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benfex.payments.scoring import (
    CLEAR_LEAD,
    HIGHEST,
    WORDS,
    Candidate,
    Points,
    Suggestion,
    clear_winner,
    is_same_name,
    rank,
    read_mask,
)
from data.values.identifiers import CustomerId, account_slips, check_account_number, make_account_number

USUAL = 80
ALONE = {Points.TYPED_PHONE}


def one(*facts: Points, name: str = "Amina Wanjiru", customer_id: int = 1) -> Candidate:
    return Candidate(CustomerId(customer_id), name, frozenset(facts))


def winner(*candidates: Candidate, payer_name: str = "") -> Suggestion | None:
    return clear_winner(rank(candidates, payer_name=payer_name), threshold=USUAL)


@pytest.mark.parametrize("fact", Points)
def test_each_fact_has_words_and_only_one_books_alone(fact: Points) -> None:
    assert WORDS[fact]
    assert (winner(one(fact)) is not None) == (fact in ALONE)


def test_a_slip_needs_the_payers_phone_and_a_name_and_an_amount_are_not_enough() -> None:
    assert winner(one(Points.SLIP, Points.AMOUNT), payer_name="AMINA WANJIRU") is None
    assert winner(one(Points.SLIP, Points.OWN_PHONE)) is not None


def test_a_confirmed_way_of_writing_needs_a_phone_that_fits() -> None:
    assert len(Points) == len(WORDS)  # two facts of the same points would be one
    assert winner(one(Points.TAUGHT_ACCOUNT, Points.AMOUNT), payer_name="AMINA WANJIRU") is None
    assert winner(one(Points.TAUGHT_ACCOUNT, Points.TAUGHT_PHONE)) is not None
    assert winner(one(Points.TAUGHT_ACCOUNT, Points.OWN_PHONE)) is not None


def test_the_own_phone_needs_both_amount_and_name() -> None:
    assert winner(one(Points.OWN_PHONE)) is None
    assert winner(one(Points.OWN_PHONE, Points.AMOUNT)) is None
    found = winner(one(Points.OWN_PHONE, Points.AMOUNT), payer_name="Wanjiru Amina")
    assert found is not None
    assert found.reasons == (WORDS[Points.OWN_PHONE], WORDS[Points.AMOUNT], WORDS[Points.NAME])


def test_two_who_fit_alike_are_two() -> None:
    both = (one(Points.TYPED_PHONE), one(Points.TYPED_PHONE, customer_id=2))
    assert winner(*both) is None
    assert [each.customer_id for each in rank(both, payer_name="")] == [1, 2]


def test_a_name_alone_suggests_nobody() -> None:
    assert rank([one()], payer_name="Amina Wanjiru") == ()


@given(st.lists(st.frozensets(st.sampled_from(list(Points))), min_size=1, max_size=5), st.integers(1, 100))
def test_whoever_wins_leads_clearly_and_nobody_reaches_what_is_exact(
    facts: list[frozenset[Points]], threshold: int
) -> None:
    ranked = rank([one(*each, customer_id=i) for i, each in enumerate(facts)], payer_name="")
    assert all(0 < each.score < HIGHEST for each in ranked)
    found = clear_winner(ranked, threshold=threshold)
    if found is not None:
        assert found.score >= threshold
        assert all(found.score - other.score >= CLEAR_LEAD for other in ranked if other is not found)


@pytest.mark.parametrize(
    ("payer", "customer", "same"),
    [
        ("AMINA WANJIRU", "Amina Wanjiru", True),
        ("WANJIRU AMINA NJERI", "Amina Wanjiru", True),
        ("AMINA WANJIRU", "Amina Odhiambo", False),
        ("BRIAN ODIAMBO", "Brian Odhiambo", True),
        ("BRIAN OTIENO", "Brian Atieno", False),
        ("AMINA", "Amina Wanjiru", False),
        ("Savanna", "SAVANNA", True),
        ("", "Amina Wanjiru", False),
    ],
)
def test_names_are_the_same_in_any_order_and_with_a_slip(payer: str, customer: str, same: bool) -> None:
    assert is_same_name(payer, customer) is same


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("2547 ***** 126", ("2547", "126")),
        ("25470****149", ("25470", "149")),
        ("+2547•••••126", ("2547", "126")),
        ("254712345126", None),
        ("", None),
    ],
)
def test_a_mask_shows_two_ends(written: str, shown: tuple[str, str] | None) -> None:
    assert read_mask(written) == shown


@given(st.integers(1, 900_000), st.data())
def test_one_wrong_digit_leads_back_to_the_number_and_to_few_others(
    sequence: int, data: st.DataObject
) -> None:
    right = make_account_number(sequence)
    place = data.draw(st.integers(3, len(right) - 1))
    digit = data.draw(st.sampled_from([each for each in "0123456789" if each != right[place]]))
    wrong = right[:place] + digit + right[place + 1 :]
    assert check_account_number(wrong) is None
    slips = account_slips(wrong.lower())
    assert right in slips
    assert len(slips) <= 30


@pytest.mark.parametrize("typed", ["", "WIFI", "12", "BFX", "BFX1234567890123"])
def test_what_is_no_number_has_no_slips(typed: str) -> None:
    assert account_slips(typed) == ()


def test_a_right_number_has_no_slips() -> None:
    assert account_slips(make_account_number(42)) == ()
