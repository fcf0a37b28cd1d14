"""The doors for webhooks over HTTP, with every registered gateway and the worked example behind them."""

import hashlib
import hmac
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import structlog
from sqlalchemy import func, select
from sqlmodel import col

from benfex.core.clock import Clock
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot
from benfex.payments.accounts import GatewayBook, save_gateway_account
from benfex.payments.registry import build_gateways
from benfex.payments.webhooks import WebhookInbox
from data.models.webhook import InboundWebhook
from tests.contract.far_end import CALLBACK_TOKEN, FarEnd
from tests.contract.gateway_far_ends import FAR_ENDS, KINDS, build
from tests.contract.payload_handling import MANIFEST
from tests.factories.isp import SYSTEM, VAULT
from tests.factories.till import webhook_doors

OTHER_TOKEN = "f" * len(CALLBACK_TOKEN)
_NOWHERE = {"base_url": "http://127.0.0.1:9"}
# The corpus is of a Paybill of its own, and of a live account that signed with the key before this one.
_MORE: Mapping[str, Mapping[str, str]] = {
    "mpesa": {"shortcode": "600984"},
    "paystack": {"previous_secret_key": MANIFEST["paystack_test_secret"], "mode": "live"},
}
# M-Pesa has a door for each thing that it posts; `{token}` is of one thing of ours.
_MPESA_DOORS = (
    "stk/{token}",
    "c2b/validation",
    "c2b/confirmation",
    "pull",
    "refund/{token}",
    "refund/{token}/status",
    "refund/{token}/status/late",
    "refund/{token}/late",
    "balance/{token}",
    "balance/{token}/late",
    "status/{token}",
    "status/{token}/late",
    "order/{token}",
)


def settings_of(name: str) -> Mapping[str, str]:
    return {**FAR_ENDS[name].settings, **_NOWHERE, **_MORE.get(name, {})}


def far_end_of(name: str) -> FarEnd:
    """Return the far end for what it knows of proofs; it talks to nobody."""
    return FAR_ENDS[name](build(name, settings_of(name)), None, None, None)  # type: ignore[arg-type]


def doors_of(name: str, *, token: str = "a1") -> list[str]:
    """Return the paths of every door of a gateway."""
    if name == "mpesa":
        return [f"/webhooks/mm/{CALLBACK_TOKEN}/{door.format(token=token)}" for door in _MPESA_DOORS]
    return [far_end_of(name).gateway.callback_path("event", token) or f"/webhooks/{name}"]


def proof_of(name: str, body: bytes) -> dict[str, str]:
    """Return the headers with which the true sender would bring these bytes."""
    return dict(far_end_of(name).proven(body).headers)


def recorded_proof(name: str, body: bytes) -> dict[str, str]:
    """Return the headers of the corpus: what it signed with its own key, made here where it is not recorded."""
    if name != "paystack":
        return proof_of(name, body)
    secret = MANIFEST["paystack_test_secret"].encode()
    return {"x-paystack-signature": hmac.new(secret, body, hashlib.sha512).hexdigest()}


def forged(path: str, headers: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Return a path and headers with another secret of the same length in place of every true one."""
    return path.replace(CALLBACK_TOKEN, OTHER_TOKEN), {
        key: "0" * len(value) for key, value in headers.items()
    }


@dataclass
class Doors:
    """What knocks, and what works the knocks off."""

    http: httpx.AsyncClient
    inbox: WebhookInbox
    transactor: Transactor

    async def knock(
        self, path: str, content: Any, headers: Mapping[str, str], *, method: str = "POST"
    ) -> int:
        letters = {key.encode(): value.encode("latin-1") for key, value in headers.items()}
        response = await self.http.request(method, path, content=content, headers=letters)
        return response.status_code

    async def kept(self, *, after: int = 0) -> list[bytes]:
        """Return the bodies that are kept, oldest first, beyond the row `after`."""
        return await self.transactor.read(_bodies, SYSTEM, after=after)

    async def last_kept(self) -> int:
        return await self.transactor.read(_newest, SYSTEM)


@asynccontextmanager
async def open_doors(transactor: Transactor, clock: Clock) -> AsyncIterator[Doors]:
    """Yield the doors with every gateway of the contract behind them; none has anywhere to ask."""
    for name in KINDS:
        await transactor.transact(
            save_gateway_account, SYSTEM, gateway=name, settings=settings_of(name), vault=VAULT
        )
    book = GatewayBook(
        transactor, VAULT, clock, lambda accounts: build_gateways(accounts, clock, kinds=KINDS)
    )
    await book.load()
    async with (
        webhook_doors() as (url, behind),
        httpx.AsyncClient(base_url=url, trust_env=False, verify=False, timeout=10) as http,
    ):
        behind.inbox, behind.clock = WebhookInbox(transactor, book, vault=VAULT), clock
        try:
            yield Doors(http, behind.inbox, transactor)
        finally:
            await book.close()


@contextmanager
def nothing_at_error_level() -> Iterator[None]:
    """Fail when anything is logged as an error meanwhile, or a delivery could not be worked off for a fault of ours."""
    with structlog.testing.capture_logs() as logs:
        yield
    assert [
        one for one in logs if one["log_level"] in {"error", "critical"} or one["event"] == "webhook put off"
    ] == []


def _bodies(snapshot: Snapshot, *, after: int) -> list[bytes]:
    found = (
        select(col(InboundWebhook.body))
        .where(col(InboundWebhook.id) > after)
        .order_by(col(InboundWebhook.id))
    )
    return list(snapshot.session.scalars(found))


def _newest(snapshot: Snapshot) -> int:
    return snapshot.session.scalar(select(func.max(col(InboundWebhook.id)))) or 0
