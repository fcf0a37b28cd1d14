"""Routers we speak to: added, edited, enabled, retired, and tried before they are trusted."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import replace

from benfex.core.actors import Actor, require
from benfex.core.audit import record_audit
from benfex.core.events import RouterStatusChanged
from benfex.core.transactor import Transactor
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from benfex.core.vault import Vault
from benfex.network.driver import OFFERED, RADIUS, ROUTEROS, RouterAddress, RouterDriver, RouterIdentity
from benfex.network.outages import end_outage
from data.engine import INTEGRITY_ERROR
from data.locks import lock_row
from data.models.router import Router
from data.queries import routers as router_queries
from data.values.errors import AlreadyExists, Conflict, InvalidInput, NotFound
from data.values.identifiers import RouterId
from data.values.places import Place
from data.values.roles import Permission
from data.values.states import RouterStatus, advance

PASSWORD_CONTEXT = "router.password"  # noqa: S105 - what the seal is for, no secret
API_PORT = 8728  # RouterOS, /ip/service api; api-ssl is 8729
_HOST_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


def add_router(
    uow: UnitOfWork,
    *,
    name: str,
    host: str,
    username: str,
    password: str,
    vault: Vault,
    port: int = API_PORT,
    use_tls: bool = False,
    tls_fingerprint: str | None = None,
    driver: str = ROUTEROS,
    poll_seconds: int = 60,
    is_managed: bool = False,
) -> RouterId:
    """Take a router into use; it is polled from now on, and written once somebody has seen what would be.

    `is_managed` True is for routers that nobody else has anything on, such as simulated ones.

    Raises InvalidInput naming the field, AlreadyExists naming name.
    """
    require(uow.actor, Permission.EDIT_NETWORK)
    if not password:
        raise InvalidInput("password", "Give the password of the router's API user.")
    if driver not in OFFERED:
        raise InvalidInput("driver", f"Choose one of {', '.join(sorted(OFFERED))}.")
    router = Router(
        name=_checked_name(name),
        host=_checked_host(host, driver=driver),
        port=_checked_port(port),
        use_tls=use_tls,
        tls_fingerprint=_checked_fingerprint(tls_fingerprint),
        username=_checked_username(username),
        password_sealed=vault.seal(password, context=PASSWORD_CONTEXT),
        driver=driver,
        status=RouterStatus.UNKNOWN,
        poll_seconds=_checked_poll(poll_seconds),
        is_managed=is_managed,
    )
    try:
        with uow.session.begin_nested():
            uow.session.add(router)
            uow.session.flush()
    except INTEGRITY_ERROR as cause:
        raise _name_taken(name) from cause
    assert router.id is not None
    router_id = RouterId(router.id)
    record_audit(
        uow, action="add", entity="router", entity_id=router_id, changes={"name": router.name, "host": host}
    )
    uow.emit(RouterStatusChanged(router_id=router_id, status=router.status))
    return router_id


def edit_router(
    uow: UnitOfWork,
    *,
    router_id: RouterId,
    name: str,
    host: str,
    port: int,
    username: str,
    vault: Vault,
    password: str | None = None,
    use_tls: bool = False,
    tls_fingerprint: str | None = None,
    poll_seconds: int = 60,
) -> None:
    """Change how a router is reached; `password` None keeps the one we have.

    A router that refused us is tried again; another host may be another box, so its serial is learnt anew.
    Raises NotFound, Conflict when it is retired, InvalidInput naming the field, AlreadyExists naming name.
    """
    require(uow.actor, Permission.EDIT_NETWORK)
    router = _in_use(uow, router_id)
    before = (router.name, router.host, router.port, router.username)
    holder = router_queries.router_by_name(uow.session, _checked_name(name))
    if holder is not None and holder.id != router_id:
        raise _name_taken(name)
    is_moved = (router.host, router.port) != (_checked_host(host, driver=router.driver), port)
    router.name = _checked_name(name)
    router.host = _checked_host(host, driver=router.driver)
    router.port = _checked_port(port)
    router.username = _checked_username(username)
    router.use_tls = use_tls
    router.tls_fingerprint = _checked_fingerprint(tls_fingerprint)
    router.poll_seconds = _checked_poll(poll_seconds)
    if password:
        router.password_sealed = vault.seal(password, context=PASSWORD_CONTEXT)
    if is_moved:
        router.serial = ""
    _try_again(router)
    uow.session.flush()
    after = (router.name, router.host, router.port, router.username)
    record_audit(
        uow,
        action="edit",
        entity="router",
        entity_id=router_id,
        changes={"before": before, "after": after, "password_changed": bool(password)},
    )
    uow.emit(RouterStatusChanged(router_id=router_id, status=router.status))


def enable_router(uow: UnitOfWork, *, router_id: RouterId, is_enabled: bool) -> None:
    """Let a router be polled and written, or leave it alone for a while. Raises NotFound, Conflict."""
    require(uow.actor, Permission.EDIT_NETWORK)
    router = _in_use(uow, router_id)
    router.is_enabled = is_enabled
    _try_again(router)
    if not is_enabled:  # nobody looks any more, so nobody knows
        end_outage(uow, router_id=router_id)
    uow.session.flush()
    record_audit(uow, action="enable" if is_enabled else "disable", entity="router", entity_id=router_id)
    uow.emit(RouterStatusChanged(router_id=router_id, status=router.status))


def place_router(uow: UnitOfWork, *, router_id: RouterId, site: str) -> None:
    """Say at which site a router stands; empty is none. Raises NotFound, Conflict, InvalidInput (site)."""
    require(uow.actor, Permission.EDIT_NETWORK)
    router = _in_use(uow, router_id)
    before, router.site = router.site, _checked_site(site)
    if router.site != before:
        uow.session.flush()
        record_audit(uow, action="place", entity="router", entity_id=router_id, changes={"site": router.site})


def locate_router(uow: UnitOfWork, *, router_id: RouterId, place: Place | None) -> None:
    """Say where on the map a router stands; None takes it off. Raises NotFound, Conflict."""
    require(uow.actor, Permission.EDIT_NETWORK)
    router = _in_use(uow, router_id)
    before = Place.kept(router.latitude_microdegrees, router.longitude_microdegrees)
    if place == before:
        return
    router.latitude_microdegrees = place.latitude_microdegrees if place else None
    router.longitude_microdegrees = place.longitude_microdegrees if place else None
    uow.session.flush()
    changes = {"before": str(before) if before else None, "after": str(place) if place else None}
    record_audit(uow, action="locate", entity="router", entity_id=router_id, changes=changes)
    uow.emit(RouterStatusChanged(router_id=router_id, status=router.status))


def manage_router(uow: UnitOfWork, *, router_id: RouterId, is_managed: bool) -> None:
    """Let a router be written, or only watch it: its tasks wait then, and cost no try.

    Who lets it be written has seen the plan (`managing.Managing`). Raises NotFound, Conflict.
    """
    require(uow.actor, Permission.EDIT_NETWORK)
    router = _in_use(uow, router_id)
    router.is_managed = is_managed
    uow.session.flush()
    record_audit(uow, action="manage" if is_managed else "observe", entity="router", entity_id=router_id)
    uow.emit(RouterStatusChanged(router_id=router_id, status=router.status))


def may_write(snapshot: Snapshot, *, router_id: RouterId) -> bool:
    """Return whether a router may be written; False for one that is not known."""
    require(snapshot.actor, Permission.OPERATE_NETWORK)
    router = router_queries.find_router(snapshot.session, router_id)
    return router is not None and router.is_managed


def retire_router(uow: UnitOfWork, *, router_id: RouterId) -> None:
    """Take a router out of use for good; its history stays.

    Raises NotFound, Conflict while it carries connections.
    """
    require(uow.actor, Permission.EDIT_NETWORK)
    router = _in_use(uow, router_id)
    live = router_queries.count_live_connections(uow.session, router_id=router_id)
    if live:
        raise Conflict(f"{router.name} still carries {live} connections. Move or end them first.")
    router.status = advance(router.status, RouterStatus.RETIRED)
    router.status_reason = ""
    router.is_enabled = False
    end_outage(uow, router_id=router_id)
    uow.session.flush()
    record_audit(uow, action="retire", entity="router", entity_id=router_id)
    uow.emit(RouterStatusChanged(router_id=router_id, status=router.status))


def router_address(
    snapshot: Snapshot, *, router_id: RouterId, vault: Vault, timeout_seconds: float = 10.0
) -> RouterAddress:
    """Return where a router is, with its password, for flows. Raises NotFound."""
    require(snapshot.actor, Permission.OPERATE_NETWORK)
    router = router_queries.find_router(snapshot.session, router_id)
    if router is None:
        raise NotFound("router")
    return RouterAddress(
        host=router.host,
        port=router.port,
        username=router.username,
        password=vault.open(router.password_sealed, context=PASSWORD_CONTEXT),
        use_tls=router.use_tls,
        timeout_seconds=timeout_seconds,
        tls_fingerprint=router.tls_fingerprint,
    )


def driver_of(snapshot: Snapshot, *, router_id: RouterId) -> str:
    """Return which kind of router it is. Raises NotFound."""
    require(snapshot.actor, Permission.OPERATE_NETWORK)
    router = router_queries.find_router(snapshot.session, router_id)
    if router is None:
        raise NotFound("router")
    return router.driver


class RouterProbe:
    """Asks a router who it is, for the test button; nothing is kept or changed."""

    def __init__(
        self,
        *,
        transactor: Transactor,
        vault: Vault,
        drivers: Mapping[str, RouterDriver],
        timeout_seconds: float = 10.0,
    ) -> None:
        self._transactor = transactor
        self._vault = vault
        self._drivers = drivers
        self._timeout_seconds = timeout_seconds

    async def check(self, address: RouterAddress, *, driver: str = ROUTEROS) -> RouterIdentity:
        """Return who answers at an address.

        Raises InvalidInput naming host or port, RouterUnreachable, RouterAuthFailed, RouterProtocolError.
        """
        _checked_host(address.host, driver=driver)
        _checked_port(address.port)
        limited = replace(
            address, timeout_seconds=self._timeout_seconds, deadline_seconds=2 * self._timeout_seconds
        )
        async with self._drivers[driver].open(limited) as link:
            return await link.identify()

    async def check_router(self, actor: Actor, router_id: RouterId) -> RouterIdentity:
        """Return who answers where a known router should be; raises NotFound and as `check`."""
        address = await self._transactor.read(router_address, actor, router_id=router_id, vault=self._vault)
        driver = await self._transactor.read(driver_of, actor, router_id=router_id)
        return await self.check(address, driver=driver)


def _in_use(uow: UnitOfWork, router_id: RouterId) -> Router:
    lock_row(uow.session, Router, router_id)
    router = router_queries.find_router(uow.session, router_id)
    if router is None:
        raise NotFound("router")
    if router.status is RouterStatus.RETIRED:
        raise Conflict(f"{router.name} is retired.")
    return router


def _try_again(router: Router) -> None:
    if router.status is RouterStatus.AUTH_FAILED:
        router.status = advance(router.status, RouterStatus.UNKNOWN)
        router.serial = ""  # who saves it says that this is the router, also when another box was put there
        router.status_reason = ""
        router.consecutive_failures = 0


def _name_taken(name: str) -> AlreadyExists:
    return AlreadyExists("name", f"There is a router named {name.strip()} already.")


def _checked_name(text: str) -> str:
    name = text.strip()
    if not 1 <= len(name) <= 60 or not name.isprintable():
        raise InvalidInput("name", "Give the router a name of 1 to 60 letters.")
    return name


def _checked_host(text: str, *, driver: str) -> str:
    host = text.strip()
    if driver == RADIUS and host.startswith("/") and len(host) <= 120 and host.isprintable():
        return host  # the folder of a database's socket on this machine
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        labels = host.removesuffix(".").split(".")
    is_name = 0 < len(host) <= 120 and all(_HOST_LABEL.fullmatch(label) for label in labels)
    if not is_name or labels[-1].isdigit():
        raise InvalidInput("host", "Write an address such as 10.0.0.1 or a host name.")
    return host


def _checked_port(port: int) -> int:
    if not 1 <= port <= 65_535:
        raise InvalidInput("port", "Give a port from 1 to 65535; RouterOS uses 8728, with TLS 8729.")
    return port


def _checked_username(text: str) -> str:
    if not 1 <= len(text) <= 60 or not text.isprintable() or text != text.strip():
        raise InvalidInput("username", "Give the router's API user, 1 to 60 letters.")
    return text


def _checked_site(text: str) -> str:
    site = " ".join(text.split())
    if len(site) > 60 or not site.isprintable():
        raise InvalidInput("site", "Name the place in at most 60 letters.")
    return site


def _checked_poll(seconds: int) -> int:
    if not 10 <= seconds <= 3600:
        raise InvalidInput("poll_seconds", "Give an interval from 10 to 3600 seconds.")
    return seconds


def _checked_fingerprint(text: str | None) -> str | None:
    if not text or not text.strip():
        return None
    fingerprint = text.strip().lower().replace(":", "")
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise InvalidInput("tls_fingerprint", "Write the certificate's SHA-256: 64 digits 0-9 and a-f.")
    return fingerprint
