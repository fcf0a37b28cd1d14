"""The till: every flow that takes money, over one database, behind the true doors for webhooks."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import cast

from fastapi import FastAPI

from benfex.application import Benfex
from benfex.core.clock import Clock
from benfex.core.transactor import Transactor
from benfex.payments.accounts import GatewayBook, save_gateway_account
from benfex.payments.checkout import Checkout
from benfex.payments.reconciliation import PaymentReconciler
from benfex.payments.registry import build_gateways
from benfex.payments.webhooks import WebhookInbox
from benfex.simulation.door import Door
from pages.webhooks import WebhookDoors
from tests.factories.isp import SYSTEM, VAULT
from tests.factories.money import SETTINGS


@dataclass
class Till:
    """What takes money. `restart` forgets all that is not a row, as a killed process does."""

    transactor: Transactor
    clock: Clock
    url: str
    gateways: GatewayBook
    checkout: Checkout
    inbox: WebhookInbox
    reconciler: PaymentReconciler

    async def restart(self) -> None:
        await self.gateways.close()
        self.gateways, self.checkout, self.inbox, self.reconciler = await _flows(
            self.transactor, self.clock, self.url
        )


@asynccontextmanager
async def open_till(
    transactor: Transactor,
    clock: Clock,
    *,
    addresses: Mapping[str, str],
    url: str = "https://billing.example",
    more: Mapping[str, str] | None = None,
) -> AsyncIterator[Till]:
    """Yield a till whose gateways answer at the addresses, one for each that is named; `more` settings go to each."""
    for name, address in addresses.items():
        await transactor.transact(
            save_gateway_account,
            SYSTEM,
            gateway=name,
            settings=SETTINGS[name] | {"base_url": address} | dict(more or {}),
            vault=VAULT,
        )
    till = Till(transactor, clock, url, *await _flows(transactor, clock, url))
    try:
        yield till
    finally:
        await till.gateways.close()


@asynccontextmanager
async def webhook_doors() -> AsyncIterator[tuple[str, SimpleNamespace]]:
    """Yield the address of the doors, and what stands behind them: set its `inbox` and `clock`."""
    app, behind = FastAPI(), SimpleNamespace()
    app.state.benfex = behind
    app.add_middleware(WebhookDoors, benfex=cast(Benfex, behind))
    door = Door(app)
    await door.start()
    try:
        yield door.url, behind
    finally:
        await door.stop()


async def _flows(
    transactor: Transactor, clock: Clock, url: str
) -> tuple[GatewayBook, Checkout, WebhookInbox, PaymentReconciler]:
    book = GatewayBook(transactor, VAULT, clock, lambda accounts: build_gateways(accounts, clock))
    await book.load()
    return (
        book,
        Checkout(transactor, book, public_url=url),
        WebhookInbox(transactor, book, vault=VAULT),
        PaymentReconciler(transactor, book, clock, vault=VAULT),
    )
