"""A gateway's own record against our books: what was missed is booked, what differs is noted, each day says why."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from benfex.core.clock import MovedClock
from benfex.core.paging import PageRequest, SliceRequest
from benfex.ledger.chart import AccountCode
from benfex.payments.balances import note_balance
from benfex.payments.day_compare import compare_days
from benfex.payments.difference_answers import answer_difference
from benfex.payments.gateway import PaymentEvidence
from benfex.payments.gateway_events import SettlementRecord
from benfex.payments.payouts_told import note_payout_total, note_payouts
from benfex.payments.reconciliation_views import (
    DayRecord,
    DifferenceRecord,
    answers_to,
    count_open,
    day_records,
    difference_records,
    list_days,
    list_differences,
    standings,
)
from benfex.payments.statement_keeping import keep_lines, note_not_read, note_read
from benfex.payments.sweeps import list_sweeps, sweep
from data.values.errors import Conflict, InvalidInput, NotFound, NotPermitted
from data.values.identifiers import DifferenceId
from data.values.kinds import DifferenceAnswer, DifferenceKind, EvidenceGrade
from tests.conftest import START, Run
from tests.factories.customers import MadeCustomer, make_customer
from tests.factories.isp import ACCOUNTANT, SUPPORT, kes
from tests.factories.looks import assert_books_sound, balance
from tests.factories.money import c2b, settle, statement

TODAY = date(2026, 11, 23)
HOUR = timedelta(hours=1)


@pytest.fixture
def amina(isp: Run) -> MadeCustomer:
    return make_customer(isp)


def read(run: Run, *entries: PaymentEvidence, found: frozenset[str] = frozenset()) -> None:
    """Keep what the gateway's record of this hour says, and compare the day."""
    run(keep_lines, gateway="mpesa", entries=entries, found=found)
    compare(run)


def compare(run: Run, gateway: str = "mpesa") -> int:
    return run(compare_days, gateway=gateway, since=START - HOUR, until=START + HOUR)


def differences(run: Run, *, is_open: bool | None = None) -> tuple[DifferenceRecord, ...]:
    return run.read(difference_records, request=SliceRequest(), is_open=is_open).rows


def day(run: Run) -> DayRecord:
    rows = run.read(list_days, request=PageRequest()).rows
    assert len(rows) == 1
    return rows[0]


def paid(
    run: Run, customer: MadeCustomer, *, receipt: str = "TKN0000001", shillings: int = 1_500
) -> PaymentEvidence:
    """Have money come that a callback told of; return what the gateway's record says of it."""
    settle(run, c2b(customer.account_number, receipt=receipt, amount=kes(shillings)))
    return statement(customer.account_number, receipt=receipt, amount=kes(shillings))


def told(run: Run, shillings: int, *, after: timedelta = timedelta(0)) -> bool:
    return run(note_balance, gateway="mpesa", balance=kes(shillings), at=START + after)


def test_a_day_on_which_all_agrees_is_green(isp: Run, amina: MadeCustomer) -> None:
    read(isp, paid(isp, amina), paid(isp, amina, receipt="TKN0000002", shillings=700))
    found = day(isp)
    assert (found.agrees, found.reason, found.day) == (True, "", TODAY)
    assert (found.ours_count, found.ours) == (found.theirs_count, found.theirs) == (2, kes(2_200))
    assert found.clearing == kes(2_200)
    assert differences(isp) == ()


def test_money_found_in_the_record_only_is_told_with_the_reason(isp: Run, amina: MadeCustomer) -> None:
    read(isp, paid(isp, amina), found=frozenset({"TKN0000001"}))
    (found,) = differences(isp)
    assert (found.kind, found.resolution) == (
        DifferenceKind.MISSING_HERE,
        "Booked from the gateway's record.",
    )
    assert day(isp).agrees


def test_money_that_could_not_be_booked_makes_its_day_red_until_it_is(isp: Run, amina: MadeCustomer) -> None:
    entry = statement(amina.account_number, receipt="TKN0000001", amount=kes(1_500))
    read(isp, entry)
    assert (day(isp).agrees, day(isp).reason) == (False, "1 payment not booked here")
    settle(isp, entry)
    read(isp, entry)
    assert day(isp).agrees
    assert differences(isp, is_open=True) == ()


def test_what_we_have_and_the_gateway_has_not_is_flagged(isp: Run, amina: MadeCustomer) -> None:
    read(isp, paid(isp, amina))
    late = paid(isp, amina, receipt="TKN0000002", shillings=900)
    assert compare(isp) == 1
    (found,) = differences(isp, is_open=True)
    assert (found.kind, found.transaction_id, found.ours) == (
        DifferenceKind.MISSING_THERE,
        "TKN0000002",
        kes(900),
    )
    assert day(isp).reason == "1 payment not in the gateway's record"
    assert day(isp).ours == kes(2_400)
    read(isp, late)
    (settled,) = differences(isp)
    assert settled.resolution == "It stands in the gateway's record of 23 Nov."
    assert day(isp).agrees


