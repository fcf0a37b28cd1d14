"""HTTP calls to Paystack: initialize, verify, list. What the bodies mean is said in `messages`."""

from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx

from benfex.core.errors import GatewayProtocolError, GatewayRejected, GatewayUnavailable
from benfex.payments.gateways.paystack import messages

_TIMEOUT = httpx.Timeout(15.0, connect=5.0)
_PAGES_MAX = 200


class PaystackClient:
    """Speaks to Paystack."""

    def __init__(self, *, base_url: str, secret_key: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=base_url, timeout=_TIMEOUT, headers={"Authorization": f"Bearer {secret_key}"}
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def initialize(self, body: dict[str, Any]) -> dict[str, Any]:
        """Begin a transaction and return its data.

        Raises GatewayRejected for a clear no, GatewayUnavailable when the outcome is unknown.
        """
        response = await self._send("POST", "/transaction/initialize", json=body)
        content = messages.load(response.content)
        if (
            response.status_code == 200
            and isinstance(content, dict)
            and isinstance(content.get("data"), dict)
        ):
            data: dict[str, Any] = content["data"]
            return data
        raise self._refusal(response, content)

    async def verify(self, reference: str) -> bytes | None:
        """Return what Paystack says of a transaction, None when it does not know the reference."""
        response = await self._send("GET", f"/transaction/verify/{quote(reference, safe='')}")
        if response.status_code == 200:
            return response.content
        content = messages.load(response.content)
        code = content.get("code") if isinstance(content, dict) else None
        if response.status_code == 404 or code == "transaction_not_found":
            return None
        raise self._refusal(response, content)

    async def list_transactions(self, *, since: datetime, until: datetime) -> list[bytes]:
        """Return the pages of successful transactions of a span."""
        pages: list[bytes] = []
        cursor: str | None = None
        for _ in range(_PAGES_MAX):
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
            pages.append(response.content)
            _, cursor = messages.read_list(response.content, received_at=until)
            if cursor is None:
                break
        return pages

    async def _send(self, method: str, path: str, **words: Any) -> httpx.Response:
        try:
            return await self._http.request(method, path, **words)
        except httpx.HTTPError as cause:
            raise GatewayUnavailable("Paystack did not answer.") from cause

    @staticmethod
    def _refusal(response: httpx.Response, content: Any) -> Exception:
        said = str(content.get("message", "")) if isinstance(content, dict) else ""
        code = str(content.get("code", "")) if isinstance(content, dict) else ""
        if response.status_code == 429 or response.status_code >= 500:
            return GatewayUnavailable("Paystack is busy. Try again in a minute.")
        if response.status_code == 401:
            return GatewayRejected("Paystack refused our secret key. Tell the owner.", gateway_code="401")
        if 400 <= response.status_code < 500:
            return GatewayRejected(f"Paystack refused the payment: {said}"[:200], gateway_code=code)
        return GatewayProtocolError("Paystack answered something that cannot be read.")
