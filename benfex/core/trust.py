"""Whom our HTTP clients trust: read from the file of authorities once, since each reading takes some 27 ms."""

import ssl
from functools import cache

import httpx


@cache
def trusted_authorities() -> ssl.SSLContext:
    """Return what `verify` of every HTTP client is; SSL_CERT_FILE and SSL_CERT_DIR name others."""
    return httpx.create_ssl_context()
