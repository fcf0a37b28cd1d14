"""Who acts, and what they may: the check at the door of every act and view."""

from dataclasses import dataclass

from data.values.errors import NotFound, NotPermitted
from data.values.identifiers import CustomerId, UserId
from data.values.roles import Permission, Role, permissions_of


@dataclass(frozen=True, slots=True)
class StaffActor:
    """A member of staff who is signed in."""

    user_id: UserId
    role: Role
    name: str


@dataclass(frozen=True, slots=True)
class SubscriberActor:
    """A subscriber who is signed in; only their own rows are theirs."""

    user_id: UserId
    customer_id: CustomerId
    name: str


@dataclass(frozen=True, slots=True)
class SystemActor:
    """Benfex itself: the scheduler, a webhook, the command line."""

    name: str


Actor = StaffActor | SubscriberActor | SystemActor


def name_of(actor: Actor) -> str:
    """Return who it was, for histories."""
    return actor.name


def person_of(actor: Actor) -> UserId | None:
    """Return which member of staff it was, None when it was none."""
    return actor.user_id if isinstance(actor, StaffActor) else None


def require(actor: Actor, permission: Permission) -> None:
    """Let the system and permitted staff pass. Raises NotPermitted."""
    if isinstance(actor, SystemActor):
        return
    if isinstance(actor, StaffActor) and permission in permissions_of(actor.role):
        return
    raise NotPermitted()


def require_customer_access(actor: Actor, customer_id: CustomerId, permission: Permission) -> None:
    """Let permitted staff pass, and subscribers to themselves.

    Raises NotPermitted for staff; NotFound for a subscriber, to whom other customers do not exist.
    """
    if isinstance(actor, SubscriberActor):
        if actor.customer_id != customer_id:
            raise NotFound("customer")
        return
    require(actor, permission)


def scope_of(actor: Actor, permission: Permission) -> CustomerId | None:
    """Return whose rows the actor may see: one customer's, or None for everybody's. Raises NotPermitted."""
    if isinstance(actor, SubscriberActor):
        return actor.customer_id
    require(actor, permission)
    return None


def narrowed_scope(actor: Actor, customer_id: CustomerId | None, permission: Permission) -> CustomerId | None:
    """Return whose rows a list shows: those of the customer asked for, else all that the actor may see.

    Raises NotPermitted for staff; NotFound for a subscriber who asks for another customer.
    """
    if customer_id is None:
        return scope_of(actor, permission)
    require_customer_access(actor, customer_id, permission)
    return customer_id
