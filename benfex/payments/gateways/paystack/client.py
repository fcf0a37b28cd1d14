"""HTTP calls to Paystack, and how long it is left alone when it says that it is busy.

What the bodies mean is said in `messages` and `money_back`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

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
from benfex.payments.gateways.paystack import reading

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_TIMEOUT = httpx.Timeout(15.0, connect=5.0)
_FIRST_PAUSE = timedelta(seconds=1)
_PAUSE_MAX = timedelta(seconds=60)  # limits are counted by the minute (docs, Rate limits)
_BUSY = "Paystack is busy. Try again in a minute."


class PaystackClient:
    """Speaks to Paystack."""

    def __init__(self, *, base_url: str, secret_key: str, clock: Clock) -> None:
        self._http = httpx.AsyncClient(
            base_url=base_url,
            timeout=_TIMEOUT,
            headers={"Authorization": f"Bearer {secret_key}"},
            verify=trusted_authorities(),
        )
        self._clock = clock
        self._calls = CallsUnderWay()
        self._pause = timedelta()
        self._quiet_until: datetime | None = None

    async def drain(self) -> None:
        """Take no more calls, and wait for those that are under way."""
        await self._calls.drain()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def begin(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Begin a transaction and return its data.

        Raises GatewayRejected for a clear no, GatewayUnavailable when the outcome is unknown.
        """
        response = await self._send("POST", path, json=body, is_start=True)
        content = reading.load(response.content)
        data = reading.data_of(response.content)
        if response.status_code == 200 and isinstance(data, dict):
            return data
        said, code = reading.refusal_of(content)
        if response.status_code == 400 and ("duplicate" in said.lower() or code == "duplicate_reference"):
            # It has this payment already, so this is no failure: verifying tells how it stands.
            raise GatewayUnavailable("Paystack has this payment already; it is being asked how it stands.")
        if response.status_code == 429:
            raise GatewayRejected(_BUSY, gateway_code="rate_limited")
        raise self._refusal(response, content)

    async def verify(self, reference: str) -> bytes | None:
        """Return what Paystack says of a transaction, None when it does not know the reference."""
        response = await self._send("GET", f"/transaction/verify/{quote(reference, safe='')}")
        if response.status_code == 200:
            return response.content
        content = reading.load(response.content)
        said, code = reading.refusal_of(content)
        missing = "not found" in said.lower() or code == "transaction_not_found"
        if response.status_code in {400, 404} and missing:
            return None
        raise self._refusal(response, content)

    async def read(self, path: str, params: Mapping[str, str] | None = None) -> bytes:
        """Return what Paystack answers to a question. Raises as `begin` does."""
        response = await self._send("GET", path, params=dict(params or {}))
        if response.status_code != 200:
            raise self._refusal(response, reading.load(response.content))
        return response.content

    async def tell(self, method: str, path: str, body: Mapping[str, Any]) -> bytes:
        """Ask for something to be done and return the answer. Raises as `begin` does."""
        response = await self._send(method, path, json=body)
        if response.status_code not in {200, 201}:
            raise self._refusal(response, reading.load(response.content))
        return response.content

    async def _send(self, method: str, path: str, *, is_start: bool = False, **words: Any) -> httpx.Response:
        if self._calls.is_closed or self._http.is_closed:
            raise GatewayRejected("Paystack is being set up anew. Try again.", gateway_code="closed")
        if self._quiet_until is not None and self._clock.now() < self._quiet_until:
            # Nothing is sent, so a start is a clear no; the answer to a question stays open.
            raise (
                GatewayRejected(_BUSY, gateway_code="rate_limited") if is_start else GatewayUnavailable(_BUSY)
            )
        try:
            with self._calls:
                response = await self._http.request(method, path, **words)
        except _NEVER_SENT as cause:
            raise GatewayUnreachable("Paystack cannot be reached now. Try again in a minute.") from cause
        except httpx.HTTPError as cause:
            raise GatewayUnavailable("Paystack did not answer.") from cause
        self._note_pace(response)
        return response

    def _note_pace(self, response: httpx.Response) -> None:
        """Leave Paystack alone for longer each time that it says it is busy, as long as it asks if it does."""
        if response.status_code != 429:
            self._pause, self._quiet_until = timedelta(), None
            return
        asked = response.headers.get("retry-after", "")
        self._pause = min(self._pause * 2 or _FIRST_PAUSE, _PAUSE_MAX)
        if asked.isascii() and asked.isdigit():
            self._pause = min(max(self._pause, timedelta(seconds=int(asked))), _PAUSE_MAX)
        self._quiet_until = self._clock.now() + self._pause

    @staticmethod
    def _refusal(response: httpx.Response, content: Any) -> Exception:
        said, code = reading.refusal_of(content)
        if response.status_code == 429 or response.status_code >= 500:
            return GatewayUnavailable(_BUSY)
        if response.status_code == 401:
            return GatewayRejected("Paystack refused our secret key. Tell the owner.", gateway_code="401")
        if 400 <= response.status_code < 500:
            return GatewayRejected(
                f"Paystack refused: {said}" if said else "Paystack refused.",
                gateway_code=code or str(response.status_code),
            )
        return GatewayProtocolError("Paystack answered something that cannot be read.")
