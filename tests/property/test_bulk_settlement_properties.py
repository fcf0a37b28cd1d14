"""Settling many messages in one act leaves what settling each by itself leaves."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from benfex.core.clock import MovedClock
from benfex.core.policy import isp_profile
from benfex.payments.booking import Told
from benfex.payments.gateway import PaymentEvidence
from benfex.payments.settlement import Settled, settle_payments
from benfex.subscriptions.payers import set_payer
from data.values.identifiers import CustomerId
from tests.conftest import START, Run
from tests.factories.customers import (
    MadeCustomer,
    MadeService,
    make_customer,
    make_invoice,
    make_service,
    suspend,
)
from tests.factories.isp import kes, make_price, make_router, set_up_isp
from tests.factories.looks import (
    assert_books_sound,
    attempt_look,
    invoices_of,
    owed,
    payments,
    restoration_clocks,
    service_state,
)
from tests.factories.messages import set_up_channels
from tests.factories.money import MadeAttempt, c2b, make_attempt, receipt, settle, statement, stk
from tests.sizes import over_a_database

WORDS = (
    "callback",
    "callback of another sum",
    "account",
    "nameless",
    "child's account",
    "invoice",
    "stranger",
)
_numbers = count(2_000_000)


@dataclass(frozen=True)
class Message:
    """What is told, over which of a few receipts, and how much."""

    word: str
    receipt: int
    shillings: int
    home: int


messages = st.builds(
    Message,
    word=st.sampled_from(WORDS),
    receipt=st.integers(0, 4),
    shillings=st.sampled_from([500, 2_500]),
    home=st.integers(0, 1),
)


@dataclass(frozen=True)
class Home:
    """A payer with a service that a debt suspended, a child they pay for, and a prompt on their phone."""

    service: MadeService
    child: MadeCustomer
    attempt: MadeAttempt
    invoice: str


@over_a_database(usual=4, deep=300)
@given(told=st.lists(messages, min_size=2, max_size=10))
def test_many_in_one_act_leave_what_each_by_itself_leaves(
    run: Run, clock: MovedClock, told: list[Message]
) -> None:
    if run.read(isp_profile) is None:
        set_up_isp(run)
        set_up_channels(run)
    twins = []
    for _ in range(2):
        homes = [_home(run, clock), _home(run, clock)]
        numbers = [receipt(next(_numbers)) for _ in range(5)]
        twins.append((homes, numbers, [_evidence(one, homes[one.home], numbers) for one in told]))
    before = len(run.read(restoration_clocks))
    alone = [settle(run, evidence).settled for evidence in twins[0][2]]
    between = len(run.read(restoration_clocks))
    outcomes = run(settle_payments, told=tuple(Told(evidence, START, "tests") for evidence in twins[1][2]))
    restored = len(run.read(restoration_clocks)) - between
    assert [outcome.settled for outcome in outcomes] == alone
    assert restored == between - before
    assert _left(run, *twins[1][:2]) == _left(run, *twins[0][:2])
    booked = {outcome.payment_id for outcome in outcomes if outcome.settled is Settled.BOOKED}
    assert {outcome.payment_id for outcome in outcomes if outcome.settled is Settled.KNOWN} <= booked
    assert_books_sound(run)


def _home(run: Run, clock: MovedClock) -> Home:
    number = next(_numbers)
    payer = make_customer(run, phone=f"07{number % 90_000_000 + 10_000_000}")
    child = make_customer(run, phone=f"07{next(_numbers) % 90_000_000 + 10_000_000}")
    code = f"HOME{number}"
    service = make_service(
        run,
        customer=payer,
        price_id=make_price(run, code=code),
        router_id=make_router(run, name=f"router-{number}"),
        username=f"home{number}",
    )
    run(set_payer, customer_id=child.customer_id, payer_id=payer.customer_id)
    suspend(run, service)
    make_invoice(run, payer, amount=kes(500))
    clock.advance(timedelta(minutes=2))  # a phone shows one prompt at a time
    attempt = make_attempt(run, payer)
    (first, *_) = run.read(invoices_of, customer_id=payer.customer_id)
    return Home(service, child, attempt, first[0])


def _evidence(told: Message, home: Home, numbers: list[str]) -> PaymentEvidence:
    number, amount = numbers[told.receipt], kes(told.shillings)
    match told.word:
        case "callback":
            return stk(home.attempt, receipt=number)
        case "callback of another sum":
            return stk(home.attempt, receipt=number, amount=kes(1))
        case "account":
            return c2b(home.service.customer.account_number, receipt=number, amount=amount)
        case "child's account":
            return c2b(home.child.account_number, receipt=number, amount=amount)
        case "invoice":
            return c2b(home.invoice, receipt=number, amount=amount)
        case "stranger":
            return c2b("WIFI YA JANE", receipt=number, amount=amount)
        case _:
            return statement(None, receipt=number, amount=amount)


def _left(run: Run, homes: list[Home], numbers: list[str]) -> object:
    """Return what is on the books and on screens, with customers named by their place."""
    names: dict[CustomerId | None, str] = {None: "nobody"}
    for place, home in enumerate(homes):
        names |= {home.service.customer_id: f"payer {place}", home.child.customer_id: f"child {place}"}
    looks = [run.read(attempt_look, attempt_id=home.attempt.attempt_id) for home in homes]
    return (
        [(look.status, look.needs_review) for look in looks],
        [
            (
                numbers.index(one.transaction_id),
                one.amount,
                names[one.customer_id],
                one.attempt_id is not None,
            )
            for one in run.read(payments)
            if one.transaction_id in numbers
        ],
        [
            (
                run.read(owed, customer_id=home.service.customer_id),
                run.read(owed, customer_id=home.child.customer_id),
                [row[1:] for row in run.read(invoices_of, customer_id=home.service.customer_id)],
                run.read(service_state, subscription_id=home.service.subscription_id),
            )
            for home in homes
        ],
    )
