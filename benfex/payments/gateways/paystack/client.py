"""HTTP calls to Paystack: initialize, verify, list. What the bodies mean is said in `messages`."""

from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx

from benfex.core.errors import (
    GatewayProtocolError,
    GatewayRejected,
    GatewayUnavailable,
    GatewayUnreachable,
)
from benfex.core.pace import CallsUnderWay
from benfex.payments.gateways.paystack import messages

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_TIMEOUT = httpx.Timeout(15.0, connect=5.0)


class PaystackClient:
    """Speaks to Paystack."""

    def __init__(self, *, base_url: str, secret_key: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=base_url, timeout=_TIMEOUT, headers={"Authorization": f"Bearer {secret_key}"}
        )
        self._calls = CallsUnderWay()

    async def drain(self) -> None:
        """Take no more calls, and wait for those that are under way."""
        await self._calls.drain()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def initialize(self, body: dict[str, Any]) -> dict[str, Any]:
        """Begin a transaction and return its data.

        Raises GatewayRejected for a clear no, GatewayUnavailable when the outcome is unknown.
        """
        response = await self._send("POST", "/transaction/initialize", json=body)
        content = messages.load(response.content)
        data = content.get("data") if isinstance(content, dict) and content.get("status") is True else None
        if response.status_code == 200 and isinstance(data, dict):
            return data
        said = messages.text_of(content.get("message"), 200) if isinstance(content, dict) else ""
        if response.status_code == 400 and "duplicate" in said.lower():
            # It has this payment already, so this is no failure: verifying tells how it stands.
            raise GatewayUnavailable("Paystack has this payment already; it is being asked how it stands.")
        if response.status_code == 429:
            raise GatewayRejected("Paystack is busy. Try again in a minute.", gateway_code="rate_limited")
        raise self._refusal(response, content)

    async def verify(self, reference: str) -> bytes | None:
        """Return what Paystack says of a transaction, None when it does not know the reference."""
        response = await self._send("GET", f"/transaction/verify/{quote(reference, safe='')}")
        if response.status_code == 200:
            return response.content
        content = messages.load(response.content)
        known = content if isinstance(content, dict) else {}
        missing = "not found" in messages.text_of(known.get("message"), 200).lower()
        if response.status_code in {400, 404} and (missing or known.get("code") == "transaction_not_found"):
            return None
        raise self._refusal(response, content)

    async def list_page(self, *, since: datetime, until: datetime, cursor: str | None) -> bytes:
        """Return one page of the successful transactions that began in a span."""
        params = {
            "perPage": "100",
            "status": "success",
            "from": since.isoformat(),
            "to": until.isoformat(),
            "use_cursor": "true",
        }
        response = await self._send(
            "GET", "/transaction", params=params | ({"next": cursor} if cursor else {})
        )
        if response.status_code != 200:
            raise self._refusal(response, messages.load(response.content))
        return response.content

    async def _send(self, method: str, path: str, **words: Any) -> httpx.Response:
        if self._calls.is_closed or self._http.is_closed:
            raise GatewayRejected("Paystack is being set up anew. Try again.", gateway_code="closed")
        try:
            with self._calls:
                return await self._http.request(method, path, **words)
        except _NEVER_SENT as cause:
            raise GatewayUnreachable("Paystack cannot be reached now. Try again in a minute.") from cause
        except httpx.HTTPError as cause:
            raise GatewayUnavailable("Paystack did not answer.") from cause

    @staticmethod
    def _refusal(response: httpx.Response, content: Any) -> Exception:
        said = messages.text_of(content.get("message"), 160) if isinstance(content, dict) else ""
        code = messages.text_of(content.get("code"), 40) if isinstance(content, dict) else ""
        if response.status_code == 429 or response.status_code >= 500:
            return GatewayUnavailable("Paystack is busy. Try again in a minute.")
        if response.status_code == 401:
            return GatewayRejected("Paystack refused our secret key. Tell the owner.", gateway_code="401")
        if 400 <= response.status_code < 500:
            return GatewayRejected(
                f"Paystack refused the payment: {said}".rstrip(": "),
                gateway_code=code or str(response.status_code),
            )
        return GatewayProtocolError("Paystack answered something that cannot be read.")
