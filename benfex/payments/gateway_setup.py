"""Set up gateways: what their owner sees of each and changes. How they run is in `accounts`, their names in `registry`.

Secrets go in and never come out: an empty one keeps what is stored.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from benfex.core.actors import require
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.core.vault import Vault
from benfex.payments.accounts import CONTEXT, save_gateway_account, stored_settings
from benfex.payments.gateway import SettingField
from benfex.payments.registry import GATEWAYS, GatewayKind
from data.models.policy import GatewayAccount
from data.queries import policy as policy_queries
from data.queries import webhooks as webhook_queries
from data.values.errors import Conflict, InvalidInput, NotFound
from data.values.roles import Permission

_LONGEST = 4_000


@dataclass(frozen=True, slots=True)
class GatewayView:
    """One gateway as its owner sees it, set up or not: `version` 0 is not.

    `settings` are those that are no secrets; `secrets_set` names the secrets that are stored. `is_test` says that
    its keys move no real money, None where they do not tell; `is_mixed` that a key is of the other mode than the one
    that was chosen. `registered_at` is when it was told our addresses,
    where that is done by us.
    """

    name: str
    label: str
    fields: tuple[SettingField, ...]
    is_enabled: bool
    version: int
    settings: Mapping[str, str]
    secrets_set: frozenset[str]
    is_test: bool | None
    is_mixed: bool
    last_heard_at: datetime | None
    registered_at: datetime | None


def gateway_views(snapshot: Snapshot, *, vault: Vault) -> tuple[GatewayView, ...]:
    """Return every gateway that can be set up, in the order of the registry."""
    require(snapshot.actor, Permission.EDIT_PROFILE)
    rows = {row.gateway: row for row in policy_queries.newest_gateway_accounts(snapshot.session)}
    return tuple(_view(snapshot, kind, rows.get(name), vault) for name, kind in GATEWAYS.items())


def gateway_view(snapshot: Snapshot, *, gateway: str, vault: Vault) -> GatewayView:
    """Return one gateway. Raises NotFound."""
    for view in gateway_views(snapshot, vault=vault):
        if view.name == gateway:
            return view
    raise NotFound("gateway")


def set_up_gateway(
    uow: UnitOfWork,
    *,
    gateway: str,
    settings: Mapping[str, str],
    vault: Vault,
    is_enabled: bool = True,
    forget: Collection[str] = (),
) -> None:
    """Write a new version of a gateway's settings; a secret that is left out or empty stays, unless it is to `forget`.

    Raises NotFound, InvalidInput naming the field.
    """
    require(uow.actor, Permission.EDIT_PROFILE)
    kind = GATEWAYS.get(gateway)
    if kind is None:
        raise NotFound("gateway")
    stored = stored_settings(uow, gateway=gateway, vault=vault) or {}
    fields = {field.name: field for field in kind.fields}
    unknown = sorted((set(settings) | set(forget)) - set(fields))
    if unknown:
        raise InvalidInput(unknown[0][:40], f"{kind.label} has no such setting.")
    # What no screen asks for (another address, the secret of our own paths) stays as it is.
    values = {name: text for name, text in stored.items() if name not in fields or fields[name].is_secret}
    values = {name: text for name, text in values.items() if name not in forget}
    values |= {name: text.strip() for name, text in settings.items() if text.strip()}
    for field in kind.fields:
        _check(kind, field, values)
    save_gateway_account(uow, gateway=gateway, settings=values, vault=vault, is_enabled=is_enabled)


def switch_gateway(uow: UnitOfWork, *, gateway: str, vault: Vault, is_enabled: bool) -> None:
    """Let a gateway take money or not, its settings as they are. Raises NotFound, Conflict when it has none."""
    require(uow.actor, Permission.EDIT_PROFILE)
    if gateway not in GATEWAYS:
        raise NotFound("gateway")
    stored = stored_settings(uow, gateway=gateway, vault=vault)
    if not stored:
        raise Conflict("Set this way to pay up first.")
    save_gateway_account(uow, gateway=gateway, settings=stored, vault=vault, is_enabled=is_enabled)


def _check(kind: GatewayKind, field: SettingField, values: Mapping[str, str]) -> None:
    given = values.get(field.name, "")
    if not given:
        is_needed = field.needed_with is not None and values.get(field.needed_with[0]) == field.needed_with[1]
        if field.is_required or is_needed:
            raise InvalidInput(field.name, f"{kind.label} needs this.")
        return
    if len(given) > _LONGEST or (field.pattern and not re.fullmatch(field.pattern, given)):
        raise InvalidInput(field.name, "This does not look right. Copy it once more.")
    if field.choices and given not in dict(field.choices):
        raise InvalidInput(field.name, "Choose one of the list.")


def _view(snapshot: Snapshot, kind: GatewayKind, row: GatewayAccount | None, vault: Vault) -> GatewayView:
    values: dict[str, str] = json.loads(vault.open(row.settings_sealed, context=CONTEXT)) if row else {}
    secret = {field.name for field in kind.fields if field.is_secret}
    shown = {field.name for field in kind.fields} - secret
    return GatewayView(
        name=kind.name,
        label=kind.label,
        fields=kind.fields,
        is_enabled=row.is_enabled if row else False,
        version=row.version if row else 0,
        settings={name: text for name, text in values.items() if name in shown},
        secrets_set=frozenset(name for name in values if name in secret),
        is_test=_is_test(values, secret),
        is_mixed=_is_mixed(values, secret),
        last_heard_at=webhook_queries.last_heard_at(snapshot.session, gateway=kind.name) if row else None,
        registered_at=row.registered_at if row else None,
    )


def _is_test(values: Mapping[str, str], secret: set[str]) -> bool | None:
    """Return whether keys are for tests: as chosen, else as the key itself says."""
    chosen = _chosen_test(values)
    return _keys_say_test(values, secret) if chosen is None else chosen


def _is_mixed(values: Mapping[str, str], secret: set[str]) -> bool:
    chosen, keys = _chosen_test(values), _keys_say_test(values, secret)
    return None not in (chosen, keys) and chosen is not keys


def _chosen_test(values: Mapping[str, str]) -> bool | None:
    chosen = values.get("mode") or values.get("environment")
    return chosen not in {"live", "production"} if chosen else None


def _keys_say_test(values: Mapping[str, str], secret: set[str]) -> bool | None:
    """Return what keys say in their first letters."""
    heads = [text[:14].lower() for name, text in values.items() if name in secret]
    if any("test" in head for head in heads):
        return True
    return False if any("live" in head for head in heads) else None
