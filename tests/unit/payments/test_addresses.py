"""Where a message came from: a header is believed only from a proxy of ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benfex.payments.addresses import is_listed, source_of

SAFARICOM = ("196.201.214.0/24", "196.201.213.114/32")
PROXIES = ("10.0.0.0/8", "::1/128")


@pytest.mark.parametrize(
    ("peer", "forwarded", "source"),
    [
        ("196.201.214.200", "", "196.201.214.200"),
        ("41.90.1.2", "196.201.214.200", "41.90.1.2"),  # anybody may write the header
        ("10.0.0.1", "196.201.214.200", "196.201.214.200"),
        ("10.0.0.1", "196.201.214.200, 41.90.1.2", "41.90.1.2"),  # what the payer's side wrote does not count
        ("10.0.0.1", "196.201.214.200, 10.0.0.2", "196.201.214.200"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("::1", "196.201.214.200:4711", "196.201.214.200:4711"),
        ("10.0.0.1", "196.201.214.200, nonsense", "nonsense"),
        ("10.0.0.1", " , ,", "10.0.0.1"),
    ],
)
def test_the_rightmost_address_that_is_not_ours_is_the_source(peer: str, forwarded: str, source: str) -> None:
    assert source_of(peer, forwarded, trusted=PROXIES) == source


@pytest.mark.parametrize(
    ("address", "listed"),
    [
        ("196.201.214.206", True),
        ("196.201.213.114", True),
        ("196.201.213.115", False),
        ("196.201.214.206:55000", True),
        ("::ffff:196.201.214.206", True),
        ("[::ffff:196.201.214.206]:443", True),
        ("2001:db8::1", False),
        ("", False),
        ("nonsense", False),
    ],
)
def test_an_address_is_listed_in_any_way_of_writing_it(address: str, listed: bool) -> None:
    assert is_listed(address, SAFARICOM) is listed


@given(st.text(max_size=40), st.text(max_size=80))
def test_no_header_opens_the_door_to_a_peer_that_is_no_proxy(peer: str, forwarded: str) -> None:
    source = source_of(peer, forwarded, trusted=PROXIES)
    assert source == peer or is_listed(peer, PROXIES)
