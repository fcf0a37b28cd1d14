"""Our accounts at the gateways: sealed, versioned rows, and the running gateways that are built from them.

Environment values only fill the rows on first start; later changes are made on screen.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from benfex.core.actors import SystemActor, require
from benfex.core.audit import record_audit
from benfex.core.clock import Clock
from benfex.core.errors import ConfigurationError, GatewayError
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.core.vault import Vault
from benfex.payments.gateway import Gateway
from data.models.policy import GatewayAccount
from data.queries import policy as policy_queries
from data.values.errors import NotFound
from data.values.identifiers import new_token
from data.values.roles import Permission

_log = structlog.get_logger("gateways")
_SYSTEM = SystemActor("start")
CONTEXT = "gateway.settings"
_FIRST_RETRY = timedelta(seconds=30)
_RETRY_MAX = timedelta(hours=1)

Settings = Mapping[str, str]
BuildGateways = Callable[[Mapping[str, Settings]], Mapping[str, Gateway]]


def save_gateway_account(
    uow: UnitOfWork, *, gateway: str, settings: Settings, vault: Vault, is_enabled: bool = True
) -> None:
    """Write a new version of a gateway's settings, sealed; the secret of our own paths stays, or is made."""
    require(uow.actor, Permission.EDIT_PROFILE)
    kept = stored_settings(uow, gateway=gateway, vault=vault) or {}
    values = {"callback_token": kept.get("callback_token") or new_token(16), **settings}
    before = next(
        (row for row in policy_queries.newest_gateway_accounts(uow.session) if row.gateway == gateway), None
    )
    row = GatewayAccount(
        gateway=gateway,
        version=before.version + 1 if before else 1,
        is_enabled=is_enabled,
        settings_sealed=vault.seal(json.dumps(values), context=CONTEXT),
    )
    uow.session.add(row)
    uow.session.flush()
    assert row.id is not None
    record_audit(uow, action="save", entity="gateway_account", entity_id=row.id, changes={"gateway": gateway})


def gateway_settings(snapshot: Snapshot, *, vault: Vault) -> dict[str, dict[str, str]]:
    """Return the opened settings of each enabled gateway, by its name."""
    require(snapshot.actor, Permission.EDIT_PROFILE)
    return {
        row.gateway: json.loads(vault.open(row.settings_sealed, context=CONTEXT))
        for row in policy_queries.newest_gateway_accounts(snapshot.session)
        if row.is_enabled
    }


def stored_settings(snapshot: Snapshot, *, gateway: str, vault: Vault) -> dict[str, str] | None:
    """Return the opened settings of one gateway, on or off; None when it was never set up."""
    require(snapshot.actor, Permission.EDIT_PROFILE)
    for row in policy_queries.newest_gateway_accounts(snapshot.session):
        if row.gateway == gateway:
            values: dict[str, str] = json.loads(vault.open(row.settings_sealed, context=CONTEXT))
            return values
    return None


def unregistered(snapshot: Snapshot) -> frozenset[str]:
    """Return the enabled gateways that were not told our callback addresses yet."""
    return frozenset(
        row.gateway
        for row in policy_queries.newest_gateway_accounts(snapshot.session)
        if row.is_enabled and row.registered_at is None
    )


def note_registered(uow: UnitOfWork, *, gateway: str, at: datetime | None = None) -> None:
    """Note that a gateway knows our callback addresses."""
    for row in policy_queries.newest_gateway_accounts(uow.session):
        if row.gateway == gateway:
            row.registered_at = at or uow.now


@dataclass(frozen=True, slots=True)
class _Refusals:
    """How often a gateway did not take our addresses, and when it is asked again."""

    count: int
    try_again_at: datetime


