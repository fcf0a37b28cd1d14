"""Connections: the line of a subscription on a router, and the wish that the router be made to agree.

What the router is told is in `desired_state`; who tells it, in `provisioning`.
"""

import ipaddress
import re
from dataclasses import dataclass, field

from benfex.core.actors import SubscriberActor, require
from benfex.core.audit import record_audit
from benfex.core.events import RouterTaskQueued
from benfex.core.unit_of_work import UnitOfWork
from benfex.core.vault import Vault
from benfex.network.driver import OFFERED
from data.engine import INTEGRITY_ERROR
from data.locks import lock_row
from data.models.router import Connection, RouterTask
from data.queries import routers as router_queries
from data.values.errors import AlreadyExists, Conflict, InvalidInput, NotFound, NotPermitted
from data.values.identifiers import ConnectionId, RouterId, SubscriptionId
from data.values.kinds import BY_ADDRESS, AccessMethod, TaskKind
from data.values.roles import Permission
from data.values.states import RouterStatus, SubscriptionStatus, TaskStatus

SECRET_CONTEXT = "connection.secret"  # noqa: S105 - what the seal is for, no secret
USERNAME_LETTERS_MAX = 64
SECRET_LETTERS_MAX = 64
_MAC = re.compile(r"[0-9A-F]{2}(?::[0-9A-F]{2}){5}")


@dataclass(frozen=True, slots=True)
class ConnectionSpec:
    """What a line shall be. `static_ip` None takes one from the pool, `mac` None lets any device in.

    A line that is known by its address needs that, over DHCP its device too, and has no secret.
    `takes_over` makes an entry of this name ours that the router holds already.
    """

    router_id: RouterId
    username: str
    secret: str = field(repr=False)
    method: AccessMethod = AccessMethod.PPPOE
    static_ip: str | None = None
    mac: str | None = None
    takes_over: bool = False


def create_connection(
    uow: UnitOfWork, *, subscription_id: SubscriptionId, spec: ConnectionSpec, vault: Vault
) -> ConnectionId:
    """Give a subscription its line and ask the router to follow.

    Raises InvalidInput naming username, secret, static_ip, mac or router_id, AlreadyExists naming username,
    static_ip or subscription_id, and NotFound.
    """
    require(uow.actor, Permission.EDIT_SUBSCRIPTIONS)
    username = _checked_word("username", spec.username, USERNAME_LETTERS_MAX)
    by_address = spec.method in BY_ADDRESS
    secret = "" if by_address else _checked_word("secret", spec.secret, SECRET_LETTERS_MAX)
    static_ip, mac = _checked_address(spec.static_ip), _checked_mac(spec.mac)
    if by_address and static_ip is None:
        raise InvalidInput("static_ip", "This plan is for lines with a fixed address: write it.")
    if spec.method is AccessMethod.DHCP and mac is None:
        raise InvalidInput("mac", "This plan is for devices with a lease: write the MAC address.")
    router = router_queries.find_router(uow.session, spec.router_id)
    if router is None or router.status is RouterStatus.RETIRED:
        raise InvalidInput("router_id", "Choose a router that is in use.")
    if spec.method not in OFFERED[router.driver]:
        raise InvalidInput(
            "router_id", f"{router.name} serves users that sign in: choose another for this plan."
        )
    _free_username(uow, router_id=spec.router_id, username=username)
    if static_ip is not None and router_queries.address_is_taken(
        uow.session, router_id=spec.router_id, static_ip=static_ip
    ):
        raise AlreadyExists("static_ip", f"{static_ip} belongs to another connection on {router.name}.")
    connection = Connection(
        subscription_id=subscription_id,
        router_id=spec.router_id,
        method=spec.method,
        username=username,
        secret_sealed=vault.seal(secret, context=SECRET_CONTEXT),
        static_ip=static_ip,
        mac=mac,
        takes_over=spec.takes_over,
    )
    try:
        with uow.session.begin_nested():
            uow.session.add(connection)
            uow.session.flush()
    except INTEGRITY_ERROR as cause:
        if router_queries.connection_by_username(uow.session, router_id=spec.router_id, username=username):
            raise _username_taken(username) from cause
        raise AlreadyExists("subscription_id", "This service has a connection already.") from cause
    assert connection.id is not None
    connection_id = ConnectionId(connection.id)
    request_sync(uow, connection_id=connection_id)
    record_audit(
        uow,
        action="create",
        entity="connection",
        entity_id=connection_id,
        changes={"router_id": spec.router_id, "username": username},
    )
    return connection_id


def change_secret(uow: UnitOfWork, *, connection_id: ConnectionId, secret: str, vault: Vault) -> None:
    """Give a line another secret. Raises NotFound, InvalidInput (secret), Conflict when removed."""
    require(uow.actor, Permission.EDIT_SUBSCRIPTIONS)
    secret = _checked_word("secret", secret, SECRET_LETTERS_MAX)
    connection = _live(uow, connection_id)
    connection.secret_sealed = vault.seal(secret, context=SECRET_CONTEXT)
    uow.session.flush()
    record_audit(uow, action="change_secret", entity="connection", entity_id=connection_id)
    request_sync(uow, connection_id=connection_id)


