"""SMS through Africa's Talking: POST /version1/messaging with a form, the key in the header `apiKey`.

The API knows no idempotency key for messages: an answer that never came is asked for again, so a text may come
twice (developers.africastalking.com, SMS, Sending). The status codes are those of its bulk answer.
"""

from collections.abc import Mapping
from typing import Any

import httpx

from benfex.core.clock import Clock
from benfex.core.errors import ChannelRejected, ChannelUnavailable
from benfex.core.trust import trusted_authorities
from benfex.notifications.channel import Delivered, Message
from data.values.kinds import MessageChannel

PRODUCTION = "https://api.africastalking.com"
_TIMEOUT_SECONDS = 15.0
_TAKEN = frozenset((100, 101, 102))  # Processed, Sent, Queued
# About the number: it will not be better tomorrow.
_HOPELESS = {
    403: "This is no phone number that can be reached.",
    404: "This kind of number cannot get a text.",
    406: "This number asked not to be texted.",
    409: "This number asked not to be disturbed.",
}
# About us or the network: a person tops up or sets right, and then it leaves.
_LATER = {
    401: "The text is held back for a check.",
    402: "The sender name is not registered for us.",
    405: "There is not enough money on the SMS account.",
    407: "No route to this number now.",
    500: "The SMS provider has trouble.",
    501: "The SMS provider has trouble.",
    502: "The network refused the text.",
}


class SmsChannel:
    """Speaks to Africa's Talking as one application; `sender` empty is the provider's own number."""

    kind = MessageChannel.SMS

    def __init__(self, settings: Mapping[str, str], clock: Clock) -> None:
        self._username = settings["username"]
        self._sender = settings.get("sender") or ""
        timeout_seconds = float(settings.get("timeout_seconds") or _TIMEOUT_SECONDS)
        self._http = httpx.AsyncClient(
            base_url=settings.get("base_url") or PRODUCTION,
            timeout=httpx.Timeout(timeout_seconds, connect=min(5.0, timeout_seconds)),
            headers={"apiKey": settings["api_key"], "Accept": "application/json"},
            verify=trusted_authorities(),
        )

    async def send(self, message: Message) -> Delivered:
        """Hand one text over and return the provider's message id."""
        form = {"username": self._username, "to": message.recipient, "message": message.body}
        if self._sender:
            form["from"] = self._sender
        try:
            response = await self._http.post("/version1/messaging", data=form)
        except (httpx.HTTPError, RuntimeError) as cause:
            raise ChannelUnavailable("The SMS provider does not answer.") from cause
        if response.status_code == 401:
            raise ChannelUnavailable("The SMS provider refused our key.")
        if response.status_code == 400:
            raise ChannelRejected(f"The SMS provider refused the text: {response.text[:160]}".rstrip(": "))
        if response.status_code not in {200, 201}:
            raise ChannelUnavailable(f"The SMS provider is in trouble (HTTP {response.status_code}).")
        return self._read(response)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    @staticmethod
    def _read(response: httpx.Response) -> Delivered:
        data = _object(response, "SMSMessageData")
        recipients = data.get("Recipients")
        if not isinstance(recipients, list) or not recipients or not isinstance(recipients[0], dict):
            # A wrong sender is said in words, beside an empty list.
            raise ChannelUnavailable(f"The SMS provider took nothing: {str(data.get('Message', ''))[:160]}")
        first = recipients[0]
        code = first.get("statusCode")
        if not isinstance(code, int):
            raise ChannelUnavailable("The SMS provider answered something that cannot be read.")
        if code in _TAKEN:
            return Delivered(str(first.get("messageId", ""))[:120])
        if code in _HOPELESS:
            raise ChannelRejected(_HOPELESS[code])
        raise ChannelUnavailable(
            _LATER.get(code, f"The SMS provider said {code} {first.get('status', '')}"[:200])
        )


def _object(response: httpx.Response, field: str) -> dict[str, Any]:
    try:
        content = response.json()
    except ValueError as cause:
        raise ChannelUnavailable("The SMS provider answered something that cannot be read.") from cause
    found = content.get(field) if isinstance(content, dict) else None
    if not isinstance(found, dict):
        raise ChannelUnavailable("The SMS provider answered something that cannot be read.")
    return found
