"""The key behind the SecurityCredential of the simulated Daraja, and the initiator who must know its password.

Source: payments reference, A8: RSA with PKCS#1 v1.5 padding over the raw password, then base64. Safaricom's
published certificates ran out long ago and are used all the same, and so is this one.
"""

import base64
import binascii
import secrets
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

WRONG_MAXIMUM = 3
_VALID = datetime(2015, 11, 5, tzinfo=UTC), datetime(2016, 11, 4, tzinfo=UTC)


class Initiator:
    """Tells whether a credential holds the password; three wrong ones in a row lock it (8006)."""

    def __init__(self, *, path: Path | None = None) -> None:
        self._path = path
        self._wrong = 0

    @property
    def is_locked(self) -> bool:
        """Return whether too many wrong passwords came."""
        return self._wrong >= WRONG_MAXIMUM

    def unlock(self) -> None:
        """Let the initiator try again, as an operator would on the portal."""
        self._wrong = 0

    def certificate(self) -> str:
        """Return the certificate that callers encrypt with, as PEM."""
        key = self._key()
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "apicrypt.simulated")])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(_VALID[0])
            .not_valid_after(_VALID[1])
            .sign(key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM).decode()

    def refusal(self, *, name: str, credential: str, expected: tuple[str, str]) -> int:
        """Return the result code of a refusal, 0 when name and password are the expected ones."""
        if self.is_locked:
            return 8006
        given = self._opened(credential)
        fits = secrets.compare_digest(given.encode(), expected[1].encode()) and name == expected[0]
        self._wrong = 0 if fits else self._wrong + 1
        return 0 if fits else 2001

    def _opened(self, credential: str) -> str:
        try:
            sealed = base64.b64decode(credential, validate=True)
            return self._key().decrypt(sealed, padding.PKCS1v15()).decode(errors="replace")
        except (binascii.Error, ValueError):
            return ""

    def _key(self) -> rsa.RSAPrivateKey:
        if self._path is None:
            return _key_of_this_process()
        if self._path.exists():
            key = serialization.load_pem_private_key(self._path.read_bytes(), password=None)
            assert isinstance(key, rsa.RSAPrivateKey)
            return key
        key = _key_of_this_process()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        self._path.chmod(0o600)
        return key


@cache
def _key_of_this_process() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
