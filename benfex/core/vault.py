"""Seal and open secrets at rest: AES-256-GCM, bound to what they are for, so that none stands in for another."""

import base64
import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from benfex.core.errors import ConfigurationError

_VERSION = "v1."
_NONCE_BYTES = 12


class Vault:
    """Seals and opens with one key."""

    def __init__(self, key: str) -> None:
        derived = HKDF(hashes.SHA256(), 32, salt=None, info=b"benfex vault").derive(key.encode())
        self._cipher = AESGCM(derived)
        self._hash_key = HKDF(hashes.SHA256(), 32, salt=None, info=b"benfex keyed hash").derive(key.encode())

    def seal(self, text: str, *, context: str) -> str:
        """Return the sealed text; `context` says what it is, such as "router.password"."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, text.encode(), context.encode())
        return _VERSION + base64.urlsafe_b64encode(nonce + sealed).decode()

    def open(self, sealed: str, *, context: str) -> str:
        """Return the text. Raises ConfigurationError when the key is not the one it was sealed with."""
        try:
            raw = base64.urlsafe_b64decode(sealed.removeprefix(_VERSION))
            return self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], context.encode()).decode()
        except (InvalidTag, ValueError) as cause:
            raise ConfigurationError(
                "A stored secret cannot be opened: BENFEX_SECRET_KEY is not the key it was sealed with."
            ) from cause

    def keyed_hash(self, text: str, *, context: str) -> str:
        """Return an HMAC-SHA256 in hexadecimal: who has the database alone cannot try texts against it."""
        return hmac.new(self._hash_key, f"{context}\0{text}".encode(), hashlib.sha256).hexdigest()
