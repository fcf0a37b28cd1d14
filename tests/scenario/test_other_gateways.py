"""Gateways whose webhooks only point at a payment: asked at once, booked once, found when nothing came at all."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from benfex.core.clock import MovedClock, SystemClock
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot
from benfex.payments.refund_following import Refunds
from benfex.payments.refund_requests import NewRefund, ask_refund
from data.models.payment import Payment
from data.values.identifiers import PaymentId
from data.values.kinds import RefundWay
from data.values.states import AttemptStatus, PaymentStatus, RefundStatus
from tests.conftest import Run
from tests.contract.gateway_clients import client, open_outside
from tests.factories.customers import make_service, suspend
from tests.factories.isp import VAULT, kes, set_up_isp
from tests.factories.looks import assert_books_sound, deliveries, owed, payments
from tests.factories.refunding import only_refund
from tests.factories.till import open_till, webhook_doors
from tests.scenario.test_money_line import Line

pytestmark = pytest.mark.sqlite_only

BOTH = pytest.mark.parametrize("gateway", ["flutterwave", "pesapal"])


@pytest.fixture
def clock() -> MovedClock:
    """The far ends live in true time, and their statements are asked for by it."""
    return MovedClock(SystemClock().now())


@pytest.fixture
async def line(run: Run, transactor: Transactor, clock: MovedClock) -> AsyncIterator[Line]:
    set_up_isp(run)
    service = make_service(run)
    suspend(run, service)
    async with (
        open_outside() as outside,
        client(outside.control_url) as control,
        webhook_doors() as (url, behind),
        open_till(
            transactor,
            clock,
            addresses={name: outside.hosted_url(name) for name in ("flutterwave", "pesapal")},
            url=url,
        ) as till,
    ):
        behind.inbox, behind.clock = till.inbox, clock
        await till.gateways.register_callbacks(public_url=url)
        one = Line(run, clock, till, outside, control, service)
        await one.tell("/flutterwave/webhook-url", url=f"{url}/webhooks/flutterwave")
        yield one
    assert_books_sound(run)


async def pay(line: Line, gateway: str, what: str = "pay") -> None:
    (reference,) = line.outside.hosted[gateway].orders
    await line.tell(f"/{gateway}/{what}", reference=reference)


def payment_states(snapshot: Snapshot) -> list[PaymentStatus]:
    return [payment.status for payment in snapshot.session.scalars(select(Payment))]


@BOTH
async def test_a_webhook_has_the_gateway_asked_at_once(line: Line, gateway: str) -> None:
    attempt_id = await line.begin(gateway)
    await pay(line, gateway)
    await line.came(1)
    assert line.run.read(payments) == ()
    await line.checked(after_seconds=0)
    line.assert_paid_once()
    assert line.attempt(attempt_id).status is AttemptStatus.SUCCEEDED


@BOTH
async def test_webhooks_that_come_twice_pay_once(line: Line, gateway: str) -> None:
    await line.begin(gateway)
    await pay(line, gateway)
    await line.came(1)
    line.clock.advance(timedelta(seconds=1))
    order = next(iter(line.outside.hosted[gateway].orders.values()))
    line.outside.hosted[gateway].announce(order)
    await line.came(2)
    await line.checked(after_seconds=0)
    await line.checked()
    line.assert_paid_once()


@BOTH
async def test_a_payment_whose_webhook_was_lost_is_asked_about(line: Line, gateway: str) -> None:
    await line.tell(f"/{gateway}/delivery", lose_next=1)
    await line.begin(gateway)
    await pay(line, gateway)
    await line.checked()
    assert line.run.read(deliveries) == ()
    line.assert_paid_once()


@BOTH
async def test_a_try_that_failed_and_one_that_paid_pay_once(line: Line, gateway: str) -> None:
    attempt_id = await line.begin(gateway)
    await pay(line, gateway, "decline")
    await line.came(1)
    await line.checked(after_seconds=0)
    assert line.attempt(attempt_id).status is AttemptStatus.FAILED
    line.clock.advance(timedelta(seconds=20))
    await pay(line, gateway)
    await line.came(2)
    await line.checked(after_seconds=0)
    line.assert_paid_once()


@BOTH
async def test_a_start_whose_answer_was_lost_is_named_by_its_webhook(line: Line, gateway: str) -> None:
    await line.tell(f"/{gateway}/fault", kind="drop_after_accept", count=1)
    attempt_id = await line.begin(gateway)
    assert line.attempt(attempt_id).gateway_reference is None
    await pay(line, gateway)
    await line.came(1)
    await line.checked(after_seconds=0)
    line.assert_paid_once()


async def test_money_that_flutterwave_lists_and_nobody_told_is_booked(line: Line) -> None:
    await line.tell("/flutterwave/delivery", lose_next=1)
    await line.begin("flutterwave")
    await pay(line, "flutterwave")
    now = SystemClock().now()
    found = await line.till.reconciler.read_statement(
        "flutterwave", since=now.replace(hour=0, minute=0), until=now.replace(year=now.year + 1)
    )
    assert (found.read, found.booked) == (1, 1)
    line.assert_paid_once()


async def test_a_notice_about_a_payment_we_never_asked_for_is_kept_and_books_nothing(line: Line) -> None:
    path = line.till.gateways.get("pesapal").callback_path("ipn", "")
    notice = {"OrderTrackingId": "x", "OrderMerchantReference": "BFXNONE"}
    async with client(line.till.url) as far_end:
        by_query = await far_end.get(path, params=notice)
        by_body = await far_end.post(path, json=notice)
    assert [answer.status_code for answer in (by_query, by_body)] == [200, 200]
    assert by_query.json()["orderTrackingId"] == "x"
    await line.came(2)
    assert line.run.read(payments) == ()


async def test_money_that_pesapal_reversed_leaves_the_books_and_is_owed_again(line: Line) -> None:
    attempt_id = await line.begin("pesapal")
    await pay(line, "pesapal")
    await line.came(1)
    await line.checked(after_seconds=0)
    line.clock.advance(timedelta(days=3))
    await pay(line, "pesapal", "reverse")
    await line.came(2)
    await line.checked(after_seconds=0)
    assert line.run.read(payment_states) == [PaymentStatus.REVERSED]
    assert line.run.read(owed, customer_id=line.service.customer_id) == kes(2_500)
    assert line.attempt(attempt_id).next_check_at is None


# Money that goes back


async def free_money(line: Line, gateway: str) -> PaymentId:
    """Pay what is owed, then KES 1,000 more, which nothing needs."""
    await line.begin(gateway)
    await pay(line, gateway)
    await line.came(1)
    await line.checked(after_seconds=0)
    await line.begin(gateway, amount=kes(1_000))
    *_, reference = line.outside.hosted[gateway].orders
    await line.tell(f"/{gateway}/pay", reference=reference)
    await line.came(2)
    await line.checked(after_seconds=0)
    return max(line.run.read(payment_ids))


def payment_ids(snapshot: Snapshot) -> list[PaymentId]:
    return [PaymentId(row.id) for row in snapshot.session.scalars(select(Payment)) if row.id is not None]


def refund(line: Line, gateway: str, payment_id: PaymentId) -> Refunds:
    wish = NewRefund(kes(1_000), "paid twice", RefundWay.GATEWAY)
    book = line.till.gateways
    line.run(ask_refund, payment_id=payment_id, wish=wish, gateways={gateway: book.get(gateway)})
    return Refunds(line.till.transactor, book, VAULT, public_url=line.till.url)


async def test_a_refund_by_flutterwave_is_followed_to_its_end(line: Line) -> None:
    refunds_flow = refund(line, "flutterwave", await free_money(line, "flutterwave"))
    await refunds_flow.send_approved()
    assert only_refund(line.run).status is RefundStatus.PENDING
    line.outside.flutterwave.finish_refunds()
    line.clock.advance(timedelta(hours=1))
    await refunds_flow.check_due()
    assert only_refund(line.run).status is RefundStatus.SUCCEEDED


async def test_a_refund_by_pesapal_ends_when_the_payment_is_reversed(line: Line) -> None:
    await refund(line, "pesapal", await free_money(line, "pesapal")).send_approved()
    assert only_refund(line.run).status is RefundStatus.PENDING
    line.clock.advance(timedelta(hours=1))
    *_, reference = line.outside.pesapal.orders
    await line.tell("/pesapal/reverse", reference=reference)
    await line.came(3)
    await line.checked(after_seconds=0)
    assert only_refund(line.run).status is RefundStatus.SUCCEEDED
    assert line.run.read(payment_states) == [PaymentStatus.RECEIVED, PaymentStatus.RECEIVED]
