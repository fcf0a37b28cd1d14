"""A cashier's drawer: opened, filled, counted and closed, and its money brought to the bank."""

import asyncio
from datetime import timedelta

import pytest

from benfex.core.actors import StaffActor
from benfex.core.clock import MovedClock
from benfex.core.paging import PageRequest
from benfex.core.transactor import Transactor
from benfex.payments.cash import record_cash_payment
from benfex.payments.refund_requests import refund_payment
from benfex.payments.reversal import reverse_payment
from benfex.payments.shift_views import list_shifts, own_shift, whole_shift
from benfex.payments.shifts import close_shift, open_shift
from benfex.payments.sweeps import held_in_clearing, sweep
from data.values.errors import (
    AlreadyExists,
    AmountOutOfRange,
    Conflict,
    InvalidInput,
    NotFound,
    NotPermitted,
)
from data.values.identifiers import ShiftId
from data.values.kinds import CashMethod
from data.values.money import Money
from data.values.roles import Role
from tests.conftest import Run
from tests.factories.cashiers import by_hand, close_shift_with, make_cashier, take_cash
from tests.factories.customers import MadeCustomer, make_customer
from tests.factories.isp import SUPPORT, SYSTEM, kes
from tests.factories.looks import assert_books_sound


@pytest.fixture
def njeri(isp: Run) -> Run:
    """A cashier who signed in."""
    return isp.by(make_cashier(isp))


@pytest.fixture
def amina(isp: Run) -> MadeCustomer:
    return make_customer(isp)


def test_a_drawer_should_hold_its_float_and_what_was_taken_less_what_was_given_back(
    isp: Run, njeri: Run, amina: MadeCustomer
) -> None:
    njeri(open_shift, opening=kes(500))
    kept = take_cash(njeri, amina, kes(2_000))
    wrong = take_cash(njeri, amina, kes(700))
    take_cash(njeri, amina, kes(9_000), method=CashMethod.CHEQUE, reference="CHQ 12")
    njeri(reverse_payment, payment_id=wrong, reason="typed twice")
    njeri(refund_payment, payment_id=kept, amount=kes(300), reason="too much", reference="SLIP 1")
    look = njeri.read(own_shift)
    assert look is not None
    assert (look.shift.takings, look.shift.taken, look.shift.given_back) == (1, kes(2_000), kes(300))
    assert look.shift.expected == kes(2_200)
    assert {(row.amount, row.is_reversed, row.is_out) for row in look.takings} == {
        (kes(2_000), False, False),
        (kes(700), True, False),
        (kes(300), False, True),
    }


@pytest.mark.parametrize("over", [-50, 0, 20])
def test_what_a_drawer_holds_too_much_or_too_little_is_posted(
    isp: Run, njeri: Run, amina: MadeCustomer, over: int
) -> None:
    shift_id = njeri(open_shift, opening=kes(0))
    take_cash(njeri, amina, kes(1_000))
    counted = kes(1_000 + over)
    assert close_shift_with(njeri, shift_id, counted=counted, note="tea money") == kes(over)
    look = njeri.read(whole_shift, shift_id=shift_id).shift
    assert (look.expected, look.counted, look.difference) == (kes(1_000), counted, kes(over))
    assert _held(isp, "cash") == counted
    assert njeri.read(own_shift) is None


def test_a_closed_drawer_keeps_what_it_held_whatever_is_reversed_later(
    isp: Run, njeri: Run, amina: MadeCustomer
) -> None:
    shift_id = njeri(open_shift, opening=kes(0))
    payment_id = take_cash(njeri, amina, kes(1_000))
    close_shift_with(njeri, shift_id, counted=kes(1_000))
    isp(reverse_payment, payment_id=payment_id, reason="false note")
    assert njeri.read(whole_shift, shift_id=shift_id).shift.difference == kes(0)


def test_receipt_numbers_run_without_a_gap_by_year(
    isp: Run, njeri: Run, amina: MadeCustomer, clock: MovedClock
) -> None:
    njeri(open_shift, opening=kes(0))
    first = take_cash(njeri, amina, kes(10))
    take_cash(isp, amina, kes(10), method=CashMethod.BANK, reference="FT 1")
    with pytest.raises(AlreadyExists):
        take_cash(isp, amina, kes(10), method=CashMethod.BANK, reference="ft 1 ")
    third = take_cash(njeri, amina, kes(10), reference="BOOK 7")
    clock.advance(timedelta(days=60))
    later = take_cash(isp, amina, kes(10))
    numbers = [isp.read(by_hand, payment_id=payment_id) for payment_id in (first, third, later)]
    assert [look.receipt_number for look in numbers] == ["RCT-2026-00001", "RCT-2026-00003", "RCT-2027-00001"]
    assert [look.reference for look in numbers] == ["RCT-2026-00001", "BOOK 7", "RCT-2027-00001"]


def test_a_typed_reference_cannot_take_a_number_that_is_ours_to_give(isp: Run, amina: MadeCustomer) -> None:
    with pytest.raises(InvalidInput, match="given by Benfex"):
        take_cash(isp, amina, kes(10), reference="rct-2026-00009")
    with pytest.raises(InvalidInput, match="number on the"):
        take_cash(isp, amina, kes(10), method=CashMethod.CHEQUE)


