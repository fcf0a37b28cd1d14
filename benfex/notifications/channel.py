"""What a channel is to Benfex: the protocol, and the frozen types that cross it.

The concrete ones are in `channels/`, one file each; `registry` is the only place that names them.
Errors are in `core/errors`: ChannelUnavailable is sent again later, ChannelRejected never.
"""

from dataclasses import dataclass
from typing import Protocol

from data.values.kinds import MessageChannel


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message, such as an invoice as PDF."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """What leaves. `dedupe_key` names the fact: the same each time this message is tried.

    `subject` and `html` are empty where a channel has none.
    """

    recipient: str
    body: str
    dedupe_key: str
    subject: str = ""
    html: str = ""
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivered:
    """The far end took the message; `reference` is what it calls it."""

    reference: str


class Channel(Protocol):
    """A way to reach people. `send` raises ChannelUnavailable or ChannelRejected."""

    @property
    def kind(self) -> MessageChannel:
        """Return which channel this is."""

    async def send(self, message: Message) -> Delivered:
        """Hand one message over and return what the far end calls it."""

    async def aclose(self) -> None:
        """Let connections and threads go."""