def test_what_came_after_the_record_was_read_is_not_missed(
    isp: Run, clock: MovedClock, amina: MadeCustomer
) -> None:
    clock.advance(2 * HOUR)
    paid(isp, amina)
    assert compare(isp) == 0
    assert differences(isp) == ()


def test_money_taken_by_hand_is_not_looked_for_at_a_gateway(isp: Run, amina: MadeCustomer) -> None:
    entry = replace(paid(isp, amina), transaction_id="TKN0000009", grade=EvidenceGrade.STAFF)
    settle(isp, entry)
    read(isp, statement(amina.account_number, receipt="TKN0000001", amount=kes(1_500)))
    assert differences(isp) == ()


def test_another_amount_in_the_record_waits_for_a_person(isp: Run, amina: MadeCustomer) -> None:
    entry = paid(isp, amina)
    read(isp, replace(entry, amount=kes(1_600)))
    (found,) = differences(isp, is_open=True)
    assert (found.kind, found.ours, found.theirs) == (DifferenceKind.AMOUNT, kes(1_500), kes(1_600))
    assert day(isp).reason == "1 payment with another amount"
    assert isp.read(balance, code=AccountCode.CLEARING) == kes(1_500)


def test_a_second_message_with_another_amount_is_flagged_and_books_nothing(
    isp: Run, amina: MadeCustomer
) -> None:
    paid(isp, amina)
    settle(isp, c2b(amina.account_number, receipt="TKN0000001", amount=kes(15)))
    (found,) = differences(isp, is_open=True)
    assert (found.kind, found.ours, found.theirs) == (DifferenceKind.AMOUNT, kes(1_500), kes(15))
    assert isp.read(balance, code=AccountCode.CLEARING) == kes(1_500)


def test_a_fee_that_differs_is_put_right_once(isp: Run, amina: MadeCustomer) -> None:
    entry = replace(paid(isp, amina), fee=kes(20))
    read(isp, entry)
    read(isp, entry)
    (found,) = differences(isp)
    assert (found.kind, found.resolution) == (DifferenceKind.FEE, "Put right in the books.")
    assert isp.read(balance, code=AccountCode.PAYMENT_FEES) == kes(20)
    assert isp.read(balance, code=AccountCode.CLEARING) == kes(1_480)
    assert (day(isp).fees_ours, day(isp).fees_theirs) == (kes(20), kes(20))
    read(isp, replace(entry, fee=kes(30)))
    assert [one.kind for one in differences(isp, is_open=True)] == [DifferenceKind.FEE]
    assert isp.read(balance, code=AccountCode.PAYMENT_FEES) == kes(20)
    assert_books_sound(isp)


def test_reading_again_changes_nothing(isp: Run, amina: MadeCustomer) -> None:
    entry = paid(isp, amina)
    read(isp, entry)
    before = (day(isp), differences(isp))
    read(isp, entry)
    assert (day(isp), differences(isp)) == before


# Balances


def test_a_balance_that_differs_once_is_money_on_its_way(isp: Run, amina: MadeCustomer) -> None:
    paid(isp, amina)
    assert not told(isp, 1_400)
    assert differences(isp) == ()


def test_a_balance_that_differs_twice_alike_is_red_until_it_agrees(isp: Run, amina: MadeCustomer) -> None:
    read(isp, paid(isp, amina))
    told(isp, 1_400)
    read(isp, paid(isp, amina, receipt="TKN0000002", shillings=100))
    assert not told(isp, 1_500, after=HOUR)
    (found,) = differences(isp, is_open=True)
    assert (found.kind, found.ours, found.theirs) == (DifferenceKind.BALANCE, kes(1_600), kes(1_500))
    assert "less than the books" in found.reason
    compare(isp)
    assert not day(isp).agrees
    isp(sweep, gateway="mpesa", amount=kes(100), reference="WD-1")
    assert told(isp, 1_500, after=2 * HOUR)
    assert differences(isp, is_open=True) == ()
    assert day(isp).agrees


