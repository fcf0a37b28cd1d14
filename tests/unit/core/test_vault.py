"""Secrets at rest are sealed, and bound to what they are for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benfex.core.errors import ConfigurationError
from benfex.core.vault import Vault

VAULT = Vault("a key of at least thirty-two letters")


@given(st.text(max_size=200))
def test_what_is_sealed_can_be_opened(text: str) -> None:
    assert VAULT.open(VAULT.seal(text, context="router.password"), context="router.password") == text


def test_sealing_twice_gives_two_texts() -> None:
    assert VAULT.seal("secret", context="x") != VAULT.seal("secret", context="x")


def test_a_secret_cannot_stand_in_for_another() -> None:
    sealed = VAULT.seal("secret", context="router.password")
    with pytest.raises(ConfigurationError):
        VAULT.open(sealed, context="gateway.settings")


@pytest.mark.parametrize("broken", ["", "v1.", "v1.AAAA", "nonsense", "v1.!!!!"])
def test_a_broken_seal_is_refused(broken: str) -> None:
    with pytest.raises(ConfigurationError):
        VAULT.open(broken, context="x")


def test_another_key_cannot_open_it() -> None:
    sealed = VAULT.seal("secret", context="x")
    with pytest.raises(ConfigurationError, match="BENFEX_SECRET_KEY"):
        Vault("another key of at least thirty-two").open(sealed, context="x")
