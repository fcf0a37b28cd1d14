"""What a person is told when the business says no."""

import pytest

from data.values.errors import (
    AlreadyExists,
    AmountOutOfRange,
    BenfexError,
    Conflict,
    CurrencyMismatch,
    DomainError,
    InvalidInput,
    InvalidTransition,
    LockBusy,
    NotFound,
    NotPermitted,
    StaleVersion,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotFound("invoice"), "not_found"),
        (NotPermitted(), "not_permitted"),
        (InvalidInput("phone", "No."), "invalid_input"),
        (AmountOutOfRange("amount", "Too much."), "amount_out_of_range"),
        (CurrencyMismatch("KES", "UGX"), "currency_mismatch"),
        (InvalidTransition("invoice", "void", "paid"), "invalid_transition"),
        (AlreadyExists("email", "Taken."), "already_exists"),
        (StaleVersion(), "stale_version"),
        (LockBusy(), "lock_busy"),
    ],
)
def test_every_domain_error_has_a_stable_code_and_a_message(error: DomainError, code: str) -> None:
    assert error.code == code
    assert error.message
    assert str(error) == error.message


def test_a_code_of_its_own_replaces_the_name_of_the_class() -> None:
    assert DomainError("The router is full.", code="router_full").code == "router_full"


def test_only_a_busy_lock_is_worth_trying_again() -> None:
    retryable = {
        kind
        for kind in _all_errors(BenfexError)
        if kind.retryable and kind.__module__ == "data.values.errors"
    }
    assert retryable == {LockBusy}


def test_lost_updates_and_wrong_transitions_are_conflicts() -> None:
    assert issubclass(StaleVersion, Conflict)
    assert issubclass(InvalidTransition, Conflict)
    assert issubclass(AlreadyExists, Conflict)


def test_the_message_of_an_absent_thing_names_it() -> None:
    assert str(NotFound("customer")) == "There is no such customer."


def _all_errors(kind: type[BenfexError]) -> set[type[BenfexError]]:
    return {kind}.union(*(_all_errors(child) for child in kind.__subclasses__()))
