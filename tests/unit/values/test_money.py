"""Money as people read, type and divide it."""

import pytest

from data.values.errors import AmountOutOfRange, CurrencyMismatch, InvalidInput
from data.values.money import LARGEST_MINOR, Money, check_currency, parse_money, round_half_up


def kes(minor: int) -> Money:
    return Money(minor, "KES")


def test_shillings_of_two_countries_do_not_add_up() -> None:
    with pytest.raises(CurrencyMismatch):
        kes(100) + Money(100, "UGX")


def test_shillings_of_two_countries_do_not_compare() -> None:
    with pytest.raises(CurrencyMismatch):
        assert kes(100) < Money(200, "UGX")


def test_shillings_of_two_countries_are_never_equal() -> None:
    assert Money(0, "KES") != Money(0, "UGX")


@pytest.mark.parametrize("minor", [True, 12.5, 12.0, "12", None])
def test_money_holds_only_whole_minor_units(minor: object) -> None:
    with pytest.raises(TypeError, match="minor"):
        Money(minor, "KES")  # type: ignore[arg-type]


def test_money_does_not_add_to_a_bare_number() -> None:
    with pytest.raises(TypeError):
        kes(100) + 100  # type: ignore[operator]


def test_a_price_is_not_multiplied_by_a_fraction() -> None:
    with pytest.raises(TypeError, match="n must be"):
        kes(100).times(1.5)  # type: ignore[arg-type]


@pytest.mark.parametrize("currency", ["XXX", "kes", "", "KESH"])
def test_money_refuses_a_currency_we_do_not_know(currency: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Money(1, currency)
    assert refused.value.field == "currency"


def test_the_sign_of_a_balance_is_told() -> None:
    assert kes(1).is_positive
    assert kes(-1).is_negative
    assert Money.zero("KES").is_zero
    assert abs(kes(-5)) == kes(5)
    assert kes(1) < kes(2) <= kes(2)
    assert kes(3) > kes(2) >= kes(2)


@pytest.mark.parametrize(
    ("money", "short", "exact"),
    [
        (Money(250_000, "KES"), "KES 2,500", "KES 2,500.00"),
        (Money(250_050, "KES"), "KES 2,500.50", "KES 2,500.50"),
        (Money(5, "KES"), "KES 0.05", "KES 0.05"),
        (Money(-250_050, "KES"), "-KES 2,500.50", "-KES 2,500.50"),
        (Money(95_000, "UGX"), "UGX 95,000", "UGX 95,000"),
        (Money(1_005, "TND"), "TND 1.005", "TND 1.005"),
        (Money(0, "KES"), "KES 0", "KES 0.00"),
    ],
)
def test_money_reads_as_people_write_it(money: Money, short: str, exact: str) -> None:
    assert str(money) == money.format() == short
    assert money.format_exact() == exact


def test_money_travels_as_minor_units_and_currency() -> None:
    assert kes(250_000).to_json() == {"amount_minor": 250_000, "currency": "KES"}


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("2500", 250_000),
        ("2,500", 250_000),
        ("2 500", 250_000),
        ("2\u00a0500.5", 250_050),
        ("1,234,567.89", 123_456_789),
        ("KES 2,500.50", 250_050),
        ("kes2500", 250_000),
        ("-12", -1_200),
        ("KES -12", -1_200),
        ("-KES 12", -1_200),
        ("\u221212", -1_200),
        (" 0 ", 0),
    ],
)
def test_amounts_are_read_as_people_type_them(text: str, minor: int) -> None:
    assert parse_money(text, "KES") == kes(minor)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "1.2.3",
        "1,23",
        "12,34,567",
        "1.234,50",
        "1e5",
        "--1",
        "-KES -1",
        "٣",
        "NaN",
        "2500.505",
        "USD 5",
        "1,234 567",
    ],
)
def test_an_amount_that_can_be_misread_is_refused_and_the_field_named(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_money(text, "KES", field="setup_fee")
    assert refused.value.field == "setup_fee"


def test_a_currency_without_cents_takes_no_decimals() -> None:
    assert parse_money("95,000", "UGX") == Money(95_000, "UGX")
    assert parse_money("95000.00", "UGX") == Money(95_000, "UGX")
    with pytest.raises(InvalidInput, match="no decimals"):
        parse_money("95.5", "UGX")


@pytest.mark.parametrize("text", ["10000000000000.01", "9" * 30])
def test_an_amount_beyond_any_bill_is_out_of_range(text: str) -> None:
    assert parse_money("10000000000000.00", "KES") == kes(LARGEST_MINOR)
    with pytest.raises(AmountOutOfRange):
        parse_money(text, "KES")


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [(1, 2, 1), (-1, 2, -1), (3, 2, 2), (-3, 2, -2), (1, 3, 0), (2, 3, 1), (-2, 3, -1), (0, 7, 0), (6, 3, 2)],
)
def test_halves_round_away_from_zero(numerator: int, denominator: int, rounded: int) -> None:
    assert round_half_up(numerator, denominator) == rounded


@pytest.mark.parametrize("denominator", [0, -1])
def test_nothing_is_shared_among_nobody(denominator: int) -> None:
    with pytest.raises(ValueError, match="denominator"):
        kes(100).share(1, denominator)


def test_twelve_of_thirty_one_days_cost_their_share() -> None:
    assert kes(250_000).share(12, 31) == kes(96_774)


def test_left_over_cents_go_to_the_largest_remainders_ties_in_order() -> None:
    assert kes(100).split([1, 1, 1]) == (kes(34), kes(33), kes(33))
    assert kes(101).split([1, 1, 1]) == (kes(34), kes(34), kes(33))
    assert kes(10).split([1, 5, 1]) == (kes(2), kes(7), kes(1))
    assert kes(-100).split([1, 1, 1]) == (kes(-34), kes(-33), kes(-33))
    assert kes(100).split([0, 1]) == (kes(0), kes(100))


@pytest.mark.parametrize("weights", [[], [0, 0], [2, -1]])
def test_money_is_not_split_by_impossible_weights(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        kes(100).split(weights)


def test_checkout_rounds_up_to_whole_shillings() -> None:
    assert kes(249_901).rounded_up_to(100) == kes(250_000)
    assert kes(250_000).rounded_up_to(100) == kes(250_000)
    assert kes(-150).rounded_up_to(100) == kes(-100)
    with pytest.raises(ValueError, match="step_minor"):
        kes(1).rounded_up_to(0)


def test_a_currency_is_known_in_small_letters_too() -> None:
    assert check_currency(" kes ") == "KES"
    with pytest.raises(InvalidInput) as refused:
        check_currency("shillings", field="isp_currency")
    assert refused.value.field == "isp_currency"
