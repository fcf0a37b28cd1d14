"""A second opinion by simulated gateways: what was missed is booked, payouts follow, clearing agrees to the cent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest

from benfex.core.clock import MovedClock, SystemClock
from benfex.core.paging import SliceRequest
from benfex.core.transactor import Transactor
from benfex.ledger.chart import AccountCode
from benfex.payments.checkout import CheckoutRequest
from benfex.payments.difference_answers import answer_difference
from benfex.payments.gateway_reconciliation import GatewayReconciliation, Reconciled
from benfex.payments.reconciliation_views import (
    DifferenceRecord,
    GatewayStanding,
    day_records,
    difference_records,
    standings,
)
from benfex.simulation.outside import Outside
from data.values.errors import NotFound, NotPermitted
from data.values.kinds import DifferenceAnswer, DifferenceKind
from data.values.money import Money
from tests.conftest import Run
from tests.contract.gateway_clients import client, open_outside
from tests.contract.gateway_far_ends import INITIATOR
from tests.factories.customers import MadeCustomer, make_customer
from tests.factories.isp import SUPPORT, SYSTEM, kes, set_up_isp
from tests.factories.looks import assert_books_sound, balance, owed
from tests.factories.till import Till, open_till, webhook_doors

pytestmark = pytest.mark.sqlite_only

MSISDN = "254708374149"
CARD = "4084084084084081"


@pytest.fixture
def clock() -> MovedClock:
    """The far ends live in true time, and their records are asked for by it."""
    return MovedClock(SystemClock().now())


@dataclass
class Line:
    """A customer, the flows, and the far ends."""

    run: Run
    clock: MovedClock
    till: Till
    outside: Outside
    control: httpx.AsyncClient
    customer: MadeCustomer

    def __post_init__(self) -> None:
        self.reconciliation = GatewayReconciliation(
            self.till.transactor,
            self.till.gateways,
            self.till.reconciler,
            self.clock,
            public_url=self.till.url,
        )

    async def tell(self, path: str, **body: object) -> None:
        response = await self.control.post(path, json=body)
        assert response.status_code == 200, response.text

    async def look(self, gateway: str) -> Reconciled:
        """Look at a gateway an hour later than what came last."""
        self.clock.move_to(SystemClock().now() + timedelta(seconds=1))
        return await self.reconciliation.run(SYSTEM, gateway)

    async def paybill(self, shillings: int) -> None:
        await self.tell(f"/phones/{MSISDN}/paybill", account=self.customer.account_number, amount=shillings)

    async def hears(self, count: int) -> None:
        """Work off what comes until so many messages were worked off."""
        async with asyncio.timeout(5):
            while count:
                count -= await self.till.inbox.process_pending()
                await asyncio.sleep(0.01)

    def owed(self) -> Money:
        return self.run.read(owed, customer_id=self.customer.customer_id)

    def clearing(self) -> Money:
        return self.run.read(balance, code=AccountCode.CLEARING)

    def open(self) -> tuple[DifferenceRecord, ...]:
        return self.run.read(difference_records, request=SliceRequest(), is_open=True).rows

    def standing(self, gateway: str) -> GatewayStanding:
        (found,) = (one for one in self.run.read(standings, gateways=()) if one.gateway == gateway)
        return found


@asynccontextmanager
async def opened(run: Run, transactor: Transactor, clock: MovedClock, gateway: str) -> AsyncIterator[Line]:
    set_up_isp(run)
    async with (
        open_outside() as outside,
        client(outside.control_url) as control,
        webhook_doors() as (url, behind),
        open_till(
            transactor,
            clock,
            addresses={gateway: outside.daraja_url if gateway == "mpesa" else outside.paystack_url},
            url=url,
            more=INITIATOR if gateway == "mpesa" else None,
        ) as till,
    ):
        behind.inbox, behind.clock = till.inbox, clock
        await till.gateways.register_callbacks(public_url=url)
        yield Line(run, clock, till, outside, control, make_customer(run))
    assert_books_sound(run)


@pytest.fixture
async def mpesa(run: Run, transactor: Transactor, clock: MovedClock) -> AsyncIterator[Line]:
    async with opened(run, transactor, clock, "mpesa") as line:
        yield line


@pytest.fixture
async def paystack(run: Run, transactor: Transactor, clock: MovedClock) -> AsyncIterator[Line]:
    async with opened(run, transactor, clock, "paystack") as line:
        yield line


async def pay_by_card(line: Line, shillings: int) -> None:
    """Pay at Paystack, whose webhook never comes."""
    request = CheckoutRequest(
        line.customer.customer_id, kes(shillings), "paystack", email="amina@mail.example"
    )
    await line.till.checkout.start(SYSTEM, request)
    reference = next(reversed(line.outside.paystack.charges))
    await line.tell("/paystack/pay", reference=reference, card=CARD)


async def test_money_that_no_message_told_of_is_booked_with_the_reason(mpesa: Line) -> None:
    await mpesa.tell("/daraja/delivery", lose_next=1)
    await mpesa.paybill(1_200)
    found = await mpesa.look("mpesa")
    assert (found.read, found.booked, found.problem) == (1, 1, "")
    assert mpesa.owed() == kes(-1_200)
    (told,) = mpesa.run.read(difference_records, request=SliceRequest()).rows
    assert (told.kind, told.resolution) == (DifferenceKind.MISSING_HERE, "Booked from the gateway's record.")
    again = await mpesa.look("mpesa")
    assert (again.read, again.booked) == (1, 0)
    (day,) = mpesa.run.read(day_records, request=SliceRequest()).rows
    assert (day.agrees, day.ours, day.theirs) == (True, kes(1_200), kes(1_200))


async def test_clearing_agrees_with_mpesas_balance_to_the_cent_once_its_opening_is_known(mpesa: Line) -> None:
    await mpesa.paybill(1_200)
    await mpesa.hears(1)
    for _ in range(2):
        await mpesa.look("mpesa")
        await mpesa.hears(1)
    (opening,) = mpesa.open()
    assert (opening.kind, opening.ours, opening.theirs) == (
        DifferenceKind.BALANCE,
        kes(1_200),
        kes(mpesa.outside.daraja.ledger.balance),
    )
    mpesa.run(
        answer_difference, difference_id=opening.id, answer=DifferenceAnswer.OPENING, words="Held before"
    )
    assert mpesa.clearing() == kes(mpesa.outside.daraja.ledger.balance)
    await mpesa.paybill(300)
    await mpesa.hears(1)
    await mpesa.look("mpesa")
    await mpesa.hears(1)
    (held,) = mpesa.standing("mpesa").balances
    assert held.between.is_zero
    assert mpesa.open() == ()


async def test_a_record_that_cannot_be_read_is_told_and_read_from_there_later(mpesa: Line) -> None:
    await mpesa.paybill(500)
    await mpesa.hears(1)
    await mpesa.tell("/daraja/fault", kind="html", count=50)
    found = await mpesa.look("mpesa")
    assert found.problem
    assert mpesa.standing("mpesa").problem == found.problem
    await mpesa.tell("/daraja/fault", kind="none")
    assert (await mpesa.look("mpesa")).read == 1
    assert mpesa.standing("mpesa").problem == ""


async def test_a_payout_is_booked_once_and_clearing_agrees_with_what_is_held(paystack: Line) -> None:
    for shillings in (1_000, 2_500):
        await pay_by_card(paystack, shillings)
    found = await paystack.look("paystack")
    assert (found.read, found.booked) == (2, 2)
    assert paystack.clearing().minor == paystack.outside.paystack.settlements.held("KES")
    await paystack.tell("/paystack/settle", currency="KES")
    for _ in range(2):
        await paystack.look("paystack")
    assert paystack.clearing() == kes(0)
    fees = paystack.run.read(balance, code=AccountCode.PAYMENT_FEES)
    assert paystack.run.read(balance, code=AccountCode.BANK) == kes(3_500) - fees
    assert fees.is_positive
    assert paystack.open() == ()
    (held,) = paystack.standing("paystack").balances
    assert held.between.is_zero


async def test_two_looks_at_once_book_everything_once(paystack: Line) -> None:
    await pay_by_card(paystack, 1_000)
    paystack.clock.move_to(SystemClock().now() + timedelta(seconds=1))
    await asyncio.gather(*(paystack.reconciliation.run(SYSTEM, "paystack") for _ in range(3)))
    assert paystack.owed() == kes(-1_000)
    assert paystack.open() == ()


async def test_who_may_not_match_money_may_not_look_and_only_what_tells_is_asked(paystack: Line) -> None:
    with pytest.raises(NotPermitted):
        await paystack.reconciliation.run(SUPPORT, "paystack")
    with pytest.raises(NotFound):
        await paystack.reconciliation.run(SYSTEM, "mpesa")