def take_over_entry(uow: UnitOfWork, *, connection_id: ConnectionId) -> None:
    """Let a line mark the entry of its name on its router as ours. Raises NotFound, Conflict when removed."""
    require(uow.actor, Permission.EDIT_SUBSCRIPTIONS)
    connection = _live(uow, connection_id)
    connection.takes_over = True
    uow.session.flush()
    record_audit(uow, action="take_over", entity="connection", entity_id=connection_id)
    request_sync(uow, connection_id=connection_id)


def sync_again(uow: UnitOfWork, *, connection_id: ConnectionId) -> None:
    """Have a line compared with its router now, at the wish of staff. Raises NotFound, Conflict."""
    require(uow.actor, Permission.OPERATE_NETWORK)
    _live(uow, connection_id)
    record_audit(uow, action="sync", entity="connection", entity_id=connection_id)
    request_sync(uow, connection_id=connection_id)


def request_sync(uow: UnitOfWork, *, connection_id: ConnectionId, urgent: bool = False) -> None:
    """Note that the router must be made to agree with the rows: a step of acts that checked the actor.

    A connection has one open task at most: one that waits is renewed; one that runs is left, and its worker
    sees that a newer generation is wanted. Raises NotFound.
    """
    if isinstance(uow.actor, SubscriberActor):
        raise NotPermitted()
    lock_row(uow.session, Connection, connection_id)
    connection = router_queries.find_connection(uow.session, connection_id)
    if connection is None:
        raise NotFound("connection")
    connection.desired_generation += 1
    status = router_queries.subscription_status(uow.session, connection.subscription_id)
    ends = status is SubscriptionStatus.ENDED
    task = router_queries.open_task(uow.session, connection_id)
    if task is None:
        uow.session.add(
            RouterTask(
                router_id=connection.router_id,
                connection_id=connection_id,
                kind=TaskKind.REMOVE if ends else TaskKind.APPLY,
                is_urgent=urgent,
                generation=connection.desired_generation,
                status=TaskStatus.PENDING,
                run_after_at=uow.now,
            )
        )
    else:
        task.is_urgent = task.is_urgent or urgent
        if task.status is TaskStatus.PENDING:
            task.generation = connection.desired_generation
            task.run_after_at = uow.now
            task.attempts = 0
            if ends:
                task.kind = TaskKind.REMOVE
    uow.session.flush()
    uow.emit(
        RouterTaskQueued(router_id=RouterId(connection.router_id), connection_id=connection_id, urgent=urgent)
    )


def _live(uow: UnitOfWork, connection_id: ConnectionId) -> Connection:
    lock_row(uow.session, Connection, connection_id)
    connection = router_queries.find_connection(uow.session, connection_id)
    if connection is None:
        raise NotFound("connection")
    if connection.removed_at is not None:
        raise Conflict("This connection was removed with its service.")
    return connection


def _free_username(uow: UnitOfWork, *, router_id: RouterId, username: str) -> None:
    """Take the name back from a connection that is off the router; its history keeps it with a suffix."""
    holder = router_queries.connection_by_username(uow.session, router_id=router_id, username=username)
    if holder is None:
        return
    if holder.removed_at is None:
        raise _username_taken(username)
    holder.username = f"{username} (ended {holder.id})"
    uow.session.flush()


def _username_taken(username: str) -> AlreadyExists:
    return AlreadyExists("username", f"{username} is taken on this router. Choose another user name.")


def _checked_word(name: str, text: str, letters_max: int) -> str:
    """Return visible characters unchanged: RouterOS compares names byte by byte, "00123" is no number."""
    is_visible = text.isprintable() and not any(letter.isspace() for letter in text)
    if not 1 <= len(text) <= letters_max or not is_visible:
        raise InvalidInput(name, f"Use 1 to {letters_max} visible characters without spaces.")
    return text


def _checked_address(text: str | None) -> str | None:
    if not text:
        return None
    try:
        address = ipaddress.IPv4Address(text.strip())
    except ValueError as cause:
        raise InvalidInput("static_ip", "Write an IPv4 address such as 10.20.0.15.") from cause
    if address.is_multicast or address.is_loopback or address.is_unspecified or address.is_reserved:
        raise InvalidInput("static_ip", "A subscriber cannot have this address.")
    return str(address)


def _checked_mac(text: str | None) -> str | None:
    if not text:
        return None
    mac = text.strip().upper().replace("-", ":")
    if not _MAC.fullmatch(mac):
        raise InvalidInput("mac", "Write a MAC address such as 48:A9:8A:00:00:01.")
    return mac
