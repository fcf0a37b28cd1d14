"""A socket to a router: opened, encrypted, buffered, bounded in time. Sentences are in `conversation.py`."""

from __future__ import annotations

import hashlib
import hmac
import socket
import ssl
import time
from contextlib import suppress
from typing import Final

from benfex.network.driver import RouterAddress
from benfex.network.drivers.routeros.turns import waiting

READ_BYTES: Final = 256 * 1024
# Behind carrier-grade NAT an idle connection is forgotten; noticed here after about a minute.
KEEPALIVE_IDLE_SECONDS: Final = 30
KEEPALIVE_INTERVAL_SECONDS: Final = 10
KEEPALIVE_PROBES: Final = 3


class CertificateMismatch(ssl.SSLError):
    """The router showed another certificate than the one pinned."""


class BufferedTransport:
    """What librouteros calls a transport, reading much at once; one thread at a time.

    Raises TimeoutError after `timeout_seconds` of silence or when the deadline has passed, OSError when the
    connection breaks, ConnectionError when the router ended it.
    """

    def __init__(self, sock: socket.socket, *, timeout_seconds: float) -> None:
        self._sock = sock
        self._timeout_seconds = timeout_seconds
        self._deadline_at = float("inf")
        self._buffer = bytearray()
        self._asked_at = self._answered_at = time.monotonic()
        self._is_waiting = False
        self.is_closed = False

    def start_command(self, *, deadline_seconds: float) -> None:
        """Give what follows `deadline_seconds` as a whole."""
        self._deadline_at = time.monotonic() + deadline_seconds

    def write(self, data: bytes) -> None:
        """Send all of `data`."""
        self._arm()
        self._asked_at, self._is_waiting = time.monotonic(), True
        with waiting():
            self._sock.sendall(data)

    def read(self, length: int) -> bytes:
        """Return exactly `length` bytes."""
        while len(self._buffer) < length:
            self._buffer += self._receive()
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken

    def read_some(self) -> bytes:
        """Return what is there, at least one byte."""
        if self._buffer:
            return self.read(len(self._buffer))
        return self._receive()

    def exchanged_at(self) -> float:
        """Return the instant midway between the last question and the first bytes of its answer.

        In steady seconds, taken in the thread that reads: how long the answer waits to be understood, and the
        loop to hear of it, does not matter. The router looked at its counters within half the exchange of it.
        """
        return (self._asked_at + self._answered_at) / 2

    def abort(self) -> None:
        """End the connection from any thread, so that a thread that waits in it wakes up."""
        self.is_closed = True
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the socket back; only when no thread waits in it."""
        self.is_closed = True
        with suppress(OSError):
            self._sock.close()

    def _receive(self) -> bytes:
        self._arm()
        with waiting():
            received = self._sock.recv(READ_BYTES)
        if self._is_waiting:
            self._answered_at, self._is_waiting = time.monotonic(), False
        if not received:
            raise ConnectionResetError("The router ended the connection.")
        return received

    def _arm(self) -> None:
        left_seconds = self._deadline_at - time.monotonic()
        if left_seconds <= 0:
            raise TimeoutError("The answer took too long as a whole.")
        self._sock.settimeout(min(self._timeout_seconds, left_seconds))


def open_transport(address: RouterAddress) -> BufferedTransport:
    """Return a connected transport. Raises OSError, ssl.SSLError included."""
    sock = socket.create_connection((address.host, address.port), timeout=address.timeout_seconds)
    try:
        _keep_alive(sock)
        if address.use_tls:
            sock = _encrypted(sock, address)
    except BaseException:
        sock.close()
        raise
    return BufferedTransport(sock, timeout_seconds=address.timeout_seconds)


def _keep_alive(sock: socket.socket) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    options = {
        "TCP_KEEPIDLE": KEEPALIVE_IDLE_SECONDS,
        "TCP_KEEPINTVL": KEEPALIVE_INTERVAL_SECONDS,
        "TCP_KEEPCNT": KEEPALIVE_PROBES,
    }
    for name, value in options.items():
        if hasattr(socket, name):  # not on every system
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _encrypted(sock: socket.socket, address: RouterAddress) -> ssl.SSLSocket:
    # The context's own ciphers all authenticate the router: anonymous Diffie-Hellman, which RouterOS offers
    # without a certificate, "verifies" anybody and is never added here.
    context = ssl.create_default_context(cadata=address.tls_authority)
    pinned = (address.tls_fingerprint or "").replace(":", "").strip().lower()
    if pinned:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # replaced by the comparison below
    encrypted = context.wrap_socket(sock, server_hostname=address.host)
    if pinned:
        certificate = encrypted.getpeercert(binary_form=True) or b""
        if not hmac.compare_digest(hashlib.sha256(certificate).hexdigest(), pinned):
            encrypted.close()
            raise CertificateMismatch("The router's certificate is not the one that is pinned.")
    return encrypted