def test_an_opening_balance_is_posted_to_the_cent_and_once(isp: Run, amina: MadeCustomer) -> None:
    paid(isp, amina)
    told(isp, 51_500)
    told(isp, 51_500, after=HOUR)
    (found,) = differences(isp, is_open=True)
    assert isp.read(answers_to, difference_id=found.id) == (DifferenceAnswer.NOTED, DifferenceAnswer.OPENING)
    isp.by(ACCOUNTANT)(
        answer_difference, difference_id=found.id, answer=DifferenceAnswer.OPENING, words="Held since 2019"
    )
    assert isp.read(balance, code=AccountCode.CLEARING) == kes(51_500)
    assert isp.read(balance, code=AccountCode.OPENING_BALANCES) == kes(-50_000)
    assert told(isp, 51_500, after=2 * HOUR)
    told(isp, 60_000, after=3 * HOUR)
    told(isp, 60_000, after=4 * HOUR)
    (again,) = differences(isp, is_open=True)
    assert DifferenceAnswer.OPENING not in isp.read(answers_to, difference_id=again.id)
    with pytest.raises(InvalidInput) as refused:
        isp(answer_difference, difference_id=again.id, answer=DifferenceAnswer.OPENING, words="More")
    assert refused.value.field == "answer"
    assert_books_sound(isp)


def test_a_charge_of_the_gateway_is_posted_as_a_fee(isp: Run, amina: MadeCustomer) -> None:
    paid(isp, amina)
    told(isp, 1_477)
    told(isp, 1_477, after=HOUR)
    (found,) = differences(isp, is_open=True)
    isp(answer_difference, difference_id=found.id, answer=DifferenceAnswer.CHARGE, words="B2C tariff")
    assert isp.read(balance, code=AccountCode.PAYMENT_FEES) == kes(23)
    assert told(isp, 1_477, after=2 * HOUR)
    with pytest.raises(Conflict):
        isp(answer_difference, difference_id=found.id, answer=DifferenceAnswer.CHARGE, words="B2C tariff")
    assert_books_sound(isp)


def test_a_noted_balance_stays_settled_while_the_same_lies_between(isp: Run, amina: MadeCustomer) -> None:
    paid(isp, amina)
    told(isp, 1_400)
    told(isp, 1_400, after=HOUR)
    (found,) = differences(isp, is_open=True)
    isp(answer_difference, difference_id=found.id, answer=DifferenceAnswer.NOTED, words="Asked Safaricom")
    paid(isp, amina, receipt="TKN0000002", shillings=100)
    told(isp, 1_500, after=2 * HOUR)
    assert differences(isp, is_open=True) == ()
    told(isp, 1_450, after=3 * HOUR)
    told(isp, 1_450, after=4 * HOUR)
    assert len(differences(isp, is_open=True)) == 1


# Answers


@pytest.mark.parametrize("words", ["", "  ", "x" * 201])
def test_an_answer_needs_words(isp: Run, amina: MadeCustomer, words: str) -> None:
    read(isp, replace(paid(isp, amina), amount=kes(1)))
    (found,) = differences(isp)
    with pytest.raises(InvalidInput) as refused:
        isp(answer_difference, difference_id=found.id, answer=DifferenceAnswer.NOTED, words=words)
    assert refused.value.field == "words"
    assert differences(isp, is_open=True) == (found,)


def test_only_a_balance_is_explained_by_a_posting(isp: Run, amina: MadeCustomer) -> None:
    read(isp, replace(paid(isp, amina), amount=kes(1)))
    (found,) = differences(isp)
    with pytest.raises(InvalidInput) as refused:
        isp(answer_difference, difference_id=found.id, answer=DifferenceAnswer.OPENING, words="Held before")
    assert refused.value.field == "answer"


def test_a_settled_day_says_so_and_is_green(isp: Run, amina: MadeCustomer) -> None:
    read(isp, replace(paid(isp, amina), amount=kes(1)))
    (found,) = differences(isp)
    isp.by(ACCOUNTANT)(
        answer_difference, difference_id=found.id, answer=DifferenceAnswer.NOTED, words="Typed wrong there"
    )
    (settled,) = differences(isp, is_open=False)
    assert (settled.resolved_by, settled.resolution) == (ACCOUNTANT.name, "Typed wrong there")
    assert day(isp).agrees


def test_who_may_look_and_who_may_answer(isp: Run, amina: MadeCustomer) -> None:
    read(isp, replace(paid(isp, amina), amount=kes(1)))
    (found,) = differences(isp.by(SUPPORT))
    with pytest.raises(NotPermitted):
        isp.by(SUPPORT)(
            answer_difference, difference_id=found.id, answer=DifferenceAnswer.NOTED, words="Mine"
        )
    with pytest.raises(NotFound):
        isp(answer_difference, difference_id=DifferenceId(999), answer=DifferenceAnswer.NOTED, words="x")
    assert isp.read(count_open) == 1


# How far a record was read