class GatewayBook:
    """The gateways that run, by name; built from the rows at start and again after a change."""

    def __init__(self, transactor: Transactor, vault: Vault, clock: Clock, build: BuildGateways) -> None:
        self._transactor = transactor
        self._vault = vault
        self._clock = clock
        self._build = build
        self._gateways: Mapping[str, Gateway] = {}
        self._callback_tokens: Mapping[str, str | None] = {}
        self._paybill = ""
        self._retiring: set[asyncio.Task[None]] = set()
        self._refusals: dict[str, _Refusals] = {}

    def callback_token(self, name: str) -> str | None:
        """Return the secret in a gateway's callback paths, None when it is not set up."""
        return self._callback_tokens.get(name)

    @property
    def paybill(self) -> str:
        """Return the short code that people type to pay without being asked; empty when there is none."""
        return self._paybill

    def build(self, settings: Mapping[str, Settings]) -> Mapping[str, Gateway]:
        """Return gateways for these settings, beside those that run. Raises ConfigurationError."""
        return self._build(settings)

    async def load(self) -> None:
        """Build the gateways anew from what is stored; calls under way at the former ones are not cut off.

        One that cannot be built is left out and logged: it keeps neither the others nor the server from running.
        """
        settings = await self._transactor.read(gateway_settings, _SYSTEM, vault=self._vault)
        before, self._gateways = self._gateways, self._build_what_can_be(settings)
        self._callback_tokens = {name: values.get("callback_token") for name, values in settings.items()}
        self._paybill = next(
            (
                values["shortcode"]
                for values in settings.values()
                if "shortcode" in values and values.get("kind") != "till"
            ),
            "",
        )
        self._refusals.clear()
        for gateway in before.values():
            task = asyncio.get_running_loop().create_task(_retire(gateway))
            self._retiring.add(task)
            task.add_done_callback(self._retiring.discard)

    def _build_what_can_be(self, settings: Mapping[str, Settings]) -> Mapping[str, Gateway]:
        try:
            return self._build(settings)
        except (ConfigurationError, ValueError):
            pass  # found and named below
        built: dict[str, Gateway] = {}
        for name, values in settings.items():
            try:
                built.update(self._build({name: values}))
            except (ConfigurationError, ValueError) as error:
                _log.error("gateway left out", gateway=name, reason=str(error))
        return built

    async def close(self) -> None:
        """Close every gateway's connections."""
        retiring = tuple(self._retiring)
        for task in retiring:
            task.cancel()
        await asyncio.gather(*retiring, return_exceptions=True)
        for gateway in self._gateways.values():
            await gateway.aclose()

    async def register_callbacks(self, *, public_url: str) -> int:
        """Tell our addresses to gateways that do not know them yet; one that fails is told later and later."""
        told = 0
        for name in await self._transactor.read(unregistered, _SYSTEM):
            gateway = self._gateways.get(name)
            refusals = self._refusals.get(name)
            if gateway is None or (refusals is not None and self._clock.now() < refusals.try_again_at):
                continue
            try:
                await gateway.register_callbacks(public_url=public_url)
            except GatewayError as error:
                self._put_off(name, error)
                continue
            self._refusals.pop(name, None)
            await self._transactor.transact(note_registered, _SYSTEM, gateway=name)
            told += 1
        return told

    def _put_off(self, name: str, error: GatewayError) -> None:
        before = self._refusals.get(name)
        count = before.count + 1 if before else 1
        wait = min(_FIRST_RETRY * 2 ** min(count - 1, 16), _RETRY_MAX)
        self._refusals[name] = _Refusals(count, self._clock.now() + wait)
        if count == 1:
            _log.warning("callbacks not registered", gateway=name, reason=error.message)

    def names(self) -> tuple[str, ...]:
        """Return the names of the gateways, in order."""
        return tuple(self._gateways)

    @property
    def running(self) -> Mapping[str, Gateway]:
        """Return the gateways that run, by name."""
        return self._gateways

    def find(self, name: str) -> Gateway | None:
        """Return a gateway, or None when it is not set up."""
        return self._gateways.get(name)

    def get(self, name: str) -> Gateway:
        """Return a gateway. Raises NotFound when it is not set up."""
        gateway = self._gateways.get(name)
        if gateway is None:
            raise NotFound("way to pay")
        return gateway


async def _retire(gateway: Gateway) -> None:
    try:
        await gateway.drain()
    finally:
        await gateway.aclose()
