"""Tax is worked out once per rate and handed back so that lines add up."""

from hypothesis import given
from hypothesis import strategies as st

from benfex.billing.taxation import TaxedAmount, tax_lines
from data.values.identifiers import TaxRateId
from data.values.kinds import TaxBehavior
from data.values.money import round_half_up
from data.values.taxes import TaxPart, TaxTerms, effective_basis_points

VAT = TaxPart(TaxRateId(1), "VAT", 1600)
VAT_INSIDE = TaxTerms((VAT,), TaxBehavior.INCLUSIVE)
VAT_ON_TOP = TaxTerms((VAT,), TaxBehavior.EXCLUSIVE)
EXCISE = TaxPart(TaxRateId(2), "EXCISE", 1500)
VAT_OVER_EXCISE = TaxPart(TaxRateId(1), "VAT", 1600, frozenset({"EXCISE"}))

signed_amounts = st.lists(st.integers(-10_000_000, 10_000_000), min_size=1, max_size=12)


def test_tax_inside_a_price_is_taken_out_of_it() -> None:
    assert tax_lines([(250_000, VAT_INSIDE)]) == (TaxedAmount(215_517, (34_483,)),)


def test_tax_on_top_leaves_the_price_as_the_net_amount() -> None:
    assert tax_lines([(100_000, VAT_ON_TOP)]) == (TaxedAmount(100_000, (16_000,)),)


def test_a_line_without_tax_has_none() -> None:
    assert tax_lines([(999, None)]) == (TaxedAmount(999, ()),)


def test_vat_that_stacks_on_excise_is_taken_of_both() -> None:
    on_top = TaxTerms((EXCISE, VAT_OVER_EXCISE), TaxBehavior.EXCLUSIVE)
    assert tax_lines([(100_000, on_top)]) == (TaxedAmount(100_000, (15_000, 18_400)),)
    assert effective_basis_points(on_top.parts) == 3_340
    inside = TaxTerms((EXCISE, VAT_OVER_EXCISE), TaxBehavior.INCLUSIVE)
    assert tax_lines([(133_400, inside)]) == (TaxedAmount(100_000, (15_000, 18_400)),)


def test_taxes_that_do_not_stack_have_one_base() -> None:
    side_by_side = TaxTerms((EXCISE, VAT), TaxBehavior.EXCLUSIVE)
    assert tax_lines([(100_000, side_by_side)]) == (TaxedAmount(100_000, (15_000, 16_000)),)


def test_a_discount_takes_its_tax_along() -> None:
    taxed = tax_lines([(100_000, VAT_ON_TOP), (-25_000, VAT_ON_TOP)])
    assert [line.tax_minor for line in taxed] == [16_000, -4_000]


def test_taxed_and_untaxed_lines_keep_their_order() -> None:
    lines = tax_lines([(100, None), (11_600, VAT_INSIDE), (200, None)])
    assert [line.net_minor + line.tax_minor for line in lines] == [100, 11_600, 200]


def test_one_tax_is_rounded_once_whether_prices_have_it_inside_or_on_top() -> None:
    taxed = tax_lines([(103, VAT_INSIDE), (27, VAT_ON_TOP)])
    assert [line.tax_minor for line in taxed] == [14, 5]  # 14.21 and 4.32 make 18.53
    assert [line.net_minor + line.tax_minor for line in taxed] == [103, 32]


def test_a_tax_alone_and_the_same_over_another_are_rounded_together() -> None:
    stacked = TaxTerms((EXCISE, VAT_OVER_EXCISE), TaxBehavior.EXCLUSIVE)
    taxed = tax_lines([(40, VAT_ON_TOP), (28, stacked)])  # VAT is 6.40 and 5.152, excise 4.2
    assert [line.taxes for line in taxed] == [(7,), (4, 5)]


@given(signed_amounts, st.integers(0, 3_000))
def test_line_taxes_add_up_to_the_tax_on_the_total(amounts: list[int], basis_points: int) -> None:
    terms = TaxTerms((TaxPart(TaxRateId(1), "T", basis_points),), TaxBehavior.EXCLUSIVE)
    taxed = tax_lines([(amount, terms) for amount in amounts])
    assert sum(line.tax_minor for line in taxed) == round_half_up(sum(amounts) * basis_points, 10_000)
    for amount, line in zip(amounts, taxed, strict=True):
        assert abs(line.tax_minor * 10_000 - amount * basis_points) <= 10_000  # within one minor unit


@given(signed_amounts)
def test_a_price_with_tax_inside_stays_the_price(amounts: list[int]) -> None:
    taxed = tax_lines([(amount, VAT_INSIDE) for amount in amounts])
    assert [line.net_minor + line.tax_minor for line in taxed] == amounts