def test_a_record_is_read_on_from_where_it_was_read_to(isp: Run) -> None:
    isp(note_read, gateway="mpesa", since=START - 48 * HOUR, until=START)
    isp(note_read, gateway="mpesa", since=START - 6 * HOUR, until=START + HOUR)
    (found,) = isp.read(standings, gateways=())
    assert (found.read_from, found.read_until) == (START - 48 * HOUR, START + HOUR)
    isp(note_read, gateway="mpesa", since=START + 96 * HOUR, until=START + 144 * HOUR)
    (found,) = isp.read(standings, gateways=())
    assert (found.read_from, found.read_until) == (START + 96 * HOUR, START + 144 * HOUR)


def test_why_a_record_cannot_be_read_is_told_until_it_can(isp: Run) -> None:
    isp(note_not_read, gateway="mpesa", problem="M-Pesa does not answer.")
    (found,) = isp.read(standings, gateways=("mpesa", "paystack"))[:1]
    assert (found.problem, found.read_until) == ("M-Pesa does not answer.", None)
    isp(note_read, gateway="mpesa", since=START - HOUR, until=START)
    assert isp.read(standings, gateways=())[0].problem == ""


def test_the_last_thirty_days_are_green_red_or_not_compared(isp: Run, amina: MadeCustomer) -> None:
    read(isp, replace(paid(isp, amina), amount=kes(1)))
    (found,) = isp.read(standings, gateways=("mpesa",))
    assert len(found.days) == 30
    assert found.days[-1] == (TODAY, False)
    assert {agrees for _, agrees in found.days[:-1]} == {None}
    assert found.open == 1


def test_days_and_differences_are_paged(isp: Run, amina: MadeCustomer) -> None:
    for number in range(1, 6):
        read(isp, replace(paid(isp, amina, receipt=f"TKN{number:07d}"), amount=kes(1)))
    page = isp.read(list_differences, request=PageRequest(size=2, filter="open"))
    assert (len(page.rows), page.total) == (2, 5)
    searched = isp.read(list_differences, request=PageRequest(search="TKN0000003"))
    assert searched.total == 1
    first = isp.read(difference_records, request=SliceRequest(limit=3))
    rest = isp.read(difference_records, request=SliceRequest(limit=3, cursor=first.next_cursor))
    assert len({one.id for one in (*first.rows, *rest.rows)}) == 5
    assert isp.read(list_days, request=PageRequest(filter="red")).total == 1
    assert len(isp.read(day_records, request=SliceRequest(), gateway="mpesa", only_red=True).rows) == 1
    with pytest.raises(InvalidInput):
        isp.read(list_differences, request=PageRequest(filter="green"))


# Payouts


def payout(number: str = "8001", *, shillings: int = 1_470, status: str = "success") -> SettlementRecord:
    return SettlementRecord(number, TODAY, kes(shillings + 30), kes(30), kes(shillings), status)


def test_a_payout_goes_from_clearing_to_the_bank_once(isp: Run, amina: MadeCustomer) -> None:
    settle(
        isp,
        replace(
            c2b(amina.account_number, receipt="9001", amount=kes(1_500)), gateway="paystack", fee=kes(30)
        ),
    )
    for _ in range(2):
        isp(note_payouts, gateway="paystack", records=(payout(), payout("8002", status="pending")))
    assert isp.read(balance, code=AccountCode.BANK) == kes(1_470)
    assert isp.read(balance, code=AccountCode.CLEARING) == kes(0)
    assert isp.read(list_sweeps, request=PageRequest()).total == 1
    assert_books_sound(isp)


def test_a_payout_that_staff_entered_is_recognised_once(isp: Run, amina: MadeCustomer) -> None:
    settle(isp, replace(c2b(amina.account_number, receipt="9001", amount=kes(4_000)), gateway="paystack"))
    isp.by(ACCOUNTANT)(sweep, gateway="paystack", amount=kes(1_470), reference="FT-77")
    assert isp(note_payouts, gateway="paystack", records=(payout(),)) == ()
    assert isp.read(balance, code=AccountCode.BANK) == kes(1_470)
    (second,) = isp(note_payouts, gateway="paystack", records=(payout(), payout("8002")))
    assert second.id == "8002"
    assert isp.read(balance, code=AccountCode.BANK) == kes(2_940)


def test_a_payout_whose_payments_come_to_another_sum_is_flagged(isp: Run, amina: MadeCustomer) -> None:
    entry = replace(statement(amina.account_number, receipt="9001", amount=kes(1_500)), gateway="paystack")
    isp(note_payout_total, gateway="paystack", record=payout(), paid=(entry,))
    assert differences(isp) == ()
    isp(note_payout_total, gateway="paystack", record=payout(), paid=())
    (found,) = differences(isp, is_open=True)
    assert (found.kind, found.transaction_id) == (DifferenceKind.AMOUNT, "payout 8001")
