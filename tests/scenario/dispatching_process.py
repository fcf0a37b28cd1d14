"""`python -m tests.scenario.dispatching_process URL`: a process that sends what waits, for a test to kill."""

import asyncio
import sys

from benfex.core.clock import SystemClock
from benfex.core.events import EventBus
from benfex.core.transactor import Transactor
from benfex.ledger.journal import seal_chain
from benfex.notifications.accounts import ChannelBook
from benfex.notifications.dispatching import MessageDispatcher
from benfex.notifications.registry import build_channels
from benfex.payments.pay_links import create_pay_link
from data.engine import open_database
from tests.factories.isp import VAULT


async def main(url: str) -> None:
    """Send once what is due."""
    clock = SystemClock()
    transactor = Transactor(open_database(url), clock, EventBus(), before_commit=seal_chain)
    await transactor.start()
    book = ChannelBook(transactor, VAULT, lambda accounts: build_channels(accounts, clock))
    await book.load()
    dispatcher = MessageDispatcher(
        transactor, book, clock, public_url="https://billing.example", make_pay_link=create_pay_link
    )
    await dispatcher.dispatch_due()
    await book.close()
    await transactor.stop()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