def test_cash_by_a_person_needs_their_open_shift_and_paper_does_not(
    isp: Run, njeri: Run, amina: MadeCustomer
) -> None:
    with pytest.raises(Conflict) as refused:
        take_cash(njeri, amina, kes(10))
    assert refused.value.code == "no_open_shift"
    slip = take_cash(njeri, amina, kes(10), method=CashMethod.BANK, reference="SLIP 4")
    assert njeri.read(by_hand, payment_id=slip).shift_id is None
    shift_id = njeri(open_shift, opening=kes(0))
    cash = take_cash(njeri, amina, kes(10))
    assert njeri.read(by_hand, payment_id=cash).shift_id == shift_id
    close_shift_with(njeri, shift_id, counted=kes(10))
    with pytest.raises(Conflict):
        take_cash(njeri, amina, kes(10))


def test_a_person_has_one_open_shift_and_only_who_may_match_closes_anothers(isp: Run, njeri: Run) -> None:
    shift_id = njeri(open_shift, opening=kes(100))
    with pytest.raises(AlreadyExists):
        njeri(open_shift, opening=kes(0))
    with pytest.raises(NotPermitted):
        isp(open_shift, opening=kes(0))
    with pytest.raises(NotPermitted):
        isp.by(SUPPORT)(close_shift, shift_id=shift_id, counted=kes(100))
    other = isp.by(make_cashier(isp, role=Role.ADMIN, name="Otieno"))
    close_shift_with(other, shift_id, counted=kes(100))
    with pytest.raises(Conflict):
        close_shift_with(njeri, shift_id, counted=kes(100))
    assert njeri(open_shift, opening=kes(0)) != shift_id
    assert [row.cashier_name for row in other.read(list_shifts, request=PageRequest()).rows] == ["Njeri"] * 2


@pytest.mark.parametrize(
    ("counted", "refusal"),
    [(kes(-1), AmountOutOfRange), (Money(100, "USD"), InvalidInput)],
)
def test_a_drawer_is_counted_in_its_currency_and_not_below_nothing(
    njeri: Run, counted: Money, refusal: type[Exception]
) -> None:
    shift_id = njeri(open_shift, opening=kes(0))
    with pytest.raises(refusal):
        close_shift_with(njeri, shift_id, counted=counted)
    with pytest.raises(NotFound):
        close_shift_with(njeri, ShiftId(99), counted=kes(0))


def test_money_that_goes_to_the_bank_leaves_the_clearing(isp: Run, amina: MadeCustomer) -> None:
    take_cash(isp, amina, kes(1_000))
    with pytest.raises(AmountOutOfRange, match="1,000"):
        isp(sweep, gateway="cash", amount=kes(1_001), reference="DEP 1")
    with pytest.raises(InvalidInput, match="USD"):
        isp(sweep, gateway="cash", amount=Money(1, "USD"), reference="DEP 1")
    isp(sweep, gateway="cash", amount=kes(1_000), reference="dep 1")
    isp(sweep, gateway="cash", amount=kes(-100), reference="DEP 1/2")
    assert _held(isp, "cash") == kes(100)
    with pytest.raises(AlreadyExists):
        isp(sweep, gateway="cash", amount=kes(5), reference="DEP 1")
    with pytest.raises(InvalidInput):
        isp(sweep, gateway="hawala", amount=kes(5), reference="X")
    with pytest.raises(AmountOutOfRange):
        isp(sweep, gateway="cash", amount=kes(0), reference="X")
    with pytest.raises(NotPermitted):
        isp.by(SUPPORT)(sweep, gateway="cash", amount=kes(5), reference="X")


async def test_of_two_openings_at_once_one_stands(isp: Run, transactor: Transactor) -> None:
    cashier = make_cashier(isp)
    answers = await asyncio.gather(
        *(transactor.transact(open_shift, cashier, opening=kes(number)) for number in range(4)),
        return_exceptions=True,
    )
    refused = [answer for answer in answers if isinstance(answer, BaseException)]
    assert [type(answer) for answer in refused] == [AlreadyExists] * 3
    assert isp.by(cashier).read(own_shift) is not None


async def test_cash_taken_while_the_drawer_is_closed_is_counted_or_refused(
    isp: Run, transactor: Transactor
) -> None:
    cashier = make_cashier(isp)
    shift_id = isp.by(cashier)(open_shift, opening=kes(0))
    customers = [make_customer(isp, phone=f"070837414{number}") for number in range(6)]

    async def close() -> object:
        return await transactor.transact(close_shift, cashier, shift_id=shift_id, counted=kes(0))

    answers = await asyncio.gather(
        *(_take(transactor, cashier, customer) for customer in customers[:3]),
        close(),
        *(_take(transactor, cashier, customer) for customer in customers[3:]),
        return_exceptions=True,
    )
    taken = sum(isinstance(answer, int) for answer in answers)
    assert {type(answer) for answer in answers if isinstance(answer, BaseException)} <= {Conflict}
    look = isp.read(whole_shift, shift_id=shift_id).shift
    assert (look.expected, look.takings, len(answers)) == (kes(100 * taken), taken, 7)
    assert _held(isp, "cash") == kes(0)
    assert_books_sound(isp)


async def _take(transactor: Transactor, cashier: StaffActor, customer: MadeCustomer) -> int:
    return await transactor.transact(
        record_cash_payment,
        cashier,
        customer_id=customer.customer_id,
        amount=kes(100),
        method=CashMethod.CASH,
    )


def _held(run: Run, gateway: str) -> Money:
    return next(
        (
            held.amount
            for held in run.by(SYSTEM).read(held_in_clearing)
            if (held.gateway, held.amount.currency) == (gateway, "KES")
        ),
        kes(0),
    )
