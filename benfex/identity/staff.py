"""Accounts of staff and of subscribers, and the first run that creates the owner."""

from benfex.core.actors import StaffActor, SystemActor, require
from benfex.core.audit import record_audit
from benfex.core.events import SessionsEnded
from benfex.core.policy import FIRST_STEPS, save_policy, save_profile
from benfex.core.unit_of_work import Snapshot, UnitOfWork
from data.models.identity import User
from data.queries import customers as customer_queries
from data.queries import users as user_queries
from data.values.errors import AlreadyExists, Conflict, InvalidInput, NotFound, NotPermitted
from data.values.identifiers import CustomerId, UserId
from data.values.roles import Permission, Role, may_edit_role


def needs_first_run(snapshot: Snapshot) -> bool:
    """Return whether no owner exists yet."""
    return not user_queries.has_owner(snapshot.session)


def set_up_isp(
    uow: UnitOfWork,
    *,
    isp_name: str,
    currency: str,
    timezone: str,
    owner_name: str,
    owner_email: str,
    password_hash: str,
) -> UserId:
    """Create the owner and the ISP's profile and policy, once. Raises Conflict, InvalidInput naming the field."""
    if not isinstance(uow.actor, SystemActor):
        raise NotPermitted()
    if user_queries.has_owner(uow.session):
        raise Conflict("The owner exists already. Sign in instead.")
    save_profile(uow, name=isp_name, currency=currency, timezone=timezone)
    save_policy(uow, steps=FIRST_STEPS)
    return create_staff(uow, name=owner_name, email=owner_email, role=Role.OWNER, password_hash=password_hash)


def create_staff(uow: UnitOfWork, *, name: str, email: str, role: Role, password_hash: str) -> UserId:
    """Add a member of staff. Raises NotPermitted, InvalidInput naming the field, AlreadyExists."""
    require(uow.actor, Permission.EDIT_STAFF)
    if role is Role.SUBSCRIBER:
        raise InvalidInput("role", "Subscribers get their account with their customer.")
    if isinstance(uow.actor, StaffActor) and not may_edit_role(uow.actor.role, role):
        raise NotPermitted("Only an owner can make another owner.")
    name = " ".join(name.split())
    if not 2 <= len(name) <= 120:
        raise InvalidInput("name", "Give a name of 2 to 120 letters.")
    email = email.strip().lower()
    if "@" not in email or not 3 <= len(email) <= 254 or " " in email:
        raise InvalidInput("email", "Write the e-mail address like name@example.com.")
    if user_queries.user_by_email(uow.session, email) is not None:
        raise AlreadyExists("email", "Somebody signs in with this e-mail address already.")
    user = User(name=name, email=email, password_hash=password_hash, role=role)
    uow.session.add(user)
    uow.session.flush()
    assert user.id is not None
    record_audit(uow, action="create", entity="user", entity_id=user.id, changes={"role": role})
    return UserId(user.id)


def create_subscriber_login(uow: UnitOfWork, *, customer_id: CustomerId, password_hash: str) -> UserId:
    """Let a customer sign in to the portal by account number, and by phone where nobody else uses it.

    A customer who can sign in already gets the new password, and all their sessions end.
    Raises NotPermitted, NotFound.
    """
    require(uow.actor, Permission.EDIT_CUSTOMERS)
    customer = customer_queries.find_customer(uow.session, customer_id)
    if customer is None:
        raise NotFound("customer")
    user = user_queries.user_of_customer(uow.session, customer_id)
    if user is None:
        free = user_queries.user_by_phone(uow.session, customer.phone) is None
        user = User(
            name=customer.name,
            phone=customer.phone if free else None,
            password_hash=password_hash,
            role=Role.SUBSCRIBER,
            customer_id=customer_id,
        )
        uow.session.add(user)
        uow.session.flush()
    else:
        assert user.id is not None
        user.password_hash = password_hash
        user_queries.revoke_sessions(uow.session, user_id=user.id, at=uow.now)
        uow.emit(SessionsEnded(user_id=UserId(user.id)))
    assert user.id is not None
    record_audit(uow, action="set_password", entity="user", entity_id=user.id)
    return UserId(user.id)
