"""HTTP calls to Flutterwave: pay, charge, verify, list, refund. What the bodies mean is said in `messages`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx

from benfex.core.errors import (
    GatewayError,
    GatewayProtocolError,
    GatewayRejected,
    GatewayUnavailable,
    GatewayUnreachable,
)
from benfex.core.pace import CallsUnderWay
from benfex.core.trust import trusted_authorities
from benfex.payments.wire import dump_with_amount, load_object, object_in, text_of
from data.values.money import Money

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_TIMEOUT = httpx.Timeout(15.0, connect=5.0)


class FlutterwaveClient:
    """Speaks to Flutterwave v3."""

    def __init__(self, *, base_url: str, secret_key: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=base_url,
            timeout=_TIMEOUT,
            headers={"Authorization": f"Bearer {secret_key}", "Content-Type": "application/json"},
            verify=trusted_authorities(),
        )
        self._calls = CallsUnderWay()

    async def drain(self) -> None:
        """Take no more calls, and wait for those that are under way."""
        await self._calls.drain()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def ask(self, path: str, body: Mapping[str, Any], amount: Money) -> dict[str, Any]:
        """Post a body with its amount and return the data of the answer.

        Raises GatewayRejected for a clear no, GatewayUnavailable when the outcome is unknown.
        """
        response = await self._send("POST", path, content=dump_with_amount(body, amount))
        content = load_object(response.content)
        data = object_in(content, "data")
        if response.status_code == 200 and content.get("status") == "success" and data:
            return data
        raise _refusal(response, content)

    async def find(self, path: str, **params: str) -> bytes | None:
        """Return what Flutterwave knows under a path, None when it knows nothing."""
        response = await self._send("GET", path, params=params)
        if response.status_code == 200:
            return response.content
        content = load_object(response.content)
        if response.status_code in {400, 404} and "no transaction" in _said(content).lower():
            return None
        raise _refusal(response, content)

    async def verify_by_id(self, transaction_id: str) -> bytes | None:
        """Return what it says of a transaction by its own number, None when there is none."""
        return await self.find(f"/transactions/{quote(transaction_id, safe='')}/verify")

    async def verify_by_reference(self, reference: str) -> bytes | None:
        """Return what it says of a transaction by our reference, None when there is none."""
        return await self.find("/transactions/verify_by_reference", tx_ref=reference)

    async def list_page(self, *, since: datetime, until: datetime, page: int) -> bytes:
        """Return one page of the successful transactions of whole days."""
        body = await self.find(
            "/transactions",
            **{
                "from": f"{since:%Y-%m-%d}",
                "to": f"{until:%Y-%m-%d}",
                "status": "successful",
                "page": str(page),
            },
        )
        if body is None:
            raise GatewayProtocolError("Flutterwave's list of transactions cannot be read.")
        return body

    async def _send(self, method: str, path: str, **words: Any) -> httpx.Response:
        if self._calls.is_closed or self._http.is_closed:
            raise GatewayRejected("Flutterwave is being set up anew. Try again.", gateway_code="closed")
        try:
            with self._calls:
                return await self._http.request(method, path, **words)
        except _NEVER_SENT as cause:
            raise GatewayUnreachable("Flutterwave cannot be reached now. Try again in a minute.") from cause
        except httpx.HTTPError as cause:
            raise GatewayUnavailable("Flutterwave did not answer.") from cause


def _refusal(response: httpx.Response, content: Mapping[str, Any]) -> GatewayError:
    if response.status_code >= 500:
        return GatewayUnavailable("Flutterwave is out of order. Try again in a minute.")
    if response.status_code == 429:  # nothing began
        return GatewayRejected("Flutterwave is busy. Try again in a minute.", gateway_code="429")
    if response.status_code == 401:
        return GatewayRejected("Flutterwave refused our secret key. Tell the owner.", gateway_code="401")
    if 400 <= response.status_code < 500:
        return GatewayRejected(
            f"Flutterwave refused: {_said(content)}".rstrip(": "), gateway_code=str(response.status_code)
        )
    return GatewayProtocolError("Flutterwave answered something that cannot be read.")


def _said(content: Mapping[str, Any]) -> str:
    return text_of(content.get("message"), 160)
