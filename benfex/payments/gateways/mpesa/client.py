"""HTTP calls to Daraja: token, STK push, status query, C2B registration, Pull Transactions, and any other.

What the bodies mean is said in `messages`, `requests` and `results`. One token at a time: a new one may end the
old (payments reference, A1).
"""

import asyncio
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from benfex.core.clock import Clock
from benfex.core.errors import (
    GatewayProtocolError,
    GatewayRejected,
    GatewayUnavailable,
    GatewayUnreachable,
)
from benfex.core.pace import CallsUnderWay, Pace
from benfex.core.trust import trusted_authorities
from benfex.payments.gateway import PaymentEvidence
from benfex.payments.gateways.mpesa import messages

# How many it takes is not published; to start with 5 is prudent (payments reference, A6).
CALLS_PER_SECOND = 5
_CONNECT_SECONDS = 5.0
_TOKEN_MARGIN_SECONDS = 60
_BAD_TOKEN = {"404.001.03", "400.003.01", "401.002.01", "401.003.01"}
_DUPLICATE = "500.002.1001"  # an OriginatorConversationID that was used; "under maintenance" as well
_BUSY = {"500.003.02", "500.003.03"}
_BUSY_PAUSE_SECONDS = 0.5
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_UNREACHABLE = "M-Pesa cannot be reached now. Nothing was asked of the phone; try again in a minute."
_PULL_FORM = "%Y-%m-%d %H:%M:%S"
_PULL_PAGES_MAX = 200


@dataclass(frozen=True, slots=True)
class DarajaAccount:
    """Our account at Daraja. `calls_per_second` keeps us below its spike arrest, `turn_seconds` ends the queue.

    A till has a store number in `shortcode` and the number that customers pay to in `till_number`.
    """

    base_url: str
    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)
    shortcode: str
    passkey: str = field(repr=False)
    calls_per_second: int = CALLS_PER_SECOND
    timeout_seconds: float = 15.0
    turn_seconds: float = 20.0
    till_number: str = ""
    c2b_version: str = "v2"


