"""The channels by kind: the one place that knows them all, and what each must be told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from benfex.core.clock import Clock
from benfex.core.errors import ConfigurationError
from benfex.notifications.channel import Channel
from benfex.notifications.channels.email import EmailChannel
from benfex.notifications.channels.sms import SmsChannel
from data.values.kinds import MessageChannel

CHANNELS: Final[Mapping[MessageChannel, Callable[[Mapping[str, str], Clock], Channel]]] = MappingProxyType(
    {MessageChannel.EMAIL: EmailChannel, MessageChannel.SMS: SmsChannel}
)


@dataclass(frozen=True, slots=True)
class ChannelField:
    """One setting of a channel, in people's words; a secret is never shown again."""

    name: str
    label: str
    is_needed: bool = False
    is_secret: bool = False
    hint: str = ""


FIELDS: Final[Mapping[MessageChannel, tuple[ChannelField, ...]]] = MappingProxyType(
    {
        MessageChannel.EMAIL: (
            ChannelField("host", "Mail server", is_needed=True, hint="smtp.example.com"),
            ChannelField("port", "Port", hint="587 for STARTTLS, 465 for TLS"),
            ChannelField("security", "Security", hint="starttls, tls or none"),
            ChannelField("username", "Sign in as", hint="empty: nobody signs in"),
            ChannelField("password", "Password", is_secret=True),
            ChannelField("from_address", "Sender's address", is_needed=True, hint="bills@example.com"),
            ChannelField("from_name", "Sender's name"),
        ),
        MessageChannel.SMS: (
            ChannelField("username", "Africa's Talking username", is_needed=True),
            ChannelField("api_key", "API key", is_needed=True, is_secret=True),
            ChannelField("sender", "Sender name or short code", hint="empty: the provider's number"),
            ChannelField("base_url", "Address of the API", hint="empty: api.africastalking.com"),
        ),
    }
)


def build_channels(
    settings: Mapping[MessageChannel, Mapping[str, str]], clock: Clock
) -> dict[MessageChannel, Channel]:
    """Return a channel for each kind that is set up. Raises ConfigurationError naming what one lacks."""
    built: dict[MessageChannel, Channel] = {}
    for kind, values in settings.items():
        if kind not in CHANNELS:
            continue
        try:
            built[kind] = CHANNELS[kind](values, clock)
        except (KeyError, ValueError) as cause:
            raise ConfigurationError(
                f"The channel {kind} lacks a setting or has a wrong one: {cause}"
            ) from cause
    return built
