"""Somebody who is online is found by any part of their name or address, and by a MAC however it is written."""

import pytest

from benfex.network.driver import ActiveSession
from benfex.network.finding import is_fit

AMINA = ActiveSession(
    "amina-home", "<pppoe-amina-home>", "1", 60, address="10.20.0.17", caller_id="AA:BB:CC:11:22:33"
)


@pytest.mark.parametrize(
    "search", ["", "amina", "home", "10.20.0", "wanjiru", "aa:bb:cc", "aabb.cc11", "bb-cc-11"]
)
def test_what_fits(search: str) -> None:
    assert is_fit(AMINA, search, customer="Amina Wanjiru")


@pytest.mark.parametrize("search", ["juma", "10.20.1", "ddeeff", "bb:cd"])
def test_what_does_not(search: str) -> None:
    assert not is_fit(AMINA, search, customer="Amina Wanjiru")


def test_three_digits_are_no_mac() -> None:
    assert not is_fit(AMINA, "cc1", customer="")
