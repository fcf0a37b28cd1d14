"""The oracle itself, against examples that were worked out by hand or by others."""

from datetime import date
from fractions import Fraction

from tests.oracle.calculator import Books
from tests.oracle.terms import Discount, Policy, Price, Service, Tax, hand_out

LONG_AGO = date(2000, 1, 1)
VAT = Tax("VAT", ((LONG_AGO, Fraction(16)),))
EXCISE = Tax("EXCISE", ((LONG_AGO, Fraction(15)),))
VAT_OVER_EXCISE = Tax("VAT", ((LONG_AGO, Fraction(16)),), ("EXCISE",))


def sold(policy: Policy, day: date, price: Price) -> tuple[Books, Service]:
    books = Books(policy)
    service = books.open(day, price)
    books.bill_first(day, service)
    return books, service


def totals(books: Books) -> list[tuple[str, int]]:
    return [(str(invoice.on), invoice.total) for invoice in books.invoices]


def test_a_change_on_the_20th_of_october_as_splynx_works_it_out() -> None:
    books, service = sold(Policy(1, "prorate"), date(2027, 10, 1), Price(200_00))
    books.upgrade(date(2027, 10, 20), service, Price(100_00))
    assert [note.gross for note in books.credit_notes] == [77_42]  # 12 of 31 days of 200
    assert totals(books)[1:] == [("2027-10-20", 38_71)]  # 12 of 31 days of 100


def test_a_change_on_the_11th_of_may_as_lago_works_it_out() -> None:
    books, service = sold(Policy(1, "prorate"), date(2027, 5, 1), Price(20_00))
    books.upgrade(date(2027, 5, 11), service, Price(40_00))
    assert totals(books)[1:] == [("2027-05-11", 27_10)]  # 21 days of 40 / 31
    assert [note.gross for note in books.credit_notes] == [13_55]


def test_the_31st_is_clamped_and_springs_back() -> None:
    books, service = sold(Policy(), date(2027, 12, 31), Price(10_00))
    for day in (
        date(2028, 1, 31),
        date(2028, 2, 28),
        date(2028, 2, 29),
        date(2028, 3, 30),
        date(2028, 3, 31),
    ):
        books.run(day)
    assert [day for day, _ in totals(books)] == ["2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31"]
    assert books.next_billing_date(service) == date(2028, 4, 30)


def test_vat_over_excise_out_of_a_price_that_holds_both() -> None:
    books, _ = sold(Policy(), date(2027, 1, 1), Price(1_334_00, taxes=(EXCISE, VAT_OVER_EXCISE)))
    assert books.invoices[0].lines[0].tax == {"EXCISE": 150_00, "VAT": 184_00}


def test_a_discount_for_two_periods_takes_its_tax_along() -> None:
    books, service = sold(Policy(), date(2027, 1, 1), Price(100_00, taxes=(VAT,), has_tax_inside=False))
    service.discounts.append(Discount(percent=Fraction(25), periods_left=2))
    books.run(date(2027, 4, 1))
    assert totals(books) == [("2027-01-01", 116_00), ("2027-04-01", 2 * 87_00 + 116_00)]


def test_days_that_were_given_back_are_billed_once_more() -> None:
    books, service = sold(Policy(), date(2027, 3, 1), Price(31_00))
    books.pause(date(2027, 3, 11), service)
    books.resume(date(2027, 3, 21), service)
    books.end(date(2027, 3, 31), service)
    assert [note.gross for note in books.credit_notes] == [21_00, 1_00]
    assert totals(books) == [("2027-03-01", 31_00), ("2027-03-21", 11_00)]
    assert books.balance(0) == 20_00


def test_the_largest_rest_takes_the_cent() -> None:
    assert hand_out(10, [Fraction(33, 10), Fraction(33, 10), Fraction(34, 10)]) == [3, 3, 4]
    assert hand_out(1, [Fraction(1, 2), Fraction(1, 2)]) == [1, 0]
