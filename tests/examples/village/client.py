"""HTTP calls to the Village SACCO. What the bodies mean is said in `messages`."""

from typing import Any

import httpx

from benfex.core.errors import GatewayRejected, GatewayUnavailable, GatewayUnreachable
from benfex.core.pace import CallsUnderWay
from benfex.payments.wire import load_object, text_of

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class VillageClient:
    """Speaks to the SACCO."""

    def __init__(self, *, base_url: str, secret: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=base_url, timeout=15.0, headers={"Authorization": f"Bearer {secret}"}
        )
        self._calls = CallsUnderWay()

    async def drain(self) -> None:
        """Take no more calls, and wait for those that are under way."""
        await self._calls.drain()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def call(self, method: str, path: str, **words: Any) -> bytes:
        """Return the body of a good answer. A no is GatewayRejected; no clear answer is GatewayUnavailable."""
        if self._calls.is_closed or self._http.is_closed:
            raise GatewayRejected("The SACCO is being set up anew. Try again.", gateway_code="closed")
        try:
            with self._calls:
                response = await self._http.request(method, path, **words)
        except _NEVER_SENT as cause:
            raise GatewayUnreachable("The SACCO cannot be reached now. Try again in a minute.") from cause
        except httpx.HTTPError as cause:
            raise GatewayUnavailable("The SACCO did not answer.") from cause
        if response.status_code == 200:
            return response.content
        if 400 <= response.status_code < 500:
            said = text_of(load_object(response.content).get("message"), 160)
            raise GatewayRejected(f"The SACCO refused: {said}", gateway_code=str(response.status_code))
        raise GatewayUnavailable("The SACCO is out of order. Try again in a minute.")
