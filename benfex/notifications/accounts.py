"""Our accounts at mail servers and SMS providers: sealed, versioned rows, and the running channels built from them.

Environment values only fill the rows on first start; later changes are made on screen.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benfex.core.actors import SystemActor, require
from benfex.core.audit import record_audit
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.core.vault import Vault
from benfex.notifications.channel import Channel
from benfex.notifications.registry import FIELDS
from data.models.policy import ChannelAccount
from data.queries import messages as message_queries
from data.values.errors import InvalidInput, NotFound
from data.values.kinds import MessageChannel
from data.values.roles import Permission

_SYSTEM = SystemActor("start")
_CONTEXT = "channel.settings"

Settings = Mapping[str, str]
BuildChannels = Callable[[Mapping[MessageChannel, Settings]], Mapping[MessageChannel, Channel]]


@dataclass(frozen=True, slots=True)
class ChannelAccountView:
    """A channel as its owner sees it: secrets only as whether they are set. `version` 0 is not set up."""

    channel: MessageChannel
    is_enabled: bool
    version: int
    settings: Mapping[str, str]
    secrets_set: frozenset[str]


def save_channel_account(
    uow: UnitOfWork, *, channel: MessageChannel, settings: Settings, vault: Vault, is_enabled: bool = True
) -> None:
    """Write a new version of a channel's settings, sealed; a secret that is left out stays as it was.

    Raises NotFound, InvalidInput naming the field.
    """
    require(uow.actor, Permission.EDIT_PROFILE)
    if channel not in FIELDS:
        raise NotFound("channel")
    before = next(
        (row for row in message_queries.newest_channel_accounts(uow.session) if row.channel is channel), None
    )
    kept = json.loads(vault.open(before.settings_sealed, context=_CONTEXT)) if before else {}
    values = {name: text.strip() for name, text in settings.items() if text.strip()}
    for field in FIELDS[channel]:
        if field.is_secret and field.name not in values and kept.get(field.name):
            values[field.name] = kept[field.name]
        if field.is_needed and not values.get(field.name):
            raise InvalidInput(field.name, f"{field.label} is needed.")
    _check(values)
    row = ChannelAccount(
        channel=channel,
        version=before.version + 1 if before else 1,
        is_enabled=is_enabled,
        settings_sealed=vault.seal(json.dumps(values), context=_CONTEXT),
    )
    uow.session.add(row)
    uow.session.flush()
    assert row.id is not None
    record_audit(uow, action="save", entity="channel_account", entity_id=row.id, changes={"channel": channel})


def channel_settings(snapshot: Snapshot, *, vault: Vault) -> dict[MessageChannel, dict[str, str]]:
    """Return the opened settings of each enabled channel."""
    require(snapshot.actor, Permission.EDIT_PROFILE)
    return {
        row.channel: json.loads(vault.open(row.settings_sealed, context=_CONTEXT))
        for row in message_queries.newest_channel_accounts(snapshot.session)
        if row.is_enabled
    }


def channel_accounts(snapshot: Snapshot, *, vault: Vault) -> tuple[ChannelAccountView, ...]:
    """Return every channel as its owner sees it, set up or not."""
    require(snapshot.actor, Permission.EDIT_PROFILE)
    rows = {row.channel: row for row in message_queries.newest_channel_accounts(snapshot.session)}
    views = []
    for channel, fields in FIELDS.items():
        row = rows.get(channel)
        values = json.loads(vault.open(row.settings_sealed, context=_CONTEXT)) if row else {}
        secret = {field.name for field in fields if field.is_secret}
        views.append(
            ChannelAccountView(
                channel,
                row.is_enabled if row else False,
                row.version if row else 0,
                {name: text for name, text in values.items() if name not in secret},
                frozenset(name for name in values if name in secret),
            )
        )
    return tuple(views)


class ChannelBook:
    """The channels that run, by kind; built from the rows at start and again after a change."""

    def __init__(self, transactor: Transactor, vault: Vault, build: BuildChannels) -> None:
        self._transactor = transactor
        self._vault = vault
        self._build = build
        self._channels: Mapping[MessageChannel, Channel] = {}

    async def load(self) -> None:
        """Build the channels anew from what is stored."""
        settings = await self._transactor.read(channel_settings, _SYSTEM, vault=self._vault)
        before, self._channels = self._channels, self._build(settings)
        for channel in before.values():
            await channel.aclose()

    async def close(self) -> None:
        """Close every channel."""
        for channel in self._channels.values():
            await channel.aclose()

    def kinds(self) -> tuple[MessageChannel, ...]:
        """Return the channels that can be used."""
        return tuple(self._channels)

    def get(self, kind: MessageChannel) -> Channel:
        """Return a channel. Raises NotFound when it is not set up."""
        channel = self._channels.get(kind)
        if channel is None:
            raise NotFound("channel")
        return channel


def _check(values: Settings) -> None:
    port = values.get("port")
    if port is not None and not (port.isdecimal() and 0 < int(port) < 65_536):
        raise InvalidInput("port", "A port is a number from 1 to 65535.")
    if values.get("security", "starttls") not in {"starttls", "tls", "none"}:
        raise InvalidInput("security", "Choose starttls, tls or none.")
    sender = values.get("from_address", "a@b.c")
    if sender.count("@") != 1 or not sender.isascii() or any(letter.isspace() for letter in sender):
        raise InvalidInput("from_address", "Write the address like bills@example.com.")
    address = values.get("base_url", "https://")
    if not address.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise InvalidInput("base_url", "The address must begin with https://.")
