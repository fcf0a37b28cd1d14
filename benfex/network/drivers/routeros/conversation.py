"""One conversation with a router: log in, ask, understand the answer, or end it. For one thread at a time.

Login and sentences are librouteros's; reading answers is ours (`replies.py`), because theirs takes two system
calls a word and turns names such as `12345` and `no` into numbers and booleans. Threads are in `link.py`.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Final

from librouteros.api import Api
from librouteros.exceptions import (
    ConnectionClosed,
    FatalError,
    LibRouterosError,
    MultiTrapError,
    TrapError,
)
from librouteros.login import encode_password
from librouteros.protocol import ApiProtocol

from benfex.core.errors import (
    RouterAuthFailed,
    RouterError,
    RouterProtocolError,
    RouterRejected,
    RouterUnreachable,
)
from benfex.network.driver import RouterAddress
from benfex.network.drivers.routeros.replies import ReplyDecoder, Row
from benfex.network.drivers.routeros.transport import (
    BufferedTransport,
    CertificateMismatch,
    open_transport,
)

# What RouterOS says, in lower case, and our code for it; it often sends no category, so the text decides.
NO_SUCH_MENU: Final = "no_such_menu"
NO_SUCH_ITEM: Final = "no_such_item"
ALREADY_THERE: Final = "already_there"
MISSING_REFERENCE: Final = "missing_reference"
NO_PERMISSION: Final = "no_permission"
_CODES: Final = (
    ("no such command", NO_SUCH_MENU),
    ("no such item", NO_SUCH_ITEM),
    ("already have", ALREADY_THERE),
    ("already exists", ALREADY_THERE),
    ("input does not match any value", MISSING_REFERENCE),
    ("not enough permissions", NO_PERMISSION),
)
_LOGIN_REFUSALS: Final = ("invalid user name or password", "cannot log in")


class BatchApi(Api):  # type: ignore[misc]
    """The API of librouteros, decoding whole answers at once and keeping every value as text."""

    def __init__(self, transport: BufferedTransport, *, fallback_encoding: str) -> None:
        super().__init__(protocol=ApiProtocol(transport=transport, encoding="utf-8"))
        self._transport = transport
        self._fallback_encoding = fallback_encoding
        self.heard: Callable[[Row], None] | None = None

    def readResponse(self) -> list[Row]:  # noqa: N802 (the name is librouteros's)
        """Return the rows of the answer, the attributes of `!done` last; raises as librouteros does."""
        decoder = ReplyDecoder(fallback_encoding=self._fallback_encoding)
        told = 0
        while not decoder.is_done:
            decoder.feed(self._transport.read_some())
            if self.heard is not None:
                for row in decoder.rows[told:]:
                    self.heard(row)
                told = len(decoder.rows)
            if decoder.fatal is not None:
                raise FatalError(decoder.fatal)
        if decoder.leftover:
            raise ValueError("The router said more than it was asked.")
        traps = [TrapError(trap.message, trap.category) for trap in decoder.traps]
        if len(traps) > 1:
            raise MultiTrapError(*traps)
        if traps:
            raise traps[0]
        return [*decoder.rows, decoder.closing] if decoder.closing else decoder.rows


class Conversation:
    """A connection that is logged in; closed by anything but a refusal, since late answers mislead."""

    def __init__(self, address: RouterAddress, transport: BufferedTransport) -> None:
        self._address = address
        self._transport = transport
        self._api = BatchApi(transport, fallback_encoding=address.fallback_encoding)

    @property
    def is_closed(self) -> bool:
        """Return whether it has ended."""
        return self._transport.is_closed

    def ask(self, command: str, *words: str) -> list[Row]:
        """Return the rows that answer `command`. Raises RouterRejected, and what ends the conversation.

        That is RouterUnreachable, RouterProtocolError, and RouterAuthFailed for a login that is gone.
        """
        if self.is_closed:
            raise RouterUnreachable(f"The link to {self._where} has ended.")
        self._transport.start_command(deadline_seconds=self._address.deadline_seconds)
        try:
            return list(self._api.rawCmd(command, *words))  # a generator: nothing is sent until it is read
        except (TrapError, MultiTrapError) as error:
            raise _rejected(error) from error
        except UnicodeEncodeError as error:  # before anything was sent
            raise RouterRejected("The router cannot take this text.", code="bad_text") from error
        except (LibRouterosError, OSError, ValueError) as error:
            self._transport.close()
            raise self._broken(error) from error

    def follow(self, heard: Callable[[Row], None], command: str, *words: str) -> None:
        """Ask, and hand each row to `heard` as it comes; raises as `ask` does."""
        self._api.heard = heard
        try:
            self.ask(command, *words)
        finally:
            self._api.heard = None

    def answered_at(self) -> float:
        """Return when the router worked out its last answer, as near as can be told, in steady seconds."""
        return self._transport.exchanged_at()

    def log_in(self) -> None:
        """Say who we are, in the way of RouterOS 6.43 and later or the older one, as the router wants."""
        name, password = self._address.username, self._address.password
        try:
            rows = self.ask("/login", f"=name={name}", f"=password={password}")
            challenge = rows[-1].get("ret") if rows else None
            if challenge:
                response = encode_password(challenge, password)
                self.ask("/login", f"=name={name}", f"=response={response}")
        except RouterRejected as error:
            self._transport.close()
            if not _is_login_refusal(error):
                raise RouterUnreachable(f"{self._where} let nobody in: {error.message}") from error
            raise RouterAuthFailed(f"{self._where} refused the user name or the password.") from error
        except ValueError as error:  # a challenge that is none, a password that is not ASCII
            self._transport.close()
            raise RouterProtocolError(f"{self._where} asked for a login that cannot be answered.") from error

    def abort(self) -> None:
        """End it from another thread; `close` has to follow when no thread is in it any more."""
        self._transport.abort()

    def close(self) -> None:
        """End it; nothing to do when it has ended."""
        self._transport.close()

    @property
    def _where(self) -> str:
        return f"The router at {self._address.host}"

    def _broken(self, error: Exception) -> RouterError:
        match error:
            case FatalError() if "not logged in" in str(error):
                return RouterAuthFailed(f"{self._where} does not know us any more.")
            case FatalError():
                return RouterUnreachable(f"{self._where} ended the connection: {error}")
            case TimeoutError():
                return RouterUnreachable(f"{self._where} did not answer in time.")
            case ConnectionClosed() | OSError():
                return RouterUnreachable(
                    f"The connection to {self._where[0].lower()}{self._where[1:]} broke."
                )
            case _:
                return RouterProtocolError(f"{self._where} answered something that is not RouterOS.")


def converse(address: RouterAddress) -> Conversation:
    """Return a conversation that is logged in.

    Raises RouterUnreachable, RouterAuthFailed (also for a certificate that is not the router's) and
    RouterProtocolError.
    """
    where = f"The router at {address.host}"
    try:
        transport = open_transport(address)
    except (ssl.SSLCertVerificationError, CertificateMismatch) as error:
        raise RouterAuthFailed(
            f"{where} could not prove that it is ours; check its certificate.", code="router_certificate"
        ) from error
    except ssl.SSLError as error:
        raise RouterProtocolError(
            f"{where} does not speak TLS on port {address.port}; its service may have no certificate."
        ) from error
    except TimeoutError as error:
        raise RouterUnreachable(f"{where} did not answer in time.") from error
    except (OSError, UnicodeError, OverflowError) as error:  # a host name or port that cannot be
        raise RouterUnreachable(f"{where} cannot be reached on port {address.port}.") from error
    conversation = Conversation(address, transport)
    try:
        conversation.log_in()
    except BaseException:
        conversation.close()
        raise
    return conversation


def _rejected(error: TrapError | MultiTrapError) -> RouterRejected:
    traps: tuple[TrapError, ...] = error.traps if isinstance(error, MultiTrapError) else (error,)
    reason = "; ".join(str(trap).strip() for trap in traps)
    category = next((trap.category for trap in traps if trap.category is not None), None)
    lowered = reason.lower()
    code = next((code for text, code in _CODES if text in lowered), None)
    return RouterRejected(f"The router refused: {reason}", category=category, code=code)


def _is_login_refusal(error: RouterRejected) -> bool:
    lowered = error.message.lower()
    return any(text in lowered for text in _LOGIN_REFUSALS)
