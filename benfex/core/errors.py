"""The error tree. The root and the domain branch are in `data/values/errors`; here is the world outside.

BenfexError(message, code)                  what a person may be told; code is stable
├─ DomainError                              expected
├─ OutsideError                             the world outside
│  ├─ GatewayError
│  │  ├─ GatewayUnavailable   retryable     timeout, 5xx, rate limit: the outcome is UNKNOWN, ask later
│  │  ├─ GatewayRejected                    a clear no, with the gateway's code
│  │  │  └─ GatewayUnreachable              nothing was sent, so it is a clear no as well
│  │  └─ GatewayProtocolError               we did not understand
│  ├─ ChannelError
│  │  ├─ ChannelUnavailable   retryable     no clear answer, or not now: the message waits
│  │  └─ ChannelRejected                    a clear no to this message
│  ├─ WebhookRejected                       bad signature or path; never processed
│  └─ RouterError
│     ├─ RouterUnreachable    retryable
│     ├─ RouterAuthFailed                   a person must act
│     ├─ RouterRejected                     !trap, with category
│     └─ RouterProtocolError                drop the link
└─ ConfigurationError                       at start only
"""

from typing import ClassVar

from data.values.errors import BenfexError


class OutsideError(BenfexError):
    """Something outside this process failed."""


class GatewayError(OutsideError):
    """A payment gateway failed."""


class GatewayUnavailable(GatewayError):
    """No clear answer came, so the outcome is unknown: ask later, never assume."""

    retryable: ClassVar[bool] = True


class GatewayRejected(GatewayError):
    """The gateway said no, with its own code in `gateway_code`."""

    def __init__(self, message: str, *, gateway_code: str = "", code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.gateway_code = gateway_code


class GatewayUnreachable(GatewayRejected):
    """The gateway cannot be reached: nothing was sent, so the payer may try again at once."""

    def __init__(self, message: str) -> None:
        super().__init__(message, gateway_code="unreachable")


class GatewayProtocolError(GatewayError):
    """The gateway answered something we do not understand."""


class ChannelError(OutsideError):
    """A message could not be handed over."""


class ChannelUnavailable(ChannelError):
    """The message was not taken, or nobody knows: the same one is sent again later."""

    retryable: ClassVar[bool] = True


class ChannelRejected(ChannelError):
    """The far end will never take this message, such as one to an address that does not exist."""


class WebhookRejected(OutsideError):
    """A delivery proved nothing: a bad signature (401), or a path nobody was given (404, `not_found`)."""

    def __init__(self, message: str, *, not_found: bool = False, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.not_found = not_found


class RouterError(OutsideError):
    """A router failed."""


class RouterUnreachable(RouterError):
    """The router did not answer."""

    retryable: ClassVar[bool] = True


class RouterAuthFailed(RouterError):
    """The router refused name or password; a person must act."""


class RouterRejected(RouterError):
    """The router refused a command; `category` is RouterOS's own, None where it gave none."""

    def __init__(self, message: str, *, category: int | None = None, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.category = category


class RouterProtocolError(RouterError):
    """The router answered something we do not understand; the link is dropped."""


class ConfigurationError(BenfexError):
    """Benfex cannot start as it is configured; the message names what to set."""
