"""Money that M-Pesa never told us of: its payer gives the receipt, M-Pesa is asked, and it is on their account."""

import asyncio

import pytest

from benfex.core.actors import SubscriberActor
from benfex.core.clock import MovedClock, SystemClock
from benfex.core.transactor import Transactor
from benfex.payments.claims import Claimed, Claims
from benfex.payments.inquiries import Inquiries
from data.values.identifiers import UserId
from tests.conftest import Run
from tests.contract.gateway_clients import client, open_outside
from tests.contract.gateway_far_ends import INITIATOR
from tests.factories.customers import make_customer
from tests.factories.isp import kes, set_up_isp
from tests.factories.looks import assert_books_sound, owed, payments
from tests.factories.till import open_till, webhook_doors

pytestmark = pytest.mark.sqlite_only

MSISDN = "254708374149"


@pytest.fixture
def clock() -> MovedClock:
    """The far ends live in true time."""
    return MovedClock(SystemClock().now())


async def test_a_payment_nobody_told_of_is_found_by_its_receipt(
    run: Run, transactor: Transactor, clock: MovedClock
) -> None:
    set_up_isp(run)
    amina = make_customer(run, phone=f"+{MSISDN}")
    async with (
        open_outside() as outside,
        client(outside.control_url) as control,
        webhook_doors() as (url, behind),
        open_till(
            transactor, clock, addresses={"mpesa": outside.daraja_url}, url=url, more=INITIATOR
        ) as till,
    ):
        behind.inbox, behind.clock = till.inbox, clock
        answer = await control.post(f"/phones/{MSISDN}/paybill", json={"account": "WIFI", "amount": 3_000})
        receipt = answer.json()["receipt"]
        claims = Claims(transactor, till.gateways, Inquiries(transactor, till.gateways, public_url=url))
        actor = SubscriberActor(UserId(900), amina.customer_id, "Amina")
        said = await claims.claim(actor, customer_id=amina.customer_id, receipt=receipt.lower())
        assert (said, run.read(payments)) == (Claimed.LOOKED_FOR, ())
        async with asyncio.timeout(5):
            while run.read(owed, customer_id=amina.customer_id) != kes(-3_000):
                await till.inbox.process_pending()
                await asyncio.sleep(0.01)
        said = await claims.claim(actor, customer_id=amina.customer_id, receipt=receipt)
        assert said is Claimed.ON_ACCOUNT
    assert_books_sound(run)
