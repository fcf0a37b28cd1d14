"""What a test of M-Pesa's settings finds, in words for the owner. No money moves, no phone rings."""

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlsplit

from benfex.core.errors import GatewayError
from benfex.payments.gateway import Finding
from benfex.payments.gateways.mpesa import messages
from benfex.payments.gateways.mpesa.client import DarajaClient
from benfex.payments.gateways.mpesa.requests import Initiator, public_key, runs_out_at
from benfex.payments.plain_gateway import what_failed
from data.values.errors import InvalidInput

# C2B register, URL rules (payments reference, A7).
_REFUSED_WORDS = ("mpesa", "m-pesa", "safaricom", "exe", "exec", "cmd", "sql", "query")
_NEVER_ISSUED = "ws_CO_010120200000000000700000000"
_UNSAFE_IN_PASSWORD = "@.()"  # noqa: S105 (signs that the portal advises against)


async def findings_of(
    client: DarajaClient,
    *,
    initiator: Initiator | None,
    initiator_lacks: tuple[str, ...],
    public_url: str | None,
    now: datetime,
) -> tuple[Finding, ...]:
    """Return what is right and wrong: keys, shortcode and passkey, initiator, and our own address.

    `initiator_lacks` names what is not set where the rest of the initiator is.
    """
    found = [*await _keys_and_passkey(client)]
    if initiator_lacks:
        found.append(
            Finding(
                is_good=False,
                text=f"The initiator is set up in part, so refunds and balance are off. "
                f"Missing: {', '.join(initiator_lacks)}.",
                advice="Fill in what is missing, or leave all of the initiator empty.",
            )
        )
    elif initiator is None:
        found.append(
            Finding(
                is_good=True,
                text="No initiator is set: refunds by M-Pesa, its balance and its word on a receipt are off.",
            )
        )
    else:
        found += _initiator(initiator, now=now)
    if public_url is not None:
        found += _address(public_url)
    return tuple(found)


async def _keys_and_passkey(client: DarajaClient) -> tuple[Finding, ...]:
    try:
        await client.fresh_token()
    except GatewayError as error:
        advice = "Copy the consumer key and secret again; those of the sandbox do not work with real money."
        return (what_failed(error, if_refused=advice),)
    keys = Finding(is_good=True, text="M-Pesa accepted the keys.")
    try:
        # Asking about a push that never was moves nothing, and tells whether we may ask at all.
        response = await client.query(checkout_id=_NEVER_ISSUED)
    except GatewayError as error:
        return (keys, what_failed(error, if_refused="Try again in a minute."))
    error_ = messages.read_error(response.status_code, response.content)
    return (keys, _passkey(response.status_code, error_.code, error_.message.lower()))


def _passkey(status: int, code: str, text: str) -> Finding:
    if "wrong credentials" in text:
        return Finding(
            is_good=False,
            text="M-Pesa refused the passkey.",
            advice="Copy the passkey of this shortcode from the portal, without spaces or line breaks.",
        )
    if "merchant does not exist" in text or "invalid businessshortcode" in text:
        return Finding(
            is_good=False,
            text="M-Pesa does not know this shortcode.",
            advice="Give the Paybill number, or for a till its store number, not the till number.",
        )
    if "apiproduct" in text or code in {"401.003.01", "401.002.01", "404.001.03"}:
        return Finding(
            is_good=False,
            text="The Daraja app may not use M-Pesa Express.",
            advice="Tick M-Pesa Express in the app on the Daraja portal.",
        )
    if status == 200 or "checkoutrequestid" in text:
        return Finding(is_good=True, text="M-Pesa accepted the shortcode and the passkey.")
    return Finding(
        is_good=False,
        text="M-Pesa's answer about shortcode and passkey was not clear.",
        advice="Try again in a minute.",
    )


def _initiator(initiator: Initiator, *, now: datetime) -> Iterator[Finding]:
    try:
        public_key(initiator.certificate)
    except InvalidInput as error:
        yield Finding(is_good=False, text="The certificate cannot be read.", advice=error.message)
    else:
        ended_at = runs_out_at(initiator.certificate)
        # Those that Safaricom published ran out years ago and are still used (payments reference, A8).
        old = (
            f" It ran out on {ended_at:%d %B %Y}; M-Pesa is known to take such ones."
            if ended_at < now
            else ""
        )
        yield Finding(
            is_good=True,
            text=f"The certificate can be read.{old} Whether the initiator's password is right shows at the "
            "first use.",
            advice="If refunds end with wrong credentials, copy the certificate anew from the portal."
            if old
            else "",
        )
    if any(sign in initiator.password for sign in _UNSAFE_IN_PASSWORD):
        yield Finding(
            is_good=False,
            text="The initiator's password has a sign that M-Pesa is known to stumble over.",
            advice="Choose one without @ . ( and ) on the portal.",
        )


def _address(public_url: str) -> Iterator[Finding]:
    """Return what M-Pesa in particular would not take of our address."""
    host = urlsplit(public_url).hostname or ""
    if host in {"localhost", "::1"} or host.startswith(("127.", "10.", "192.168.")):
        yield Finding(
            is_good=False,
            text=f"M-Pesa cannot deliver to {host}.",
            advice="Set BENFEX_BASE_URL to an address that the internet reaches.",
        )
    words = [word for word in _REFUSED_WORDS if word in public_url.lower()]
    if words or "ngrok" in host:
        yield Finding(
            is_good=False,
            text=f"M-Pesa refuses addresses with {words[0] if words else 'ngrok'} in them.",
            advice="Use another host name.",
        )
