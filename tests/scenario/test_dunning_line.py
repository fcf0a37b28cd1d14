"""A late payer's weeks as their phone shows them, and a dispatcher that is killed between sending and writing down."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest

from benfex.core.clock import MovedClock, SystemClock
from benfex.core.policy import save_policy
from benfex.core.transactor import Transactor
from benfex.dunning.promises import make_promise
from benfex.dunning.runner import DunningRunner
from benfex.notifications.accounts import ChannelBook, save_channel_account
from benfex.notifications.dispatching import MessageDispatcher
from benfex.notifications.outbox import enqueue_message
from benfex.notifications.registry import build_channels
from benfex.payments.pay_links import create_pay_link
from benfex.simulation.door import Door
from benfex.simulation.texting import Texting
from data.values.kinds import DunningAction, MessageChannel
from data.values.states import MessageStatus
from data.values.terms import DunningStep
from tests.conftest import Run
from tests.factories.customers import make_customer, make_service
from tests.factories.isp import SYSTEM, VAULT, kes, set_up_isp
from tests.factories.messages import log_of, queued
from tests.factories.money import c2b, settle

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 30.0
pytestmark = pytest.mark.sqlite_only  # the wire and the process, nothing of a database


@asynccontextmanager
async def texting() -> AsyncIterator[tuple[Texting, dict[str, str]]]:
    provider = Texting()
    door = Door(provider.app)
    await door.start()
    account = {"username": "benfex-demo", "api_key": "atsk_benfex_demo", "base_url": door.url}
    try:
        yield provider, account
    finally:
        await door.stop()


async def dispatcher_at(transactor: Transactor, clock: MovedClock) -> tuple[MessageDispatcher, ChannelBook]:
    book = ChannelBook(transactor, VAULT, lambda accounts: build_channels(accounts, clock))
    await book.load()
    address = "https://billing.example"
    return (
        MessageDispatcher(transactor, book, clock, public_url=address, make_pay_link=create_pay_link),
        book,
    )


async def until(condition: Callable[[], bool]) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_SECONDS
    while not condition():
        assert loop.time() < deadline, "it did not happen in time"
        await asyncio.sleep(0.05)


async def test_the_weeks_of_a_late_payer_who_promises_breaks_it_and_pays(
    run: Run, transactor: Transactor, clock: MovedClock
) -> None:
    set_up_isp(run)
    steps = [
        DunningStep(-3, DunningAction.REMIND),
        DunningStep(1, DunningAction.PROMPT),
        DunningStep(3, DunningAction.SUSPEND),
    ]
    run(save_policy, steps=steps, quiet_weekdays=frozenset({7}))
    async with texting() as (provider, account):
        run(save_channel_account, channel=MessageChannel.SMS, settings=account, vault=VAULT)
        dispatcher, book = await dispatcher_at(transactor, clock)
        service = make_service(run)
        heard: list[tuple[date, str]] = []

        async def live_until(day: date) -> None:
            while True:
                await DunningRunner(transactor).run(SYSTEM)
                seen = len(provider.texts)
                await dispatcher.dispatch_due()
                heard.extend(
                    (clock.now().date(), text.message.partition(": ")[2][:31])
                    for text in list(provider.texts)[seen:]
                )
                if clock.now().date() == day:
                    return
                clock.advance(timedelta(days=1))

        await live_until(date(2026, 12, 4))  # due on 30 November, cut off on 3 December
        run(make_promise, customer_id=service.customer_id, until_on=date(2026, 12, 5))
        await live_until(date(2026, 12, 8))  # Sunday the 6th is quiet, so it is broken on the 7th
        settle(run, c2b(service.customer.account_number, receipt="TKN4QX71SV", amount=kes(2_500)))
        await live_until(date(2026, 12, 9))
        await book.close()
    assert [(on.isoformat(), words) for on, words in heard] == [
        ("2026-11-23", "invoice INV-2026-00001, KES 2,5"),
        ("2026-11-27", "KES 2,500 (INV-2026-00001) is d"),
        ("2026-12-01", "KES 2,500 is open. Tap, enter y"),
        ("2026-12-03", "your internet is off until KES "),
        ("2026-12-04", "your internet is back on. Thank"),
        ("2026-12-04", "noted, you pay KES 2,500 by 5 D"),
        ("2026-12-07", "your internet is off until KES "),
        ("2026-12-08", "your internet is back on. Thank"),
        ("2026-12-08", "received KES 2,500 by M-Pesa, r"),
    ]


async def test_a_dispatcher_killed_between_sending_and_writing_down_loses_nothing(
    run: Run, transactor: Transactor, clock: MovedClock, database_url: str
) -> None:
    clock.move_to(SystemClock().now() - timedelta(minutes=1))
    set_up_isp(run)
    customer = make_customer(run).customer_id
    async with texting() as (provider, account):
        run(save_channel_account, channel=MessageChannel.SMS, settings=account, vault=VAULT)
        facts = {"amount": "KES 500", "method": "M-Pesa", "receipt": "TKN1", "balance": ""}
        for number in range(3):
            key = f"payment:{number}:received"
            run(
                enqueue_message,
                customer_id=customer,
                template="payment_received",
                facts=facts,
                dedupe_key=key,
            )
        provider.faults.set({"kind": "slow", "seconds": PATIENCE_SECONDS})
        killed = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.scenario.dispatching_process", database_url, cwd=ROOT
        )
        await until(lambda: len(provider.texts) == 3)
        killed.kill()
        await killed.wait()
        assert log_of(run, customer) == []
        provider.faults.set({"kind": "none"})
        dispatcher, book = await dispatcher_at(transactor, clock)
        clock.move_to(SystemClock().now() + timedelta(minutes=4))
        assert await dispatcher.dispatch_due() == 0  # the claim may still be worked on
        clock.advance(timedelta(minutes=2))
        assert await dispatcher.dispatch_due() == 3
        await book.close()
    assert (
        len(provider.texts) == 6
    )  # at least once: Africa's Talking knows no key that would say "I have this"
    assert len(log_of(run, customer)) == 3
    assert {row.status for row in queued(run)} == {MessageStatus.SENT}
