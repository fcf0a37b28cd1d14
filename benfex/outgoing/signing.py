"""Sign what we tell, as Standard Webhooks says: HMAC-SHA256 over id, timestamp and body, base64, "v1," before it.

Source: https://github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md. Pure.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence

PREFIX = "whsec_"
_BYTES = 32


def new_secret() -> str:
    """Return a new secret: 32 random bytes, base64, with the prefix by which people know it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def signature_headers(
    *, message_id: str, timestamp: int, body: bytes, signing: Sequence[str]
) -> Mapping[str, str]:
    """Return the three headers; a signature by each secret, with a space between. `timestamp` is Unix seconds."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{_sign(secret, signed)}" for secret in signing),
    }


def _sign(secret: str, signed: bytes) -> str:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as cause:
        raise ValueError("this is no secret of ours") from cause
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
