"""HTTP calls to Pesapal: token, addresses, orders, statuses, refunds. What the bodies mean is said in `messages`.

A token lives five minutes and is kept for four (payments reference, C2); whoever comes while one is fetched waits.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx

from benfex.core.clock import Clock
from benfex.core.errors import (
    GatewayProtocolError,
    GatewayRejected,
    GatewayUnavailable,
    GatewayUnreachable,
)
from benfex.core.pace import CallsUnderWay
from benfex.core.trust import trusted_authorities
from benfex.payments.gateways.pesapal import messages
from benfex.payments.wire import dump_with_amount, load_object, text_of
from data.values.money import Money

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_TIMEOUT = httpx.Timeout(15.0, connect=5.0)
_TOKEN_LIFE = timedelta(minutes=4)


@dataclass(frozen=True, slots=True)
class PesapalAccount:
    """Our account at Pesapal."""

    base_url: str
    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)


class PesapalClient:
    """Speaks to Pesapal v3."""

    def __init__(self, account: PesapalAccount, clock: Clock) -> None:
        self._account = account
        self._clock = clock
        self._http = httpx.AsyncClient(
            base_url=account.base_url,
            timeout=_TIMEOUT,
            headers={"Accept": "application/json"},
            verify=trusted_authorities(),
        )
        self._token = ""
        self._token_ends_at = clock.now()
        self._token_lock = asyncio.Lock()
        self._addresses: dict[str, str] = {}
        self._address_lock = asyncio.Lock()
        self._calls = CallsUnderWay()

    async def drain(self) -> None:
        """Take no more calls, and wait for those that are under way."""
        await self._calls.drain()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def fresh_token(self) -> str:
        """Return a token that was fetched now."""
        return await self._token_other_than(self._token)

    async def address_id(self, url: str) -> str:
        """Return the id of our address for notices; it is registered once, and found again in Pesapal's list."""
        async with self._address_lock:
            if url not in self._addresses:
                self._addresses[url] = await self._registered(url)
            return self._addresses[url]

    async def submit(self, order: Mapping[str, Any], amount: Money) -> dict[str, Any]:
        """Hand in an order and return the answer.

        Raises GatewayRejected for a clear no, GatewayUnavailable when the outcome is unknown.
        """
        response = await self._call(
            "POST",
            "/api/Transactions/SubmitOrderRequest",
            content=dump_with_amount(order, amount),
            headers={"Content-Type": "application/json"},
        )
        content = load_object(response.content)
        if not content.get("order_tracking_id"):
            raise _refusal(response, content)
        return content

    async def status(self, tracking_id: str) -> bytes:
        """Return what Pesapal says of an order."""
        response = await self._call(
            "GET", "/api/Transactions/GetTransactionStatus", params={"orderTrackingId": tracking_id}
        )
        if response.status_code >= 500 and not load_object(response.content):
            raise _refusal(response, {})
        return response.content

    async def refund(self, words: Mapping[str, Any], amount: Money) -> dict[str, Any]:
        """Ask for money to go back and return the answer; a clear no is an answer with another status."""
        response = await self._call(
            "POST",
            "/api/Transactions/RefundRequest",
            content=dump_with_amount(words, amount),
            headers={"Content-Type": "application/json"},
        )
        content = load_object(response.content)
        if not content.get("status"):
            raise _refusal(response, content)
        return content

    async def _registered(self, url: str) -> str:
        listed = await self._call("GET", "/api/URLSetup/GetIpnList")
        try:
            known = messages.find_address(listed.content, url=url)
        except ValueError as cause:
            raise _refusal(listed, load_object(listed.content)) from cause
        if known is not None:
            return known
        response = await self._call(
            "POST", "/api/URLSetup/RegisterIPN", json={"url": url, "ipn_notification_type": "POST"}
        )
        content = load_object(response.content)
        made = text_of(content.get("ipn_id"), 80)
        if not made:
            raise _refusal(response, content)
        return made

    async def _call(self, method: str, path: str, **words: Any) -> httpx.Response:
        """Call with a token; one that is refused is fetched anew just once, since nothing was done with the rest."""
        token = self._token
        if not token or self._clock.now() >= self._token_ends_at:
            token = await self._token_other_than(token)
        response = await self._send(method, path, token=token, **words)
        if _is_about_token(response):
            token = await self._token_other_than(token)
            response = await self._send(method, path, token=token, **words)
            if _is_about_token(response):
                raise GatewayRejected("Pesapal refuses its own token.", gateway_code="token")
        return response

    async def _token_other_than(self, old: str) -> str:
        async with self._token_lock:
            if self._token != old and self._clock.now() < self._token_ends_at:
                return self._token  # somebody else fetched it meanwhile
            keys = {
                "consumer_key": self._account.consumer_key,
                "consumer_secret": self._account.consumer_secret,
            }
            response = await self._send("POST", "/api/Auth/RequestToken", json=keys)
            content = load_object(response.content)
            token = text_of(content.get("token"), 4_000)
            error = messages.error_of(content)
            if not token and error.is_set:
                raise GatewayRejected(
                    "Pesapal refused the consumer key or secret. Tell the owner.",
                    gateway_code=error.code[:40] or "keys",
                )
            if not token:
                raise GatewayUnavailable("Pesapal is out of order. Try again in a minute.")
            self._token, self._token_ends_at = token, self._clock.now() + _TOKEN_LIFE
            return token

    async def _send(self, method: str, path: str, *, token: str = "", **words: Any) -> httpx.Response:
        if self._calls.is_closed or self._http.is_closed:
            raise GatewayRejected("Pesapal is being set up anew. Try again.", gateway_code="closed")
        headers = words.pop("headers", {}) | ({"Authorization": f"Bearer {token}"} if token else {})
        try:
            with self._calls:
                return await self._http.request(method, path, headers=headers, **words)
        except _NEVER_SENT as cause:
            raise GatewayUnreachable("Pesapal cannot be reached now. Try again in a minute.") from cause
        except httpx.HTTPError as cause:
            raise GatewayUnavailable("Pesapal did not answer.") from cause


def _is_about_token(response: httpx.Response) -> bool:
    if response.status_code == 401:
        return True
    return messages.error_of(load_object(response.content)).is_about_token


def _refusal(response: httpx.Response, content: Mapping[str, Any]) -> Exception:
    error = messages.error_of(content)
    if error.is_set:
        said = error.message or error.code.replace("_", " ")
        return GatewayRejected(f"Pesapal refused: {said}", gateway_code=error.code[:40])
    if response.status_code == 429:
        return GatewayRejected("Pesapal is busy. Try again in a minute.", gateway_code="429")
    if response.status_code >= 500:
        return GatewayUnavailable("Pesapal is out of order. Try again in a minute.")
    return GatewayProtocolError("Pesapal answered something that cannot be read.")