class DarajaClient:
    """Speaks to Daraja."""

    def __init__(self, account: DarajaAccount, clock: Clock) -> None:
        self._account = account
        self._clock = clock
        self._http = httpx.AsyncClient(
            base_url=account.base_url,
            timeout=httpx.Timeout(account.timeout_seconds, connect=_CONNECT_SECONDS),
            verify=trusted_authorities(),
        )
        self._token = ""
        self._token_ends_at = clock.now()
        self._token_lock = asyncio.Lock()
        self._pace = Pace(account.calls_per_second)
        self._calls = CallsUnderWay()

    async def drain(self) -> None:
        """Take no more calls, and wait for those that are under way."""
        await self._calls.drain()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def push(
        self, *, amount: int, msisdn: str, account: str, description: str, callback_url: str
    ) -> dict[str, Any]:
        """Send an STK push over whole shillings and return the answer.

        Raises GatewayRejected with the code of a clear no, GatewayUnavailable when the outcome is unknown.
        """
        stamp = messages.timestamp(self._clock.now())
        shortcode, till = self._account.shortcode, self._account.till_number
        response = await self._post(
            "/mpesa/stkpush/v1/processrequest",
            {
                "BusinessShortCode": shortcode,
                "Password": messages.password(
                    shortcode=shortcode, passkey=self._account.passkey, stamp=stamp
                ),
                "Timestamp": stamp,
                "TransactionType": "CustomerBuyGoodsOnline" if till else "CustomerPayBillOnline",
                "Amount": amount,
                "PartyA": msisdn,
                "PartyB": till or shortcode,
                "PhoneNumber": msisdn,
                "CallBackURL": callback_url,
                "AccountReference": account[:12],
                "TransactionDesc": description[:13],
            },
        )
        content = messages.load(response.content)
        if response.status_code == 200 and isinstance(content, dict) and "ResponseCode" in content:
            return content
        raise self._refusal(response)

    async def query(self, *, checkout_id: str) -> httpx.Response:
        """Ask how a push stands; the response may be an error that means "not yet"."""
        stamp = messages.timestamp(self._clock.now())
        shortcode = self._account.shortcode
        return await self._post(
            "/mpesa/stkpushquery/v1/query",
            {
                "BusinessShortCode": shortcode,
                "Password": messages.password(
                    shortcode=shortcode, passkey=self._account.passkey, stamp=stamp
                ),
                "Timestamp": stamp,
                "CheckoutRequestID": checkout_id,
            },
        )

    async def register_urls(self, *, confirmation_url: str, validation_url: str) -> None:
        """Tell Daraja where Paybill messages go; money is never refused because our server is down."""
        response = await self._post(
            f"/mpesa/c2b/{self._account.c2b_version}/registerurl",
            {
                "ShortCode": self._account.shortcode,
                "ResponseType": "Completed",
                "ConfirmationURL": confirmation_url,
                "ValidationURL": validation_url,
            },
        )
        error = messages.read_error(response.status_code, response.content)
        if response.status_code != 200 and "already registered" not in error.message.lower():
            raise self._refusal(response)

    async def register_pull(self, *, callback_url: str, msisdn: str) -> None:
        """Ask once for the right to pull transactions; being registered already is fine."""
        response = await self._post(
            "/pulltransactions/v1/register",
            {
                "ShortCode": self._account.shortcode,
                "RequestType": "Pull",
                "NominatedNumber": msisdn,
                "CallBackURL": callback_url,
            },
        )
        if response.status_code != 200:
            raise self._refusal(response)

    async def pull(self, *, since: datetime, until: datetime) -> tuple[PaymentEvidence, ...]:
        """Return what the Paybill received, each receipt once; only the last 48 hours are kept there.

        Raises GatewayProtocolError when a page cannot be read: part of a list must not look like all of it.
        """
        since = max(since, self._clock.now() - timedelta(hours=48))
        found: dict[str, PaymentEvidence] = {}
        offset, before = 0, b""
        for _ in range(_PULL_PAGES_MAX):
            body = await self._pull_page(since=since, until=until, offset=offset)
            page = messages.read_pull(body, now=self._clock.now())
            if page is None:
                raise GatewayProtocolError("M-Pesa's list of transactions cannot be read.")
            if page.rows == 0 or body == before:
                break
            found |= {evidence.transaction_id: evidence for evidence in page.payments}
            offset, before = offset + page.rows, body
        return tuple(found.values())

    async def ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send any other request and return what was accepted; its result mostly comes later, as a delivery.

        Raises GatewayRejected with the code of a clear no, GatewayUnavailable when the outcome is unknown.
        """
        response = await self._post(path, body)
        content = messages.load(response.content)
        if response.status_code == 200 and isinstance(content, dict):
            return content
        raise self._refusal(response)

    async def _pull_page(self, *, since: datetime, until: datetime, offset: int) -> bytes:
        response = await self._post(
            "/pulltransactions/v1/query",
            {
                "ShortCode": self._account.shortcode,
                "StartDate": messages.local(since).strftime(_PULL_FORM),
                "EndDate": messages.local(until).strftime(_PULL_FORM),
                "OffSetValue": str(offset),
            },
        )
        if response.status_code != 200:
            raise self._refusal(response)
        return response.content

    async def _post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        token = await self.fresh_token()
        response = await self._send("POST", path, body, token=token)
        # Neither a refused token nor a call too many started anything, so asking once more cannot ask twice.
        code = messages.read_error(response.status_code, response.content).code
        if code in _BAD_TOKEN:
            token = await self.fresh_token(instead_of=token)
            response = await self._send("POST", path, body, token=token)
        elif code in _BUSY:
            await asyncio.sleep(_BUSY_PAUSE_SECONDS + secrets.randbelow(500) / 1000)
            response = await self._send("POST", path, body, token=token)
        return response

    async def _send(self, method: str, path: str, body: dict[str, Any], *, token: str) -> httpx.Response:
        await self._wait_for_turn()
        try:
            with self._calls:
                return await self._http.request(
                    method, path, json=body, headers={"Authorization": f"Bearer {token}"}
                )
        except _NEVER_SENT as cause:
            raise GatewayUnreachable(_UNREACHABLE) from cause
        except httpx.HTTPError as cause:
            raise GatewayUnavailable("M-Pesa did not answer.") from cause

    async def _wait_for_turn(self) -> None:
        try:
            async with asyncio.timeout(self._account.turn_seconds):
                await self._pace.wait()
        except TimeoutError as cause:
            # Nothing was sent, so this is a clear no and the payer may try again.
            raise GatewayRejected(messages.words_of("26", ""), gateway_code="busy") from cause
        if self._calls.is_closed or self._http.is_closed:
            raise GatewayRejected("M-Pesa is being set up anew. Try again.", gateway_code="closed")

    async def fresh_token(self, *, instead_of: str | None = None) -> str:
        """Return a token. Whatever keeps it from us, the call that wanted it was not sent."""
        async with self._token_lock:
            if self._token and self._token != instead_of and self._clock.now() < self._token_ends_at:
                return self._token
            await self._wait_for_turn()
            try:
                response = await self._http.get(
                    "/oauth/v1/generate",
                    params={"grant_type": "client_credentials"},
                    auth=(self._account.consumer_key, self._account.consumer_secret),
                )
            except httpx.HTTPError as cause:
                raise GatewayUnreachable(_UNREACHABLE) from cause
            granted = messages.read_token(response.content) if response.status_code == 200 else None
            if granted is None:
                # A wrong key or secret is answered with 400 and no body, as integrators report.
                if 400 <= response.status_code < 500 and response.status_code != 429:
                    raise GatewayRejected(
                        "M-Pesa refused our consumer key and secret. Tell the owner.",
                        gateway_code="credentials",
                    )
                raise GatewayUnreachable(_UNREACHABLE)
            self._token, lifetime_seconds = granted
            self._token_ends_at = self._clock.now() + timedelta(
                seconds=max(lifetime_seconds - _TOKEN_MARGIN_SECONDS, 1)
            )
            return self._token

    @staticmethod
    def _refusal(response: httpx.Response) -> Exception:
        error = messages.read_error(response.status_code, response.content)
        text = error.message.lower()
        if "unable to lock subscriber" in text:
            return GatewayRejected(messages.words_of("1001", ""), gateway_code="1001")
        if error.code in _BUSY or response.status_code == 429:
            return GatewayRejected(messages.words_of("26", ""), gateway_code=error.code)
        if error.code == _DUPLICATE and "duplicate" in text:
            return GatewayRejected("M-Pesa has this request already.", gateway_code="duplicate")
        if "wrong credentials" in text or "merchant does not exist" in text:
            return GatewayRejected(
                "M-Pesa refused our shortcode or passkey. Tell the owner.", gateway_code=error.code
            )
        if 400 <= response.status_code < 500 and error.code:
            return GatewayRejected(
                f"M-Pesa refused the request: {error.message}"[:200], gateway_code=error.code
            )
        if response.status_code >= 500:
            return GatewayUnavailable("M-Pesa is in trouble; whether it took the request is not known.")
        return GatewayProtocolError("M-Pesa answered something that cannot be read.")
