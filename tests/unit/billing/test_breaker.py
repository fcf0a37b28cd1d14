"""A run that is unlike the last cycle asks first; a few customers more or less are no reason."""

from datetime import date

import pytest

from benfex.billing.breaker import CycleFigures, invoicing_question, would_trip

DAY = date(2026, 11, 1)


def figures(invoices: int, shillings: int, currency: str = "KES") -> CycleFigures:
    return CycleFigures(DAY, invoices, {currency: shillings * 100})


@pytest.mark.parametrize(
    ("affected", "total", "trips"),
    [(20, 100, False), (21, 100, True), (9, 9, False), (10, 10, True), (0, 0, False)],
)
def test_more_than_a_share_trips_but_never_a_few(affected: int, total: int, trips: bool) -> None:
    assert would_trip(20, affected, total) is trips


@pytest.mark.parametrize(
    ("due", "last", "asks"),
    [
        (figures(130, 1_300), figures(100, 1_000), False),
        (figures(131, 1_000), figures(100, 1_000), True),
        (figures(100, 1_301), figures(100, 1_000), True),
        (figures(69, 1_000), figures(100, 1_000), True),
        (figures(100, 1_000, "USD"), figures(100, 1_000), True),
        (figures(500, 5_000), figures(9, 90), False),
        (figures(500, 5_000), None, False),
    ],
)
def test_a_run_asks_when_count_or_total_is_more_than_a_share_off(
    due: CycleFigures, last: CycleFigures | None, asks: bool
) -> None:
    question = invoicing_question(due, last, share_percent=30)
    assert (question is not None) is asks


def test_the_question_says_both_figures() -> None:
    question = invoicing_question(figures(812, 1_624_000), figures(402, 804_000), share_percent=30)
    assert question == (
        "With this run the day would come to 812 invoices over KES 1,624,000. "
        "The last cycle, on 1 Nov 2026, had 402 invoices over KES 804,000. Go on?"
    )
