"""What differs between machines: settings from the environment. What the owner decides is in `policy`."""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from benfex.core.errors import ConfigurationError

_CHANNELS = (
    (
        "email",
        "smtp",
        ("host", "from_address"),
        ("port", "security", "username", "password", "from_name"),
    ),
    ("sms", "sms", ("username", "api_key"), ("sender", "base_url")),
)
# One server, named whole: it is the only one that pages may load pictures from.
_TILES = re.compile(r"(?P<origin>https?://[A-Za-z0-9.-]+(?::\d{1,5})?)/[A-Za-z0-9._~/?&=%{}-]*")
# What a gateway's account may hold besides what its owner is asked for on screen, and how it is written.
_BESIDE = {
    "base_url": r"https?://\S+",
    "callback_token": r"[0-9a-zA-Z_-]{16,64}",
    "calls_per_second": r"[1-9][0-9]?|1[0-9]{2}|200",
}


@dataclass(frozen=True, slots=True)
class MapTiles:
    """Where the map gets pictures of the ground, from which server, and whose they are."""

    url: str
    origin: str
    attribution: str


class Settings(BaseSettings):
    """Settings with the prefix BENFEX_; each field's name in capitals is its variable."""

    model_config = SettingsConfigDict(env_prefix="BENFEX_", extra="ignore")

    home: Path = Path("var")
    database_url: str | None = None
    secret_key: SecretStr | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    base_url: str | None = None
    timezone: str = "Africa/Nairobi"
    currency: str = "KES"
    demo: bool = False
    migrate_on_start: bool = False  # SQLite is always migrated; a server only when told to

    smtp_host: str | None = None
    smtp_port: int | None = Field(default=None, ge=1, le=65535)
    smtp_security: str | None = None
    smtp_username: str | None = None
    smtp_password: SecretStr | None = None
    smtp_from_address: str | None = None
    smtp_from_name: str | None = None
    sms_username: str | None = None
    sms_api_key: SecretStr | None = None
    sms_sender: str | None = None
    sms_base_url: str | None = None

    garden_door: str = (
        ""  # where routers lead who has not paid: "10.0.0.5:8081", as their subscribers reach it
    )
    garden_port: int | None = Field(default=None, ge=1, le=65535)  # where we answer them
    garden_hosts: str = ""  # what they may reach besides the portal and the gateways, with commas

    map_tiles: str | None = (
        None  # "https://tiles.example/{z}/{x}/{y}.png"; without it nothing is fetched from outside
    )
    map_attribution: str = ""  # whose the tiles are, as their terms want it said

    webhooks_to_private_addresses: bool = False  # what we tell other programs goes to public https only

    usage_interval_seconds: int = Field(default=60, ge=5, le=3600)
    watch_interval_seconds: int = Field(default=2, ge=1, le=60)
    router_timeout_seconds: int = Field(default=10, ge=1, le=120)
    concurrent_routers: int = Field(default=16, ge=1, le=64)

    @property
    def place(self) -> Path:
        """Return the folder of what this installation writes; the demo has one of its own."""
        return self.home / "demo" if self.demo else self.home

    @property
    def resolved_database_url(self) -> str:
        """Return the database's URL: what was set, else an SQLite file in the place."""
        return self.database_url or f"sqlite:///{self.place / 'benfex.db'}"

    @property
    def public_url(self) -> str:
        """Return the address that gateways and people reach, without a slash at the end."""
        return (self.base_url or f"http://127.0.0.1:{self.port}").rstrip("/")

    @property
    def tiles(self) -> MapTiles | None:
        """Return the tiles of the map, None for a plain ground.

        Raises ConfigurationError naming the variable that cannot be used.
        """
        if not self.map_tiles:
            return None
        written = _TILES.fullmatch(self.map_tiles)
        places = sorted(re.findall(r"\{[^}]*\}?", self.map_tiles))
        if written is None or places != ["{x}", "{y}", "{z}"]:
            raise ConfigurationError(
                "BENFEX_MAP_TILES is one server's address with {z}, {x} and {y}, "
                "such as https://tiles.example/{z}/{x}/{y}.png."
            )
        if not self.map_attribution.strip():
            raise ConfigurationError("Set BENFEX_MAP_ATTRIBUTION as well: whose the tiles of the map are.")
        return MapTiles(self.map_tiles, written["origin"].lower(), self.map_attribution.strip())

    def gateways(self, fields: Mapping[str, Mapping[str, bool]]) -> dict[str, dict[str, str]]:
        """Return the settings of each gateway that the environment sets up, by its name.

        `fields` says for each gateway what it is asked for, and whether it needs that: BENFEX_MPESA_SHORTCODE is
        the `shortcode` of `mpesa`. Raises ConfigurationError naming the variable that is missing for a gateway
        that was begun.
        """
        found = {}
        for name, asked in fields.items():
            values = {
                field: text for field in (*asked, *_BESIDE) if (text := _variable(name, field)) is not None
            }
            if not any(field in values for field, is_needed in asked.items() if is_needed):
                continue
            missing = [field for field, is_needed in asked.items() if is_needed and field not in values]
            if missing:
                raise ConfigurationError(f"Set {_name_of(name, missing[0])} as well, or none for {name}.")
            for field, pattern in _BESIDE.items():
                if field in values and not re.fullmatch(pattern, values[field]):
                    raise ConfigurationError(f"{_name_of(name, field)} cannot be used as it is written.")
            found[name] = values
        return found

    def channels(self) -> dict[str, dict[str, str]]:
        """Return the settings of each channel for messages that the environment sets up, by its name.

        Raises ConfigurationError naming the variable that is missing for a channel that was begun.
        """
        found = {}
        for channel, prefix, needed, more in _CHANNELS:
            values = {
                field: text
                for field in (*needed, *more)
                if (text := self._text(f"{prefix}_{field}")) is not None
            }
            if not any(field in values for field in needed):
                continue
            missing = [field for field in needed if field not in values]
            if missing:
                raise ConfigurationError(
                    f"Set BENFEX_{prefix.upper()}_{missing[0].upper()} as well, or none for {channel}."
                )
            found[channel] = values
        return found

    def _text(self, field: str) -> str | None:
        value = getattr(self, field)
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        return str(text) if text is not None else None

    @cached_property
    def master_key(self) -> str:
        """Return the key that seals secrets; it is made on first start, readable by its owner only.

        Raises ConfigurationError when the key that was set is too short.
        """
        if self.secret_key is not None:
            key = self.secret_key.get_secret_value()
            if len(key) < 32:
                raise ConfigurationError("BENFEX_SECRET_KEY must have at least 32 characters.")
            return key
        path = self.place / "secret.key"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32))
        return path.read_text(encoding="ascii").strip()


def _name_of(gateway: str, field: str) -> str:
    return f"BENFEX_{gateway}_{field}".upper()


def _variable(gateway: str, field: str) -> str | None:
    return os.environ.get(_name_of(gateway, field)) or None
