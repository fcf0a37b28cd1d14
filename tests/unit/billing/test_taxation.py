"""Tax is worked out once per rate and handed back so that lines add up."""

from hypothesis import given
from hypothesis import strategies as st

from benfex.billing.taxation import TaxTerms, tax_lines
from data.values.identifiers import TaxRateId
from data.values.kinds import TaxBehavior
from data.values.money import Money, round_half_up

VAT_INSIDE = TaxTerms(TaxRateId(1), "VAT", 1600, TaxBehavior.INCLUSIVE)
VAT_ON_TOP = TaxTerms(TaxRateId(1), "VAT", 1600, TaxBehavior.EXCLUSIVE)


def kes(minor: int) -> Money:
    return Money(minor, "KES")


def test_tax_inside_a_price_is_taken_out_of_it() -> None:
    (line,) = tax_lines([(kes(250_000), VAT_INSIDE)])
    assert (line.net, line.tax) == (kes(215_517), kes(34_483))


def test_tax_on_top_leaves_the_price_as_the_net_amount() -> None:
    (line,) = tax_lines([(kes(100_000), VAT_ON_TOP)])
    assert (line.net, line.tax) == (kes(100_000), kes(16_000))


def test_a_line_without_tax_has_none() -> None:
    (line,) = tax_lines([(kes(999), None)])
    assert (line.net, line.tax) == (kes(999), kes(0))


def test_lines_of_nothing_are_taxed_nothing() -> None:
    assert [line.tax for line in tax_lines([(kes(0), VAT_INSIDE), (kes(0), VAT_INSIDE)])] == [kes(0), kes(0)]


def test_taxed_and_untaxed_lines_keep_their_order() -> None:
    lines = tax_lines([(kes(100), None), (kes(11_600), VAT_INSIDE), (kes(200), None)])
    assert [line.net + line.tax for line in lines] == [kes(100), kes(11_600), kes(200)]


@given(st.lists(st.integers(0, 10_000_000), min_size=1, max_size=12), st.integers(0, 3_000))
def test_line_taxes_add_up_to_the_tax_on_the_total(amounts: list[int], basis_points: int) -> None:
    terms = TaxTerms(TaxRateId(1), "T", basis_points, TaxBehavior.EXCLUSIVE)
    taxed = tax_lines([(kes(amount), terms) for amount in amounts])
    expected = round_half_up(sum(amounts) * basis_points, 10_000)
    assert sum(line.tax.minor for line in taxed) == expected


@given(st.lists(st.integers(0, 10_000_000), min_size=1, max_size=12))
def test_a_price_with_tax_inside_stays_the_price(amounts: list[int]) -> None:
    taxed = tax_lines([(kes(amount), VAT_INSIDE) for amount in amounts])
    assert [line.net.minor + line.tax.minor for line in taxed] == amounts
